// Train: the data, the settings, the run under way, and the runs before it.

import { get, post } from "../lib/api.js";
import { el, fill, say, whole } from "../lib/dom.js";
import { field, schemas } from "../lib/form.js";
import { settled } from "../lib/latest.js";
import { networksPanel } from "../widgets/networks_panel.js";
import { isUnderWay, runPanel } from "../widgets/run_panel.js";

const MAIN = ["model", "preset", "seconds"];
const LEFT_OUT = ["networks", "key"]; // not for a form: networks are composed in Grasshopper, Python or a file
const DATA_MS = 500;

const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].join("-");

export function trainView() {
  const data = el("p", { className: "data", role: "status" }, "Looking for data …");
  const fields = {};
  const main = el("div", { className: "stack" });
  const more = el("div", { className: "stack" });
  const networks = networksPanel();
  const start = el("button", { className: "primary large" }, "Start training");
  const wrong = el("p", { className: "wrong", role: "alert" });
  const form = el(
    "form",
    { className: "card stack", noValidate: true, onsubmit: press, "aria-label": "New training" },
    el("h2", {}, "New training"),
    data,
    main,
    el("details", {}, el("summary", {}, "More settings"), more),
    networks.node,
    wrong,
    start,
  );
  const runs = el("ul", { className: "list" });
  const empty = el(
    "section",
    { className: "card blank" },
    el("h2", {}, "Nothing has been trained yet"),
    el("p", {}, "Press Start training: in seconds noise turns into digits, and you see each step of it here. A trained model is bundled, so you may also just ", el("a", { href: "#/play" }, "play"), "."),
  );
  const panel = runPanel((run, other) => {
    const text = runs.querySelector(`a[href="#/train/${run.id}"] .help`);
    if (text) text.textContent = run.text;
    if (other) list();
  });
  const stage = el("div", { className: "stack" }, empty);
  const history = el("section", { className: "card", hidden: true, "aria-label": "Runs" }, el("h2", {}, "Runs"), runs);
  const node = el(
    "div",
    {},
    el("h1", { className: "hidden" }, "Train"),
    el("div", { className: "columns train" }, form, el("div", { className: "stack" }, stage, history)),
  );
  let key = newKey();
  let chosen = "";

  async function build() {
    if (main.children.length) return;
    const { properties } = (await schemas()).StartRun;
    if (main.children.length) return;
    for (const [name, property] of Object.entries(properties)) {
      if (LEFT_OUT.includes(name)) continue;
      fields[name] = field(name, property);
      if (!MAIN.includes(name)) more.append(fields[name].node);
    }
    main.append(...MAIN.map((name) => fields[name].node));
    fields.model.input.placeholder = "digits-1, digits-2 …";
    fields.seconds.input.placeholder = "the preset's own";
    check();
  }

  const settings = () => {
    const given = Object.values(fields).map(({ name, value }) => [name, value()]);
    return Object.fromEntries(given.filter(([, value]) => value !== undefined));
  };

  function complain(error) {
    const place = fields[error.field?.split(".")[0]];
    if (place) {
      place.complain(error.message);
      place.node.closest("details")?.setAttribute("open", "");
    }
    wrong.textContent = place ? "" : error.message;
    return place;
  }

  const check = settled(async () => {
    try {
      await networks.show(settings());
      wrong.textContent = "";
    } catch (error) {
      if (error.field) complain(error);
    }
  }, 250);
  form.addEventListener("input", check);

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
      const run = await post("/api/runs", { ...settings(), key });
      key = newKey(); // until the server has answered, pressing again means the same training
      location.hash = `#/train/${run.id}`;
      if (chosen === run.id) panel.follow(run.id, true);
      list();
      describeData();
    } catch (error) {
      complain(error)?.input.focus();
    } finally {
      start.disabled = false;
    }
  }

  async function describeData() {
    try {
      const found = await get("/api/data");
      if (found.state === "ready") {
        fill(data, el("strong", {}, found.name), `: ${whole(found.train)} images to train on, ${whole(found.test)} to test with.`);
      } else if (found.state === "preparing") {
        fill(data, `Preparing the data, ${Math.round(found.percent)} %`);
        setTimeout(describeData, DATA_MS);
      } else {
        const fetchIt = el("button", { type: "button", className: "quiet", onclick: prepare }, "Load MNIST now");
        fill(data, found.problem ?? "MNIST is loaded at the first start. ", " ", fetchIt);
      }
    } catch (error) {
      data.textContent = error.message;
    }
  }

  async function prepare() {
    try {
      await post("/api/data/prepare", undefined);
    } catch (error) {
      say(error.message, "bad");
    }
    describeData();
  }

  async function list() {
    let found;
    try {
      ({ runs: found } = await get("/api/runs"));
    } catch {
      return;
    }
    history.hidden = !found.length;
    fill(
      runs,
      found.map((run) =>
        el(
          "li",
          {},
          el(
            "a",
            { href: `#/train/${run.id}`, "aria-current": run.id === chosen ? "true" : undefined },
            el("span", { className: "dot", "data-state": run.state, "aria-hidden": "true" }),
            el("strong", {}, run.model),
            el("span", { className: "help" }, run.text),
          ),
        ),
      ),
    );
    if (!chosen && found.length) choose((found.find(isUnderWay) ?? found[0]).id);
  }

  function choose(id) {
    chosen = id;
    fill(stage, panel.node);
    panel.follow(id);
    for (const link of runs.querySelectorAll("a")) {
      if (link.hash === `#/train/${id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  const refresh = () => {
    build().catch(() => {});
    describeData();
    list();
  };
  return {
    node,
    enter(rest) {
      const id = rest || chosen;
      if (id) choose(id);
      refresh();
    },
    leave: panel.leave,
    back: refresh,
  };
}
