// The choice of a model, and what it learned from.

import { get } from "../lib/api.js";
import { el, fill, freshId } from "../lib/dom.js";

/** { node, found(), list(wanted) }; `change(name)` is told of another choice. */
export function modelChoice(change) {
  const id = freshId("model");
  const select = el("select", { id, onchange: choose });
  const about = el("p", { className: "help" });
  let models = [];

  const found = () => models.find(({ name }) => name === select.value);
  function describe() {
    const { data, frechet, finished } = found();
    const fid = frechet === null ? "" : `, FID ${frechet.toFixed(frechet < 10 ? 1 : 0)}`;
    about.textContent = `Learned from ${data}${fid}${finished ? "" : ", not finished"}.`;
  }
  function choose() {
    describe();
    change(select.value);
  }
  return {
    node: el("div", { className: "field" }, el("label", { htmlFor: id }, "Model"), select, about),
    /** What is chosen, as the server describes it; nothing as long as it has not answered. */
    found,
    /** Ask which models there are; answers the name that is chosen: the one wanted, or the bundled one. */
    async list(wanted) {
      try {
        ({ models } = await get("/api/models"));
      } catch {
        return wanted;
      }
      const chosen = models.some(({ name }) => name === wanted) ? wanted : models.at(-1).name;
      fill(select, models.map(({ name }) => el("option", { value: name, selected: name === chosen }, name)));
      describe();
      return chosen;
    },
  };
}
