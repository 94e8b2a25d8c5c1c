// A file that ganmnist has written, chosen or dropped anywhere on Play: the digits that it came from are shown again.

import { call } from "../lib/api.js";
import { el, say } from "../lib/dom.js";
import { onDrop } from "../lib/dropped.js";
import { offer } from "../lib/me.js";
import { floats } from "../lib/pixels.js";
import { exact, MAX_COUNT, MEASURES } from "../lib/state.js";

/** { node }; `shown(part)` gets the part of a state that the file says. */
export function restoring(shown) {
  const file = el("input", { type: "file", hidden: true, "aria-label": "File to restore", onchange: () => take(file.files[0]) });
  const button = el("button", { type: "button", onclick: () => file.click(), title: "A PNG, 3DM or another file that ganmnist has written; or drop it on the page" }, "Restore a file");
  const node = el("span", {}, button, file);
  offer({ restore: node });

  async function take(chosen) {
    if (!chosen) return;
    try {
      const { model, z, count, record, remarks } = await call("POST", "/api/restore", { body: chosen, type: "application/octet-stream" });
      const vectors = floats(z, count).slice(0, MAX_COUNT).map((vector) => [...vector].map(exact));
      const { form, ...geometry } = record.geometry;
      const measures = Object.fromEntries(MEASURES.map((name) => [name, geometry[name] ?? null]));
      shown({ model, digit: null, seed: record.seed, count: vectors.length, z: vectors, form, ...measures });
      for (const remark of remarks) say(remark, "bad");
      const more = count - vectors.length;
      say(`${chosen.name}: ${more ? `the first ${vectors.length} digits, of ${count}` : "its digits are here again"}.`, "good");
    } catch (error) {
      say(error.message.replace(/^the file(?=:)/, chosen.name), "bad"); // whose name the server is not told
    } finally {
      file.value = "";
    }
  }

  onDrop(node, take);
  return { node };
}
