// Learn: one training step taken apart, on digits, with the networks as they are: of a model, or of a training under way.

import { get, isAway, post } from "../lib/api.js";
import { choices, DIGITS, said } from "../lib/classes.js";
import { el, fill, freshId, whole } from "../lib/dom.js";
import { linked, term } from "../lib/glossary.js";
import { latest } from "../lib/latest.js";
import { decoded, modelNamed, modelOf } from "../lib/lists.js";
import { me } from "../lib/me.js";
import { colour, floats, onTheme } from "../lib/pixels.js";
import { layerMaps } from "../widgets/layer_maps.js";
import { modelChoice } from "../widgets/model_choice.js";
import { isUnderWay } from "../widgets/run_panel.js";
import { stages } from "../widgets/step_stages.js";
import { lesson, losses, picture, verdictBar } from "../widgets/step_verdicts.js";

const GROWING_MS = 2500; // between two looks at a model that is being trained
const WAITING_MS = 1000; // between two looks for the model of a training that has just begun
const SHORT = { preset: "fast", seconds: 120 };
const RUN = "run/"; // before the id of a run in addresses
const [MAPS, MAPS_JUDGED] = [8, 4]; // feature maps of each layer, side by side: of the generator, and of each image that is judged
const REACH = 3; // standard deviations that a bar of z goes up or down

const roomy = matchMedia("(min-width: 900px) and (min-height: 640px)"); // there the stages stay in sight: networks.css
const still = matchMedia("(prefers-reduced-motion: reduce)");
const random = () => crypto.getRandomValues(new Uint32Array(1))[0] % 100000;

/** The numbers of z as bars: { node, show(z, latent) }. */
function strip() {
  const node = el("canvas", { className: "z-strip", role: "img" });
  let shown = null;
  function paint() {
    if (!shown || !node.clientWidth) return;
    const scale = devicePixelRatio || 1;
    [node.width, node.height] = [node.clientWidth, node.clientHeight].map((side) => Math.round(side * scale));
    const pen = node.getContext("2d");
    const middle = node.height / 2;
    const step = node.width / shown.z.length;
    pen.fillStyle = colour("--line");
    pen.fillRect(0, Math.round(middle), node.width, 1);
    shown.z.forEach((value, place) => {
      pen.fillStyle = colour(place < shown.latent ? "--generator" : "--muted");
      const height = (Math.max(-REACH, Math.min(REACH, value)) / REACH) * middle;
      pen.fillRect(place * step + 0.1 * step, middle, Math.max(1, 0.8 * step), -height);
    });
  }
  new ResizeObserver(paint).observe(node);
  onTheme(paint);
  return {
    node,
    show(z, latent) {
      shown = { z, latent };
      const own = z.slice(0, latent);
      node.setAttribute("aria-label", `z: ${whole(latent)} numbers from ${Math.min(...own).toFixed(1)} to ${Math.max(...own).toFixed(1)}`);
      paint();
    },
  };
}

