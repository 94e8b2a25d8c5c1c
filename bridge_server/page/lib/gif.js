// Grey pictures as an animated GIF that never ends. The format: GIF89a, W3C, 1990; LZW as Welch 1984 has it.

const CLEAR = 256;
const END = 257;
const MOST_CODES = 4096;
const BLOCK = 255; // bytes of compressed data in a piece

/** Greys, 0 to 255, as LZW codes of growing width, packed from the lowest bit on. */
function compressed(pixels) {
  const bytes = [];
  let [held, bits] = [0, 0];
  let width = 9;
  let next = END + 1;
  let known = new Map(); // the code of a known run and the pixel behind it, by both
  const put = (code) => {
    held |= code << bits;
    bits += width;
    for (; bits >= 8; bits -= 8) {
      bytes.push(held & 0xff);
      held >>>= 8;
    }
  };
  put(CLEAR);
  let run = pixels[0];
  for (let at = 1; at < pixels.length; at += 1) {
    const longer = (run << 8) | pixels[at];
    const code = known.get(longer);
    if (code !== undefined) {
      run = code;
      continue;
    }
    put(run);
    run = pixels[at];
    if (next === MOST_CODES) {
      put(CLEAR);
      [known, next, width] = [new Map(), END + 1, 9];
      continue;
    }
    if (next === 1 << width) width += 1;
    known.set(longer, next);
    next += 1;
  }
  put(run);
  put(END);
  if (bits) bytes.push(held & 0xff);
  return bytes;
}

const short = (number) => [number & 0xff, number >> 8];

function enlarged(pixels, columns, scale) {
  const wide = columns * scale;
  const made = new Uint8Array(pixels.length * scale * scale);
  for (let at = 0; at < made.length; at += 1) made[at] = pixels[Math.floor(Math.floor(at / wide) / scale) * columns + Math.floor((at % wide) / scale)];
  return made;
}

/**
 * A moving picture, as a Blob. `frames` are { pixels, columns } of the same size, `scale` the pixels to the side of one of
 * theirs, `ms` and `last` how long each is shown and the last of them.
 */
export function gif(frames, { scale, ms, last = ms }) {
  const [{ pixels: first, columns }] = frames;
  const [width, height] = [columns * scale, (first.length / columns) * scale];
  const parts = [
    Uint8Array.of(...new TextEncoder().encode("GIF89a"), ...short(width), ...short(height), 0xf7, 0, 0),
    Uint8Array.from({ length: 768 }, (_, at) => Math.floor(at / 3)),
    Uint8Array.of(0x21, 0xff, 11, ...new TextEncoder().encode("NETSCAPE2.0"), 3, 1, 0, 0, 0),
  ];
  frames.forEach(({ pixels }, place) => {
    const hundredths = Math.round((place === frames.length - 1 ? last : ms) / 10);
    parts.push(Uint8Array.of(0x21, 0xf9, 4, 0, ...short(hundredths), 0, 0, 0x2c, 0, 0, 0, 0, ...short(width), ...short(height), 0, 8));
    const content = compressed(enlarged(pixels, columns, scale));
    for (let at = 0; at < content.length; at += BLOCK) {
      const piece = content.slice(at, at + BLOCK);
      parts.push(Uint8Array.of(piece.length, ...piece));
    }
    parts.push(Uint8Array.of(0));
  });
  return new Blob([...parts, Uint8Array.of(0x3b)], { type: "image/gif" });
}
