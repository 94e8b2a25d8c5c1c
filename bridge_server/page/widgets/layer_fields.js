// The parameters of a layer as fields, made from its JSON schema: each has its real default in it.

import { el, freshId } from "../lib/dom.js";
import { bounds, numeric } from "../lib/form.js";
import { linked } from "../lib/glossary.js";

// Of what has no default, because it depends on all else: values to begin with.
const BEGIN = { units: 128, filters: 32, shape: [64, 7, 7] };
const LIST = /^\s*\d+(\s*[,x]\s*\d+)*\s*$/;

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function input(name, schema, value, common) {
  if (schema.enum) return el("select", common, schema.enum.map((word) => el("option", { value: word, selected: word === value }, word)));
  if (schema.type === "boolean") return el("input", { ...common, type: "checkbox", checked: value });
  if (schema.type === "array") return list(schema, { ...common, value: value.join(", ") });
  return numeric(schema, { ...common, required: true, value });
}

const wanted = ({ items: { minimum, maximum } }) => `whole numbers from ${minimum} to ${maximum}, with commas between`;

function list(schema, attributes) {
  const { minimum, maximum } = schema.items;
  const made = el("input", { ...attributes, type: "text", autocomplete: "off", spellcheck: false, pattern: LIST.source });
  const judge = () => made.setCustomValidity(read(made, schema).every((number) => number >= minimum && number <= maximum) ? "" : wanted(schema));
  made.addEventListener("input", judge);
  judge();
  return made;
}

function read(made, schema) {
  if (schema.type === "boolean") return made.checked;
  if (schema.type === "array") return made.value.match(/\d+/g)?.map(Number) ?? [];
  return made.type === "number" ? made.valueAsNumber : made.value;
}

/**
 * The fields of one layer: { node, value(), isRight() }. The value has what is not at its default, as a network's JSON has
 * it; `change()` is told of every change. What is recommended bears a mark: what the layer came with, else its default.
 */
export function layerFields(layer, { properties }, change) {
  const fields = Object.entries(properties)
    .filter(([name]) => name !== "layer")
    .map(([name, schema]) => {
      const id = freshId(name);
      const standard = schema.default;
      const given = Number.isNaN(layer[name]) ? standard : (layer[name] ?? standard); // of a field that was empty
      const made = input(name, schema, given ?? BEGIN[name], { id, className: "parameter", "aria-describedby": `${id}-mark`, title: schema.description });
      const recommended = made.checkValidity() ? given : standard; // a draft may have what no number may be
      const mark = el("span", { id: `${id}-mark`, className: "mark" });
      const tell = () => {
        const right = made.checkValidity();
        mark.classList.toggle("wrong", !right);
        if (right) made.removeAttribute("aria-invalid");
        else made.setAttribute("aria-invalid", "true");
        if (!right) {
          mark.textContent = made.type === "number" ? bounds(made) : wanted(schema);
          return;
        }
        if (recommended === undefined) {
          mark.textContent = "";
          return;
        }
        const at = isSame(read(made, schema), recommended);
        mark.textContent = at ? "✓" : `recommended ${String(recommended).replaceAll(",", ", ")}`;
        mark.classList.toggle("other", !at);
      };
      made.addEventListener("input", () => {
        tell();
        change();
      });
      tell();
      return { name, schema, made, standard, node: el("span", { className: `parameter-field ${schema.type === "boolean" ? "flag" : ""}` }, linked(el("label", { htmlFor: id }), name), made, mark) };
    });
  return {
    node: el("div", { className: "parameters" }, fields.map(({ node }) => node)),
    value() {
      const given = fields.map(({ name, schema, made, standard }) => [name, read(made, schema), standard]);
      return { layer: layer.layer, ...Object.fromEntries(given.filter(([, value, standard]) => !isSame(value, standard))) };
    },
    isRight: () => fields.every(({ made }) => made.checkValidity()),
  };
}
