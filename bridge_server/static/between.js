// Between two seeds: the digits on the way from one hand to another, as a film that plays.

import { post } from "./api.js";
import { el, freshId } from "./dom.js";
import { settled } from "./latest.js";
import { draw, images, latents, onTheme } from "./pixels.js";
import { request } from "./state.js";

const FRAMES = 24;
const AT_A_TIME = 6; // so that a slider never waits for the whole film
const FRAME_MS = 50;
const QUIET_MS = 220;

/** Vectors from one to another along the arc between them (Shoemake 1985), as long on the way as at the ends. */
export function slerp(from, to, count) {
  const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);
  const cosine = dot(from, to) / Math.sqrt(dot(from, from) * dot(to, to) || 1);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  return Array.from({ length: count }, (_, frame) => {
    const share = frame / (count - 1);
    const [one, two] = angle < 1e-4 ? [1 - share, share] : [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
    return Array.from(from, (value, at) => Math.max(-10, Math.min(10, one * value + two * to[at])));
  });
}

/** { node, show(state), leave() }. */
export function betweenSeeds() {
  const canvas = el("canvas", { className: "sheet pixelated", width: 28, height: 28, role: "img", "aria-label": "A digit between two seeds" });
  const id = freshId("seed");
  const other = el("input", { id, type: "number", min: 0, max: 2 ** 31 - 1, step: 1, value: 1 });
  const slider = el("input", { type: "range", min: 0, max: FRAMES - 1, step: 1, value: 0, "aria-label": "Way from one seed to the other" });
  const play = el("button", { type: "button", className: "quiet", onclick: () => (playing ? pause() : run()) }, "Play");
  const node = el(
    "div",
    { className: "between" },
    canvas,
    el("div", { className: "stack" }, el("div", { className: "row" }, el("label", { htmlFor: id }, "To seed"), other), el("div", { className: "row film-bar" }, play, slider)),
  );
  let state = null;
  let frames = [];
  let drawn = "";
  let playing = 0;
  let way = 1;

  function paint() {
    const pixels = frames[Math.min(slider.valueAsNumber, frames.length - 1)];
    if (pixels) draw(canvas, pixels, 28);
    slider.setAttribute("aria-valuetext", `${Math.round((100 * slider.valueAsNumber) / (FRAMES - 1))} %`);
  }
  function pause() {
    clearInterval(playing);
    playing = 0;
    play.textContent = "Play";
  }
  function run() {
    play.textContent = "Pause";
    playing = setInterval(() => {
      const next = slider.valueAsNumber + way;
      if (next < 0 || next >= frames.length) way = -way;
      slider.value = slider.valueAsNumber + way;
      paint();
    }, FRAME_MS);
  }

  const renew = settled(async () => {
    if (!node.isConnected || other.value === "" || !other.checkValidity()) return;
    const asked = { ...request(state), count: 1 };
    const key = JSON.stringify([asked, other.value]);
    if (key === drawn) return;
    drawn = key;
    try {
      const { model, form, seed } = asked;
      const first = await post("/api/generate", asked);
      // The digit stays what it is: drawn from the first seed where none was chosen.
      const digit = asked.digit ?? first.digits[0];
      const second = await post("/api/generate", { ...asked, digit, seed: other.valueAsNumber });
      const path = slerp(latents(first)[0], latents(second)[0], FRAMES);
      const found = [];
      for (let place = 0; place < FRAMES; place += AT_A_TIME) {
        if (key !== drawn) return;
        const answer = await post("/api/generate", { model, digit, seed, form, z: path.slice(place, place + AT_A_TIME) });
        found.push(...images(answer.images));
      }
      if (key !== drawn) return;
      frames = found;
      canvas.dataset.shown = key;
      paint();
    } catch {
      drawn = "";
    }
  }, QUIET_MS);

  slider.addEventListener("input", () => {
    pause();
    paint();
  });
  other.addEventListener("input", () => renew());
  onTheme(paint);
  return {
    node,
    show(given) {
      state = given;
      renew();
    },
    leave: pause,
  };
}
