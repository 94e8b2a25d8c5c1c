// The stages of a training step, one after the other: what happens, and why.

import { el, fill, freshId, whole } from "../lib/dom.js";
import { said } from "../lib/classes.js";
import { linked } from "../lib/glossary.js";
import { percent } from "./step_verdicts.js";

const NONE = "Here this part is missing: ";
const counted = (z, latent) => `${whole(latent)} random numbers, most of them between -2 and 2${z.length > latent ? `, and behind them ${whole(z.length - latent)} that say which class it is to be` : ""}`;

/** What becomes of a fake that follows its gradient; where shares are too small to tell apart, by the logits. */
function moved(after, before) {
  const shares = [after, before].map(({ probability }) => percent(probability));
  return shares[0] === shares[1]
    ? `Moved a little that way, it would hardly be told less surely by the same discriminator: its logit goes from ${before.logit.toFixed(2)} to ${after.logit.toFixed(2)}, and either is ${shares[0]}.`
    : `Moved a little that way, the same discriminator would take the fake for real with ${shares[0]}, not ${shares[1]}.`;
}

// Each stage: its name, the parts of the scene that it is about, the chapter of the tutorial, what to say of an answer.
const STAGES = [
  {
    name: "z",
    parts: ["z"],
    chapter: 2,
    says: ({ latent_dim: latent }, z) =>
      `A step begins with chance: a latent vector, ${counted(z, latent)}. Each is a bar here. Nobody says what they stand for; the generator finds a use for them.`,
  },
  {
    name: "Fake",
    parts: ["generator"],
    chapter: 2,
    says: ({ layers, class_name: name }) =>
      `The generator makes an image of it, layer by layer, ${layers.length} of them. Each picture is a feature map, one channel of what leaves the layer: coarse at first, larger after each upsampling, and at last the image, the fake${name === null ? "" : `, which is to be ${said(name)}`}. Touch a layer to look closely.`,
  },
  {
    name: "Judgement",
    parts: ["discriminator"],
    chapter: 3,
    says: ({ judging, real }) =>
      judging
        ? `The discriminator is shown the fake${real ? " and a real image, and is not told which is which" : ""}. On the way images get smaller and channels more, until one number is left, the logit; a sigmoid makes a probability of it. It takes the fake for real with ${percent(judging.fake.probability)}${judging.real ? `, the real one with ${percent(judging.real.probability)}` : ""}.`
        : null,
  },
  {
    name: "Discriminator learns",
    parts: ["losses", "verdicts"],
    chapter: 4,
    says: ({ judging }) =>
      judging?.loss != null
        ? `First the discriminator learns. Its loss, ${judging.loss.toFixed(2)} for these two, is how wrong it was. For each of its weights the gradient says whether the loss would rise or fall with it, and each is changed a little, up or down, so that the loss falls: next time the real one should get more, the fake less.`
        : null,
  },
  {
    name: "Gradient",
    parts: ["lesson"],
    chapter: 4,
    says: ({ judging }) =>
      judging?.lesson
        ? `Then it is the generator's turn. Its loss, ${judging.lesson.loss.toFixed(2)}, is how surely its fake was found out. The gradient of that loss comes back through the discriminator to the pixels: where there should have been more ink, where less. ${moved(judging.lesson.verdict, judging.fake)}`
        : null,
  },
  {
    name: "Generator learns",
    parts: ["generator"],
    chapter: 4,
    says: ({ judging }) =>
      judging?.lesson
        ? "No pixel is moved: the gradient goes on, back through each layer of the generator, and changes its weights a little, so that such a z makes such an image. It never saw the real one. Then the next step begins, with other images."
        : null,
  },
];

/** { node, show(anatomy, z) }; `change(parts)` is told what the stage is about, `again()` that the next step is wanted. */
export function stages(change, again) {
  const name = freshId("stage");
  const text = el("p", { className: "says" });
  const where = el("p", { className: "help" });
  const radios = STAGES.map((stage, place) => el("input", { type: "radio", name, value: String(place), checked: !place, onchange: () => go(place) }));
  const back = el("button", { type: "button", onclick: () => go(at - 1) }, "Back");
  const next = el("button", { type: "button", className: "primary", onclick: () => (at + 1 < STAGES.length ? go(at + 1) : begin()) }, "Next");
  const node = el(
    "section",
    { className: "card stack stages", "aria-label": "Stages of a step" },
    el(
      "div",
      { className: "row apart" },
      el("fieldset", { className: "segments" }, el("legend", { className: "hidden" }, "Stage"), STAGES.map((stage, place) => el("label", {}, radios[place], el("span", {}, `${place + 1} ${stage.name}`)))),
      el("div", { className: "row" }, back, next),
    ),
    el("div", { className: "saying" }, text, where),
  );
  let at = 0;
  let last = null; // [anatomy, z]

  function begin() {
    go(0);
    again();
  }

  function go(place) {
    at = place;
    radios[at].checked = true;
    tell();
    change(STAGES[at].parts);
  }

  function tell() {
    back.disabled = at === 0;
    next.textContent = at + 1 < STAGES.length ? "Next" : "Another step";
    if (!last) return;
    const { says, chapter } = STAGES[at];
    const words = says(...last) ?? `${NONE}${last[0].remarks.join(" ")}`;
    if (text.textContent !== words && !text.contains(document.activeElement)) linked(text, words); // a term there may be open
    fill(where, `Chapter ${chapter} of the tutorial has more of it: docs/tutorial.md, where ganmnist was unpacked.`);
  }

  change(STAGES[at].parts);
  return {
    node,
    show(...given) {
      last = given;
      tell();
    },
  };
}
