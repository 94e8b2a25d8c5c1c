// One run, live: where it stands, its losses and its digits.

import { Away, get, isAway, pause, post, server, stream } from "../lib/api.js";
import { schemas } from "../lib/contract.js";
import { linked, term } from "../lib/glossary.js";
import { curves } from "./loss_curves.js";
import { clock, el, fill, say, whole } from "../lib/dom.js";
import { me } from "../lib/me.js";
import { title } from "../lib/form.js";
import { modelOf } from "../lib/lists.js";
import { film } from "./film_player.js";
import { fromPng } from "../lib/pixels.js";
import { states, when } from "./film_frames.js";

const POLL_MS = 700;
const NO_MESH = 2 ** 31 - 1; // `preview` that nothing is newer than: the page takes the picture instead
const FILMED = 3; // previews before the first look at the film: by then there are states
const OLD_MS = 3000; // from which on the page says how old the digits are that it shows
const GROWTH = 1.4; // from the step of a stored state to that of the next
const FIGURES = [["Epoch", "epoch"], ["Step", "step"], ["Done"], ["Time"], ["Left"], ["FID", "FID"], ["Confident", "confident"]]; // and their terms
/** The state as it is shown: not simply succeeded has what came to its end with something wrong, or lost its model since. */
export function shownState({ state, seconds, warnings, remarks }) {
  if (state !== "succeeded") return state;
  if (!seconds) return "deleted";
  return warnings.some((warning) => !remarks.includes(warning)) ? "doubtful" : state;
}
const WORDS = { doubtful: "with problems", deleted: "model deleted" }; // of states that the server does not have
export const isUnderWay = ({ state }) => state === "running" || state === "queued";

/**
 * { node, follow(id), leave() }; `changed(run, other)` is told of every news of the run; `other`: its state is another.
 * `lost(id)` is told that the server does not know it: its data directory is another now.
 */
export function runPanel(changed, lost) {
  const losses = curves("Loss");
  const frames = film(() => now?.run?.model ?? "");
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
  const longer = el("a", { className: "button", title: "A new training that goes on from its model" }, "Train longer");
  const again = el("a", { className: "button quiet", title: "Puts its settings into the form, to be changed" }, "Use its settings");
  const settings = el("dl", { className: "settings" });
  const others = el("p", { className: "help" });
  const old = el("span", { className: "help", role: "status" });
  const node = el(
    "section",
    { className: "card run", "aria-label": "Training" },
    el("div", { className: "row apart" }, el("div", { className: "row" }, heading, chip), el("div", { className: "row" }, inside, play, resume, longer, again, stop)),
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
      el("div", {}, el("p", { className: "legend" }, "Digits", old), frames.node),
    ),
    el("details", {}, el("summary", {}, "Its settings"), settings, others),
  );
  let may = () => false; // until it is known
  let now = null; // { id, run, model, since, d, g, preview, at, newest, states, filmed, halt }

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
    chip.textContent = WORDS[shownState(run)] ?? run.state;
    bar.hidden = figures.hidden = shownState(run) === "deleted"; // nobody knows them any more
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
    again.href = `#/train/again/${run.id}`;
    longer.href = `#/train/longer/${run.id}`;
    lead(now);
    find(now);
    describe(run.settings);
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
    for (const [name, value] of Object.entries(figured)) {
      values[name].textContent = value;
      values[name].parentNode.classList.toggle("wide", value.includes("/"));
    }
    missing.hidden = run.frechet !== null || figures.hidden;
    if (!missing.hidden && !missing.textContent) explain();
    changed(run, other);
  }

  /** Lead to the model, where there is one, and on from a run that has ended. */
  function lead({ run, model }) {
    const mayStart = may("run_start") && !isUnderWay(run) && run.state !== "interrupted";
    play.hidden = inside.hidden = !model;
    inside.href = `#/learn/${encodeURIComponent(model)}`;
    play.href = `#/play/${encodeURIComponent(model)}`;
    again.hidden = !mayStart;
    longer.hidden = !mayStart || !model;
  }

  /** Find the run's own model. */
  async function find(seen) {
    const { run } = seen;
    const key = `${run.model} ${run.state} ${seen.model ? "" : run.preview}`;
    if (seen.sought === key || !run.preview) return;
    seen.sought = key;
    const found = await modelOf(run).catch(() => undefined);
    if (seen !== now) return;
    seen.model = found?.name ?? "";
    lead(seen);
  }

  function describe({ networks, ...given }) {
    const set = Object.entries(given).filter(([, value]) => value !== null);
    if (networks && !given.start_from) set.push(["networks", "of its own"]);
    const told = JSON.stringify(set);
    if (settings.dataset.told === told) return;
    settings.dataset.told = told;
    fill(settings, set.map(([name, value]) => el("div", {}, el("dt", {}, title(name)), el("dd", {}, String(value)))));
    others.textContent = `All others as the preset ${given.preset ?? "fast"} has them.`;
  }

  /** Say how old the digits are, where that is not at once to be seen. */
  function date() {
    const age = now?.run?.state === "running" && now.at ? performance.now() - now.at : 0;
    const text = age > OLD_MS ? `${Math.round(age / 1000)} s old` : "";
    if (old.textContent !== text) old.textContent = text;
  }
  setInterval(() => node.isConnected && date(), 1000);

  async function explain() {
    const { frechet } = (await schemas()).Run.properties;
    linked(missing, `No FID yet. ${frechet.description.split(". ").at(-1)}`); // what it is, the term says
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
    seen.at = performance.now();
    date();
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
    if (!again && now?.id === id && now.run && isUnderWay(now.run) && !now.halt.signal.aborted) return;
    now?.halt.abort();
    const same = now?.id === id ? now : null;
    if (!same) frames.clear();
    now = {
      id,
      run: same?.run ?? null,
      model: same?.model ?? "", // that there is, by its name
      sought: "",
      since: same?.since ?? 0,
      d: same?.d ?? [],
      g: same?.g ?? [],
      preview: same?.preview ?? 0,
      at: same?.at ?? 0, // when the newest came
      newest: same?.newest ?? null,
      states: same?.states ?? [],
      filmed: same?.filmed ?? 0,
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
