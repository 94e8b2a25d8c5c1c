// Loss curves, drawn by us: every value as a faint line, their running mean as a strong one.

import { colour, onTheme } from "../lib/pixels.js";

const MARGIN = { left: 44, right: 10, top: 10, bottom: 24 };

/** A canvas that shows lines: { node, show({ lines: [{ name, colour, values }], most }) }. */
export function curves(label) {
  const node = document.createElement("canvas");
  node.className = "curves";
  node.setAttribute("role", "img");
  let last = { lines: [], most: 0 };
  let asked = 0;
  const soon = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      paint(node, last);
    });
  };
  new ResizeObserver(soon).observe(node);
  onTheme(soon);
  return {
    node,
    show(given) {
      last = given;
      const ends = given.lines.map(({ name, values }) => `${name} ${values.at(-1)?.toFixed(2) ?? "-"}`);
      node.setAttribute("aria-label", `${label}: ${ends.join(", ")}`);
      soon();
    },
  };
}

/** The number at a mark, short enough for the margin when losses run away: 300K. */
const brief = (mark) => (Math.abs(mark) < 1e4 ? String(Number(mark.toPrecision(6))) : mark.toLocaleString("en", { notation: "compact" }));

/** A step between marks on an axis that reads well: 1, 2 or 5 times a power of ten. */
function step(range, marks) {
  const rough = range / marks;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].find((times) => times * power >= rough) * power;
}

/** The mean as it runs, without the lean to zero that it would have at the beginning. */
function smooth(values) {
  const keep = Math.min(0.97, Math.max(0, 1 - 12 / Math.max(values.length, 1)));
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

function paint(canvas, { lines, most }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return;
  const scale = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.font = "11px system-ui, sans-serif";
  const all = lines.flatMap(({ values }) => values);
  const sorted = Float64Array.from(all).sort();
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  let [low, high] = sorted.length ? [Math.min(0, at(0.005)), at(0.995)] : [0, 1]; // one spike must not flatten the rest
  if (high - low < 1e-3) high = low + 1;
  high += (high - low) * 0.06;
  const right = width - MARGIN.right;
  const foot = height - MARGIN.bottom;
  const y = (value) => foot - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (foot - MARGIN.top);

  pen.strokeStyle = colour("--line");
  pen.fillStyle = colour("--muted");
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  const apart = step(high - low, 4);
  for (let mark = Math.ceil(low / apart) * apart; mark <= high; mark += apart) {
    const level = Math.round(y(mark)) + 0.5;
    pen.beginPath();
    pen.moveTo(MARGIN.left, level);
    pen.lineTo(right, level);
    pen.stroke();
    pen.fillText(brief(mark), MARGIN.left - 8, level);
  }
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  pen.fillText("0", MARGIN.left, height - 7);
  pen.textAlign = "right";
  if (most) pen.fillText(`step ${most.toLocaleString("en")}`, right, height - 7);

  for (const { values, colour: name } of lines) {
    const x = (place) => MARGIN.left + (place / Math.max(values.length - 1, 1)) * (right - MARGIN.left);
    const trace = (numbers) => {
      const every = Math.max(1, Math.floor(numbers.length / (2 * width)));
      pen.beginPath();
      for (let place = 0; place < numbers.length; place += every) pen.lineTo(x(place), y(numbers[place]));
      pen.stroke();
    };
    pen.strokeStyle = colour(name);
    pen.lineJoin = "round";
    pen.globalAlpha = 0.25;
    pen.lineWidth = 1;
    trace(values);
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    trace(smooth(values));
  }
}
