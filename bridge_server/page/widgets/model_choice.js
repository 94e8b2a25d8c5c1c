// The choice of a model, and what it learned from.

import { el, fill, freshId, say, whole } from "../lib/dom.js";
import { linked } from "../lib/glossary.js";
import { modelNamed, newest } from "../lib/lists.js";

const SHOWN = 100; // models at first, and so many more each time that more are asked for
const MORE = ""; // no model is called so
const ALWAYS = "bundled"; // the model that is there whatever else is

/** { node, found(), list(wanted) }; `change(name)` is told of another choice. */
export function modelChoice(change) {
  const id = freshId("model");
  const select = el("select", { id, onchange: choose });
  const about = el("p", { className: "help" });
  let models = [];
  let most = SHOWN;
  let chosen = "";

  const found = () => models.find(({ name }) => name === select.value);
  function describe() {
    const { data, frechet, finished } = found();
    const fid = frechet === null ? "" : `, FID ${frechet.toFixed(frechet < 10 ? 1 : 0)}`;
    linked(about, `Learned from ${data}${fid}${finished ? "" : ", not finished"}.`);
  }
  async function choose() {
    if (select.value === MORE) {
      most += SHOWN;
      select.value = chosen;
      await list(chosen);
      return;
    }
    chosen = select.value;
    describe();
    change(chosen);
  }
  async function list(wanted) {
    let more;
    try {
      ({ items: models, more } = await newest("/api/models", "models", most));
      const older = more && wanted && !models.some(({ name }) => name === wanted) ? await modelNamed(wanted) : undefined;
      if (older) models.splice(-1, 0, older);
      if (older) more -= 1;
    } catch {
      return wanted;
    }
    const named = (sought) => models.find(({ name }) => name === sought);
    chosen = (named(wanted) ?? named(ALWAYS) ?? models.at(-1)).name;
    if (wanted && chosen !== wanted) say(`There is no model ${wanted} any more, so ${chosen} is shown.`, "bad");
    const options = models.map(({ name }) => el("option", { value: name, selected: name === chosen }, name));
    fill(select, options, more ? el("option", { value: MORE }, `and ${whole(more)} more …`) : null);
    describe();
    return chosen;
  }
  return {
    node: el("div", { className: "field" }, el("label", { htmlFor: id }, "Model"), select, about),
    /** What is chosen, as the server describes it; nothing as long as it has not answered. */
    found,
    /** Ask which models there are; answers the name that is chosen: the one wanted, or the bundled one, which is said. */
    list,
  };
}
