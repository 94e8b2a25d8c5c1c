// Digits as a file: in which form, and of which kind.

import { post } from "../lib/api.js";
import { ask, el, save } from "../lib/dom.js";
import { contract } from "../lib/contract.js";
import { field } from "../lib/form.js";
import { MEASURES, request } from "../lib/state.js";

const WITH_UNITS = ["3mf", "3dm"];

/** Ask for form, measures and kind, and keep the digits of a state as such a file. Throws what the server finds wrong. */
export async function download(state) {
  const { components, "x-forms": forms } = await contract();
  const { properties } = components.schemas.ExportRequest;
  const [form, format, units] = ["form", "format", "units"].map((name) => field(name, properties[name]));
  units.stand("mm (recommended)", "mm");
  const measures = MEASURES.map((name) => field(name, properties[name]));
  for (const { name, input } of measures) if (state[name] !== null) input.value = state[name];
  const note = el("p", { className: "help", role: "status" });
  const fit = () => {
    const { formats, remarks, measures: changing } = forms[form.input.value];
    for (const { name, node } of measures) node.hidden = !changing.includes(name) && !(name === "cell" && form.input.value !== "images");
    for (const option of format.input.options) option.hidden = option.disabled = !formats.includes(option.value);
    if (format.input.selectedOptions[0]?.disabled ?? true) format.input.value = [...format.input.options].find(({ disabled }) => !disabled).value;
    units.node.hidden = !WITH_UNITS.includes(format.input.value);
    if (units.node.hidden) units.input.value = "";
    note.textContent = remarks[format.input.value] ?? "";
  };
  form.input.value = state.form;
  form.input.addEventListener("input", fit);
  format.input.addEventListener("input", fit);
  fit();
  const fields = [form, ...measures, format, units];
  const all = state.count > 1 ? el("p", { className: "help" }, `All ${state.count} digits, beside each other. For one alone set count to 1.`) : "";
  const wanted = await ask({
    title: "Download",
    body: [all, ...fields.map(({ node }) => node), note],
    confirm: "Download",
    value: () => Object.fromEntries(fields.filter(({ node }) => !node.hidden).map(({ name, value }) => [name, value()])),
  });
  if (!wanted) return;
  const content = await post("/api/export", { ...request(state), ...wanted }, { file: true, urgent: true });
  save(content, `${state.model}-${state.digit ?? "any"}-${state.z ? "drawn" : state.seed}.${wanted.format}`);
}
