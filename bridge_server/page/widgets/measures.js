// The measures of the geometry: a slider for each that changes the form shown.

import { contract } from "../lib/contract.js";
import { el } from "../lib/dom.js";
import { measures } from "../lib/state.js";
import { slider } from "./controls.js";

const BOUNDS = { height: [0.5, 14, 0.5], base: [0.25, 7, 0.25], threshold: [0.05, 0.95, 0.05], levels: [1, 8, 1] }; // of sliders: low, high, step
const USUAL = { cell: 1, height: 4, base: 1, threshold: null }; // until the contract is here
const MIDDLE = 0.5; // the threshold unless given, for most forms

/** { node, show(state), all(state), within(state) }; `change(part)` gets what was changed. */
export function measuresPanel(change) {
  const sliders = Object.fromEntries(
    Object.entries(BOUNDS).map(([name, [low, high, step]]) => [
      name,
      slider({ name, low, high, step, optional: true, value: null, change: (value) => change({ [name]: value }) }),
    ]),
  );
  const node = el("div", { className: "measures stack close" }, Object.values(sliders).map((one) => one.node));
  let forms = null;
  let usual = USUAL;
  let now = null;

  function put() {
    const wanted = forms?.[now.form]?.measures ?? [];
    for (const [name, { node: row, set, rest }] of Object.entries(sliders)) {
      row.hidden = !wanted.includes(name);
      if (name === "threshold") rest(now.form === "points" ? 0 : MIDDLE); // of points all count
      set(now[name]);
    }
    node.hidden = !wanted.length;
  }

  contract().then(({ components, "x-forms": known }) => {
    const { properties } = components.schemas.ExportRequest;
    for (const name of ["height", "base", "levels"]) sliders[name].rest(properties[name].default);
    usual = Object.fromEntries(Object.keys(USUAL).map((name) => [name, properties[name].default ?? null]));
    forms = known;
    if (now) put();
  }, () => {}); // the server is away, as the page says by itself
  return {
    node,
    show(state) {
      now = state;
      put();
    },
    /** Of the measures of a state those that are beyond what the contract has for them, each at its bound. */
    async within(state) {
      const { properties } = (await contract()).components.schemas.ExportRequest;
      const bounded = Object.entries(measures(state)).map(([name, value]) => {
        const { minimum = -Infinity, maximum = Infinity } = properties[name].anyOf?.find(({ type }) => type !== "null") ?? properties[name];
        return [name, Math.min(maximum, Math.max(minimum, value))];
      });
      return Object.fromEntries(bounded.filter(([name, value]) => value !== state[name]));
    },
    /** The measures of a state, the usual ones where none is set. */
    all: (state) => Object.fromEntries(Object.entries(usual).map(([name, value]) => [name, state[name] ?? value])),
  };
}
