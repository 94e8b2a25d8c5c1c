// Pixels: from the bytes of an answer to ink on a canvas, in the colours of the page.

export function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** The images of an answer, each as bytes of its own. */
export function images({ shape: [count, rows, columns], data }) {
  const all = bytes(data);
  return Array.from({ length: count }, (_, at) => all.subarray(at * rows * columns, (at + 1) * rows * columns));
}

/** So many vectors of floats, a Float32Array each. */
export function floats(base64, count) {
  const all = new Float32Array(bytes(base64).buffer);
  const length = all.length / count;
  return Array.from({ length: count }, (_, at) => all.slice(at * length, (at + 1) * length));
}

/** The latents of the digits of an answer, each a whole vector: sent again as `z`, it gives the same digit. */
export const latents = ({ z, images: { shape } }) => floats(z, shape[0]);

let ink = null; // the grey of each pixel as the page shows it
const known = new Map(); // colours by their names
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => known.clear());
/** Called when light turns dark or back: what is drawn in the page's colours has to be drawn again; images have their own. */
export const onTheme = (work) => dark.addEventListener("change", work);

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A colour of the page as [r, g, b], 0 to 255. */
export function rgb(name) {
  if (!known.has(name)) {
    const value = colour(name);
    known.set(name, [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16)));
  }
  return known.get(name);
}

function ramp() {
  const [paper, pen] = [rgb("--paper"), rgb("--ink")];
  const table = new Uint32Array(256);
  for (let white = 0; white < 256; white += 1) {
    const [r, g, b] = paper.map((low, at) => Math.round(low + ((pen[at] - low) * white) / 255));
    table[white] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return table;
}

/** Put grey pixels, row by row, on a canvas as ink on paper; the canvas gets their size unless a place is given. */
export function draw(canvas, pixels, columns, at = null) {
  ink ??= ramp();
  const rows = pixels.length / columns;
  if (!at && (canvas.width !== columns || canvas.height !== rows)) [canvas.width, canvas.height] = [columns, rows];
  const picture = new ImageData(columns, rows);
  const words = new Uint32Array(picture.data.buffer);
  for (let place = 0; place < pixels.length; place += 1) words[place] = ink[pixels[place]];
  // In memory, the page paints it with its own; from the graphics card each canvas would be a layer to put together.
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(picture, ...(at ?? [0, 0]));
}

/** The pixels of a canvas in which all is grey, row by row. */
export function greys(pen) {
  const { data } = pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height);
  return Uint8Array.from({ length: data.length / 4 }, (_, at) => data[4 * at]);
}

/** The grey pixels of a PNG, and how many columns they have. */
export async function fromPng(blob) {
  const bitmap = await createImageBitmap(blob);
  const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  pen.drawImage(bitmap, 0, 0);
  return { columns: bitmap.width, pixels: greys(pen) };
}
