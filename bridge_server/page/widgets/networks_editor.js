// Both networks as lists of layers, in a dialog: from a preset or a model, checked while they are edited.

import { get, post } from "../lib/api.js";
import { ask, copy, el, fill, freshId, save, whole } from "../lib/dom.js";
import { bounds } from "../lib/form.js";
import { linked } from "../lib/glossary.js";
import { settled } from "../lib/latest.js";
import { newest } from "../lib/lists.js";
import { grasshopperLayers } from "./grasshopper_layers.js";
import { layerList } from "./layer_list.js";

const PARTS = ["Generator", "Discriminator"];
const SHOWN = 100; // models to start from
const RHINOS = [8, 7];
const CHECK_MS = 200; // after the last change
const [PRESET, MODEL] = ["preset ", "model "]; // before the names of what one may start from
const [FORM, DRAFT] = ["", "draft"]; // others that one may start from: what the form has, and what was left unused
let layers = null; // the kinds there are

/** What stands between two parts of the JSON, as the server writes it. */
const written = ({ latent_dim: latent, classes }, [generator, discriminator]) =>
  `{"latent_dim": ${latent}, "classes": ${classes},\n"generator": ${generator},\n"discriminator": ${discriminator}}\n`;

function sizeField(label, explained, low, high) {
  const id = freshId("size");
  const wrong = el("p", { id: `${id}-wrong`, className: "wrong" });
  const input = el("input", { id, type: "number", min: low, max: high, step: 1, required: true, inputMode: "numeric", "aria-describedby": wrong.id });
  /** Say what may stand there where something else does. */
  const tell = () => (wrong.textContent = input.checkValidity() ? "" : `Wanted: ${bounds(input)}.`);
  return { input, tell, node: el("div", { className: "field" }, linked(el("label", { htmlFor: id }), label), input, linked(el("p", { className: "help" }), explained), wrong) };
}

/**
 * Let somebody edit networks; resolves to { networks, preset, used }, or to null if they were left as they are. `given` is
 * what the form has: { networks, preset }, or { preset } alone; `draft` what was changed of it before and not `used`, with
 * which one goes on; `presets` are their names, `game` the settings that are checked with them, and `classes` how many
 * the data set has that is chosen, if one is.
 */
