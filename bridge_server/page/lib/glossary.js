// The glossary at a touch: a term is a button, and what it means stands beside it until something else is touched.

import { contract } from "./contract.js";
import { el, fill } from "./dom.js";

const ROOM = 8; // px between what is said, the term and the edges of the window
const said = el("div", { id: "explanation", className: "explanation", popover: "manual", role: "status" });
let says = null; // the sentence of each term
let names = new Map(); // of the terms, by the words that stand for them
let written = null; // what finds these words in a text
let shown = null; // the button whose term is explained now

async function glossary() {
  const { "x-glossary": terms } = await contract();
  if (says) return;
  names = new Map(Object.entries(terms).flatMap(([name, { also }]) => [name, ...also].map((word) => [word, name])));
  // A word in small letters may begin a sentence; any other is written as it is.
  const forms = [...names.keys()].sort((a, b) => b.length - a.length).map((word) => word.replace(/^[a-z](?=[a-z _]+$)/, (first) => `[${first}${first.toUpperCase()}]`));
  written = new RegExp(`(?<![\\w-])(?:${forms.join("|")})(?![\\w-])`, "g");
  says = new Map(Object.entries(terms).map(([name, { says: sentence }]) => [name, sentence]));
}

/** The term that a word stands for, if any. */
const named = (word) => names.get(word) ?? names.get(word.charAt(0).toLowerCase() + word.slice(1));

function hide() {
  if (!shown) return;
  shown.setAttribute("aria-expanded", "false");
  shown.removeAttribute("aria-describedby");
  shown = null;
  said.hidePopover();
}

function place(button) {
  const word = button.getBoundingClientRect();
  const { width, height } = said.getBoundingClientRect();
  const fits = word.bottom + ROOM + height <= innerHeight - ROOM;
  said.style.left = `${Math.max(ROOM, Math.min(word.left, innerWidth - width - ROOM))}px`;
  said.style.top = `${fits ? word.bottom + ROOM : Math.max(ROOM, word.top - ROOM - height)}px`;
}

async function toggle(button, name) {
  const again = shown === button;
  hide();
  if (again) return;
  shown = button;
  try {
    await glossary();
  } catch {
    if (shown === button) shown = null; // the next touch tries again
  }
  if (shown !== button) return;
  fill(said, el("strong", {}, name), el("span", {}, says.get(name) ?? ""));
  (button.closest("dialog") ?? document.body).append(said); // above a dialog only what is in it can be seen
  said.showPopover();
  button.setAttribute("aria-expanded", "true");
  button.setAttribute("aria-describedby", said.id);
  place(button);
}

/** A term as it stands in a view: a button with its word, or with another. */
export function term(name, word = name, attributes = {}) {
  const press = (event) => {
    event.preventDefault(); // within a label it is not the field that is meant
    toggle(event.currentTarget, name);
  };
  return el("button", { type: "button", className: "term", "aria-expanded": "false", ...attributes, onclick: press, onblur: hide }, word);
}

/** Put a text into an element, each term in it as a button where it stands first; but not the one that it explains. */
export function linked(node, text, explained = "") {
  const put = () => {
    if (node.textContent !== text) return; // another has been put there
    const met = new Set([named(explained)]);
    const parts = [];
    let from = 0;
    for (const { 0: word, index } of text.matchAll(written)) {
      const name = named(word);
      if (met.has(name)) continue;
      met.add(name);
      const [opens] = /[("]?$/.exec(text.slice(from, index));
      const [ends] = /^(?:'s)?[.,:;!?)"]*/.exec(text.slice(index + word.length)); // a button lets a line end on either side
      const made = term(name, word);
      parts.push(text.slice(from, index - opens.length), opens || ends ? el("span", { className: "kept" }, opens, made, ends) : made);
      from = index + word.length + ends.length;
    }
    fill(node, parts, text.slice(from));
  };
  node.textContent = text;
  if (says) put();
  else glossary().then(put, () => {}); // without it the text stays as it is
  return node;
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !shown) return;
  event.preventDefault(); // a dialog behind it stays
  hide();
});
addEventListener("pointerdown", ({ target }) => {
  if (target !== shown && !said.contains(target)) hide();
});
for (const event of ["scroll", "resize", "hashchange"]) addEventListener(event, hide, { capture: true });
