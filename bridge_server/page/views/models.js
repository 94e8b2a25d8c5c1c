// Models: what there is, by what name, to take along, to bring in, and to compare.

import { call, get, post } from "../lib/api.js";
import { controls } from "../widgets/controls.js";
import { evaluationPanel } from "../widgets/evaluation_panel.js";
import { choices, listed } from "../lib/classes.js";
import { schemas } from "../lib/contract.js";
import { ask, clock, counted, el, fill, freshId, moreButton, save, say } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { linked, term } from "../lib/glossary.js";
import { latest } from "../lib/latest.js";
import { newest } from "../lib/lists.js";
import { me, offer } from "../lib/me.js";
import { draw, images } from "../lib/pixels.js";
import { fresh, request, STYLE_ATTRIBUTES } from "../lib/state.js";

const SAMPLES = 6;
const SHOWN = 50; // models at first, and so many more with each press
const address = (name) => `/api/models/${encodeURIComponent(name)}`;

/** A row of digits: { node, show(images) }. */
function strip(label) {
  const node = el("canvas", { className: "strip pixelated", width: 28 * SAMPLES, height: 28, role: "img", "aria-label": label });
  return { node, show: (found) => found.forEach((pixels, place) => draw(node, pixels, 28, [28 * place, 0])) };
}

