// How good a model's digits are: an evaluation in the background, and its figures beside those of real images.

import { pause, post } from "../lib/api.js";
import { el, fill, whole } from "../lib/dom.js";
import { linked } from "../lib/glossary.js";

const ASK_MS = 500;
const share = (number) => `${(100 * number).toFixed(1)} %`;
const FIGURES = [
  ["frechet", "FID", (number) => number.toFixed(1)],
  ["inception", "Inception score", (number) => number.toFixed(2)],
  ["confident", "Confident", share],
  ["precision", "Precision", share],
  ["recall", "Recall", share],
];
const isUnderWay = ({ state }) => state === "waiting" || state === "running";

function table({ model, step, count, data, samples, real_baseline: real, explanations }) {
  const row = (title, ours, others, says) =>
    el("tr", {}, el("th", { scope: "row" }, title), el("td", {}, ours), el("td", {}, others), linked(el("td", { className: "says" }), says));
  return el(
    "div",
    { className: "scroll", tabIndex: 0, role: "region", "aria-label": `Figures of ${model}` },
    el(
      "table",
      { className: "judged" },
      el("caption", {}, `${whole(count)} digits of ${model}`, el("span", { className: "help" }, ` at step ${whole(step)}, beside as many images of ${data}`)),
      el("thead", {}, el("tr", {}, ["", model, "Real images", "What it says"].map((word) => el("th", { scope: "col" }, word)))),
      el(
        "tbody",
        {},
        FIGURES.map(([name, title, written]) => row(title, written(samples[name]), written(real[name]), explanations[name])),
        samples.classes.map((part, digit) => row(`Share of ${digit}`, share(part), share(real.classes[digit]), digit ? "" : explanations.classes)),
      ),
    ),
  );
}

/** { node, start() } for the model that `nameOf` gives; it stays as it is until it is started again. */
export function evaluationPanel(nameOf) {
  const node = el("div", { className: "evaluation stack", hidden: true });
  let busy = false;

  async function follow() {
    const bar = el("progress", { max: 100, "aria-label": `Evaluation of ${nameOf()}` });
    const words = el("span", { className: "help", role: "status" });
    const stop = el("button", { type: "button", className: "quiet", onclick: end, "aria-label": `Stop evaluating ${nameOf()}` }, "Stop");
    let asked = { model: nameOf() };

    async function end() {
      stop.disabled = true;
      try {
        await post("/api/evaluate/stop", asked);
      } catch (error) {
        words.textContent = error.message;
      }
    }

    fill(node, el("div", { className: "row apart" }, words, stop), bar);
    for (;;) {
      const found = await post("/api/evaluate", asked);
      asked = { model: nameOf(), step: found.step }; // what it is at another step is another evaluation
      if (!isUnderWay(found)) return found;
      bar.value = found.percent;
      words.textContent = found.state === "waiting" ? "Waiting for its turn" : `Evaluating, ${Math.round(found.percent)} %`;
      await pause(ASK_MS);
    }
  }

  async function start() {
    if (busy) return;
    busy = true;
    node.hidden = false;
    try {
      const found = await follow();
      if (found.samples) fill(node, table(found));
      else fill(node, el("p", { className: found.problem ? "wrong" : "help", role: "status" }, found.problem ?? "Stopped."));
    } catch (error) {
      fill(node, el("p", { className: "wrong", role: "alert" }, error.message));
    }
    busy = false;
  }

  return { node, start };
}
