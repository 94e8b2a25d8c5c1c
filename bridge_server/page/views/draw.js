// Draw: a digit drawn by hand, and the nearest one that a model makes.

import { post } from "../lib/api.js";
import { choice } from "../lib/classes.js";
import { el, fill } from "../lib/dom.js";
import { onDrop } from "../lib/dropped.js";
import { linked } from "../lib/glossary.js";
import { drawing } from "../widgets/drawing_pad.js";
import { latest, settled } from "../lib/latest.js";
import { modelChoice } from "../widgets/model_choice.js";
import { draw, floats, images } from "../lib/pixels.js";
import { address, exact, fresh, remembered } from "../lib/state.js";

const RESTS_MS = 150; // for which the pen moves no more
const HOW = "Draw one large digit. The nearest one that the model makes shows up here while you draw.";

export function drawView() {
  const pad = drawing(touched);
  const model = modelChoice((name) => {
    chosen = name;
    touched();
  });
  const file = el("input", { type: "file", accept: "image/*", hidden: true, onchange: () => bringIn(file.files[0]), "aria-label": "Picture" });
  const undo = el("button", { type: "button", onclick: pad.undo }, "Undo");
  const clear = el("button", { type: "button", onclick: pad.clear }, "Clear");
  const nearest = el("canvas", { className: "sheet pixelated", width: 28, height: 28, role: "img", "aria-label": "Nothing found yet" });
  const read = el("canvas", { className: "pixelated", width: 28, height: 28, role: "img", "aria-label": "Your drawing as it was read" });
  const reading = el("div", { className: "row reading" }, read, el("p", { className: "help" }, "Your drawing as it was read: as large as what this model draws, and in the same place."));
  const text = el("p", { className: "verdict", role: "status" });
  const remarks = el("div", { className: "remarks" });
  const wrong = el("p", { className: "wrong", role: "alert" });
  const play = el("button", { type: "button", className: "primary", onclick: handOver }, "Play with it");
  const node = el(
    "div",
    {},
    el("h1", { className: "hidden" }, "Draw"),
    el(
      "div",
      { className: "columns draw" },
      el(
        "div",
        { className: "column" },
        el(
          "section",
          { className: "card stack", "aria-label": "Your drawing" },
          el("h2", {}, "Your drawing"),
          pad.node,
          el("div", { className: "row" }, undo, clear, el("button", { type: "button", className: "quiet", onclick: () => file.click() }, "Choose a picture"), file),
        ),
        el("section", { className: "card model-card", "aria-label": "Model" }, model.node),
      ),
      el(
        "section",
        { className: "card stack", "aria-label": "The nearest digit" },
        el("h2", {}, "The nearest digit"),
        el("div", { className: "result" }, nearest, el("div", { className: "stack" }, text, remarks, wrong, el("div", {}, play))),
        reading,
      ),
    ),
  );
  let chosen = ""; // until the server has said which models there are
  let found = null;
  let number = 0; // of the drawing: it grows with every change
  let cleared = 0; // up to which number drawings are gone

  const look = latest(
    ({ model, image }) => post("/api/latents/invert", { model, image }, { urgent: true }),
    (answer, { number: seen }) => {
      if (seen > cleared) show(answer, seen === number);
    },
    (error) => {
      if (pad.empty()) return;
      wrong.textContent = error.message;
      text.textContent = "";
    },
  );
  const ask = settled(() => {
    if (!pad.empty() && chosen) look({ number, model: chosen, image: pad.image() });
  }, RESTS_MS);

  function touched() {
    number += 1;
    undo.disabled = clear.disabled = pad.empty();
    wrong.textContent = "";
    if (pad.empty()) {
      cleared = number;
      show(null, true);
      return;
    }
    text.textContent = "Looking …";
    play.disabled = true;
    nearest.classList.add("stale");
    ask();
  }

  function show(answer, newest) {
    found = answer;
    paint();
    reading.hidden = !answer;
    nearest.classList.toggle("stale", !newest);
    play.disabled = !answer || !newest;
    const texts = answer && newest ? answer.remarks.map((remark) => el("p", { className: "remark" }, remark)) : [];
    fill(remarks, texts);
    nearest.setAttribute("aria-label", answer ? "The nearest digit" : "Nothing found yet");
    if (!newest) return;
    linked(text, answer ? verdict(answer) : HOW);
    nearest.dataset.shown = answer ? `${answer.model} ${answer.digit}` : "";
  }

  function paint() {
    draw(nearest, found ? images(found.found)[0] : new Uint8Array(784), 28);
    if (found) draw(read, images(found.read)[0], 28);
  }

  function handOver() {
    const { model, digit, class_name: name } = found; // its sliders stand where they are in Play too
    const [vector] = floats(found.z, 1);
    const z = [[...vector].map(exact)];
    const known = digit === null ? null : choice(name, digit);
    location.hash = address({ ...fresh(), model, digit: known, count: 1, z });
  }

  async function bringIn(picture) {
    file.value = "";
    if (!picture) return;
    try {
      await pad.put(picture);
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  async function list() {
    const before = chosen;
    chosen = await model.list(chosen || remembered().model);
    if (chosen !== before || !found) touched();
  }

  onDrop(node, bringIn);
  return { node, enter: list, back: list };
}

function verdict({ text, likeness, mse }) {
  return `${text} (likeness ${likeness.toFixed(2)}, mean squared error ${mse.toFixed(3)})`;
}
