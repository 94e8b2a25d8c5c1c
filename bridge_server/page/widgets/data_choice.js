// What a training learns from: MNIST, or a data set that was imported; what is in it, and how to get another.

import { call, get, post } from "../lib/api.js";
import { ask, el, fill, say, whole } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { me, offer } from "../lib/me.js";
import { dataImport } from "./data_import.js";
import { dataReport } from "./data_report.js";

const AGAIN_MS = 500;
const STANDARD = ""; // the value of what is learned from where nothing is chosen

/** { node, field, refresh(chosen) }; the field is one of the form's, as lib/form.js makes them. */
export function dataChoice() {
  const choice = field("data", { enum: [] });
  choice.node.querySelector(".help").className = "hidden"; // it is about typing a name; whoever looks sees what there is
  const select = choice.input;
  const about = el("p", { className: "data", role: "status" }, "Looking for data …");
  const report = dataReport();
  const remove = el("button", { type: "button", className: "quiet danger-text", onclick: forget }, "Delete");
  const title = el("strong");
  const imported = el("div", { className: "data stack close", hidden: true }, el("div", { className: "row apart" }, title, remove), report.node);
  const own = dataImport(arrived);
  const node = el("div", { className: "stack" }, choice.node, about, imported, own.node);
  offer({ dataset_upload: own.node });
  let may = () => false; // until it is known
  let standard = null;
  let sets = [];
  let lost = ""; // what is said where the one that is chosen is gone
  let timer = 0;

  const found = () => sets.find(({ name }) => name === select.value);
  select.addEventListener("change", () => describe());

  /** What is chosen is told of; where it is gone, nothing is trained before something else is chosen. */
  function describe() {
    const one = found();
    const gone = select.value === STANDARD || one ? "" : `${select.value} is gone: choose ${standard.name ?? "MNIST"}, or another, in its place.`;
    select.setCustomValidity(gone);
    if (gone || lost) choice.complain(gone); // of what else is wrong the server has spoken
    lost = gone;
    imported.hidden = !one;
    about.hidden = Boolean(one || gone);
    if (one) {
      report.show(one);
      title.textContent = one.name;
      remove.hidden = !one.yours || !may("dataset_delete");
      remove.setAttribute("aria-label", `Delete ${one.name}`);
      return;
    }
    if (gone) return;
    if (standard.state === "ready") {
      fill(about, el("strong", {}, standard.name), `: ${whole(standard.train)} images to train on, ${whole(standard.test)} to test with.`);
    } else if (standard.state === "preparing") {
      fill(about, `Preparing the data, ${Math.round(standard.percent)} %`);
    } else {
      const fetchIt = el("button", { type: "button", className: "quiet", onclick: prepare }, "Load MNIST now");
      const told = standard.problem ?? ["MNIST is loaded at the first start.", ...standard.report].join(" ");
      fill(about, told, " ", may("data_prepare") ? fetchIt : null);
    }
  }

  /** Ask what there is; the choice stays, or becomes what is wanted. */
  async function refresh(chosen) {
    clearTimeout(timer);
    try {
      ({ may } = await me());
      const asked = await Promise.all([get("/api/data"), get("/api/datasets")]);
      [standard, { datasets: sets }] = asked;
    } catch (error) {
      if (!standard) about.textContent = error.message;
      return;
    }
    const wanted = chosen ?? select.value; // by now
    const ready = sets.filter(({ state }) => state === "ready");
    const underWay = sets.filter(({ state }) => state === "preparing");
    const there = [...ready, ...underWay].find(({ name }) => name.toLowerCase() === wanted.toLowerCase()); // a run may have it otherwise
    fill(
      select,
      el("option", { value: STANDARD }, standard.name ?? "MNIST"),
      ready.map(({ name }) => el("option", { value: name }, name)),
      underWay.map(({ name }) => el("option", { value: name, disabled: true }, `${name}, being read`)),
      there || wanted === STANDARD ? null : el("option", { value: wanted }, `${wanted}, gone`),
    );
    select.value = there?.name ?? wanted;
    describe();
    if ((standard.state === "preparing" || underWay.length) && node.isConnected) timer = setTimeout(refresh, AGAIN_MS);
  }

  async function prepare() {
    try {
      await post("/api/data/prepare", undefined);
    } catch (error) {
      say(error.message, "bad");
    }
    refresh();
  }

  async function arrived(name, title) {
    await refresh(name ?? undefined);
    if (!name || !found()) return;
    const [, wished] = /^(.+)-\d+$/.exec(name) ?? [];
    const taken = wished && !title.startsWith(name) && sets.some((each) => each.name.toLowerCase() === wished.toLowerCase());
    const why = taken ? ` Another data set is called ${wished}, so this one is not.` : "";
    say(`${name} is here, and chosen for the next training.${why}`, "good");
  }

  async function forget() {
    const { name } = found();
    const sure = await ask({
      title: `Delete ${name}?`,
      body: [el("p", {}, "Its images go for good. Models that learned from them stay.")],
      confirm: "Delete",
      dangerous: true,
      cancel: "Keep it",
    });
    if (!sure) return;
    try {
      await call("DELETE", `/api/datasets/${encodeURIComponent(name)}`);
      say(`${name} is deleted.`, "good");
      await refresh(STANDARD);
      select.focus();
    } catch (error) {
      say(error.message, "bad");
      refresh();
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && node.isConnected) refresh(); // another tab may have brought some
  });
  return {
    node,
    field: choice,
    refresh(chosen) {
      own.resume();
      return refresh(chosen);
    },
  };
}
