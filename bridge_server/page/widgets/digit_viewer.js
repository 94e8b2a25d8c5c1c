// The digits shown: one of them large, as an image or in space, and all of them to choose from.

import { said } from "../lib/classes.js";
import { el, fill, freshId } from "../lib/dom.js";
import { draw } from "../lib/pixels.js";
import { FORMS } from "../lib/state.js";
import { FORMS as SOLIDS, relief } from "../relief3d/relief.js";
import { parseObj } from "../relief3d/made.js";

const IMAGES = "images";
const MADE = ["voxels", "extrusion", "contours", "mesh", "smooth"]; // whose geometry the server makes
const SHOWN = { images: "image" }; // other words than the contract's

/** Set an attribute that most often is set already. */
function mark(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * { node, show(images, names), form(name, measures), made(obj), at(), isMade() }; `choose(form)` is told which form is
 * wanted, `picked()` that another digit is.
 */
export function digitViewer(choose, picked) {
  const flat = el("canvas", { className: "pixelated flat", role: "img", width: 28, height: 28, "aria-label": "The digit" });
  const deep = el("canvas", {
    className: "deep",
    tabIndex: 0,
    role: "img",
    "aria-label": "The digit in space. Arrow keys turn it, plus and minus zoom, 0 puts it back.",
  });
  const name = freshId("form");
  const choices = el("fieldset", { className: "segments" }, el("legend", { className: "hidden" }, "Shown as"));
  const radios = FORMS.map((form) => {
    const input = el("input", { type: "radio", name, value: SHOWN[form] ?? form, onchange: () => choose(form) });
    choices.append(el("label", {}, input, el("span", {}, SHOWN[form] ?? form)));
    return { form, input };
  });
  const sorry = el("p", { className: "help", hidden: true }, "This browser has no WebGL 2, so the digit is shown flat.");
  const thumbs = el("div", { className: "thumbs", role: "group", "aria-label": "All digits" });
  const hint = el("p", { className: "help hint" }, "Drag to turn, click and wheel to zoom.");
  const box = el("div", { className: "box" }, flat, deep);
  const peek = el("canvas", { className: "peek pixelated", width: 28, height: 28, "aria-hidden": "true" }); // on a phone, while the box is scrolled away
  new IntersectionObserver(([{ isIntersecting }]) => peek.classList.toggle("away", !isIntersecting)).observe(box);
  const node = el("figure", { className: "stage" }, choices, box, el("div", { className: "row apart" }, thumbs, hint), peek, sorry);
  let space; // made when it is first needed
  let all = [];
  let at = 0;
  let shownAs = ""; // a form

  function form(wanted, measures) {
    shownAs = FORMS.includes(wanted) ? wanted : "relief";
    for (const { form: each, input } of radios) input.checked = each === shownAs;
    if (shownAs !== IMAGES && space === undefined) {
      space = relief(deep);
      if (!space) sorry.hidden = false;
    }
    const solid = shownAs !== IMAGES && space;
    flat.hidden = Boolean(solid);
    deep.hidden = hint.hidden = !solid;
    if (solid) space.form(shownAs, measures);
    paint();
  }

  function paint() {
    const pixels = all[at];
    if (!pixels) return;
    draw(peek, pixels, 28);
    if (!flat.hidden) draw(flat, pixels, 28);
    if (!deep.hidden && SOLIDS.includes(shownAs)) space.show(pixels);
    [...thumbs.children].forEach((thumb, place) => {
      draw(thumb.firstChild, all[place], 28);
      mark(thumb, "aria-pressed", String(place === at));
    });
  }

  function pick(place) {
    at = place;
    paint();
    picked();
  }

  return {
    node,
    form,
    /** Which of the digits is the large one. */
    at: () => at,
    /** Whether the form shown is one whose geometry has to be put here. */
    isMade: () => MADE.includes(shownAs) && Boolean(space),
    made: (obj) => space.made(parseObj(obj)),
    show(images, names) {
      all = images;
      at = Math.min(at, all.length - 1);
      if (thumbs.children.length !== all.length) {
        fill(
          thumbs,
          all.map((_, place) => el("button", { type: "button", onclick: () => pick(place) }, el("canvas", { className: "pixelated", width: 28, height: 28, "aria-hidden": "true" }))),
        );
      }
      [...thumbs.children].forEach((thumb, place) => {
        const name = names[place];
        mark(thumb, "aria-label", name === undefined ? `Sample ${place + 1}` : `Sample ${place + 1}, ${said(name)}`);
      });
      thumbs.hidden = all.length < 2;
      paint();
    },
  };
}
