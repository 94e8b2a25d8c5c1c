// The queue: all trainings under way and those that wait, of others only their places.

import { get } from "../lib/api.js";
import { el, fill } from "../lib/dom.js";

const MOST = 30; // places shown

/** { node, show(runs) }; it is there while more trains or waits than one of one's own. `runs`: those whose names are known. */
export function queuePanel() {
  const places = el("ul", { className: "places" });
  const about = el("p", { className: "help" });
  const node = el("section", { className: "card", hidden: true, "aria-label": "Queue" }, el("h2", {}, "Queue"), about, places);

  function row({ run, place, text }, names) {
    const inside = [
      el("span", { className: "dot", "data-state": place === null ? "running" : "waiting", "aria-hidden": "true" }),
      run ? el("strong", {}, names.get(run) ?? "a training") : el("span", {}, "somebody else's"),
      el("span", { className: "help" }, text),
    ];
    return el("li", {}, run ? el("a", { href: `#/train/${run}` }, inside) : el("div", {}, inside));
  }

  return {
    node,
    async show(runs) {
      let queue;
      try {
        queue = await get("/api/queue");
      } catch {
        return;
      }
      const { slots, places: all } = queue;
      node.hidden = all.length < 2 && all.every(({ run }) => run);
      const waiting = all.filter(({ place }) => place !== null).length;
      const more = all.length > MOST ? `, of which ${MOST} places are shown` : "";
      about.textContent = `${slots === 1 ? "One training" : `${slots} trainings`} at a time, and owners take turns. ${waiting} waiting${more}.`;
      const names = new Map(runs.map(({ id, model }) => [id, model]));
      fill(places, all.slice(0, MOST).map((place) => row(place, names)));
    },
  };
}
