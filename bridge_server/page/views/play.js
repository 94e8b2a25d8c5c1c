// Play: a model, its sliders, and the digits that they make.

import { post } from "../lib/api.js";
import { choice, choices, DIGITS } from "../lib/classes.js";
import { copy, el, fill, say } from "../lib/dom.js";
import { linked } from "../lib/glossary.js";
import { latest, promptly } from "../lib/latest.js";
import { decoded } from "../lib/lists.js";
import { images, latents } from "../lib/pixels.js";
import { address, changed, exact, fresh, fromAddress, MAX_COUNT, measures, python, remember, remembered, request } from "../lib/state.js";
import { betweenSeeds } from "../widgets/between.js";
import { controls, slider } from "../widgets/controls.js";
import { digitViewer } from "../widgets/digit_viewer.js";
import { download } from "../widgets/download_dialog.js";
import { grasshopperSliders } from "../widgets/grasshopper_sliders.js";
import { latentMap } from "../widgets/latent_map.js";
import { latentSliders } from "../widgets/latent_sliders.js";
import { layerWalk } from "../widgets/layer_walk.js";
import { measuresPanel } from "../widgets/measures.js";
import { modelChoice } from "../widgets/model_choice.js";
import { restoring } from "../widgets/restoring.js";

const KEPT_MS = 300; // after the last change
const GROWING_MS = 1000; // between two looks at a model that is being trained