export function learnView() {
  let node = null;
  const state = { model: "", digit: 3, seed: 0, real: 0 };
  const model = modelChoice((name) => choose(name));
  const classId = freshId("class");
  const classes = el("select", { id: classId, onchange: () => change({ digit: choices(names())[classes.selectedIndex] }) });
  const ofClass = el("div", { className: "field" }, el("label", { htmlFor: classId }, "Class"), classes);
  const live = el("span", { className: "chip", "data-state": "running", role: "status", hidden: true });
  const hold = el("button", { type: "button", hidden: true, "aria-pressed": "false", onclick: () => pause(hold.getAttribute("aria-pressed") !== "true") }, "Hold");
  const steps = el("p", { className: "help" });
  const ended = el("p", { className: "help", role: "status" }); // what became of the training that was watched
  const apart = linked(el("p", { className: "help" }), "One fake and one real image. BatchNorm works as when digits are drawn; noise and penalties of a training are left out.");
  const wrong = el("p", { className: "wrong", role: "alert" });
  const remarks = el("div", { className: "remarks", role: "status" });
  const start = el("button", { type: "button", className: "primary", hidden: true, onclick: trainNow }, "Train two minutes and watch both");
  const [fake, real] = ["Fake", "Real"].map(picture);
  const z = strip();
  const generator = layerMaps("Generator, layer by layer", MAPS);
  const discriminator = layerMaps("Discriminator, layer by layer", MAPS_JUDGED);
  const verdicts = { fake: verdictBar("The fake"), real: verdictBar("The real one") };
  const learned = lesson();
  const paid = losses();
  const part = (name, title, explained, ...children) =>
    el("section", { className: `card stack part part-${name}`, "data-part": name, "aria-label": title }, el("h2", {}, explained ? term(explained, title) : title), ...children);
  const judged = el("div", { className: "stack" }, discriminator.node, el("div", { className: "stack verdicts", "data-part": "verdicts" }, verdicts.fake.node, verdicts.real.node));
  const absent = el("p", { className: "empty" }, "There is no discriminator to show: see above.");
  const scene = el(
    "div",
    { className: "stack scene" },
    part("z", "z", "latent vector", z.node),
    part("generator", "Generator", "generator", el("div", { className: "flow" }, generator.node, fake.node)),
    part("discriminator", "Discriminator", "discriminator", el("div", { className: "flow" }, el("div", { className: "stack" }, judged, absent), real.node)),
    el("div", { className: "columns pair" }, part("losses", "Both losses", "loss", paid.node), part("lesson", "What the generator learns", "gradient", learned.node)),
  );
  const guide = stages(
    (parts) => {
      for (const each of scene.querySelectorAll("[data-part]")) each.toggleAttribute("data-on", parts.includes(each.dataset.part));
      if (node?.isConnected) bring(scene.querySelector("[data-on]"));
    },
    () => change({ seed: random(), real: state.real + 1 }),
  );

  /** Have the part that a stage is about seen: below the stages, which stay in sight, or on a phone right above it. */
  function bring(on) {
    if (!on) return;
    const behavior = still.matches ? "auto" : "smooth";
    if (roomy.matches) {
      on.scrollIntoView({ block: "nearest", behavior });
      return;
    }
    const pressed = document.activeElement;
    const card = on.closest(".scene > *");
    if (card.previousElementSibling !== guide.node) card.before(guide.node);
    pressed.focus({ preventScroll: true });
    guide.node.scrollIntoView({ block: "start", behavior });
  }

  const choice = el(
    "div",
    { className: "row choice" },
    model.node,
    ofClass,
    el("div", { className: "row" }, el("button", { type: "button", onclick: () => change({ seed: random() }) }, "Another z"), el("button", { type: "button", onclick: () => change({ real: state.real + 1 }) }, "Another real")),
  );
  node = el(
    "div",
    { className: "learn stack" },
    el("h1", { className: "hidden" }, "Learn"),
    el(
      "section",
      { className: "card stack", "aria-label": "What is taken apart" },
      choice,
      el("div", { className: "row" }, live, hold, steps),
      ended,
      remarks,
      wrong,
      start,
    ),
    guide.node,
    scene,
    apart,
  );
  let growing = 0;
  let here = false;
  let held = false;
  let watched = ""; // the model that was last seen being trained
  let place = ""; // what the address says
  const hide = (hidden) => [choice, apart, guide.node, scene].forEach((each) => (each.hidden = hidden));
  hide(true); // until there is something to show

  const fate = ({ problem, text }) => problem ?? `The training has ended: ${text}.`;
  const names = () => model.found()?.class_names ?? DIGITS;
  const again = (work, ms) => {
    clearTimeout(growing);
    growing = setTimeout(() => (document.hidden || isAway() ? again(work, ms) : work()), ms);
  };

  const ask = latest(
    ({ model: name, digit, seed, real: number }) => post("/api/networks/anatomy", { model: name, digit: digit ?? undefined, seed, real: number, maps: MAPS }, { urgent: true }),
    show,
    (error) => (wrong.textContent = error.message),
  );

  function show(answer, asked) {
    if (asked.model !== state.model) return;
    wrong.textContent = "";
    hide(false);
    node.dataset.shown = JSON.stringify({ ...asked, step: answer.step });
    const [vector] = floats(answer.z, 1);
    const { judging } = answer;
    z.show(vector, answer.latent_dim);
    generator.show([{ name: "fake", layers: answer.layers }]);
    fake.show(answer.fake, answer.class_name === null ? "The fake" : `The fake, to be ${said(answer.class_name)}`);
    real.node.hidden = !answer.real;
    if (answer.real) real.show(answer.real.image, answer.real.class_name === null ? "A real one" : `A real one, ${said(answer.real.class_name)}`);
    judged.hidden = !judging;
    absent.hidden = Boolean(judging);
    if (judging) {
      const lines = [["fake", judging.fake], ["real", judging.real]].filter(([, verdict]) => verdict);
      discriminator.show(lines.map(([name, { layers }]) => ({ name, layers })));
      verdicts.fake.show(judging.fake);
      verdicts.real.node.hidden = !judging.real;
      if (judging.real) verdicts.real.show(judging.real);
    }
    paid.show(judging);
    learned.show(answer);
    guide.show(answer, vector);
    tell(answer);
    clearTimeout(growing);
    if (answer.training) ended.textContent = "";
    else if (watched === asked.model) tellEnd(model.found()?.id);
    watched = answer.training ? asked.model : "";
    live.hidden = hold.hidden = !answer.training;
    if (answer.training && !held && here) again(() => ask({ ...state }), GROWING_MS);
  }

  function tell({ training, step, judging, remarks: told }) {
    live.textContent = held ? "held" : "live";
    const other = judging && judging.step !== step ? `, discriminator of step ${whole(judging.step)}` : "";
    steps.textContent = `${training ? "Being trained: generator" : "Generator"} of step ${whole(step)}${other}.`;
    const texts = [...remarks.children].map(({ textContent }) => textContent);
    if (String(texts) !== String(told)) fill(remarks, told.map((sentence) => linked(el("p", { className: "remark" }), sentence)));
    offerTraining(!judging && !training);
  }

  /** Say what became of the training that was watched, and how its model stands by now. */
  async function tellEnd(id) {
    try {
      const run = await get(`/api/runs/${id}`);
      if (!here || model.found()?.id !== id) return;
      if (isUnderWay(run)) return again(() => tellEnd(id), WAITING_MS); // the judge looks at its digits
      const name = await model.list(state.model);
      if (name !== state.model) return choose(name);
      ended.textContent = fate(run);
    } catch {
      return; // it was somebody else's
    }
  }

  /** Offer what shows both sides where one is missing, to whoever may. */
  function offerTraining(wanted) {
    if (!wanted) start.hidden = true;
    else me().then(({ may }) => (start.hidden = !may("run_start")), () => {});
  }

  function pause(wanted) {
    held = wanted;
    hold.setAttribute("aria-pressed", String(held));
    live.textContent = held ? "held" : "live";
    clearTimeout(growing);
    if (!held) ask({ ...state });
  }

  function change(part) {
    Object.assign(state, part);
    if (state.model) ask({ ...state });
  }

  /** Take another model, and of its classes the one that was shown if it has that. */
  function choose(name) {
    const known = choices(names());
    ofClass.hidden = !known.length;
    const digit = known.includes(state.digit) ? state.digit : (known[0] ?? null);
    fill(classes, known.map((each, place) => el("option", { selected: each === digit }, names()[place])));
    ended.textContent = "";
    place = encodeURIComponent(name);
    history.replaceState(null, "", `#/learn/${place}`);
    change({ model: name, digit });
  }

  async function trainNow() {
    start.disabled = true;
    wrong.textContent = "";
    try {
      const { id } = await post("/api/runs", { ...SHORT, key: crypto.getRandomValues(new Uint32Array(4)).join("-") });
      location.hash = `#/learn/${RUN}${id}`;
    } catch (error) {
      wrong.textContent = error.message;
    } finally {
      start.disabled = false;
    }
  }

  /** Show nothing of what was shown before. */
  function blank(why = "") {
    state.model = ""; // what it is still asked about is not shown
    clearTimeout(growing);
    hide(true);
    live.hidden = hold.hidden = start.hidden = true;
    steps.textContent = ended.textContent = "";
    fill(remarks);
    wrong.textContent = why;
  }

  /** Wait for the first digits of a run, then show its model. */
  async function follow(id) {
    let run;
    try {
      run = await get(`/api/runs/${id}`);
      const found = run.preview && (await modelOf(run));
      if (!here || place !== RUN + id) return;
      if (found) {
        await model.list(found.name);
        return choose(found.name);
      }
    } catch (error) {
      if (here && !isAway()) blank(error.message);
      return;
    }
    blank();
    const begun = `The training has begun (${run.text}). Its first digits come in seconds; then both networks are shown here, and go on with it.`;
    fill(remarks, el("p", { className: "remark" }, isUnderWay(run) ? (run.problem ?? begun) : `${fate(run)} There is no model of it to show.`));
    if (isUnderWay(run)) again(() => follow(id), WAITING_MS);
  }

  /** What to show unless an address says so: what is trained now, else the newest model. */
  async function usual() {
    const { runs } = await get("/api/runs?only=active&limit=1");
    if (runs.length && (await modelNamed(runs[0].model))) return runs[0].model;
    const { models } = await get("/api/models?limit=1");
    return models[0].name;
  }

  async function enter(address) {
    const rest = address === RUN ? "" : address; // the run that it leads to is not said
    here = true;
    place = rest;
    clearTimeout(growing);
    if (rest.startsWith(RUN)) return follow(rest.slice(RUN.length));
    try {
      const wanted = decoded(rest) || state.model || (await usual());
      const name = await model.list(wanted);
      if (here && model.found()) choose(name);
    } catch (error) {
      if (!isAway()) wrong.textContent = error.message;
    }
  }

  return {
    node,
    enter,
    leave() {
      here = false;
      clearTimeout(growing);
    },
    back: () => enter(place),
  };
}
