// Settings as a form, made from the JSON schema of a request: names, help, bounds and defaults as everywhere.

import { el, freshId } from "./dom.js";
import { linked } from "./glossary.js";

export const title = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

/** What may stand in a field for a number, in words. */
export function bounds({ min, max, step }) {
  const kind = step === "1" ? "a whole number" : "a number";
  if (min !== "" && max !== "") return `${kind} from ${min} to ${max}`;
  if (min !== "") return `${kind}, at least ${min}`;
  return max === "" ? kind : `${kind}, at most ${max}`;
}

/**
 * Make one field. `value()` is what was typed, or undefined where nothing was; `complain(text)` marks it as wrong,
 * `explain(text)` gives it another help text, as plain words, and `stand(text, word)` says what holds where nothing is
 * given: in the field, and of a choice the word that is the same.
 */
export function field(name, property) {
  const kind = property.anyOf?.find(({ type }) => type !== "null") ?? property;
  const id = freshId(name);
  const common = { id, name, "aria-describedby": `${id}-help ${id}-wrong` };
  const input = kind.enum ? choice(kind, property, common) : typed(kind, property, common);
  const help = linked(el("p", { id: `${id}-help`, className: "help" }), property.description ?? kind.description ?? "", name);
  const wrong = el("p", { id: `${id}-wrong`, className: "wrong", role: "alert" });
  const node = el(
    "div",
    { className: "field" },
    el("label", { htmlFor: id }, title(name)),
    input,
    help,
    wrong,
  );
  const complain = (text) => {
    wrong.textContent = text;
    input.toggleAttribute("aria-invalid", Boolean(text));
    if (text) input.setAttribute("aria-invalid", "true");
  };
  const value = () => {
    if (input.value === "") return undefined;
    return input.type === "number" ? input.valueAsNumber : input.value;
  };
  input.addEventListener("input", () => complain(input.checkValidity() ? "" : input.validationMessage));
  const stand = (text, word = "") => {
    if (input.tagName !== "SELECT") {
      input.placeholder = text;
      return;
    }
    const [unset, ...others] = input.options;
    if (unset.value !== "") return; // it has a default of its own
    unset.textContent = text;
    for (const option of others) option.hidden = option.value === word && !option.selected; // it is there already
  };
  return { name, node, input, value, complain, stand, explain: (text) => (help.textContent = text) };
}

function choice(kind, property, common) {
  const own = property.default === null || property.default === undefined;
  return el(
    "select",
    common,
    own ? el("option", { value: "" }, "none") : null,
    kind.enum.map((word) => el("option", { value: word, selected: word === property.default }, word)),
  );
}

function typed(kind, property, common) {
  const value = property.default ?? "";
  if (kind.type === "string") {
    return el("input", {
      ...common,
      value,
      maxLength: kind.maxLength ?? 200,
      autocomplete: "off",
      spellcheck: false,
    });
  }
  return numeric(kind, { ...common, value, placeholder: "none" });
}

/** An input for a number within the bounds of its JSON schema. */
export function numeric(kind, attributes) {
  const made = el("input", {
    ...attributes,
    type: "number",
    inputMode: kind.type === "integer" ? "numeric" : "decimal",
    min: kind.minimum ?? kind.exclusiveMinimum,
    max: kind.maximum ?? kind.exclusiveMaximum,
    step: kind.type === "integer" ? 1 : "any",
  });
  const judge = () => {
    const edge = made.value !== "" && [kind.exclusiveMinimum, kind.exclusiveMaximum].includes(made.valueAsNumber);
    made.setCustomValidity(edge ? `Any number there, but not ${made.value} itself.` : "");
  };
  made.addEventListener("input", judge);
  judge();
  return made;
}
