// What a step comes to: what the discriminator says of either image, both losses, and where the gradient points.

import { el, fill } from "../lib/dom.js";
import { linked, term } from "../lib/glossary.js";
import { draw, images, onTheme, rgb } from "../lib/pixels.js";

const SIDE = 28;
const LIFT = 0.7; // exponent: what is small is seen, too

/** A probability as people say it. */
export function percent(probability) {
  if (probability < 0.01) return "under 1 %";
  return probability > 0.99 ? "over 99 %" : `${Math.round(100 * probability)} %`;
}

/** How real an image looks, as a bar: { node, show(verdict) }. */
export function verdictBar(name) {
  const value = el("output");
  const part = el("span");
  const bar = el("div", { className: "meter", "aria-hidden": "true" }, part, el("i"));
  const logit = el("span", { className: "help" });
  const node = el("div", { className: "verdict-bar" }, el("span", {}, name), bar, value, logit);
  return {
    node,
    show({ probability, logit: number }) {
      part.style.width = `${100 * probability}%`;
      value.textContent = `${percent(probability)} real`;
      fill(logit, term("logit"), ` ${number.toFixed(2)}`);
    },
  };
}

/** An image of 28 x 28 pixels with words below it: { node, canvas, show(pixels, words) }. */
export function picture(label) {
  const canvas = el("canvas", { className: "pixelated", role: "img", width: SIDE, height: SIDE, "aria-label": label });
  const caption = el("figcaption", { className: "help" }, label);
  let shown = null;
  const paint = () => shown && draw(canvas, shown, SIDE);
  onTheme(paint);
  return {
    node: el("figure", { className: "still" }, canvas, caption),
    canvas,
    show(pixels, words = label) {
      [shown] = images(pixels);
      caption.textContent = words;
      canvas.setAttribute("aria-label", words);
      paint();
    },
  };
}

/** Where the gradient points, in two colours: { node, show(gradient) } takes what 128 stands for no change in. */
function gradientMap() {
  const made = picture("Gradient at the pixels");
  let shown = null;
  function paint() {
    if (!shown) return;
    const [paper, more, less] = ["--paper", "--more-ink", "--less-ink"].map(rgb);
    const map = new ImageData(SIDE, SIDE);
    shown.forEach((byte, place) => {
      const slope = (byte - 128) / 127;
      const target = slope < 0 ? more : less; // a pixel that is white in the data is ink
      const share = Math.min(1, Math.abs(slope)) ** LIFT;
      map.data.set([...paper.map((low, at) => Math.round(low + (target[at] - low) * share)), 255], 4 * place);
    });
    made.canvas.getContext("2d").putImageData(map, 0, 0);
  }
  onTheme(paint);
  return {
    node: made.node,
    show(gradient) {
      [shown] = images(gradient);
      const [up, down] = [shown.filter((byte) => byte < 96).length, shown.filter((byte) => byte > 160).length];
      made.canvas.setAttribute("aria-label", `Gradient at the pixels: ${up} of 784 should have clearly more ink, ${down} clearly less`);
      paint();
    },
  };
}

/** What the generator learns of its fake: { node, show(anatomy) }. */
export function lesson() {
  const [fake, followed] = ["The fake", "Moved a little that way"].map(picture);
  const map = gradientMap();
  const before = verdictBar("The fake");
  const after = verdictBar("Moved that way");
  const none = el("p", { className: "empty" });
  const body = el(
    "div",
    { className: "lesson" },
    el("div", { className: "row stills" }, fake.node, map.node, followed.node),
    el(
      "div",
      { className: "stack" },
      el("p", { className: "legend colours" }, el("span", { className: "key more-ink" }, "more ink would pass better"), el("span", { className: "key less-ink" }, "less ink would pass better")),
      before.node,
      after.node,
    ),
  );
  return {
    node: el("div", {}, body, none),
    show({ fake: pixels, judging, real }) {
      const learned = judging?.lesson;
      body.hidden = !learned;
      none.textContent = learned ? "" : real || !judging ? "There is no gradient without a discriminator." : "This loss compares with a real image, and there is none here.";
      none.hidden = Boolean(learned);
      if (!learned) return;
      fake.show(pixels);
      map.show(learned.gradient);
      followed.show(learned.followed);
      before.show(judging.fake);
      after.show(learned.verdict);
    },
  };
}

/** Both losses of a step: { node, show(judging) }. */
export function losses() {
  const values = { discriminator: el("dd"), generator: el("dd") };
  const about = el("p", { className: "help" });
  const node = el(
    "div",
    {},
    el(
      "dl",
      { className: "figures losses" },
      Object.entries(values).map(([name, value]) => el("div", {}, el("dt", { className: `key ${name}` }, "Loss of the ", term(name)), value)),
    ),
    about,
  );
  const MEANS = {
    bce: "Guessing costs the discriminator 1.39 and the generator 0.69: less is surer.",
    nonsaturating: "Guessing costs the discriminator 1.39 and the generator 0.69: less is surer.",
    hinge: "The loss hinge takes the logits as they are: the discriminator pays until they are 1 apart from 0, the generator pays minus its own.",
    wasserstein: "The loss wasserstein takes the logits as they are: the discriminator pays the fake's less the real one's, the generator minus its own.",
    relativistic: "The loss relativistic compares the two: each pays for how much more real the other's image looks; 0.69 is a draw.",
  };
  return {
    node,
    show(judging) {
      const said = [judging?.loss, judging?.lesson?.loss].map((loss) => loss?.toFixed(2) ?? "-");
      [values.discriminator.textContent, values.generator.textContent] = said;
      linked(about, judging ? MEANS[judging.loss_name] : "");
    },
  };
}
