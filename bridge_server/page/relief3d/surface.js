// The surface of a digit: 28 x 28 pixels smoothed by a cubic B-spline, with its slopes.

const PIXELS = 28;

/** For each of so many readings the four pixels that it is a mean of, their weights, and the weights of its slope. */
const taps = (side) =>
  Array.from({ length: side }, (_, at) => {
    const spot = ((at + 0.5) * PIXELS) / side - 0.5;
    const cell = Math.floor(spot);
    const f = spot - cell;
    return {
      places: [-1, 0, 1, 2].map((by) => Math.min(PIXELS - 1, Math.max(0, cell + by))),
      weights: [(1 - f) ** 3 / 6, (4 - 6 * f * f + 3 * f ** 3) / 6, (1 + 3 * f + 3 * f * f - 3 * f ** 3) / 6, f ** 3 / 6],
      slopes: [-((1 - f) ** 2) / 2, (3 * f * f - 4 * f) / 2, (1 + 2 * f - 3 * f * f) / 2, (f * f) / 2].map((slope) => slope * PIXELS),
    };
  });
const known = new Map(); // by the number of readings along a side

/** Height, slopes along rows and columns (heights per side), and the pixel as it is, for each of side x side readings. */
export function surface(pixels, side) {
  if (!known.has(side)) known.set(side, taps(side));
  const all = known.get(side);
  const heights = new Float32Array(PIXELS * side); // of each row of pixels, smoothed along it
  const slopes = new Float32Array(PIXELS * side);
  for (let row = 0; row < PIXELS; row += 1) {
    for (let at = 0; at < side; at += 1) {
      const { places, weights, slopes: steep } = all[at];
      for (let tap = 0; tap < 4; tap += 1) {
        const white = pixels[row * PIXELS + places[tap]] / 255;
        heights[row * side + at] += weights[tap] * white;
        slopes[row * side + at] += steep[tap] * white;
      }
    }
  }
  const made = new Float32Array(4 * side * side);
  for (let row = 0; row < side; row += 1) {
    const { places, weights, slopes: steep } = all[row];
    for (let at = 0; at < side; at += 1) {
      const place = 4 * (row * side + at);
      for (let tap = 0; tap < 4; tap += 1) {
        const from = places[tap] * side + at;
        made[place] += weights[tap] * heights[from];
        made[place + 1] += weights[tap] * slopes[from];
        made[place + 2] += steep[tap] * heights[from];
      }
      made[place + 3] = pixels[Math.floor((row * PIXELS) / side) * PIXELS + Math.floor((at * PIXELS) / side)] / 255;
    }
  }
  return made;
}
