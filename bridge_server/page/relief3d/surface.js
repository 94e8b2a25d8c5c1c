// The surface of a digit: 28 x 28 pixels smoothed by a cubic B-spline, with its slopes.

const PIXELS = 28;
export const SIDE = 112; // readings along a side

/** For each reading the four pixels that it is a mean of, their weights, and the weights of its slope. */
const TAPS = Array.from({ length: SIDE }, (_, at) => {
  const spot = ((at + 0.5) * PIXELS) / SIDE - 0.5;
  const cell = Math.floor(spot);
  const f = spot - cell;
  return {
    places: [-1, 0, 1, 2].map((by) => Math.min(PIXELS - 1, Math.max(0, cell + by))),
    weights: [(1 - f) ** 3 / 6, (4 - 6 * f * f + 3 * f ** 3) / 6, (1 + 3 * f + 3 * f * f - 3 * f ** 3) / 6, f ** 3 / 6],
    slopes: [-((1 - f) ** 2) / 2, (3 * f * f - 4 * f) / 2, (1 + 2 * f - 3 * f * f) / 2, (f * f) / 2].map((slope) => slope * PIXELS),
  };
});

/** Height, slopes along rows and columns (heights per side), and the pixel as it is, for each of SIDE x SIDE readings. */
export function surface(pixels) {
  const heights = new Float32Array(PIXELS * SIDE); // of each row of pixels, smoothed along it
  const slopes = new Float32Array(PIXELS * SIDE);
  for (let row = 0; row < PIXELS; row += 1) {
    for (let at = 0; at < SIDE; at += 1) {
      const taps = TAPS[at];
      for (let tap = 0; tap < 4; tap += 1) {
        const white = pixels[row * PIXELS + taps.places[tap]] / 255;
        heights[row * SIDE + at] += taps.weights[tap] * white;
        slopes[row * SIDE + at] += taps.slopes[tap] * white;
      }
    }
  }
  const made = new Float32Array(4 * SIDE * SIDE);
  for (let row = 0; row < SIDE; row += 1) {
    const { places, weights, slopes: steep } = TAPS[row];
    for (let at = 0; at < SIDE; at += 1) {
      const place = 4 * (row * SIDE + at);
      for (let tap = 0; tap < 4; tap += 1) {
        const from = places[tap] * SIDE + at;
        made[place] += weights[tap] * heights[from];
        made[place + 1] += weights[tap] * slopes[from];
        made[place + 2] += steep[tap] * heights[from];
      }
      made[place + 3] = pixels[Math.floor((row * PIXELS) / SIDE) * PIXELS + Math.floor((at * PIXELS) / SIDE)] / 255;
    }
  }
  return made;
}
