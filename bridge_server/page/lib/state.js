// What digits are asked for, the request for them, and the address that leads to them.

import { choice } from "./classes.js";
import { floats } from "./pixels.js";

export const STYLE_ATTRIBUTES = document.body.dataset.styleAttributes.split(" ");
export const MAX_COUNT = 36;
export const FORMS = ["images", "relief", "solid", "voxels", "extrusion", "contours", "points", "mesh", "smooth"]; // as they are offered
export const MEASURES = ["cell", "height", "base", "threshold", "levels"]; // of the geometry; the contract has their defaults
const GEOMETRY = ["form", ...MEASURES];
const OWN = ["seed", "truncation", "count"]; // what z takes the place of, beside latent
const ANY = "any"; // digit, in an address
const KEY = "ganmnist.play";

export const fresh = () => ({
  model: "bundled",
  digit: 3,
  ...Object.fromEntries(STYLE_ATTRIBUTES.map((name) => [name, null])),
  truncation: 1,
  seed: 0,
  count: 6,
  latent: null, // the first numbers of each vector
  z: null, // whole vectors, in place of those of a seed
  form: "relief", // as which they are shown
  ...Object.fromEntries(MEASURES.map((name) => [name, null])),
});

/** A number of a vector as it is sent and written: a float32 to the bit. */
export const exact = (number) => Number(number.toPrecision(9));

/** A state of which part is changed. Another model, and what z takes the place of, let go of z; another model of latent. */
export function changed(state, part) {
  const other = (name) => name in part && part[name] !== state[name];
  const gone = { ...(["model", ...OWN].some(other) ? { z: null } : {}), ...(other("model") ? { latent: null } : {}) };
  return { ...state, ...gone, ...part };
}

/** What was shown in this tab before it was loaded anew. */
export function remembered() {
  try {
    const { boldness: truncation = 1, ...kept } = JSON.parse(sessionStorage.getItem(KEY)); // its name before
    return { ...fresh(), truncation, ...kept };
  } catch {
    return fresh();
  }
}

export const remember = (state) => sessionStorage.setItem(KEY, JSON.stringify(state));

/** What digits are asked for, of what is set: null is auto. */
export function given(state) {
  const counts = ([name, value]) => value !== null && !GEOMETRY.includes(name) && !(state.z && [...OWN, "latent"].includes(name));
  return Object.fromEntries(Object.entries(state).filter(counts));
}

export const request = (state) => ({ ...given(state), form: "images" });

/** The measures of the geometry that are set. */
export const measures = (state) => Object.fromEntries(MEASURES.filter((name) => state[name] !== null).map((name) => [name, state[name]]));

const toText = (numbers) => btoa(String.fromCharCode(...new Uint8Array(Float32Array.from(numbers).buffer))).replaceAll("+", "-").replaceAll("/", "_");

/** Vectors as an address has them: how many, how long they are, and their numbers; an older one has no length, or neither. */
const written = (vectors) => `${vectors.length}x${vectors[0].length}.${toText(vectors.flat())}`;
function toVectors(text) {
  const [, count = 1, length, numbers] = /^(?:(\d+)(?:x(\d+))?\.)?(.*)$/.exec(text);
  if (count > MAX_COUNT) throw new RangeError("more than Play shows");
  const vectors = floats(numbers.replaceAll("-", "+").replaceAll("_", "/"), Number(count)).map((vector) => [...vector].map(exact));
  const most = vectors[0].length;
  if (!most || vectors.some((vector) => vector.length !== (length ? Number(length) : most))) throw new RangeError("only a part was copied");
  return vectors;
}
const TEXTS = {
  z: { write: written, read: toVectors },
  latent: { write: (latent) => written([latent]), read: (text) => toVectors(text)[0] },
};

/** Where Play shows a state: what differs from the usual stands behind a question mark. */
export function address(state) {
  const usual = fresh();
  const set = Object.keys(usual).filter((name) => name !== "model" && JSON.stringify(state[name]) !== JSON.stringify(usual[name]));
  const write = (name) => (state[name] === null ? ANY : (TEXTS[name]?.write(state[name]) ?? state[name]));
  return `#/play/${encodeURIComponent(state.model)}?${new URLSearchParams(set.map((name) => [name, write(name)]))}`;
}

const NUMBER = /^-?\d+(\.\d+)?(e-?\d+)?$/;

/** The value of a name as an address has it; nothing where it has none. */
function read(name, text) {
  if (TEXTS[name]) return TEXTS[name].read(text);
  if (name === "digit") return text === ANY ? null : choice(text, text);
  if (name === "form") return FORMS.includes(text) ? text : undefined;
  return NUMBER.test(text) ? Number(text) : undefined;
}

/**
 * What an address says behind its question mark, as a state; what is no value of its name is left out. `lacks(name)` is told
 * of vectors of which only a part was copied.
 */
export function fromAddress(query, lacks) {
  const state = fresh();
  for (const [name, text] of new URLSearchParams(query)) {
    if (name === "model" || !Object.hasOwn(state, name)) continue;
    try {
      state[name] = read(name, text) ?? (name === "digit" ? null : state[name]);
    } catch {
      lacks(name);
    }
  }
  return { ...state, count: Math.min(MAX_COUNT, Math.max(1, Math.round(state.count))) };
}

/** A short program that makes the same digits. */
export function python(state) {
  const { model, ...settings } = given(state);
  if (settings.truncation === 1) delete settings.truncation;
  const listed = Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [
    "from ganmnist import GenerateConfig, generate",
    "",
    `images = generate(GenerateConfig(${listed.join(", ")}), model=${JSON.stringify(model)})`,
    `print(images.shape)  # uint8, row 0 at the top of each digit`,
    "",
  ].join("\n");
}