export async function editNetworks({ given, draft, presets, game, classes: known }) {
  layers ??= (await get("/api/layers")).layers;
  const { items: models } = await newest("/api/models", "models", SHOWN);
  const fromId = freshId("from");
  const from = el(
    "select",
    { id: fromId, onchange: () => load(from.value) },
    draft ? el("option", { value: DRAFT }, "your changes of before") : null,
    el("option", { value: FORM }, "as the form has them"),
    el("optgroup", { label: "Presets" }, presets.map((name) => el("option", { value: PRESET + name }, name === "fast" ? "fast (recommended)" : name))),
    el("optgroup", { label: "Models" }, models.map(({ name }) => el("option", { value: MODEL + name }, name))),
  );
  const latent = sizeField("latent_dim", "Length of the latent vector z.", 1, 1024);
  const classes = sizeField("classes", "As many as the data set has classes; 0 leaves them out of account.", 0, 100);
  const lists = PARTS.map((title) => layerList(title, layers, change));
  const summary = el("p", { className: "help", role: "status" });
  const remarks = el("div", { className: "remarks" });
  const wrong = el("p", { className: "wrong", role: "alert" });
  const button = (words, work, title) => el("button", { type: "button", onclick: work, title }, words);
  const outputs = [
    button("Copy as JSON", () => copy(text(), "Networks as JSON")),
    button("Download JSON", () => save(new Blob([text()], { type: "application/json" }), "networks.json")),
    ...RHINOS.map((rhino) => button(`Copy as components of Rhino ${rhino}`, () => copyFor(rhino), "Paste them on Grasshopper's canvas, and wire gan of Model to Train")),
  ];
  const node = el(
    "div",
    { className: "networks-editor stack" },
    el("p", { className: "help" }, "Drag a layer by its handle, or move it with its arrows. ", el("span", { className: "mark" }, "✓"), " marks what is recommended: the value that the preset or the model has there, or a new layer's own. A dotted word explains itself."),
    el("div", { className: "row sizes" }, el("div", { className: "field" }, el("label", { htmlFor: fromId }, "Start from"), from), latent.node, classes.node),
    el("div", { className: "networks" }, lists.map((list) => list.node)),
    wrong,
    remarks,
    el("div", { className: "row apart" }, summary, el("div", { className: "row" }, outputs)),
  );
  let preset = given.preset;
  let checked = null; // what the server said of what is there now; nothing while that is still to come
  let asked = 0;

  const parts = () => ({ latent_dim: latent.input.valueAsNumber, classes: classes.input.valueAsNumber, generator: lists[0].value(), discriminator: lists[1].value() });
  const text = () => written(parts(), [checked.generator.text, checked.discriminator.text]);
  const isRight = () => [latent.input, classes.input].every((input) => input.checkValidity()) && lists.every((list) => list.isRight());

  async function copyFor(rhino) {
    try {
      await copy(await grasshopperLayers(parts(), preset, rhino), `Components of Rhino ${rhino}`);
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  /** Without networks that fit there is nothing to use or to copy. */
  function allow(fits) {
    const use = node.closest("form")?.querySelector("button[value=yes]");
    for (const each of [...outputs, use]) if (each) each.disabled = !fits;
  }

  function put(networks) {
    latent.input.value = networks.latent_dim;
    classes.input.value = networks.classes;
    lists.forEach((list, at) => list.set(networks[PARTS[at].toLowerCase()].layers));
  }

  /** Nothing is known of what is there now. */
  function clear() {
    lists.forEach((list) => list.clear());
    wrong.textContent = summary.textContent = "";
    fill(remarks);
  }

  async function look() {
    const mine = ++asked;
    for (const { tell } of [latent, classes]) tell();
    if (!isRight()) {
      clear();
      for (const [at, list] of lists.entries()) if (!list.value().layers.length) list.complain(`The ${PARTS[at].toLowerCase()} has no layer: add one.`);
      return;
    }
    try {
      const found = await post("/api/networks/check", { ...game, preset, ...parts(), misfits: true }, { urgent: true });
      if (mine !== asked) return;
      checked = found;
      lists.forEach((list, at) => list.show(found[PARTS[at].toLowerCase()]));
      const parameters = found.generator.parameters + found.discriminator.parameters;
      const misfit = found.generator.misfit ?? found.discriminator.misfit;
      summary.textContent = misfit ? "They do not fit yet: see the layer that is marked." : `${whole(parameters)} parameters, about ${whole(found.memory / 1e6)} MB`;
      fill(remarks, found.remarks.map((remark) => linked(el("p", { className: "remark" }), remark)));
      wrong.textContent = "";
      allow(!misfit);
    } catch (error) {
      if (mine !== asked) return;
      clear();
      const at = PARTS.findIndex((part) => error.field?.split(".")[0] === part.toLowerCase());
      if (at < 0) wrong.textContent = error.message;
      else lists[at].complain(error.message);
    }
  }

  const soon = settled(look, CHECK_MS);
  function change() {
    asked += 1; // an answer to what was there before is none to this
    allow(false);
    soon();
  }

  async function load(name) {
    if (name === DRAFT || (name === FORM && given.networks)) {
      const { networks, preset: like } = name === DRAFT ? draft : given;
      preset = like;
      put(networks);
      return change();
    }
    if (name === FORM) name = PRESET + given.preset;
    const [kind, rest] = name.startsWith(PRESET) ? ["preset", name.slice(PRESET.length)] : ["model", name.slice(MODEL.length)];
    try {
      const { gan } = await post("/api/networks/check", { [kind]: rest });
      const found = JSON.parse(gan);
      preset = found.preset ?? rest;
      if (known !== undefined && found.networks.classes) found.networks.classes = known;
      put(found.networks);
      change();
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  for (const { input } of [latent, classes]) input.addEventListener("input", change);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) event.preventDefault(); // it would close the dialog
  });
  await load(FORM);
  const before = JSON.stringify(parts());
  if (draft) await load(DRAFT);
  const asking = ask({ title: "Layers of both networks", body: [node], confirm: "Use these networks" });
  allow(false);
  look();
  const used = Boolean(await asking);
  return used || JSON.stringify(parts()) !== before ? { networks: parts(), preset, used } : null;
}
