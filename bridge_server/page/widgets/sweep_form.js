// Several trainings at once: how many seeds, and several values of one setting. Fields as those of lib/form.js.

import { el, fill, freshId, whole } from "../lib/dom.js";
import { title } from "../lib/form.js";

const MOST = 100; // values that the server takes of a setting

const parsed = (text) => text.split(/[\s,;]+/).filter(Boolean).map((word) => (Number.isNaN(Number(word)) ? word : Number(word)));

function labelled(text, input, help) {
  return el("div", { className: "field" }, el("label", { htmlFor: input.id }, text), input, el("p", { className: "help" }, help));
}

/**
 * { node, fields, build(schemas), count() }: `fields` are the fields `sweep` and `others` of a request, both without a
 * value where there is one training; `seed()` is the seed that the settings have. `changed()` is told of each change.
 */
export function sweepForm(seed, changed) {
  const seeds = el("input", { id: freshId("seeds"), type: "number", inputMode: "numeric", min: 1, max: MOST, step: 1, value: 1 });
  const name = el("select", { id: freshId("setting") }, el("option", { value: "" }, "none"));
  const values = el("input", { id: freshId("values"), autocomplete: "off", spellcheck: false, disabled: true });
  const others = el("select", { id: freshId("others") });
  const about = el("p", { className: "help", role: "status" });
  const wrong = el("p", { className: "wrong", role: "alert" });
  const why = el("p", { className: "help" });
  const summary = el("span", { className: "help" });
  const node = el(
    "details",
    { className: "sweep-form" },
    el("summary", {}, "Several at once ", summary),
    el(
      "div",
      { className: "stack" },
      why,
      labelled("Seeds", seeds, "How many: that of the settings, and those that follow it."),
      labelled("Setting", name, "Of which there are several values."),
      labelled("Values", values, "With blanks or commas between them."),
      labelled("The other models", others, "What becomes of those that are not the best. None that you rename is deleted."),
      wrong,
      about,
    ),
  );

  const counted = () => (seeds.checkValidity() ? seeds.valueAsNumber || 1 : 1);
  const chosen = () => (name.value ? parsed(values.value) : []);
  const count = () => counted() * Math.max(1, chosen().length);

  function sweep() {
    const axes = {};
    if (counted() > 1) axes.seed = Array.from({ length: counted() }, (_, place) => seed() + place);
    if (chosen().length) axes[name.value] = chosen();
    return Object.keys(axes).length ? axes : undefined;
  }

  function tell() {
    wrong.textContent = "";
    values.disabled = !name.value;
    const [few, many] = [counted(), chosen().length];
    const parts = [few > 1 ? `${few} seeds` : "", many > 1 ? `${many} values` : ""].filter(Boolean);
    about.textContent = count() > 1 ? `${parts.join(" × ")}: ${whole(count())} trainings, one after the other where there is one slot.` : "";
    summary.textContent = count() > 1 ? `${whole(count())} trainings` : "";
    changed();
  }
  for (const input of [seeds, name, values]) input.addEventListener("input", tell);

  const complain = (text) => (wrong.textContent = text);
  return {
    node,
    fields: {
      sweep: { name: "sweep", node, input: seeds, value: sweep, complain },
      others: { name: "others", node, input: others, value: () => (sweep() ? others.value : undefined), complain },
    },
    count,
    build({ StartSweep, StartRun }) {
      const { sweep: axes, others: choice } = StartSweep.properties;
      why.textContent = "Trains each combination, and has the judge compare the models: the best gets the name.";
      const names = axes.propertyNames.enum.filter((each) => each !== "seed");
      name.append(...names.map((each) => el("option", { value: each }, title(each))));
      fill(others, choice.enum.map((each) => el("option", { value: each, selected: each === choice.default }, { keep: "Keep them", drop: "Delete them" }[each])));
      name.addEventListener("input", () => {
        const property = StartRun.properties[name.value];
        const kind = property?.anyOf?.find(({ type }) => type !== "null") ?? property;
        values.placeholder = kind?.enum?.join(", ") ?? "";
      });
    },
  };
}
