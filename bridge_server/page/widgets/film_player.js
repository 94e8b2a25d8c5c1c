// The film of a training, with a slider to go back and forth.

import { el, save } from "../lib/dom.js";
import { gif } from "../lib/gif.js";
import { draw } from "../lib/pixels.js";

const FRAME_MS = 90;
const FILE = { scale: 3, ms: 160, last: 1600 }; // of a GIF

/** { node, load(frames), clear() }; a frame is { pixels, columns, step, text }, `name()` what its file is called after. */
export function film(name) {
  let frames = [];
  let at = 0;
  let playing = 0;
  const canvas = el("canvas", { className: "sheet pixelated", role: "img", width: 112, height: 112 });
  const empty = el("p", { className: "empty" }, "The first digits show up within seconds of the start.");
  const slider = el("input", { type: "range", min: 0, value: 0, step: 1, "aria-label": "Film of the training" });
  const play = el("button", { type: "button", className: "quiet", onclick: () => (playing ? pause() : run()) }, "Play");
  const keep = el("button", { type: "button", className: "quiet", onclick: () => save(gif(frames, FILE), `${name()}-film.gif`), title: "A moving picture of all of it" }, "GIF");
  const caption = el("output", { className: "help" });
  const bar = el("div", { className: "row film-bar" }, play, slider, caption, keep);
  const node = el("figure", { className: "film" }, canvas, empty, bar);

  function show(place) {
    at = place;
    const frame = frames[at];
    canvas.hidden = !frame;
    empty.hidden = Boolean(frame);
    bar.hidden = frames.length < 2;
    if (!frame) return;
    draw(canvas, frame.pixels, frame.columns);
    slider.max = frames.length - 1;
    slider.value = at;
    slider.setAttribute("aria-valuetext", frame.text);
    canvas.setAttribute("aria-label", `Digits of the training, ${frame.text}`);
    canvas.dataset.step = frame.step;
    caption.textContent = frame.text;
  }
  function pause() {
    clearInterval(playing);
    playing = 0;
    play.textContent = "Play";
  }
  function run() {
    if (at === frames.length - 1) show(0);
    play.textContent = "Pause";
    playing = setInterval(() => (at < frames.length - 1 ? show(at + 1) : pause()), FRAME_MS);
  }
  slider.addEventListener("input", () => {
    pause();
    show(slider.valueAsNumber);
  });
  show(0);
  return {
    node,
    /** Show other frames: at the same step, or at the end for whoever is there. */
    load(others) {
      const live = !playing && at >= frames.length - 1;
      const step = frames[at]?.step ?? 0;
      frames = others;
      const same = frames.findIndex((frame) => frame.step >= step);
      show(live || same < 0 ? Math.max(0, frames.length - 1) : same);
    },
    /** Show nothing: another film is to come. */
    clear() {
      pause();
      frames = [];
      show(0);
    },
  };
}
