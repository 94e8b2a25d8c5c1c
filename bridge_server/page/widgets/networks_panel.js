// Both networks at a glance, layer by layer, with what the server has to remark; they may be edited, and are one's own then.

import { get, post } from "../lib/api.js";
import { el, fill, say, shape, whole } from "../lib/dom.js";
import { linked, term } from "../lib/glossary.js";
import { editNetworks } from "./networks_editor.js";

const GAME = ["preset", "loss", "batch_size", "learning_rate", "beta1", "r1", "label_smoothing"];
const USUAL = "fast"; // what StartRun takes unless given

/** A data set that is gone, as the form says, has no classes to build networks for. */
const unlessGone = (error) => {
  if (error.status !== 404) throw error;
};

function table(name, { rows, parameters }) {
  return el(
    "div",
    { className: "scroll layers", tabIndex: 0, role: "region", "aria-label": name },
    el(
      "table",
      {},
      el("caption", {}, term(name.toLowerCase(), name), el("span", { className: "help" }, ` ${whole(parameters)} `, term("parameters"))),
      el("thead", {}, el("tr", {}, ["", "Layer", "Output shape", "Parameters"].map((word) => el("th", { scope: "col" }, word && term(word.toLowerCase(), word))))),
      el(
        "tbody",
        {},
        rows.map((row) =>
          el(
            "tr",
            {},
            el("td", {}, String(row.place)),
            el("td", {}, term(row.layer)),
            el("td", {}, shape(row.output_shape)),
            el("td", {}, row.parameters ? whole(row.parameters) : "-"),
          ),
        ),
      ),
    ),
  );
}

/**
 * { node, field, show(settings), build(schemas), take(networks, preset) }: settings as the form has them, of which those edited here are the field
 * `networks`. `show` answers what the server says of them, and throws what it finds wrong. `changed()` is told when they
 * were edited, and `settingsNow()` answers those that the form has at this moment.
 */
export function networksPanel(changed, settingsNow) {
  const summary = el("span", { className: "help" });
  const tables = el("div", { className: "stack" });
  const about = el("p", { className: "help" });
  const wrong = el("p", { className: "wrong", role: "alert" });
  const edit = el("button", { type: "button", onclick: work }, "Edit layers");
  const back = el("button", { type: "button", className: "quiet", hidden: true, onclick: letGo }, "Back to the preset's");
  const node = el(
    "details",
    {},
    el("summary", {}, "Networks ", summary),
    el("div", { className: "stack" }, el("div", { className: "row" }, edit, back), about, wrong, tables),
  );
  let own = null; // { networks, preset }: edited here
  let draft = null; // the same, where the editor was left without using it
  let last = {}; // the settings
  let presets = [USUAL];

  function tell() {
    back.hidden = !own;
    edit.disabled = Boolean(last.start_from);
    about.textContent = last.start_from
      ? "A training that starts from a model has its networks. To change them, leave Start from empty and begin with the model's in the editor."
      : own
        ? `Networks of your own, trained as ${own.preset}'s are unless a preset is chosen.`
        : "";
  }

  async function work() {
    last = settingsNow(); // those shown are asked about a moment after they change
    const { preset = USUAL } = last;
    const game = Object.fromEntries(GAME.filter((name) => name in last && name !== "preset").map((name) => [name, last[name]]));
    edit.disabled = true;
    try {
      const set = last.data && (await get(`/api/datasets/${encodeURIComponent(last.data)}`).catch(unlessGone));
      const edited = await editNetworks({ given: own ?? { preset }, draft, presets, game, classes: set?.classes.length });
      draft = edited?.used ? null : edited;
      if (draft) say("Your changes of the layers are kept: Edit layers goes on with them.");
      if (edited?.used) {
        own = edited;
        changed();
      }
    } catch (error) {
      say(error.message, "bad");
    } finally {
      tell();
      edit.focus();
    }
  }

  function letGo() {
    own = draft = null;
    changed();
    tell();
    edit.focus();
  }

  return {
    node,
    field: {
      name: "networks",
      node,
      input: edit,
      value: () => own?.networks,
      complain: (text) => (wrong.textContent = text),
    },
    /** The preset by whose settings networks of one's own are trained where the form chooses none. */
    preset: () => own?.preset,
    /** Have the networks of a run be edited on, or the preset's where it has none of its own. */
    take(networks, preset) {
      draft = null;
      own = networks ? { networks, preset: preset ?? USUAL } : null;
      tell();
    },
    build({ StartRun }) {
      presets = StartRun.properties.preset.anyOf.find((kind) => kind.enum).enum;
    },
    async show(settings) {
      last = settings;
      tell();
      const { networks, ...rest } = settings;
      const asked = Object.fromEntries(GAME.filter((name) => name in rest).map((name) => [name, rest[name]]));
      if (settings.start_from) asked.model = settings.start_from; // whose networks they are
      else asked.preset ??= USUAL;
      const found = await post("/api/networks/check", { ...asked, ...networks });
      wrong.textContent = "";
      const parameters = found.generator.parameters + found.discriminator.parameters;
      summary.textContent = `${networks ? "your own, " : ""}${whole(parameters)} parameters, about ${whole(found.memory / 1e6)} MB`;
      fill(
        tables,
        found.remarks.map((remark) => linked(el("p", { className: "remark" }), remark)),
        table("Generator", found.generator),
        table("Discriminator", found.discriminator),
      );
      return found;
    },
  };
}
