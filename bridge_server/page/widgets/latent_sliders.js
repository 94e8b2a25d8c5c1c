// The latent numbers themselves, as sliders on demand: those that have no name, in groups of a few.

import { post } from "../lib/api.js";
import { el, fill } from "../lib/dom.js";
import { settled } from "../lib/latest.js";
import { linked } from "../lib/glossary.js";
import { latents } from "../lib/pixels.js";
import { exact, request, STYLE_ATTRIBUTES } from "../lib/state.js";
import { slider } from "./controls.js";

const GROUP = 8;
const REACH = 3;
const QUIET_MS = 200;
const AUTO = Object.fromEntries(STYLE_ATTRIBUTES.map((name) => [name, null]));

/** { node, show(state, at) }: of the digit `at` a place among those shown; `change(part)` gets what was changed. */
export function latentSliders(change) {
  const groups = el("div", { className: "stack close" });
  const back = el("button", { type: "button", className: "quiet", onclick: () => change({ latent: null }) }, "All as the seed gives them");
  const help = linked(el("p", { className: "help" }), "What each of them does, nobody has named: find out. One that is moved holds for all digits, and so do those before it.");
  const node = el("details", { className: "latents" }, el("summary", {}, "Latent numbers"), el("div", { className: "stack close" }, help, groups, back));
  let state = null;
  let at = 0;
  let base = []; // what the digit grows from, before sliders with a name move it
  let asked = "";
  let sliders = [];

  function move(place, value) {
    base[place] = value;
    if (state.z) {
      const z = state.z.map((vector, each) => (each === at ? vector.map((number, one) => (one === place ? value : number)) : vector));
      asked = key({ ...state, z });
      change({ z });
      return;
    }
    const latent = base.slice(0, Math.max(place + 1, state.latent?.length ?? 0)).map(exact);
    asked = key({ ...state, latent });
    change({ latent });
  }

  /** A group of sliders, which are made when it is first opened. */
  function group(first, last) {
    const rows = el("div", { className: "stack close" });
    const made = el("details", {}, el("summary", {}, `z${first + 1} to z${last}`), rows);
    made.addEventListener("toggle", () => {
      if (!made.open || rows.children.length) return;
      for (let place = first; place < last; place += 1) {
        const one = slider({ name: `z${place + 1}`, low: -REACH, high: REACH, step: 0.05, value: base[place] ?? 0, change: (value) => move(place, value) });
        sliders[place] = one;
        rows.append(one.node);
      }
    });
    made.open = !first;
    return made;
  }

  function put() {
    if (groups.children.length !== Math.ceil(base.length / GROUP)) {
      sliders = [];
      fill(groups, Array.from({ length: Math.ceil(base.length / GROUP) }, (_, each) => group(GROUP * each, Math.min(base.length, GROUP * (each + 1)))));
    }
    sliders.forEach((one, place) => one.set(base[place]));
    back.hidden = !state.latent;
  }

  const key = (given) => JSON.stringify([request({ ...given, ...AUTO }), at]);

  const renew = settled(async () => {
    if (!node.open || !node.isConnected) return;
    const wanted = key(state);
    if (wanted === asked) return put();
    asked = wanted;
    try {
      const answer = await post("/api/generate", request({ ...state, ...AUTO }));
      if (wanted !== asked) return;
      base = [...latents(answer)[Math.min(at, answer.images.shape[0] - 1)]].slice(0, answer.latent_dim);
      put();
    } catch {
      asked = ""; // the next change tries again; what is wrong, the digits say
    }
  }, QUIET_MS);

  node.addEventListener("toggle", () => state && renew());
  return {
    node,
    show(given, place) {
      [state, at] = [given, place];
      renew();
    },
  };
}