export function modelsView() {
  const rows = el("ul", { className: "models" });
  const remarks = el("div", { className: "remarks", role: "status" });
  const older = moreButton(SHOWN, () => list());
  const file = el("input", { type: "file", accept: ".ganmnist", hidden: true, onchange: bringIn, "aria-label": "Model file" });
  const bring = el("button", { type: "button", onclick: () => file.click() }, "Import a model");
  offer({ model_import: bring });
  let may = () => false; // until it is known
  const state = { ...fresh(), count: SAMPLES };
  const sides = [side("Left"), side("Right")];
  const knobs = controls(state, change);
  const node = el(
    "div",
    { className: "stack" },
    el(
      "section",
      { className: "card" },
      el("div", { className: "row apart" }, el("h1", {}, "Models"), bring, file),
      remarks,
      rows,
      older.node,
    ),
    el(
      "section",
      { className: "card stack" },
      el("h2", {}, "Compare"),
      linked(el("p", { className: "help" }), "The same sliders move both. A seed is another style in each model: no two share a latent space."),
      el("div", { className: "columns compare" }, knobs.node, el("div", { className: "stack" }, sides.map((one) => one.node))),
    ),
  );
  const evaluations = new Map(); // by the models' ids: a list that is made anew does not end them
  let models = [];

  function evaluation({ id }) {
    if (!evaluations.has(id)) evaluations.set(id, evaluationPanel(() => models.find((model) => model.id === id)?.name ?? ""));
    return evaluations.get(id);
  }

  function side(label) {
    const id = freshId("model");
    const select = el("select", { id, onchange: () => change({}) });
    const found = () => models.find(({ name }) => name === select.value);
    const names = () => found()?.class_names ?? [];
    const knows = (digit) => choices(names()).includes(digit);
    const shown = strip(`${label}: its digits`);
    const about = el("p", { className: "help", role: "status" });
    const wrong = el("p", { className: "wrong", role: "alert" });
    const one = { sliders: {} }; // of the digits shown, where they stand on sliders at auto
    const draws = latest(
      (wanted) => {
        const digit = knows(wanted.digit) ? wanted.digit : null;
        return post("/api/generate", { ...request({ ...wanted, digit, model: select.value }), project: !found()?.training }, { urgent: true });
      },
      (answer, { digit }) => {
        const lacks = digit === null || knows(digit) ? [] : [`${answer.model} has no ${names().length ? `class ${digit}` : "classes"}, so any are shown.`];
        const words = [...lacks, ...answer.remarks].join(" ");
        if (about.textContent !== words) about.textContent = words;
        wrong.textContent = "";
        one.sliders = answer.sliders;
        stand();
        shown.show(images(answer.images));
        shown.node.dataset.shown = `${answer.model} ${answer.step}`;
      },
      (error) => (wrong.textContent = error.message),
    );
    return Object.assign(one, { node: el("div", { className: "field" }, el("label", { htmlFor: id }, label), select, shown.node, about, wrong), select, names, draws });
  }

  /** Have sliders at auto stand amid the digits of both, so that whoever takes one goes on from there. */
  function stand() {
    const along = (name) => sides.flatMap(({ sliders }) => sliders[name] ?? []);
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    knobs.rest(Object.fromEntries(STYLE_ATTRIBUTES.filter((name) => along(name).length).map((name) => [name, mean(along(name))])));
  }

  function change(part) {
    Object.assign(state, part);
    const offered = [...new Set(sides.flatMap((one) => one.names()))]; // what one of them knows
    knobs.classes(offered);
    if (state.digit !== null && !choices(offered).includes(state.digit)) state.digit = choices(offered)[0] ?? null;
    knobs.set(state);
    for (const { draws } of sides) draws({ ...state });
  }

  async function rename(model) {
    const name = field("name", (await schemas()).ModelRename.properties.name);
    name.input.value = model.name;
    name.input.required = true;
    const wanted = await ask({ title: `Rename ${model.name}`, body: [name.node], confirm: "Rename", value: name.value });
    if (!wanted || wanted === model.name) return;
    await attempt(() => call("PATCH", address(model.name), { body: { name: wanted } }), `${model.name} is now ${wanted}.`);
  }

  async function remove(model) {
    const sure = await ask({
      title: `Delete ${model.name}?`,
      body: [el("p", {}, "The model and what its training left go for good. Export it first if you may want it again.")],
      confirm: "Delete",
      dangerous: true,
      cancel: "Keep it",
    });
    if (sure) await attempt(() => call("DELETE", address(model.name)), `${model.name} is deleted.`);
  }

  async function takeAlong(model) {
    await attempt(async () => save(await get(`${address(model.name)}/file`), `${model.name}.ganmnist`));
  }

  async function bringIn() {
    const [chosen] = file.files;
    file.value = "";
    if (!chosen) return;
    await attempt(async () => {
      try {
        const { name } = await call("POST", "/api/models/file", { body: chosen, type: "application/zip" });
        say(`${name} is here.`, "good");
      } catch (error) {
        error.message = error.message.replace(/^the file(?=:)/, chosen.name); // whose name the server is not told
        throw error;
      }
    });
  }

  async function attempt(work, done) {
    try {
      await work();
      if (done) say(done, "good");
    } catch (error) {
      say(error.message, "bad");
    }
    await list();
  }

  function row(model) {
    const digits = strip(`Digits of ${model.name}`);
    const facts = [
      `learned from ${model.data}`,
      listed(model.class_names) || null,
      model.seconds ? `trained ${clock(model.seconds)}` : null,
      counted(model.step, "step"),
      model.finished ? null : "not finished",
    ];
    const button = (text, work, className = "quiet") =>
      el("button", { type: "button", className, onclick: () => work(model), "aria-label": `${text} ${model.name}` }, text);
    const node = el(
      "li",
      { "data-name": model.name },
      digits.node,
      el(
        "div",
        { className: "what" },
        el("strong", {}, model.name),
        el("span", { className: "help" }, facts.filter(Boolean).join(" · ")),
      ),
      el("span", { className: "fid" }, model.frechet === null ? "" : [term("FID"), ` ${model.frechet.toFixed(model.frechet < 10 ? 1 : 0)}`]),
      el(
        "div",
        { className: "row" },
        el("a", { className: "button", href: `#/play/${encodeURIComponent(model.name)}`, "aria-label": `Play with ${model.name}` }, "Play"),
        may("run_start") ? el("a", { className: "button quiet", href: `#/train/from/${encodeURIComponent(model.name)}`, "aria-label": `Train ${model.name} on` }, "Train on") : null,
        button("Evaluate", (one) => evaluation(one).start()),
        may("model_file") ? button("Export", takeAlong) : null,
        model.yours && may("model_rename") ? button("Rename", rename) : null,
        model.yours && may("model_delete") ? button("Delete", remove, "quiet danger-text") : null,
      ),
      evaluation(model).node,
    );
    return { node, model, digits };
  }

  async function list() {
    let found;
    try {
      ({ may } = await me());
      found = await newest("/api/models", "models", older.most());
    } catch (error) {
      say(error.message, "bad");
      return;
    }
    models = found.items;
    older.show(found.more);
    fill(remarks, found.remarks.map((remark) => el("p", { className: "remark" }, remark)));
    const made = models.map(row);
    fill(rows, made.map((one) => one.node));
    sides.forEach(({ select }, at) => {
      const before = select.value || models[Math.min(at, models.length - 1)].name;
      fill(select, models.map(({ name }) => el("option", { value: name, selected: name === before }, name)));
    });
    change({});
    for (const { model, digits } of made) {
      try {
        digits.show(images((await post("/api/generate", { model: model.name, count: SAMPLES, form: "images" })).images));
        digits.node.dataset.shown = model.name;
      } catch {
        continue; // its row stays without a picture
      }
    }
  }

  return { node, enter: list, back: list };
}
