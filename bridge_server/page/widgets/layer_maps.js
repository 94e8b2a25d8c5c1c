// A network as it works: a column for each layer with what leaves it, and one of them to be looked at closely.

import { el, fill, shape, whole } from "../lib/dom.js";
import { term } from "../lib/glossary.js";
import { draw, images, onTheme } from "../lib/pixels.js";

const GAP = 1; // pixels of paper between two maps
const ACROSS = 2; // maps side by side

/** Images of equal size in rows, as one: { pixels, columns }. */
export function tiled(parts, size, across) {
  const rows = parts[0].length / size;
  const wide = Math.min(across, parts.length);
  const columns = wide * (size + GAP) - GAP;
  const pixels = new Uint8Array(columns * (Math.ceil(parts.length / wide) * (rows + GAP) - GAP));
  parts.forEach((part, place) => {
    const corner = Math.floor(place / wide) * (rows + GAP) * columns + (place % wide) * (size + GAP);
    for (let row = 0; row < rows; row += 1) pixels.set(part.subarray(row * size, (row + 1) * size), corner + row * columns);
  });
  return { pixels, columns };
}

/** A layer's name, which may break where a word of it begins. */
const breakable = (name) => name.split(/(?<=[a-z\dD])(?=[A-Z][a-z])/).flatMap((word, place) => (place ? [el("wbr"), word] : [word]));
const isNumber = ({ output_shape: sides }) => sides.length === 1 && sides[0] === 1;
const number = (value) => (Math.abs(value) >= 100 ? whole(value) : value.toPrecision(2));

/** What leaves a layer, in words. */
function told(made) {
  const { layer, output_shape: sides, low, high, maps: { shape: [count, rows, columns] } } = made;
  if (isNumber(made)) return `${layer}: one number, ${number(low)}.`;
  const shown = sides.length > 1 ? `${whole(count)} of ${whole(sides[0])} feature maps` : `${whole(Math.min(rows * columns, sides[0]))} of ${whole(sides[0])} numbers`;
  return `${layer}: ${shape(sides)}. ${shown}, from ${number(low)} to ${number(high)}, from paper to ink.`;
}

/**
 * { node, show(lines) }: a line is what leaves each layer on the way of one image, { name, layers }; all lines go through
 * the same layers. `most`: maps shown of each, small; all that there are when one is looked at.
 */
export function layerMaps(label, most) {
  const table = el("div", { className: `layer-maps scroll ${most > ACROSS * ACROSS ? "tall" : ""}`, tabIndex: 0, role: "region", "aria-label": label });
  const closely = el("figure", { className: "closely", hidden: true });
  const node = el("div", { className: "stack" }, table, closely);
  let lines = [];
  let cells = []; // a canvas for each layer of each line
  let made = ""; // for which layers
  let chosen = null; // [line, layer]

  function paint() {
    lines.forEach(({ layers }, line) =>
      layers.forEach((layer, place) => {
        const { maps } = layer;
        const [canvas, single] = cells[line][place].children;
        canvas.hidden = isNumber(layer);
        single.textContent = isNumber(layer) ? number(layer.low) : "";
        if (canvas.hidden) return;
        const { pixels, columns } = tiled(images(maps).slice(0, most), maps.shape[2], ACROSS);
        draw(canvas, pixels, columns);
      }),
    );
    look();
  }

  function look() {
    cells.forEach((row, line) => row.forEach((cell, place) => cell.setAttribute("aria-pressed", String(chosen?.[0] === line && chosen[1] === place))));
    const layer = chosen && lines[chosen[0]]?.layers[chosen[1]];
    closely.hidden = !layer;
    if (!layer) return;
    const { maps } = layer;
    const parts = images(maps);
    const canvases = closely.querySelectorAll("canvas");
    if (canvases.length !== parts.length) {
      const made = parts.map(() => el("canvas", { className: "pixelated", "aria-hidden": "true" }));
      fill(closely, el("figcaption", { className: "help" }), el("div", { className: "row" }, made));
    }
    const [caption, row] = closely.children;
    const [name, ...rest] = told(layer).split(":");
    if (!caption.contains(document.activeElement)) fill(caption, lines.length > 1 ? `${lines[chosen[0]].name}, ` : "", term(name), `:${rest.join(":")}`);
    [...row.children].forEach((canvas, place) => draw(canvas, parts[place], maps.shape[2]));
  }

  function press(line, place) {
    chosen = chosen?.[0] === line && chosen[1] === place ? null : [line, place];
    look();
  }

  function build() {
    cells = lines.map(({ layers }, line) =>
      layers.map((_, place) => el("button", { type: "button", className: "maps", onclick: () => press(line, place) }, el("canvas", { className: "pixelated", "aria-hidden": "true" }), el("span"))),
    );
    const columns = lines[0].layers.map((layer, place) =>
      el(
        "div",
        { className: "layer-column" },
        cells.map((row) => row[place]),
        el("strong", {}, term(layer.layer, breakable(layer.layer))),
        el("span", { className: "help" }, layer.output_shape.join("×")),
      ),
    );
    const names = lines.length > 1 ? el("div", { className: "layer-column names" }, lines.map(({ name }) => el("span", { className: "help" }, name))) : null;
    fill(table, names, columns);
  }

  onTheme(paint);
  return {
    node,
    show(given) {
      lines = given;
      const wanted = lines.map(({ name, layers }) => `${name}: ${layers.map((layer) => `${layer.layer} ${layer.output_shape}`)}`).join("\n");
      if (made !== wanted) {
        made = wanted;
        chosen = null;
        build();
      }
      lines.forEach(({ name, layers }, line) => layers.forEach((layer, place) => cells[line][place].setAttribute("aria-label", `${lines.length > 1 ? `${name}, ` : ""}${told(layer)}`)));
      paint();
    },
  };
}
