// The stored states of a training: the digits of its previews as each of them makes them.

import { post } from "../lib/api.js";
import { clock, whole } from "../lib/dom.js";
import { modelOf } from "../lib/lists.js";
import { images, latents } from "../lib/pixels.js";

const DIGITS = 16; // of a preview
const COLUMNS = 4;
const AT_A_TIME = 8; // a film has no more

/** What is written below a frame. */
export const when = ({ epoch, seconds, step }, epochs) => `${epochs ? `epoch ${epoch}` : clock(seconds)}, step ${whole(step)}`;

/** The latents that a preview grows from: those of the training's seed, the classes in turn. */
async function vectors(model, seed) {
  const answer = await post("/api/generate", { model, seed, count: DIGITS, form: "images" });
  return latents(answer).map((vector, place) => {
    const classes = vector.length - answer.latent_dim;
    for (let each = 0; each < classes; each += 1) vector[answer.latent_dim + each] = each === place % classes ? 1 : 0;
    return [...vector];
  });
}

/** Digits in rows, as a preview has them. */
function tiled(digits) {
  const columns = 28 * COLUMNS;
  const pixels = new Uint8Array(784 * digits.length);
  digits.forEach((digit, place) => {
    const corner = 28 * columns * Math.floor(place / COLUMNS) + 28 * (place % COLUMNS);
    for (let row = 0; row < 28; row += 1) pixels.set(digit.subarray(28 * row, 28 * (row + 1)), corner + row * columns);
  });
  return { pixels, columns };
}

/** The film of a run: frames { pixels, columns, step, text }, the model itself last; none if its model is gone. */
export async function states(run) {
  const found = await modelOf(run);
  if (!found) return [];
  const model = found.name;
  const z = await vectors(model, run.settings.seed);
  const parts = [];
  for (let place = 0; place < DIGITS; place += AT_A_TIME) {
    parts.push(await post("/api/film", { model, z: z.slice(place, place + AT_A_TIME), form: "images" }));
  }
  // While it trains, a state may come between the parts.
  const digits = parts.map((part) => {
    const all = images(part.images);
    return new Map(part.frames.map(({ step }, place) => [step, all.slice(place * part.count, (place + 1) * part.count)]));
  });
  return parts[0].frames
    .filter(({ step }) => digits.every((part) => part.has(step)))
    .map((frame) => ({ ...tiled(digits.flatMap((part) => part.get(frame.step))), step: frame.step, text: when(frame, run.epochs) }));
}
