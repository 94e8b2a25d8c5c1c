// One run, live: where it stands, its losses and its digits.

import { Away, get, isAway, pause, post, server, stream } from "../lib/api.js";
import { schemas } from "../lib/contract.js";
import { linked, term } from "../lib/glossary.js";
import { curves } from "./loss_curves.js";
import { clock, el, fill, say, whole } from "../lib/dom.js";
import { me } from "../lib/me.js";
import { film } from "./film_player.js";
import { fromPng } from "../lib/pixels.js";
import { states, when } from "./film_frames.js";

const POLL_MS = 700;
const NO_MESH = 2 ** 31 - 1; // `preview` that nothing is newer than: the page takes the picture instead
const FILMED = 3; // previews before the first look at the film: by then there are states
const GROWTH = 1.4; // from the step of a stored state to that of the next
const FIGURES = [["Epoch", "epoch"], ["Step", "step"], ["Done"], ["Time"], ["Left"], ["FID", "FID"], ["Confident", "confident"]]; // and their terms
/** The state as it is shown: a training that came to its end with something wrong has not simply succeeded. */
export const shownState = ({ state, warnings }) => (state === "succeeded" && warnings.length ? "doubtful" : state);
export const isUnderWay = ({ state }) => state === "running" || state === "queued";

/**
 * { node, follow(id), leave() }; `changed(run, other)` is told of every news of the run; `other`: its state is another.
 * `lost(id)` is told that the server does not know it: its data directory is another now.
 */
