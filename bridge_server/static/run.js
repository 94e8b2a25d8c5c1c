// One run, live: where it stands, its losses and its digits.

import { Away, get, isAway, pause, post, server, stream } from "./api.js";
import { curves } from "./curves.js";
import { clock, el, fill, say, whole } from "./dom.js";
import { film } from "./film.js";
import { fromPng } from "./pixels.js";

const POLL_MS = 700;
const NO_MESH = 2 ** 31 - 1; // `preview` that nothing is newer than: the page takes the picture instead
export const isUnderWay = ({ state }) => state === "running" || state === "queued";
const films = new Map(); // run id -> frames this page has seen

/** { node, follow(id), leave() }; `changed(run, other)` is told of every news of the run; `other`: its state is another. */
export function runPanel(changed) {
  const losses = curves("Loss");
  const frames = film();
  const heading = el("h2", {}, "");
  const chip = el("span", { className: "chip" });
  const text = el("p", { className: "lead", role: "status" });
  const bar = el("progress", { max: 100, value: 0, "aria-label": "Share of the training that is done" });
  const problem = el("p", { className: "problem", hidden: true });
  const figures = el("dl", { className: "figures" });
  const stop = el("button", { type: "button", onclick: () => act("stop") }, "Stop");
  const resume = el("button", { type: "button", className: "primary", onclick: () => act("resume") }, "Resume");
  const play = el("a", { className: "button" }, "Play with its digits");
  const node = el(
    "section",
    { className: "card run", "aria-label": "Training" },
    el("div", { className: "row apart" }, el("div", { className: "row" }, heading, chip), el("div", { className: "row" }, play, resume, stop)),
    text,
    bar,
    problem,
    figures,
    el(
      "div",
      { className: "halves" },
      el(
        "figure",
        {},
        el(
          "figcaption",
          { className: "legend" },
          "Loss",
          el("span", { className: "key generator" }, "generator"),
          el("span", { className: "key discriminator" }, "discriminator"),
        ),
        losses.node,
      ),
      el("div", {}, el("p", { className: "legend" }, "Digits"), frames.node),
    ),
  );
  let now = null; // { id, run, since, d, g, halt }

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
    now.run = run;
    heading.textContent = run.model;
    chip.textContent = run.state;
    chip.dataset.state = run.state;
    if (text.textContent !== run.text) text.textContent = run.text;
    bar.value = run.percent;
    problem.textContent = run.problem ?? "";
    problem.hidden = !run.problem;
    stop.hidden = !isUnderWay(run) && run.state !== "interrupted";
    resume.hidden = run.state !== "interrupted";
    play.hidden = !run.preview;
    play.href = `#/play/${encodeURIComponent(run.model)}`;
    const number = (value, digits) => (value === null ? "-" : value.toFixed(digits));
    const rows = [
      ["Epoch", run.epochs ? `${run.epoch} / ${run.epochs}` : String(run.epoch)],
      ["Step", whole(run.step)],
      ["Done", `${Math.round(run.percent)} %`],
      ["Time", clock(run.seconds)],
      ["Left", run.seconds_left === null ? "-" : clock(run.seconds_left)],
      ["FID", number(run.frechet, run.frechet < 10 ? 1 : 0)],
      ["Confident", run.confident === null ? "-" : `${Math.round(run.confident * 100)} %`],
    ];
    fill(figures, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
    changed(run, other);
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
    if (progress.run.preview > seen.preview) picture(seen, progress.run);
  }

  async function picture(seen, run) {
    const before = seen.preview;
    seen.preview = run.preview;
    try {
      const { pixels, columns } = await fromPng(await get(`/api/runs/${run.id}/preview.png`));
      const at = run.epochs ? `epoch ${run.epoch}` : clock(run.seconds);
      if (seen === now) frames.add({ number: run.preview, pixels, columns, text: `${at}, step ${whole(run.step)}` });
    } catch {
      seen.preview = Math.min(seen.preview, before); // the next event tries again
    }
  }

  async function watch(seen) {
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
        return;
      }
    }
  }

  function follow(id, again = false) {
    if (!again && now?.id === id && now.run && (!isUnderWay(now.run) || !now.halt.signal.aborted)) return;
    now?.halt.abort();
    const same = now?.id === id ? now : null;
    if (!films.has(id)) films.set(id, []);
    if (!same) frames.load(films.get(id));
    now = {
      id,
      run: same?.run ?? null,
      since: same?.since ?? 0,
      d: same?.d ?? [],
      g: same?.g ?? [],
      preview: same?.preview ?? films.get(id).at(-1)?.number ?? 0,
      halt: new AbortController(),
    };
    watch(now);
  }

  // A page that nobody sees holds no stream.
  document.addEventListener("visibilitychange", () => {
    if (!now || !node.isConnected) return;
    if (document.hidden) now.halt.abort();
    else follow(now.id);
  });
  return { node, follow, leave: () => now?.halt.abort() };
}
