// Train: the data, the settings, the run under way, and the runs before it.

import { get, isAway, post } from "../lib/api.js";
import { schemas } from "../lib/contract.js";
import { el, fill, moreButton, say } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { settled } from "../lib/latest.js";
import { decoded, modelOf, newest } from "../lib/lists.js";
import { me, offer } from "../lib/me.js";
import { dataChoice } from "../widgets/data_choice.js";
import { networksPanel } from "../widgets/networks_panel.js";
import { queuePanel } from "../widgets/queue_panel.js";
import { runPanel, shownState } from "../widgets/run_panel.js";
import { sweepForm } from "../widgets/sweep_form.js";
import { sweepPanel, sweepState } from "../widgets/sweep_panel.js";

const MAIN = ["model", "preset", "seconds"];
const LEFT_OUT = ["networks", "key"]; // not for a form: networks have an editor of their own
const BUDGET = ["epochs", "steps", "seconds"];
const RECOMMENDED = "fast"; // the preset that holds unless another is chosen
const SHOWN = 50; // runs at first, and so many more with each press
const SWEEP = "sweep/"; // before the id of a sweep in addresses
const UNSAID = /^(sweep|from|again|longer)\/*$/; // addresses that do not say of what
const SEEN = 200; // pixels of a panel by which one knows it
const LOOK_MS = 2000; // at the runs, which others start too: from the canvas, from another tab

const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].join("-");

export function trainView() {
  const data = dataChoice();
  const fields = { data: data.field };
  const main = el("div", { className: "stack" });
  const more = el("div", { className: "stack" });
  const networks = networksPanel(() => changed(), () => settings());
  const start = el("button", { className: "primary large" }, "Start training");
  const several = sweepForm(
    () => fields.seed?.input.valueAsNumber || 0,
    () => (start.textContent = several.count() > 1 ? `Start ${several.count()} trainings` : "Start training"),
  );
  const wrong = el("p", { className: "wrong", role: "alert" });
  const looksOn = el("p", { className: "help", hidden: true });
  const form = el(
    "form",
    { className: "card stack", noValidate: true, onsubmit: press, "aria-label": "New training" },
    el("div", { className: "begin" }, el("div", { className: "row apart" }, el("h2", {}, "New training"), start), looksOn, wrong),
    data.node,
    main,
    el("details", {}, el("summary", {}, "More settings"), more),
    several.node,
    networks.node,
  );
  const runs = el("ul", { className: "list" });
  const none = el("h2", {}, "Nothing has been trained yet");
  const begins = el("span", {}, "Press Start training: in seconds noise turns into digits, and you see each step of it here. ");
  const empty = el(
    "section",
    { className: "card blank" },
    none,
    el("p", {}, begins, "A trained model is bundled, so you may also just ", el("a", { href: "#/play" }, "play"), "."),
  );
  const panel = runPanel(
    (run, other) => {
      const link = runs.querySelector(`a[href="#/train/${run.id}"]`);
      if (link) tell(link, run);
      if (other) list();
    },
    (id) => {
      if (id !== chosen) return;
      chosen = "";
      fill(stage, empty);
      list();
    },
  );
  const sweep = sweepPanel(
    (found) => {
      const link = runs.querySelector(`a[href="#/train/${SWEEP}${found.id}"]`);
      if (link) tell(link, found);
    },
    (id) => {
      if (SWEEP + id !== chosen) return;
      chosen = "";
      fill(stage, empty);
      list();
    },
  );
  const stage = el("div", { className: "stack" }, empty);
  const older = moreButton(SHOWN, () => list());
  const queue = queuePanel();
  const earlier = el("section", { className: "card", hidden: true, "aria-label": "Runs" }, el("h2", {}, "Runs"), runs, older.node);
  const node = el(
    "div",
    {},
    el("h1", { className: "hidden" }, "Train"),
    el("div", { className: "columns train" }, form, el("div", { className: "stack" }, stage, queue.node, earlier)),
  );
  offer({ run_start: [start, begins], sweep_start: several.node });
  me().then(
    ({ role, may }) => {
      if (role !== "teacher") none.textContent = "You have trained nothing yet"; // of others' they are not told
      looksOn.hidden = may("run_start");
      looksOn.textContent = `A ${role} starts no training: look at what can be set, and at the queue.`;
    },
    () => {}, // as in offer
  );
  fields.networks = networks.field;
  let myself = null;
  let key = newKey();
  let complained = null; // the field at which the server's last refusal stands
  let chosen = "";
  const sweeps = new Map(); // by their ids

  async function build() {
    if (main.children.length) return;
    const known = await schemas();
    const { properties } = known.StartRun;
    if (main.children.length) return;
    for (const [name, property] of Object.entries(properties)) {
      if (name === "data") data.field.explain(property.description);
      if (LEFT_OUT.includes(name) || name in fields) continue;
      fields[name] = field(name, property);
      if (!MAIN.includes(name)) more.append(fields[name].node);
    }
    main.append(...MAIN.map((name) => fields[name].node));
    fields.model.input.placeholder = "digits-1, digits-2 …";
    fields.images.stand("all of them");
    fields.start_from.stand("none: it starts by chance");
    networks.build(known);
    several.build(known);
    Object.assign(fields, several.fields);
    check();
  }

  const settings = () => {
    const given = Object.values(fields).map(({ name, value }) => [name, value()]);
    const set = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    if (set.networks) set.preset ??= networks.preset();
    return set;
  };

  /** Say in each field what holds where nothing is given: what the preset has is what is recommended for it. */
  function stand(plan, asked) {
    const preset = networks.preset() ?? RECOMMENDED;
    fields.preset.stand(asked.start_from ? "that of the model" : `${preset} (recommended)`, asked.start_from ? "" : preset);
    const open = BUDGET.every((name) => asked[name] === undefined);
    for (const [name, value] of Object.entries(plan)) {
      if (name === "preset" || !fields[name]) continue;
      const isLimit = BUDGET.includes(name);
      if (isLimit && (!open || value === null)) fields[name].stand("no limit");
      else if (asked[name] === undefined) fields[name].stand(`${value} (recommended)`, value);
    }
  }

  function complain(error) {
    const place = fields[error.field?.split(".")[0]];
    complained = place ?? null;
    if (place) {
      place.complain(error.message);
      place.node.closest("details")?.setAttribute("open", "");
    }
    wrong.textContent = place ? "" : error.message;
    return place;
  }

  const check = settled(async () => {
    try {
      const asked = settings();
      const { plan } = await networks.show(asked);
      stand(plan, asked);
    } catch (error) {
      if (error.field) complain(error);
    }
  }, 250);
  const changed = () => {
    wrong.textContent = ""; // what was said stays until something else is done
    if (complained?.input.checkValidity()) complained.complain("");
    complained = null;
    check();
  };
  form.addEventListener("input", changed);

  async function press(event) {
    event.preventDefault();
    const bad = Object.values(fields).find(({ input }) => !input.checkValidity());
    if (bad) {
      bad.complain(bad.input.validationMessage);
      bad.node.closest("details")?.setAttribute("open", "");
      bad.input.focus();
      return;
    }
    start.disabled = true;
    wrong.textContent = "";
    try {
      const asked = settings();
      if (asked.sweep?.seed) delete asked.seed; // the first of them
      const made = await post(asked.sweep ? "/api/sweeps" : "/api/runs", { ...asked, key });
      key = newKey(); // until the server has answered, pressing again means the same training
      const place = asked.sweep ? SWEEP + made.id : made.id;
      location.hash = `#/train/${place}`;
      if (chosen === place) follow(place, true);
      bringIntoView();
      list();
      data.refresh();
    } catch (error) {
      complain(error)?.input.focus();
    } finally {
      start.disabled = false;
    }
  }

  const placeOf = (one) => (one.axes ? SWEEP + one.id : one.id);

  /** One is a run, or a sweep. */
  function tell(link, one) {
    const [dot, name, text] = link.children;
    const called = one.axes ? `${one.name} × ${one.trainings}` : one.model; // by now
    const whose = one.owner === myself?.name ? called : `${called} of ${one.owner}`;
    if (name.textContent !== whose) name.textContent = whose;
    dot.dataset.state = one.axes ? sweepState(one) : shownState(one);
    if (text.textContent !== one.text) text.textContent = one.text;
  }

  function row(one) {
    const link = el(
      "a",
      { href: `#/train/${placeOf(one)}`, "aria-current": placeOf(one) === chosen ? "true" : undefined },
      el("span", { className: "dot", "aria-hidden": "true" }),
      el("strong"),
      el("span", { className: "help" }),
    );
    tell(link, one);
    return el("li", {}, link);
  }

  /** Runs, and in the place of those of a sweep the sweep. */
  async function gathered(found) {
    if (found.some(({ sweep: of }) => of && sweeps.get(of)?.state !== "ended")) {
      const { items } = await newest("/api/sweeps", "sweeps", SHOWN);
      for (const one of items) sweeps.set(one.id, one);
    }
    return [...new Set(found.map((run) => sweeps.get(run.sweep) ?? run))];
  }

  async function list() {
    let found;
    let rest;
    let listed;
    try {
      myself = await me();
      ({ items: found, more: rest } = await newest("/api/runs", "runs", older.most()));
      listed = await gathered(found);
    } catch {
      return;
    }
    older.show(rest);
    queue.show(found);
    earlier.hidden = !found.length;
    const links = [...runs.querySelectorAll("a")];
    if (String(links.map(({ hash }) => hash)) !== String(listed.map((one) => `#/train/${placeOf(one)}`))) fill(runs, listed.map(row));
    else links.forEach((link, at) => tell(link, listed[at])); // whoever has one of them under the finger keeps it
    if (!chosen && found.length) {
      const { runs: active } = await get("/api/runs?only=active&limit=1").catch(() => ({ runs: [] }));
      const { id, sweep: of } = active[0] ?? found[0];
      if (!chosen) choose(of ? SWEEP + of : id);
    }
  }

  /** Follow a run or a sweep, whichever an address leads to; the other panel rests. */
  function follow(place, again = false) {
    const isSweep = place.startsWith(SWEEP);
    (isSweep ? panel : sweep).leave();
    fill(stage, (isSweep ? sweep : panel).node);
    if (isSweep) sweep.follow(place.slice(SWEEP.length));
    else panel.follow(place, again);
  }

  function choose(id) {
    chosen = id;
    follow(id);
    for (const link of runs.querySelectorAll("a")) {
      if (link.hash === `#/train/${id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /** Have what is followed seen, from wherever it was pressed: on a phone the form and the list are below it. */
  function bringIntoView() {
    const { top, bottom } = stage.getBoundingClientRect();
    if (top < 0 || Math.min(bottom, top + SEEN) > innerHeight) stage.scrollIntoView({ block: "start" });
  }

  /** Prepare a training that starts from a model, where the address says so. */
  async function startFrom(name) {
    await build();
    const { input, node: place } = fields.start_from;
    input.value = name;
    place.closest("details").open = true;
    place.scrollIntoView({ block: "center" });
    fields.seconds.input.focus({ preventScroll: true });
    check();
  }

  /** Put the settings of a run into the form, to be changed; `longer`: for a training that goes on from its model. */
  async function useSettings(id, longer) {
    await build();
    const run = await get(`/api/runs/${id}`);
    const { model, settings: used } = run;
    if (longer && !(await modelOf(run))) return say(`The training of ${model} has no model any more to go on from. Its settings can be used again.`, "bad");
    const given = { ...used, model: undefined, ...(longer ? { start_from: model } : {}) };
    await data.refresh(given.data ?? "");
    for (const [name, { input }] of Object.entries(fields)) {
      if (["sweep", "others", "data", "networks"].includes(name)) continue;
      input.value = given[name] ?? "";
    }
    networks.take(given.start_from ? null : used.networks, used.preset);
    wrong.textContent = "";
    more.closest("details").open = true;
    fields.seconds.input.focus({ preventScroll: true });
    form.scrollIntoView({ block: "start" });
    say(longer ? `The form goes on from ${model}: say how long, and press Start training.` : `The form has the settings of ${model}: change what you like.`, "good");
    check();
  }

  const refresh = () => {
    build().catch(() => {});
    data.refresh();
    list();
  };
  setInterval(() => {
    if (node.isConnected && !document.hidden && !isAway()) list();
  }, LOOK_MS);
  return {
    node,
    enter(address) {
      const rest = UNSAID.test(address) ? "" : address;
      if (rest !== address) history.replaceState(null, "", "#/train");
      const [, model] = /^from\/(.+)$/.exec(rest) ?? [];
      const [, use, of] = /^(again|longer)\/(\w+)$/.exec(rest) ?? [];
      const id = (model ? "" : of || rest) || chosen;
      if (id) choose(id);
      if (rest && !model && !use) bringIntoView();
      refresh();
      if (model) startFrom(decoded(model)).catch(() => {});
      if (use) history.replaceState(null, "", `#/train/${of}`); // so that it can be pressed again
      if (use) useSettings(of, use === "longer").catch((error) => say(error.message, "bad"));
    },
    leave() {
      panel.leave();
      sweep.leave();
    },
    back() {
      if (chosen) follow(chosen, true); // what has ended too: this server may not know it
      refresh();
    },
  };
}
