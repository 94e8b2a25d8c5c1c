// Between two digits: what lies on the way from one to another, as a film that plays.

import { post } from "../lib/api.js";
import { choices } from "../lib/classes.js";
import { el, fill, freshId, save, say } from "../lib/dom.js";
import { settled } from "../lib/latest.js";
import { draw, floats, images, latents } from "../lib/pixels.js";
import { request } from "../lib/state.js";

const FRAMES = 24;
const AT_A_TIME = 6; // so that a slider never waits for the whole film
const FRAME_MS = 50;
const QUIET_MS = 220;

/** { node, show(state), leave() }. */
export function betweenSeeds() {
  const canvas = el("canvas", { className: "sheet pixelated", width: 28, height: 28, role: "img", "aria-label": "A digit between two others" });
  const id = freshId("seed");
  const other = el("input", { id, type: "number", min: 0, max: 2 ** 31 - 1, step: 1, value: 1 });
  const digitId = freshId("digit");
  const digit = el("select", { id: digitId, onchange: () => renew() });
  const digitRow = el("div", { className: "row" }, el("label", { htmlFor: digitId }, "To digit"), digit);
  const slider = el("input", { type: "range", min: 0, max: FRAMES - 1, step: 1, value: 0, "aria-label": "Way from one to the other" });
  const play = el("button", { type: "button", className: "quiet", onclick: () => (playing ? pause() : run()) }, "Play");
  const keep = el("button", { type: "button", disabled: true, onclick: download }, "Save as GIF");
  const node = el(
    "div",
    { className: "between" },
    canvas,
    el("div", { className: "stack" }, digitRow, el("div", { className: "row" }, el("label", { htmlFor: id }, "To seed"), other), el("div", { className: "row film-bar" }, play, slider), el("div", {}, keep)),
  );
  let state = null;
  let names = []; // of the classes
  let frames = [];
  let way = { model: "", z: [] }; // the vectors of the frames
  let drawn = "";
  let playing = 0;
  let step = 1;

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
      const next = slider.valueAsNumber + step;
      if (next < 0 || next >= frames.length) step = -step;
      slider.value = slider.valueAsNumber + step;
      paint();
    }, FRAME_MS);
  }

  /** There and back again, so that it goes on without a jump. */
  async function download() {
    const { model, z } = way;
    keep.disabled = true;
    try {
      save(await post("/api/export", { model, z: [...z, ...z.slice(1, -1).reverse()], form: "images", format: "gif" }, { file: true, urgent: true }), `${model}-between.gif`);
    } catch (error) {
      say(error.message, "bad");
    } finally {
      keep.disabled = false;
    }
  }

  const renew = settled(async () => {
    if (!node.isConnected || other.value === "" || !other.checkValidity()) return;
    const asked = { ...request(state), count: 1 };
    const key = JSON.stringify([asked, other.value, digit.value]);
    if (key === drawn) return;
    drawn = key;
    try {
      const { model, form } = asked;
      const first = await post("/api/generate", asked);
      const to = digit.value === "" ? choices(names)[first.digits[0]] : digit.value;
      const second = await post("/api/generate", { ...asked, z: undefined, digit: to, seed: other.valueAsNumber });
      const ends = [first, second].map((answer) => [...latents(answer)[0]]);
      const { z } = await post("/api/latents/between", { model, z: ends, steps: FRAMES - 1 });
      const path = floats(z, FRAMES).map((vector) => [...vector]);
      const found = [];
      for (let place = 0; place < FRAMES; place += AT_A_TIME) {
        if (key !== drawn) return;
        const answer = await post("/api/generate", { model, form, z: path.slice(place, place + AT_A_TIME) });
        found.push(...images(answer.images));
      }
      if (key !== drawn) return;
      frames = found;
      way = { model, z: path };
      keep.disabled = false;
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
  return {
    node,
    show(given) {
      state = given;
      renew();
    },
    /** What the classes are called that the model knows. */
    classes(given) {
      names = given;
      digitRow.hidden = !names.length;
      const kept = digit.value;
      const offered = choices(names).map((value, place) => el("option", { value, selected: String(value) === kept }, names[place]));
      fill(digit, el("option", { value: "" }, "the same"), offered);
    },
    leave: pause,
  };
}
