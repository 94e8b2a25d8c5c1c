// A pad to draw a digit on, with mouse, finger or pen, or to put a picture on.

import { el } from "../lib/dom.js";
import { draw, greys, onTheme } from "../lib/pixels.js";

const SIDE = 336; // pixels along a side of the pad
const READ = 112; // and of the image that the server gets
const PEN = SIDE / 13; // about an eighth of a digit's height, as people wrote for MNIST
const FAINT = 32; // greys by which a picture's ink differs from its paper, at least

const context = (side) => new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });

/** What is drawn in a picture, white on nothing. Its paper is what its first corner shows; without any, all is ink. */
function ink(bitmap) {
  const scale = SIDE / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  const [left, top] = [(SIDE - width) / 2, (SIDE - height) / 2];
  const pen = context(SIDE);
  pen.drawImage(bitmap, left, top, width, height);
  const picture = pen.getImageData(0, 0, SIDE, SIDE);
  const { data } = picture;
  const grey = (at) => 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  const corner = 4 * (Math.ceil(top) * SIDE + Math.ceil(left));
  const cutOut = data[corner + 3] < 128;
  const paper = grey(corner);
  const found = Float32Array.from({ length: SIDE * SIDE }, (_, at) =>
    Math.max(0, data[4 * at + 3] * (cutOut ? 1 : Math.abs(grey(4 * at) - paper) / 255) - FAINT),
  );
  const most = found.reduce((one, other) => Math.max(one, other), 0);
  if (!most) throw new Error("Nothing stands out in this picture: choose one of a dark digit on light paper, or a light one on dark.");
  found.forEach((strength, at) => data.set([255, 255, 255, (255 * strength) / most], 4 * at));
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
  onTheme(show);
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
