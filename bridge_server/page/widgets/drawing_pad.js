// A pad to draw a digit on, with mouse, finger or pen, or to put a picture on.

import { el } from "../lib/dom.js";
import { draw, greys } from "../lib/pixels.js";

const SIDE = 336; // pixels along a side of the pad
const READ = 112; // and of the image that the server gets
const PEN = SIDE / 13; // about an eighth of a digit's height, as people wrote for MNIST
const FAINT = 12; // greys by which a picture's ink differs from its paper, at least
const NOISE = 6; // times the paper's own noise that it differs by
const CORNER = 10; // pixels along a side of a corner that shows the paper

const context = (side) => new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });

const median = (values) => values.sort((one, other) => one - other)[values.length >> 1];
const between = ([low, high], at, [start, end]) => low + ((high - low) * (at - start)) / Math.max(1, end - start);

/** How light the paper is at a corner of a picture, and how much its noise is away from that. */
function corner(left, top, grey) {
  const places = Array.from({ length: CORNER * CORNER }, (_, at) => (top + Math.floor(at / CORNER)) * SIDE + left + (at % CORNER));
  const paper = median(places.map(grey));
  return { paper, noise: median(places.map((at) => Math.abs(grey(at) - paper))) };
}

/**
 * What is drawn in a picture, white on nothing. Paper is what its corners show, and how light it is between them; ink is what
 * differs from it, on the side where there is more. Where a corner is transparent, all that is not is ink.
 */
function ink(bitmap) {
  const scale = SIDE / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  const [left, top] = [(SIDE - width) / 2, (SIDE - height) / 2];
  const pen = context(SIDE);
  pen.drawImage(bitmap, left, top, width, height);
  const picture = pen.getImageData(0, 0, SIDE, SIDE);
  const { data } = picture;
  const grey = (at) => 0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2];
  const [xs, ys] = [[left, left + width], [top, top + height]].map(([low, high]) => [Math.ceil(low), Math.max(Math.ceil(low), Math.floor(high) - CORNER)]);
  const corners = ys.map((y) => xs.map((x) => corner(x, y, grey)));
  const papers = corners.map((row) => row.map(({ paper }) => paper));
  const least = Math.max(FAINT, ...corners.flat().map(({ noise }) => NOISE * noise));
  const cutOut = data[4 * (ys[0] * SIDE + xs[0]) + 3] < 128;
  const away = Float32Array.from({ length: SIDE * SIDE }, (_, at) => {
    const opaque = data[4 * at + 3];
    if (cutOut || !opaque) return opaque;
    const paper = between(papers.map((row) => between(row, at % SIDE, xs)), Math.floor(at / SIDE), ys);
    return Math.abs(grey(at) - paper) > least ? grey(at) - paper : 0;
  });
  const side = Math.sign(away.reduce((sum, difference) => sum + difference, 0));
  const most = away.reduce((one, difference) => Math.max(one, side * difference), 0);
  if (!most) throw new Error("Nothing stands out in this picture: choose one of a dark digit on light paper, or a light one on dark.");
  away.forEach((difference, at) => data.set([255, 255, 255, (255 * Math.max(0, side * difference)) / most], 4 * at));
  pen.putImageData(picture, 0, 0);
  return pen.canvas;
}

/** { node, empty(), undo(), clear(), put(file), image() }; `changed()` is told whenever something else is drawn. */
export function drawing(changed) {
  const canvas = el("canvas", { className: "sheet", width: SIDE, height: SIDE, role: "img", "aria-label": "Your drawing, empty" });
  const hint = el("p", { className: "empty" }, "Draw a digit here");
  const node = el("div", { className: "easel" }, canvas, hint);
  const pen = context(SIDE); // white on black; the page's colours come when it is shown
  const small = context(READ);
  let parts = []; // strokes as points [x, y], and pictures
  let stroke = null;
  let asked = 0;

  function line(points, from) {
    pen.beginPath();
    pen.moveTo(points[from][0] - 0.01, points[from][1]); // a line of no length would not be drawn
    for (const [x, y] of points.slice(from)) pen.lineTo(x, y);
    pen.stroke();
  }
  function show() {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw(canvas, greys(pen), SIDE);
    });
  }
  function redraw() {
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, SIDE, SIDE);
    Object.assign(pen, { strokeStyle: "#fff", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    for (const part of parts) {
      if (Array.isArray(part)) line(part, 0);
      else pen.drawImage(part, 0, 0);
    }
    show();
  }
  function tell() {
    hint.hidden = parts.length > 0;
    canvas.setAttribute("aria-label", parts.length ? `Your drawing, of ${parts.length} ${parts.length === 1 ? "stroke" : "strokes"}` : "Your drawing, empty");
    changed();
  }

  function extend(event) {
    const box = canvas.getBoundingClientRect();
    const moves = event.getCoalescedEvents?.() ?? [];
    const before = Math.max(0, stroke.length - 1);
    for (const { clientX, clientY } of moves.length ? moves : [event]) {
      stroke.push([((clientX - box.left) / box.width) * SIDE, ((clientY - box.top) / box.height) * SIDE]);
    }
    line(stroke, before);
    show();
    tell();
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    parts.push((stroke = []));
    extend(event);
  });
  canvas.addEventListener("pointermove", (event) => stroke && event.isPrimary && extend(event));
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (stroke = null));
  redraw();

  return {
    node,
    empty: () => !parts.length,
    undo() {
      stroke = null;
      parts.pop();
      redraw();
      tell();
    },
    clear() {
      stroke = null;
      parts = [];
      redraw();
      tell();
    },
    /** Put the picture of a file on an empty pad. Throws if it is none, or if nothing stands out in it. */
    async put(file) {
      let bitmap;
      try {
        bitmap = await createImageBitmap(file);
      } catch {
        throw new Error(`${file.name} is no picture that this browser reads: choose a PNG or a JPEG.`);
      }
      parts = [ink(bitmap)];
      redraw();
      tell();
    },
    /** The drawing as the server takes it. */
    image() {
      small.drawImage(pen.canvas, 0, 0, READ, READ);
      return { shape: [1, READ, READ], data: btoa(String.fromCharCode(...greys(small))) };
    },
  };
}
