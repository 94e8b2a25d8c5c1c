// What was made of an import: the server's sentences, and the first images of each class.

import { get } from "../lib/api.js";
import { el, fill, whole } from "../lib/dom.js";
import { draw, fromPng } from "../lib/pixels.js";

const MOST_COLUMNS = 10; // as the server draws them
const FEW = 4; // classes whose names have room to lie; those of more stand

/** { node, show(data) }: a data set as the server describes it. */
export function dataReport() {
  const sentences = el("ul", { className: "sentences" });
  const labels = el("div", { className: "labels", "aria-hidden": "true" });
  const canvas = el("canvas", { className: "pixelated", role: "img" });
  const figure = el("figure", { className: "samples", hidden: true }, labels, canvas);
  const node = el("div", { className: "stack close" }, sentences, figure);
  let shown = null; // the data set

  async function look(data) {
    const names = data.classes.slice(0, MOST_COLUMNS);
    const found = await fromPng(await get(`/api/datasets/${encodeURIComponent(data.name)}/preview.png`));
    if (shown !== data) return;
    const label = ({ name, train, test }) => el("span", { title: name }, el("span", {}, name), el("small", {}, whole(train + test)));
    fill(labels, names.map(label));
    labels.classList.toggle("standing", names.length > FEW);
    figure.style.setProperty("--columns", names.length || MOST_COLUMNS);
    const more = data.classes.length - names.length;
    canvas.setAttribute("aria-label", names.length ? `Images of ${names.map(({ name }) => name).join(", ")}, a column each${more ? `; ${more} more classes are not shown` : ""}` : `Images of ${data.name}`);
    canvas.dataset.shown = data.name;
    figure.hidden = false;
    draw(canvas, found.pixels, found.columns);
  }

  return {
    node,
    show(data) {
      const known = shown?.name === data.name && shown.created === data.created;
      if (known) return;
      shown = data;
      figure.hidden = true;
      fill(sentences, data.report.map((sentence) => el("li", {}, sentence)));
      look(data).catch(() => {}); // its sentences are there
    },
  };
}
