// Both networks at a glance: layer by layer, with what the server has to remark.

import { post } from "../lib/api.js";
import { el, fill, whole } from "../lib/dom.js";
import { linked, term } from "../lib/glossary.js";

const GAME = ["preset", "loss", "batch_size", "learning_rate", "beta1", "r1", "label_smoothing"];

function table(name, { rows, parameters }) {
  return el(
    "div",
    { className: "scroll", tabIndex: 0, role: "region", "aria-label": name },
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
            el("td", {}, row.output_shape.join(", ")),
            el("td", {}, row.parameters ? whole(row.parameters) : "-"),
          ),
        ),
      ),
    ),
  );
}

/** { node, show(settings) }: settings as the form has them; throws what the server finds wrong with them. */
export function networksPanel() {
  const summary = el("span", { className: "help" });
  const body = el("div", { className: "stack" });
  const node = el("details", {}, el("summary", {}, "Networks ", summary), body);
  return {
    node,
    async show(settings) {
      const asked = Object.fromEntries(GAME.filter((name) => name in settings).map((name) => [name, settings[name]]));
      if (settings.start_from) asked.model = settings.start_from; // whose networks they are
      else asked.preset ??= "fast"; // what StartRun takes unless given
      const found = await post("/api/networks/check", asked);
      const parameters = found.generator.parameters + found.discriminator.parameters;
      summary.textContent = `${whole(parameters)} parameters, about ${whole(found.memory / 1e6)} MB`;
      fill(
        body,
        found.remarks.map((remark) => linked(el("p", { className: "remark" }), remark)),
        table("Generator", found.generator),
        table("Discriminator", found.discriminator),
      );
    },
  };
}
