// From the latent vector to the digit: what leaves each layer of the generator, for the digit that is shown.

import { post } from "../lib/api.js";
import { el, fill, shape } from "../lib/dom.js";
import { linked, term } from "../lib/glossary.js";
import { settled } from "../lib/latest.js";
import { draw, images } from "../lib/pixels.js";
import { exact } from "../lib/state.js";

const MAPS = 8; // of a layer, at most
const QUIET_MS = 300;
const short = (number) => Number(number.toPrecision(3));

function layer({ place, layer: name, output_shape: sides, low, high, maps }) {
  const [count, rows, columns] = maps.shape;
  const canvas = el("canvas", {
    className: "pixelated",
    width: count * (columns + 1) - 1,
    height: rows,
    role: "img",
    "aria-label": `What leaves layer ${place}, ${name}: ${count} of its feature maps`,
  });
  images(maps).forEach((pixels, each) => draw(canvas, pixels, columns, [each * (columns + 1), 0]));
  const figures = `${shape(sides)}, from ${short(low)} (light) to ${short(high)} (dark)`;
  return el("li", {}, el("p", {}, `${place} `, term(name), el("span", { className: "help" }, ` ${figures}`)), canvas);
}

/** { node, show(model, z, digit) }: of a whole vector of that model, the number of its class behind it. */
export function layerWalk() {
  const list = el("ol", { className: "walk" });
  const wrong = el("p", { className: "wrong", role: "alert" });
  const help = linked(el("p", { className: "help" }), "The feature maps of each layer on the way to the digit above, the first few of each. The last one is the digit.");
  const node = el("details", { className: "card" }, el("summary", {}, "Through the layers"), el("div", { className: "stack close" }, help, list, wrong));
  let wanted = null;
  let shown = "";

  const renew = settled(async () => {
    const key = JSON.stringify(wanted);
    if (!wanted || !node.open || !node.isConnected || key === shown) return;
    shown = key;
    try {
      const { layers } = await post("/api/networks/activations", { ...wanted, maps: MAPS, form: "images" });
      if (key !== shown) return;
      fill(list, layers.map(layer));
      list.dataset.shown = key;
      wrong.textContent = "";
    } catch (error) {
      shown = "";
      wrong.textContent = error.message;
    }
  }, QUIET_MS);

  node.addEventListener("toggle", renew);
  return {
    node,
    show(model, z, digit) {
      wanted = { model, latent: [...z].map(exact), ...(digit === undefined ? {} : { digit }) };
      renew();
    },
  };
}
