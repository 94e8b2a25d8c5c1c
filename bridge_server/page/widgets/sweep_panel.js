// One sweep, live: its trainings as a table, the best first.

import { get, isAway, post } from "../lib/api.js";
import { el, fill, say, whole } from "../lib/dom.js";
import { title } from "../lib/form.js";
import { linked, term } from "../lib/glossary.js";
import { me } from "../lib/me.js";
import { draw, fromPng } from "../lib/pixels.js";

const LOOK_MS = 1500;
const ENDED = ["succeeded", "failed", "stopped"];
const LABELLED = [["figure", "FID"], ["state", "State"], ["step", "Step"]]; // the cells of a row, each named where there is no room for a heading
const ROWS = 2; // of the four rows of digits that a preview has

/** The state as the dots and chips of runs show it. */
export const sweepState = ({ state, best }) =>
  ({ judging: "running", ended: best ? "succeeded" : "doubtful" })[state] ?? state;
const goesOn = ({ state }) => state === "running" || state === "judging";
const shown = (figure) => (figure === null ? "-" : figure.toFixed(figure < 10 ? 1 : 0));

/** { node, follow(id), leave() }; `changed(sweep)` is told of all news of the sweep, `lost(id)` where there is none. */
export function sweepPanel(changed, lost) {
  const heading = el("h2", {}, "");
  const chip = el("span", { className: "chip" });
  const text = el("p", { className: "lead", role: "status" });
  const bar = el("progress", { max: 100, value: 0, "aria-label": "Share of all trainings that is done" });
  const decided = el("p", { className: "remark verdict-of-sweep", hidden: true });
  const warnings = el("div", { className: "remarks" });
  const stop = el("button", { type: "button", onclick: () => act("stop") }, "Stop all");
  const resume = el("button", { type: "button", className: "primary", onclick: () => act("resume") }, "Resume");
  const play = el("a", { className: "button" }, "Play with the best");
  const head = el("tr", {});
  const body = el("tbody", {});
  const node = el(
    "section",
    { className: "card run sweep", "aria-label": "Sweep" },
    el("div", { className: "row apart" }, el("div", { className: "row" }, heading, chip), el("div", { className: "row" }, play, resume, stop)),
    text,
    bar,
    decided,
    warnings,
    el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Trainings of the sweep" }, el("table", {}, el("thead", {}, head), body)),
  );
  const rows = new Map(); // by run: { row, canvas, cells, preview, picture }
  let may = () => false;
  let now = null; // { id, timer }

  async function act(what) {
    const { id } = now;
    stop.disabled = resume.disabled = true;
    try {
      show(await post(`/api/sweeps/${id}/${what}`, undefined));
      follow(id);
    } catch (error) {
      say(error.message, "bad");
    } finally {
      stop.disabled = resume.disabled = false;
    }
  }

  function rowOf(run, axes) {
    if (rows.has(run.run)) return rows.get(run.run);
    const canvas = el("canvas", { className: "pixelated", hidden: true, "aria-hidden": "true" });
    const link = el("a", { href: `#/train/${run.run}` }, run.model);
    const cells = Object.fromEntries(LABELLED.map(([name, label]) => [name, el("td", { className: name, "data-label": label })]));
    const row = el(
      "tr",
      {},
      el("td", {}, canvas),
      el("th", { scope: "row" }, link),
      cells.figure,
      axes.map((name) => el("td", { "data-label": title(name) }, run.values[name] === null ? "-" : String(run.values[name]))),
      cells.state,
      cells.step,
    );
    const made = { row, link, canvas, cells, preview: 0, picture: null };
    rows.set(run.run, made);
    return made;
  }

  async function picture(made, run) {
    if (run.preview <= made.preview) return;
    made.preview = run.preview;
    try {
      made.picture = await fromPng(await get(`/api/runs/${run.run}/preview.png`));
      paint(made);
    } catch {
      made.preview = 0; // the next look tries again
    }
  }

  function paint({ canvas, picture }) {
    if (!picture) return;
    draw(canvas, picture.pixels.subarray(0, 28 * ROWS * picture.columns), picture.columns);
    canvas.hidden = false;
  }

  function show(sweep) {
    const axes = Object.keys(sweep.axes);
    heading.textContent = sweep.name;
    chip.dataset.state = sweepState(sweep);
    chip.textContent = sweep.state;
    if (text.textContent !== sweep.text) text.textContent = sweep.text;
    const done = sweep.runs.map(({ percent, state }) => (ENDED.includes(state) ? 100 : percent));
    bar.value = done.reduce((sum, each) => sum + each, 0) / done.length;
    decided.hidden = !sweep.decided;
    if (decided.textContent !== (sweep.decided ?? "")) linked(decided, sweep.decided ?? "");
    fill(warnings, sweep.warnings.map((warning) => el("p", { className: "remark" }, warning)));
    stop.hidden = !may("sweep_stop") || sweep.state === "ended" || sweep.state === "judging";
    resume.hidden = !may("sweep_resume") || sweep.state !== "interrupted";
    const best = sweep.runs.find(({ run }) => run === sweep.best);
    play.hidden = !best;
    if (best) play.href = `#/play/${encodeURIComponent(best.model)}`;
    if (!head.children.length) {
      const column = (name, className = "") => el("th", { scope: "col", className }, name);
      const swept = axes.map((name) => column(title(name)));
      fill(head, column("Digits"), column("Model"), column(term("FID")), swept, column("State", "state"), column("Step"));
    }
    const made = sweep.runs.map((run) => {
      const one = rowOf(run, axes);
      one.link.textContent = run.model;
      one.row.classList.toggle("best", run.best);
      one.cells.state.textContent = run.text;
      one.cells.step.textContent = whole(run.step);
      fill(one.cells.figure, shown(run.judged ?? run.frechet), run.best ? el("span", { className: "mark" }, sweep.best ? "best" : "best so far") : null);
      picture(one, run);
      return one.row;
    });
    // Whoever has a row under the finger keeps it: rows move only where their order is another.
    if (made.some((row, place) => body.children[place] !== row)) fill(body, made);
    changed(sweep);
  }

  async function look(seen) {
    try {
      ({ may } = await me());
      const sweep = await get(`/api/sweeps/${seen.id}`);
      if (seen !== now) return;
      show(sweep);
      if (!goesOn(sweep)) return;
    } catch (error) {
      if (seen !== now) return;
      if (error.status === 404) {
        say(error.message, "bad");
        now = null;
        lost(seen.id);
        return;
      }
    }
    seen.timer = setTimeout(wait, LOOK_MS, seen);
  }

  function wait(seen) {
    if (seen !== now) return;
    if (document.hidden || isAway() || !node.isConnected) seen.timer = setTimeout(wait, LOOK_MS, seen);
    else look(seen);
  }

  function follow(id) {
    if (now) clearTimeout(now.timer);
    if (now?.id !== id) {
      rows.clear();
      fill(head);
      fill(body);
      for (const part of [heading, text, decided]) part.textContent = "";
    }
    now = { id, timer: 0 };
    look(now);
  }

  return {
    node,
    follow,
    leave() {
      if (now) clearTimeout(now.timer);
      now = null;
    },
  };
}
