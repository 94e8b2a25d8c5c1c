// Play: a model, its sliders, and the digits that they make.

import { post } from "../lib/api.js";
import { betweenSeeds } from "../widgets/between.js";
import { controls, slider } from "../widgets/controls.js";
import { choices, DIGITS } from "../lib/classes.js";
import { copy, el, fill, say } from "../lib/dom.js";
import { linked } from "../lib/glossary.js";
import { download } from "../widgets/download_dialog.js";
import { latest, settled } from "../lib/latest.js";
import { decoded } from "../lib/lists.js";
import { modelChoice } from "../widgets/model_choice.js";
import { images } from "../lib/pixels.js";
import { latentMap } from "../widgets/latent_map.js";
import { grasshopperSliders } from "../widgets/grasshopper_sliders.js";
import { digitViewer } from "../widgets/digit_viewer.js";
import { changed, fresh, python, remember, remembered, request } from "../lib/state.js";

const MAX_COUNT = 36;
const KEPT_MS = 300; // after the last change
const GROWING_MS = 1000; // between two looks at a model that is being trained

export function playView() {
  let state = remembered();
  let growing = 0;
  let left = false;
  const model = modelChoice((name) => change({ model: name }));
  const drawn = linked(el("p", { className: "help", hidden: true }), "From your drawing. Another seed, truncation or count lets go of it.");
  const wrong = el("p", { className: "wrong", role: "alert" });
  const remarks = el("div", { className: "remarks", role: "status" });
  const shown = digitViewer();
  const knobs = controls(state, change);
  const count = slider({ name: "count", low: 1, high: MAX_COUNT, step: 1, value: state.count, change: (value) => change({ count: value }) });
  const sheet = latentMap(change);
  const between = betweenSeeds();
  const node = el(
    "div",
    {},
    el("h1", { className: "hidden" }, "Play"),
    el(
      "div",
      { className: "columns play" },
      el(
        "div",
        { className: "column" },
        el(
          "section",
          { className: "card stack digits-card", "aria-label": "Digits" },
          shown.node,
          el(
            "div",
            { className: "row" },
            el("button", { type: "button", onclick: () => copy(python(state), "Copy as Python") }, "Copy as Python"),
            el("button", { type: "button", onclick: copySliders, title: "Paste them on Grasshopper's canvas, and wire them to Generate" }, "Copy as Grasshopper sliders"),
            el("button", { type: "button", onclick: keep }, "Download"),
          ),
        ),
        el(
          "section",
          { className: "card stack between-card" },
          el("h2", {}, "Between two digits"),
          el("p", { className: "help" }, "From the digit above to another style, or to another digit, in 24 pictures."),
          between.node,
        ),
      ),
      el(
        "div",
        { className: "column" },
        el(
          "section",
          { className: "card stack sliders-card", "aria-label": "Sliders" },
          model.node,
          drawn,
          knobs.node,
          count.node,
          remarks,
          wrong,
          el("button", { type: "button", className: "quiet", onclick: reset }, "All auto"),
        ),
        el(
          "section",
          { className: "card stack map-card" },
          el("h2", {}, "Map"),
          el("p", { className: "help" }, "Each place is the same digit under two sliders. Press and move."),
          sheet.node,
        ),
      ),
    ),
  );

  const names = () => model.found()?.class_names ?? DIGITS;
  const keepState = settled(remember, KEPT_MS);
  const ask = latest(
    (wanted) => post("/api/generate", request(wanted), { urgent: true }),
    (answer, wanted) => {
      wrong.textContent = "";
      shown.show(images(answer.images), answer.digits.map((digit) => names()[digit]));
      shown.node.dataset.shown = JSON.stringify(wanted);
      const texts = answer.remarks.map((text) => el("p", { className: "remark" }, text));
      if (texts.length || remarks.children.length) fill(remarks, texts);
      clearTimeout(growing);
      if (answer.training) growing = setTimeout(() => node.isConnected && ask(state), GROWING_MS);
    },
    (error) => (wrong.textContent = error.message),
  );

  function change(part) {
    state = changed(state, part);
    if (part.model) return fit();
    knobs.set(state);
    count.set(state.count);
    drawn.hidden = !state.z;
    keepState(state);
    if (model.found()?.name !== state.model) return; // it is being asked about: which classes it has is still to come
    ask(state);
    sheet.show(state);
    between.show(state);
  }

  function reset() {
    const { model: kept, digit, count: many } = state;
    change({ ...fresh(), model: kept, digit, count: many });
  }

  async function copySliders() {
    if (state.z) return say("A drawing has a latent vector, and no sliders: in Grasshopper, draw it with Sketch.", "bad");
    await copy(await grasshopperSliders(state, names()), "Copy as Grasshopper sliders");
  }

  async function keep() {
    try {
      await download(state, shown.form());
    } catch (error) {
      say(error.message, "bad");
    }
  }

  /** Offer what the model knows, and ask for it. */
  function fit() {
    knobs.classes(names());
    between.classes(names());
    const known = choices(names());
    if (!known.length) change({ digit: null });
    else change(state.digit === null || known.includes(state.digit) ? {} : { digit: known[0] });
  }

  async function list() {
    const found = await model.list(state.model); // sliders may move meanwhile
    state = changed(state, { model: found });
    fit();
  }

  return {
    node,
    enter(rest) {
      if (left) state = remembered(); // what another view put there
      left = false;
      if (decoded(rest)) state = changed(state, { model: decoded(rest) });
      return list();
    },
    leave() {
      remember(state);
      left = true;
      clearTimeout(growing);
      between.leave();
    },
    back: list,
  };
}
