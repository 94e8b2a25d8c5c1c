// One network as a list of layers to be edited: added, moved by mouse, finger or buttons, removed, their numbers changed.

import { el, fill, freshId, shape, whole } from "../lib/dom.js";
import { term } from "../lib/glossary.js";
import { layerFields } from "./layer_fields.js";

/** { node, set(layers), value(), isRight(), show(table) }; `kinds` are the layers there are, `change()` is told of changes. */
export function layerList(title, kinds, change) {
  const list = el("ol", { className: "layer-list" });
  const moved = el("p", { className: "hidden", role: "status" });
  const total = el("span", { className: "help" });
  const id = freshId("kind");
  const kind = el("select", { id }, kinds.map(({ name }) => el("option", { value: name }, name)));
  const add = el("button", { type: "button", onclick: () => insert() }, "Add");
  const wrong = el("p", { className: "wrong", role: "alert" });
  const node = el(
    "section",
    { className: "network", "aria-label": title },
    el("h3", {}, term(title.toLowerCase(), title), " ", total),
    list,
    wrong,
    el("div", { className: "row add" }, el("label", { htmlFor: id }, "Layer"), kind, add),
    moved,
  );
  let rows = []; // { node, name, fields, place, sides, costs, wrong }
  let touched = null; // the row behind which a layer is added; at the end unless there is one

  function button(words, label, work, className = "quiet") {
    return el("button", { type: "button", className, "aria-label": label, title: label, onclick: work }, words);
  }

  function made(layer) {
    const name = layer.layer;
    const row = { name, place: el("span", { className: "place" }), sides: el("span", { className: "sides" }), costs: el("span", { className: "help" }), wrong: el("p", { className: "wrong", role: "alert" }) };
    row.fields = layerFields(layer, kinds.find((each) => each.name === name).parameters, change);
    row.grip = button("⠿", `Drag ${name}, or move it with the arrow keys`, () => {}, "grip");
    row.grip.addEventListener("pointerdown", (event) => drag(row, event));
    row.grip.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      shift(row, by, row.grip);
    });
    row.up = button("↑", `Move ${name} up`, () => shift(row, -1, row.up));
    row.down = button("↓", `Move ${name} down`, () => shift(row, 1, row.down));
    row.node = el(
      "li",
      { className: "layer-row" },
      row.grip,
      row.place,
      el("strong", {}, term(name)),
      el("span", { className: "gives" }, row.sides, row.costs),
      el("span", { className: "moves" }, row.up, row.down, button("×", `Remove ${name}`, () => remove(row))),
      row.fields.node,
      row.wrong,
    );
    row.node.addEventListener("focusin", () => {
      touched = row;
      number();
    });
    return row;
  }

  /** Say at each row where it stands, and at the button where a layer would go. */
  function number() {
    rows.forEach((row, place) => {
      row.place.textContent = String(place + 1);
      row.up.disabled = place === 0;
      row.down.disabled = place === rows.length - 1;
    });
    const at = rows.indexOf(touched);
    add.textContent = at < 0 ? "Add at the end" : `Add behind ${at + 1} ${touched.name}`;
  }

  function reorder() {
    rows = [...list.children].map((each) => rows.find(({ node: own }) => own === each));
    number();
  }

  function insert() {
    const row = made({ layer: kind.value });
    const at = rows.indexOf(touched);
    if (at < 0) list.append(row.node);
    else touched.node.after(row.node);
    rows.push(row);
    touched = row;
    reorder();
    row.node.querySelector(".parameter")?.focus();
    moved.textContent = `${row.name} is layer ${rows.indexOf(row) + 1} of ${rows.length}.`;
    change();
  }

  function remove(row) {
    const at = rows.indexOf(row);
    row.node.remove();
    rows = rows.filter((each) => each !== row);
    touched = rows[at - 1] ?? null;
    number();
    (rows[at] ?? rows[at - 1])?.grip.focus();
    moved.textContent = `${row.name} is removed; ${rows.length} layers are left.`;
    change();
  }

  function shift(row, by, pressed) {
    const at = rows.indexOf(row);
    const other = rows[at + by];
    if (!other) return;
    if (by < 0) other.node.before(row.node);
    else other.node.after(row.node);
    settle(row);
    (pressed.disabled ? (by < 0 ? row.down : row.up) : pressed).focus();
  }

  function settle(row) {
    reorder();
    moved.textContent = `${row.name} is layer ${rows.indexOf(row) + 1} of ${rows.length}.`;
    change();
  }

  /** Let a row follow the pointer, over the middles of the others. */
  function drag(row, { pointerId, button: pressed }) {
    if (pressed) return;
    const before = rows;
    row.grip.setPointerCapture(pointerId);
    row.node.classList.add("dragged");
    const follow = ({ clientY }) => {
      const others = [...list.children].filter((each) => each !== row.node);
      const next = others.find((each) => {
        const { top, height } = each.getBoundingClientRect();
        return clientY < top + height / 2;
      });
      if (next !== row.node.nextElementSibling) list.insertBefore(row.node, next ?? null);
    };
    const end = () => {
      row.grip.removeEventListener("pointermove", follow);
      row.node.classList.remove("dragged");
      reorder();
      if (rows.some((each, place) => each !== before[place])) settle(row);
    };
    row.grip.addEventListener("pointermove", follow);
    row.grip.addEventListener("lostpointercapture", end, { once: true });
  }

  /** Show no shapes and no sums, nor what did not fit: they are of other layers than those there now. */
  function clear() {
    for (const row of rows) {
      row.sides.textContent = "?";
      row.costs.textContent = row.wrong.textContent = "";
      row.node.classList.remove("misfit");
    }
    wrong.textContent = total.textContent = "";
  }

  return {
    node,
    clear,
    set(layers) {
      rows = layers.map(made);
      touched = null;
      fill(list, rows.map((row) => row.node));
      number();
    },
    value: () => ({ layers: rows.map(({ fields }) => fields.value()) }),
    isRight: () => rows.length > 0 && rows.every(({ fields }) => fields.isRight()),
    /** Show what the server makes of it: the shapes as far as they fit, and what does not at its layer. */
    show({ rows: found, misfit, parameters, multiply_adds: costs }) {
      rows.forEach((row, place) => {
        const known = found[place];
        row.sides.textContent = known ? shape(known.output_shape) : "?";
        row.costs.textContent = known ? [known.parameters && `${whole(known.parameters)} parameters`, known.multiply_adds && `${whole(known.multiply_adds)} multiply-adds`].filter(Boolean).join(", ") : "";
        const here = misfit?.place === place + 1;
        const said = here ? misfit.message.replace(/^layer \d+ \w+ /, "") : "";
        if (row.wrong.textContent !== said) row.wrong.textContent = said;
        row.node.classList.toggle("misfit", here);
      });
      wrong.textContent = "";
      total.textContent = misfit ? `does not fit at layer ${misfit.place}` : `${whole(parameters)} parameters, ${whole(costs)} multiply-adds`;
    },
    /** Say what the server refuses, at its layer where it names one. */
    complain(message) {
      clear();
      const [, place] = /layer (\d+)/.exec(message) ?? [];
      const row = rows[place - 1];
      (row?.wrong ?? wrong).textContent = message;
      row?.node.classList.add("misfit");
    },
  };
}