export function playView() {
  let state = remembered();
  let growing = 0;
  let place = ""; // the address as this view has it
  let shownNow = null; // the newest answer
  const model = modelChoice((name) => change({ model: name }));
  const drawn = linked(el("p", { className: "help", hidden: true }), "From your drawing or file. Another seed, truncation or count lets go of it.");
  const wrong = el("p", { className: "wrong", role: "alert" });
  const unmade = el("p", { className: "wrong", role: "alert" }); // why there is no geometry of the digit
  const remarks = el("div", { className: "remarks", role: "status" });
  const shown = digitViewer((form) => change({ form }), look);
  const measured = measuresPanel(change);
  const knobs = controls(state, change);
  const count = slider({ name: "count", low: 1, high: MAX_COUNT, step: 1, value: state.count, change: (value) => change({ count: value }) });
  const raw = latentSliders(change);
  const sheet = latentMap(change);
  const between = betweenSeeds();
  const walk = layerWalk();
  const restore = restoring((part) => {
    state = { ...fresh(), ...part };
    list();
  });
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
          measured.node,
          el(
            "div",
            { className: "row" },
            el("button", { type: "button", onclick: keep }, "Download"),
            restore.node,
            el("button", { type: "button", onclick: () => copy(python(state), "Copy as Python") }, "Copy as Python"),
            el("button", { type: "button", onclick: copySliders, title: "Paste them on Grasshopper's canvas, and wire them to Generate" }, "Copy as Grasshopper sliders"),
          ),
        ),
        el(
          "section",
          { className: "card stack between-card" },
          el("h2", {}, "Between two digits"),
          el("p", { className: "help" }, "From the digit above to another style, or to another digit, in 24 pictures."),
          between.node,
        ),
        walk.node,
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
          unmade,
          raw.node,
          el("button", { type: "button", className: "quiet", onclick: reset }, "All auto"),
        ),
        el(
          "section",
          { className: "card stack map-card" },
          el("h2", {}, "Map"),
          el("p", { className: "help" }, "Each place is the same digit under two sliders. Press and move; with a finger, tap, or move sideways first."),
          sheet.node,
        ),
      ),
    ),
  );

  const names = () => model.found()?.class_names ?? DIGITS;
  function write() {
    if (!node.isConnected || location.hash !== place) return; // another address is about to be entered
    remember(state);
    history.replaceState(null, "", address(state));
    place = location.hash;
  }
  const keepState = promptly(write, KEPT_MS); // at once, as the page may be loaded anew; browsers refuse to write at each step of a drag
  node.addEventListener("change", write); // a slider is let go
  const ask = latest(
    // Where the digits stand on the sliders is found once for a model; one that is being trained is another every second.
    (wanted) => post("/api/generate", { ...request(wanted), project: !model.found()?.training }, { urgent: true }),
    (answer, wanted) => {
      wrong.textContent = "";
      shownNow = answer;
      shown.show(images(answer.images), answer.digits.map((digit) => names()[digit]));
      shown.node.dataset.shown = JSON.stringify(wanted);
      const texts = answer.remarks.map((text) => el("p", { className: "remark" }, text));
      if (texts.length || remarks.children.length) fill(remarks, texts);
      look();
      clearTimeout(growing);
      if (answer.training) growing = setTimeout(() => node.isConnected && ask(state), GROWING_MS);
    },
    (error) => (wrong.textContent = error.message),
  );
  const shape = latest(
    (wanted) => post("/api/export", wanted, { file: true, urgent: true }).then((file) => file.text()),
    (obj, { form }) => {
      if (form !== state.form) return;
      unmade.textContent = "";
      shown.made(obj);
      shown.node.dataset.made = form;
    },
    (error) => (unmade.textContent = error.message),
  );

  /** Go by the digit that is shown large: where sliders at auto stand, and what is made of it alone. */
  function look() {
    if (!shownNow) return;
    const at = shown.at();
    const z = latents(shownNow)[at];
    const stands = Object.fromEntries(Object.entries(shownNow.sliders).map(([name, values]) => [name, values[at]]));
    knobs.rest(stands);
    sheet.rest(stands);
    raw.show(state, at);
    const digit = shownNow.digits[at];
    walk.show(shownNow.model, z.slice(0, shownNow.latent_dim), digit === undefined ? undefined : choice(names()[digit], digit));
    if (shown.isMade()) shape({ model: shownNow.model, z: [[...z].map(exact)], form: state.form, format: "obj", ...measures(state) });
    else unmade.textContent = "";
  }

  /** Show the digits in another form, or with other measures. */
  function form() {
    shown.form(state.form, measured.all(state));
    measured.show(state);
    look();
  }

  function change(part) {
    const before = state;
    state = changed(state, part);
    if (part.model) return fit();
    knobs.set(state);
    count.set(state.count);
    drawn.hidden = !state.z;
    keepState();
    if (Object.keys(part).length && JSON.stringify(request(before)) === JSON.stringify(request(state))) return form();
    if (model.found()?.name !== state.model) return; // it is being asked about: which classes it has is still to come
    ask(state);
    sheet.show(state);
    between.show(state);
  }

  function reset() {
    const { model: kept, digit, count: many, form: shownAs } = state;
    change({ ...fresh(), model: kept, digit, count: many, form: shownAs });
  }

  async function copySliders() {
    if (state.z) return say("A drawing has a latent vector, and no sliders: in Grasshopper, draw it with Sketch.", "bad");
    if (state.latent) return say("Latent numbers have no sliders there: put them back as the seed gives them, or copy as Python.", "bad");
    await copy(await grasshopperSliders(state, names()), "Copy as Grasshopper sliders");
  }

  async function keep() {
    try {
      await download(state);
    } catch (error) {
      say(error.message, "bad");
    }
  }

  const incomplete = (name) => say(`The link is incomplete: of its ${name === "z" ? "latent vectors" : "latent numbers"} only a part is there, so the seed's digits are shown.`, "bad");

  /** Offer what the model knows, and ask for it; `told`: that a class is asked for that it has not. */
  function fit(told = false) {
    knobs.classes(names());
    between.classes(names());
    form();
    const known = choices(names());
    if (state.digit === null || known.includes(state.digit)) return change({});
    const [lacks, instead] = known.length ? [`class ${state.digit}`, `${names()[0]} is`] : ["classes", "any are"];
    if (told) say(`${state.model} has no ${lacks}, so ${instead} shown.`, "bad");
    change({ digit: known[0] ?? null });
  }

  /** Draw what an address has beyond all bounds as far as they go. */
  async function keepWithin() {
    const part = await measured.within(state);
    for (const [name, bound] of Object.entries(part)) say(`The link has ${state[name]} as ${name}, which is beyond its bound: ${bound} is drawn.`, "bad");
    if (Object.keys(part).length) change(part);
  }

  async function list(told) {
    const found = await model.list(state.model); // sliders may move meanwhile
    state = changed(state, { model: found });
    fit(told);
  }

  return {
    node,
    enter(rest) {
      const [name, query] = rest.split("?", 2);
      place = location.hash;
      if (query !== undefined) state = { ...fromAddress(query, incomplete), model: decoded(name) || state.model };
      else if (decoded(name)) state = changed(state, { model: decoded(name) });
      form();
      if (query !== undefined) keepWithin().catch(() => {}); // the server is away, as the page says by itself
      return list(/(^|&)digit=/.test(query));
    },
    leave() {
      remember(state);
      clearTimeout(growing);
      between.leave();
    },
    back: () => list(),
  };
}
