// Play: a model, its sliders, and the digits that they make.

import { get, post } from "./api.js";
import { betweenSeeds } from "./between.js";
import { controls, slider } from "./controls.js";
import { copy, el, fill, freshId, save } from "./dom.js";
import { latest, settled } from "./latest.js";
import { images } from "./pixels.js";
import { latentSheet } from "./sheet.js";
import { stage } from "./stage.js";
import { fresh, python, remember, remembered, request } from "./state.js";

const MOST = 36;
const KEPT_MS = 300; // after the last change
const GROWING_MS = 1000; // between two looks at a model that is being trained

export function playView() {
  let state = remembered();
  let models = [];
  let growing = 0;
  const id = freshId("model");
  const model = el("select", { id, onchange: () => change({ model: model.value }) });
  const about = el("p", { className: "help" });
  const wrong = el("p", { className: "wrong", role: "alert" });
  const remarks = el("div", { className: "remarks", role: "status" });
  const shown = stage();
  const knobs = controls(state, change);
  const count = slider({ name: "count", low: 1, high: MOST, step: 1, value: state.count, change: (value) => change({ count: value }) });
  const sheet = latentSheet(change);
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
            el("button", { type: "button", onclick: keep }, "Download PNG"),
          ),
        ),
        el(
          "section",
          { className: "card stack between-card" },
          el("h2", {}, "Between two digits"),
          el("p", { className: "help" }, "From the digit above to another hand, or to another digit, in 24 pictures."),
          between.node,
        ),
      ),
      el(
        "div",
        { className: "column" },
        el(
          "section",
          { className: "card stack sliders-card", "aria-label": "Sliders" },
          el("div", { className: "field" }, el("label", { htmlFor: id }, "Model"), model, about),
          knobs.node,
          count.node,
          remarks,
          wrong,
          el("button", { type: "button", className: "quiet", onclick: reset }, "All as it comes"),
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

  const keepState = settled(remember, KEPT_MS);
  const ask = latest(
    (wanted) => post("/api/generate", request(wanted), { urgent: true }),
    (answer, wanted) => {
      wrong.textContent = "";
      shown.show(images(answer.images), answer.digits);
      shown.node.dataset.shown = JSON.stringify(wanted);
      const texts = answer.remarks.map((text) => el("p", { className: "remark" }, text));
      if (texts.length || remarks.children.length) fill(remarks, texts);
      clearTimeout(growing);
      if (answer.training) growing = setTimeout(() => node.isConnected && ask(state), GROWING_MS);
    },
    (error) => (wrong.textContent = error.message),
  );

  function change(part) {
    state = { ...state, ...part };
    ask(state);
    knobs.set(state);
    if (part.model) describe();
    sheet.show(state);
    between.show(state);
    keepState(state);
  }

  function reset() {
    const { model: kept, digit, count: many } = state;
    change({ ...fresh(), model: kept, digit, count: many });
  }

  async function keep() {
    save(await shown.picture(), `${state.model}-${state.digit ?? "any"}-${state.seed}.png`);
  }

  function describe() {
    const found = models.find(({ name }) => name === state.model);
    knobs.classes(found ? found.classes : 10);
    between.classes(found ? found.classes : 10);
    if (!found) return;
    const fid = found.frechet === null ? "" : `, FID ${found.frechet.toFixed(found.frechet < 10 ? 1 : 0)}`;
    about.textContent = `Learned from ${found.data}${fid}${found.finished ? "" : ", not finished"}.`;
    if (!found.classes && state.digit !== null) change({ digit: null });
    else if (state.digit !== null && state.digit >= found.classes) change({ digit: 0 });
  }

  async function list() {
    try {
      ({ models } = await get("/api/models"));
    } catch {
      return;
    }
    if (!models.some(({ name }) => name === state.model)) state = { ...state, model: models.at(-1).name };
    fill(model, models.map(({ name }) => el("option", { value: name, selected: name === state.model }, name)));
    describe();
  }

  return {
    node,
    async enter(rest) {
      if (rest) state = { ...state, model: decodeURIComponent(rest) };
      await list();
      change({});
    },
    leave() {
      clearTimeout(growing);
      between.leave();
    },
    async back() {
      await list();
      change({});
    },
  };
}
