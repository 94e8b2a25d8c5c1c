// The gate: what stands in place of a view while the page has no token that the server takes.

import { el, freshId, say } from "../lib/dom.js";

/** Whether the server runs on this machine, so that whoever reads can do something about it. */
export const isHere = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);

/** A command of the server, as it is typed in the project's folder, where start.py has installed it. */
export function command(word) {
  const programs = /Windows/.test(navigator.userAgent) ? ".venv\\Scripts\\" : ".venv/bin/";
  return el("code", {}, `${programs}ganmnist-server ${word}`);
}

const opens = () => [" In a terminal in the project's folder, ", command("open"), " opens this page with the right one, wherever the server is now."];
const WHY = {
  none: isHere
    ? ["Open the page with its token", () => ["The server lets in only who knows its token.", ...opens()]]
    : ["Open the page with your invitation", () => ["Scan the code on your card, or open its link. Whoever has none asks who runs the server."]],
  refused: isHere
    ? ["The server does not know this page's token", () => ["Its token was changed, or another server has taken its place.", ...opens()]]
    : ["Your invitation is no longer good", () => ["It was renewed or taken away: ask who runs the server for a new one."]],
  out: isHere
    ? ["You are signed out", () => ["In a terminal in the project's folder, ", command("open"), " opens this page again."]]
    : ["You are signed out", () => ["Scan the code on your card, or open its link, to come back."]],
};
const ASKS = isHere ? "Or paste the token; it stands in server.json in the data directory" : "Or paste the link";

/** The token in a file for Grasshopper, or nothing. */
async function tokenIn(file) {
  try {
    return JSON.parse(await file.text()).token;
  } catch {
    return null; // it is another file
  }
}

/** Make it: `why` is none, refused or out (signed out); `take(token)` is told what was pasted. */
export function gate(why, take) {
  const [title, says] = WHY[why];
  const id = freshId("token");
  const field = el("input", { id, type: "password", autocomplete: "off", spellcheck: false, required: true });
  const press = (event) => {
    event.preventDefault();
    const pasted = field.value.trim().replace(/^.*#token=/, "");
    if (pasted) take(pasted);
  };
  const files = el("input", { type: "file", accept: ".json", hidden: true, onchange: choose, "aria-label": "File for Grasshopper" });
  async function choose() {
    const [file] = files.files;
    const token = file && (await tokenIn(file));
    files.value = "";
    if (token) take(token);
    else if (file) say(`${file.name} is no invitation: choose the file that came with your card.`, "bad");
  }
  return el(
    "section",
    { className: "card gate" },
    el("h1", {}, title),
    el("p", {}, says()),
    el(
      "form",
      { onsubmit: press },
      el("label", { htmlFor: id }, ASKS),
      el("div", { className: "row" }, field, el("button", { className: "primary" }, "Go on")),
    ),
    isHere ? null : el("div", {}, el("button", { type: "button", onclick: () => files.click() }, "Choose the file that came with the card"), files),
  );
}
