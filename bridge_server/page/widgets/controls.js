// The controls of a digit: which one, how it is written, from which seed.

import { choices, DIGITS } from "../lib/classes.js";
import { el, fill, freshId } from "../lib/dom.js";
import { term } from "../lib/glossary.js";
import { STYLE_ATTRIBUTES } from "../lib/state.js";
import { title } from "../lib/form.js";

const ROOM = 6; // letters beside a slider
const brief = (number) => (number.length > ROOM ? Number(number).toExponential(1) : number); // from an address, or a file

/**
 * A slider with its value beside it; one that may be left alone has a button that does. Where it is, it stands at what
 * `rest(value)` says, so that whoever takes it goes on from there.
 */
export function slider({ name, label = title(name), explained = null, low, high, step, value, optional = false, change }) {
  const id = freshId(name);
  const word = explained ? term(explained, label, { id: `${id}-term` }) : el("label", { htmlFor: id }, label);
  const input = el("input", { id, name, type: "range", min: low, max: high, step, "aria-labelledby": explained && word.id });
  const shown = el("output", { htmlFor: id });
  const reset = el("button", { type: "button", className: "reset", "aria-label": `${label} auto`, title: "Auto" }, "×");
  const node = el("div", { className: "slider" }, word, input, shown, optional ? reset : el("span"));
  let now = null;
  let auto = (low + high) / 2;
  const set = (given) => {
    now = given;
    input.value = given ?? auto;
    const text = given === null ? "auto" : brief(Number.isInteger(step) ? String(given) : given.toFixed(2));
    if (text === shown.textContent) return; // every step of one slider sets all of them, and each would be painted anew
    node.classList.toggle("unset", given === null);
    reset.hidden = given === null;
    shown.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  input.addEventListener("input", () => {
    set(input.valueAsNumber);
    change(input.valueAsNumber);
  });
  reset.addEventListener("click", () => {
    set(null);
    change(null);
    input.focus();
  });
  set(value);
  return {
    node,
    set,
    rest(at = (low + high) / 2) {
      auto = at;
      if (now === null) input.value = at;
    },
  };
}

/** { node, set(state), rest(measured), classes(names) }; `change(part)` gets what was changed. */
export function controls(state, change) {
  const digits = el("div", { className: "digits", role: "radiogroup", "aria-label": "Digit" });
  const name = freshId("digit");
  let offered = null; // names of classes
  let radios = [];
  let chosen = state.digit;
  function offer(names) {
    if (offered && names.length === offered.length && names.every((word, place) => word === offered[place])) return;
    offered = names;
    radios = [null, ...choices(names)].map((digit, place) => {
      const input = el("input", { type: "radio", name, value: String(digit), checked: digit === chosen, onchange: () => change({ digit }) });
      return { digit, input, node: el("label", {}, input, el("span", {}, place ? names[place - 1] : "any")) };
    });
    digits.classList.toggle("words", names.some((word) => word.length > 2));
    fill(digits, radios.map(({ node }) => node));
  }
  offer(DIGITS);
  const knob = (name, low, high, step, optional, explained) =>
    slider({ name, explained, low, high, step, optional, value: state[name], change: (value) => change({ [name]: value }) });
  const sliders = Object.fromEntries(STYLE_ATTRIBUTES.map((name) => [name, knob(name, -3, 3, 0.05, true)]));
  sliders.truncation = knob("truncation", 0, 2, 0.05, false, "truncation");
  const seedId = freshId("seed");
  const seedTerm = term("seed", "Seed", { id: `${seedId}-term` });
  const seed = el("input", { id: seedId, "aria-labelledby": seedTerm.id, type: "number", min: 0, max: 2 ** 31 - 1, step: 1, name: "seed" });
  seed.addEventListener("input", () => {
    if (seed.value !== "" && seed.checkValidity()) change({ seed: seed.valueAsNumber });
  });
  const other = (by) => () => {
    const value = by === null ? crypto.getRandomValues(new Uint32Array(1))[0] % 100000 : Math.max(0, seed.valueAsNumber + by || 0);
    seed.value = value;
    change({ seed: value });
  };
  const seedRow = el(
    "div",
    { className: "seed" },
    seedTerm,
    seed,
    el("button", { type: "button", onclick: other(-1), "aria-label": "Seed before" }, "−"),
    el("button", { type: "button", onclick: other(1), "aria-label": "Next seed" }, "+"),
    el("button", { type: "button", onclick: other(null) }, "Random"),
  );
  const set = (given) => {
    chosen = given.digit;
    for (const { digit, input } of radios) input.checked = digit === chosen;
    for (const [name, made] of Object.entries(sliders)) made.set(given[name]);
    if (seed.valueAsNumber !== given.seed) seed.value = given.seed;
  };
  set(state);
  return {
    node: el("div", { className: "controls" }, digits, ...Object.values(sliders).map(({ node }) => node), seedRow),
    set,
    /** Where those of the sliders that are at auto stand, by their names. */
    rest(measured) {
      for (const name of STYLE_ATTRIBUTES) sliders[name].rest(measured[name]);
    },
    /** What the classes are called that the model knows; without any no digit can be chosen. */
    classes(names) {
      digits.hidden = !names.length;
      offer(names);
    },
  };
}
