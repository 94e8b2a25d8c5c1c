// The latent sheet: digits over two sliders, to move about in with the mouse.

import { post } from "../lib/api.js";
import { el, fill, freshId } from "../lib/dom.js";
import { title } from "../lib/form.js";
import { settled } from "../lib/latest.js";
import { draw, images, latents } from "../lib/pixels.js";
import { STYLE_ATTRIBUTES, request } from "../lib/state.js";

const SIDE = 9; // digits along a side
const REACH = 3; // of either slider, standard deviations
const QUIET_MS = 160; // for which nothing changes before the sheet is drawn anew
const level = (place) => -REACH + (2 * REACH * (place + 0.5)) / SIDE; // of the middle of a cell

/** { node, show(state), rest(measured) }; `move(part)` gets the two sliders as one moves about. */
export function latentMap(move) {
  const canvas = el("canvas", { className: "sheet pixelated", width: 28 * SIDE, height: 28 * SIDE });
  const spot = el("span", { className: "spot", "aria-hidden": "true" });
  const pad = el("div", { className: "pad", tabIndex: 0, role: "application", "aria-roledescription": "map of two sliders" }, canvas, spot);
  const select = (label, chosen) => {
    const id = freshId("axis");
    const made = el("select", { id, onchange: choose }, STYLE_ATTRIBUTES.map((name) => el("option", { value: name, selected: name === chosen }, title(name))));
    return { made, node: el("div", { className: "row" }, el("label", { htmlFor: id }, label), made) };
  };
  const across = select("Across", STYLE_ATTRIBUTES[0]);
  const up = select("Up", STYLE_ATTRIBUTES[1]);
  const node = el("div", { className: "stack" }, el("div", { className: "row" }, across.node, up.node), pad);
  let state = null;
  let measured = {}; // where the digit stands along sliders at auto
  let drawn = ""; // what the sheet shows

  const names = () => [across.made.value, up.made.value];
  function choose() {
    if (across.made.value === up.made.value) {
      const other = this === across.made ? up.made : across.made;
      other.value = STYLE_ATTRIBUTES.find((name) => name !== this.value);
    }
    show(state);
  }

  function paint(cells) {
    cells.forEach((pixels, place) => draw(canvas, pixels, 28, [28 * (place % SIDE), 28 * Math.floor(place / SIDE)]));
  }

  /** The vectors of all cells: latents move in a straight line along either slider, so three tell where all lie. */
  async function vectors(base, x, y) {
    const at = async (one, two) => latents(await post("/api/generate", { ...base, [x]: one, [y]: two, count: 1 }))[0];
    const [middle, right, above] = [await at(0, 0), await at(1, 0), await at(0, 1)];
    return (row) => {
      const [high, width] = [level(SIDE - 1 - row), middle.length];
      const vector = (column) => Array.from({ length: width }, (_, n) => middle[n] + level(column) * (right[n] - middle[n]) + high * (above[n] - middle[n]));
      return Array.from({ length: SIDE }, (_, column) => vector(column).map((number) => Math.max(-10, Math.min(10, number))));
    };
  }

  const renew = settled(async () => {
    const [x, y] = names();
    const asked = { ...request({ ...state, [x]: 0, [y]: 0 }), count: 1 }; // in the same order, whether or not these are set
    const key = JSON.stringify([asked, x, y]);
    if (key === drawn || !node.isConnected) return;
    drawn = key;
    try {
      const row = await vectors(asked, x, y);
      const { model, form } = asked;
      const found = [];
      for (let place = 0; place < SIDE && key === drawn; place += 1) {
        // Row by row, so that a slider never waits for the whole sheet; which is shown whole, as it was until all is there.
        const answer = await post("/api/generate", { model, form, z: row(place) });
        found.push(...images(answer.images));
      }
      if (key !== drawn) return;
      paint(found);
      pad.dataset.shown = key;
    } catch {
      drawn = ""; // the next change tries again; what is wrong, the digits above say
    }
  }, QUIET_MS);

  const stands = (name) => Math.max(-REACH, Math.min(REACH, state[name] ?? measured[name] ?? 0));

  function put() {
    const [x, y] = names();
    const share = (value) => (value + REACH) / (2 * REACH);
    spot.style.left = `${100 * share(stands(x))}%`;
    spot.style.top = `${100 * (1 - share(stands(y)))}%`;
    spot.classList.toggle("unset", state[x] === null || state[y] === null);
    const say = (name) => `${name} ${state[name] === null ? "auto" : state[name].toFixed(2)}`;
    pad.setAttribute("aria-label", `Map: ${say(x)}, ${say(y)}. Arrow keys move.`);
  }

  function show(given) {
    state = given;
    put();
    renew();
  }

  function go(event) {
    const box = pad.getBoundingClientRect();
    const value = (share) => Math.round((Math.min(1, Math.max(0, share)) * 2 * REACH - REACH) * 100) / 100;
    const [x, y] = names();
    move({ [x]: value((event.clientX - box.left) / box.width), [y]: value(1 - (event.clientY - box.top) / box.height) });
  }
  // A finger may be about to scroll the page: it counts once it moves sideways, or is lifted where it was put.
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch") go(event);
  });
  pad.addEventListener("pointermove", (event) => event.buttons && go(event));
  pad.addEventListener("pointerup", (event) => event.pointerType === "touch" && go(event));
  pad.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const moved = names().map((name, axis) => [name, Math.max(-REACH, Math.min(REACH, Math.round((stands(name) + way[axis] * 0.1) * 100) / 100))]);
    move(Object.fromEntries(moved));
  });
  return {
    node,
    show,
    rest(given) {
      measured = given;
      if (state) put();
    },
  };
}
