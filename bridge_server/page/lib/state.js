// What digits are asked for, and the request for them.

export const STYLE_ATTRIBUTES = document.body.dataset.styleAttributes.split(" ");
const OWN = ["seed", "truncation", "count"]; // what z takes the place of
const KEY = "ganmnist.play";

export const fresh = () => ({
  model: "bundled",
  digit: 3,
  ...Object.fromEntries(STYLE_ATTRIBUTES.map((name) => [name, null])),
  truncation: 1,
  seed: 0,
  count: 6,
  z: null, // whole vectors, in place of those of a seed
});

/** A state of which part is changed. Another model, and what z takes the place of, let go of z. */
export function changed(state, part) {
  const other = ["model", ...OWN].some((name) => name in part && part[name] !== state[name]);
  return { ...state, ...(other ? { z: null } : {}), ...part };
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

/** The settings that are set: null is auto. */
export function given(state) {
  const counts = ([name, value]) => value !== null && !(state.z && OWN.includes(name));
  return Object.fromEntries(Object.entries(state).filter(counts));
}

export const request = (state) => ({ ...given(state), form: "images" });

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