export function runPanel(changed, lost) {
  const losses = curves("Loss");
  const frames = film();
  const heading = el("h2", {}, "");
  const chip = el("span", { className: "chip" });
  const text = el("p", { className: "lead", role: "status" });
  const source = el("p", { className: "help source" });
  const part = el("a", {}, "All trainings of its sweep");
  const stale = el("p", { className: "wrong", hidden: true }, "Not current: so it stood when the server last answered.");
  const bar = el("progress", { max: 100, value: 0, "aria-label": "Share of the training that is done" });
  const problem = el("p", { className: "problem", hidden: true });
  const warnings = el("div", { className: "remarks", role: "status" });
  const values = Object.fromEntries(FIGURES.map(([name]) => [name, el("dd", {})]));
  const figures = el(
    "dl",
    { className: "figures" },
    FIGURES.map(([name, explained]) => el("div", {}, el("dt", {}, explained ? term(explained, name) : name), values[name])),
  );
  const missing = el("p", { className: "help missing", hidden: true }); // why there is no FID
  const stop = el("button", { type: "button", onclick: () => act("stop") }, "Stop");
  const resume = el("button", { type: "button", className: "primary", onclick: () => act("resume") }, "Resume");
  const play = el("a", { className: "button" }, "Play with its digits");
  const inside = el("a", { className: "button" }, "Look inside");
  const node = el(
    "section",
    { className: "card run", "aria-label": "Training" },
    el("div", { className: "row apart" }, el("div", { className: "row" }, heading, chip), el("div", { className: "row" }, inside, play, resume, stop)),
    stale,
    text,
    bar,
    source,
    el("p", { className: "help" }, part),
    problem,
    warnings,
    figures,
    missing,
    el(
      "div",
      { className: "halves" },
      el(
        "figure",
        {},
        el(
          "figcaption",
          { className: "legend" },
          term("loss", "Loss"),
          el("span", { className: "key generator" }, term("generator")),
          el("span", { className: "key discriminator" }, term("discriminator")),
        ),
        losses.node,
      ),
      el("div", {}, el("p", { className: "legend" }, "Digits"), frames.node),
    ),
  );
  let may = () => false; // until it is known
  let now = null; // { id, run, since, d, g, preview, newest, states, filmed, halt }

  async function act(what) {
    stop.disabled = resume.disabled = true;
    try {
      const run = await post(`/api/runs/${now.id}/${what}`, undefined);
      show(run);
      if (what === "resume") follow(run.id, true);
    } catch (error) {
      say(error.message, "bad");
    } finally {
      stop.disabled = resume.disabled = false;
    }
  }

  function show(run) {
    const other = now.run?.state !== run.state;
    age(false);
    now.run = run;
    heading.textContent = run.model;
    chip.dataset.state = shownState(run);
    chip.textContent = shownState(run) === "doubtful" ? "with problems" : run.state;
    if (text.textContent !== run.text) text.textContent = run.text;
    bar.value = run.percent;
    const data = run.data ?? run.settings.data; // the latter, before it has read any
    source.textContent = data ? `${isUnderWay(run) ? "Learns" : "Learned"} from ${data}.` : "";
    part.hidden = !run.sweep;
    part.href = `#/train/sweep/${run.sweep}`;
    problem.textContent = run.problem ?? "";
    problem.hidden = !run.problem;
    const said = [...warnings.children].map(({ textContent }) => textContent);
    if (String(said) !== String(run.warnings)) fill(warnings, run.warnings.map((warning) => linked(el("p", { className: "remark" }), warning)));
    stop.hidden = !may("run_stop") || (!isUnderWay(run) && run.state !== "interrupted");
    resume.hidden = !may("run_resume") || (run.state !== "interrupted" && run.state !== "stopped");
    play.hidden = inside.hidden = !run.preview;
    inside.href = `#/learn/${encodeURIComponent(run.model)}`;
    play.href = `#/play/${encodeURIComponent(run.model)}`;
    const number = (value, digits) => (value === null ? "-" : value.toFixed(digits));
    const figured = {
      Epoch: run.epochs ? `${run.epoch} / ${run.epochs}` : String(run.epoch),
      Step: run.steps ? `${whole(run.step)} / ${whole(run.steps)}` : whole(run.step),
      Done: `${Math.round(run.percent)} %`,
      Time: clock(run.seconds),
      Left: run.seconds_left === null ? "-" : clock(run.seconds_left),
      FID: number(run.frechet, run.frechet < 10 ? 1 : 0),
      Confident: run.confident === null ? "-" : `${Math.round(run.confident * 100)} %`,
    };
    for (const [name, value] of Object.entries(figured)) values[name].textContent = value;
    missing.hidden = run.frechet !== null;
    if (!missing.hidden && !missing.textContent) explain();
    changed(run, other);
  }

  async function explain() {
    const { frechet } = (await schemas()).Run.properties;
    linked(missing, `No FID yet: ${frechet.description}`);
  }

  function take(seen, progress) {
    if (seen !== now) return;
    seen.since = progress.next;
    seen.d.push(...progress.loss_d);
    seen.g.push(...progress.loss_g);
    show(progress.run);
    losses.show({
      lines: [
        { name: "generator", colour: "--generator", values: seen.g },
        { name: "discriminator", colour: "--discriminator", values: seen.d },
      ],
      most: progress.run.step,
    });
    const { run } = progress;
    if (run.preview > seen.preview) picture(seen, run);
    if (isUnderWay(run) ? run.preview >= FILMED && run.step > GROWTH * seen.filmed : seen.filmed !== Infinity) shoot(seen, run);
  }

  /** While it trains, its newest digits follow on its stored states; the last of those of a whole training is its model. */
  function roll(seen) {
    if (seen !== now) return;
    const { run, newest, states: kept } = seen;
    const live = newest && (isUnderWay(run) || !kept.length);
    frames.load(live ? [...kept.filter(({ step }) => step < newest.step), newest] : kept);
  }

  async function picture(seen, run) {
    const before = seen.preview;
    seen.preview = run.preview;
    try {
      const preview = await fromPng(await get(`/api/runs/${run.id}/preview.png`));
      seen.newest = { ...preview, step: run.step, text: when(run, run.epochs) };
      roll(seen);
    } catch {
      seen.preview = Math.min(seen.preview, before); // the next event tries again
    }
  }

  async function shoot(seen, run) {
    seen.filmed = isUnderWay(run) ? run.step : Infinity;
    try {
      seen.states = await states(run);
      roll(seen);
    } catch {
      return; // the newest digits are there
    }
  }

  async function watch(seen) {
    ({ may } = await me().catch(() => ({ may })));
    const path = `/api/runs/${seen.id}`;
    while (seen === now && !seen.halt.signal.aborted) {
      try {
        const streamed = await stream(`${path}/events?since=${seen.since}`, (event) => take(seen, event), seen.halt.signal);
        if (!streamed) {
          take(seen, await get(`${path}/progress?since=${seen.since}&preview=${NO_MESH}`));
          await pause(POLL_MS);
        }
        if (seen.run && !isUnderWay(seen.run)) return;
      } catch (error) {
        if (error.name === "AbortError" || seen !== now) return;
        if (error instanceof Away || isAway() || error instanceof TypeError) {
          if (!isAway()) await pause(POLL_MS); // the stream broke off; asking again tells whether the server is there
          else await new Promise((resolve) => server.addEventListener("back", resolve, { once: true }));
          continue;
        }
        if (error.status !== 401) say(error.message, "bad");
        if (error.status === 404) forget(seen);
        return;
      }
    }
  }

  function forget(seen) {
    age(false);
    now = null;
    lost(seen.id);
  }

  function follow(id, again = false) {
    if (!again && now?.id === id && now.run && (!isUnderWay(now.run) || !now.halt.signal.aborted)) return;
    now?.halt.abort();
    const same = now?.id === id ? now : null;
    if (!same) frames.clear();
    now = {
      id,
      run: same?.run ?? null,
      since: same?.since ?? 0,
      d: same?.d ?? [],
      g: same?.g ?? [],
      preview: same?.preview ?? 0,
      newest: same?.newest ?? null,
      states: same?.states ?? [],
      filmed: same?.states.at(-1)?.step ?? 0,
      halt: new AbortController(),
    };
    watch(now);
  }

  /** Have the panel look as old as it is, or not. */
  function age(old) {
    stale.hidden = !old;
    node.classList.toggle("stale", old);
  }

  server.addEventListener("away", () => age(Boolean(now?.run && isUnderWay(now.run))));

  // A page that nobody sees holds no stream.
  document.addEventListener("visibilitychange", () => {
    if (!now || !node.isConnected) return;
    if (document.hidden) now.halt.abort();
    else follow(now.id);
  });
  return { node, follow, leave: () => now?.halt.abort() };
}
