// The page: its views, the way between them, and what it says when the server is not there.

import { get, hasToken, isAway, server, setToken, takeToken } from "./lib/api.js";
import { el, fill, freshId } from "./lib/dom.js";
import { forgetMe } from "./lib/me.js";
import { drawView } from "./views/draw.js";
import { modelsView } from "./views/models.js";
import { playView } from "./views/play.js";
import { trainView } from "./views/train.js";

// A view is made when it is first seen: { node, enter(rest), leave() }.
const VIEWS = {
  train: { title: "Train", make: trainView },
  play: { title: "Play", make: playView },
  draw: { title: "Draw", make: drawView },
  models: { title: "Models", make: modelsView },
};
const made = {};
const place = document.getElementById("view");
const trouble = document.getElementById("trouble");
const status = document.getElementById("status");
let shown = null;

/** A command of the server, as it is typed in the project's folder, where start.py has installed it. */
function command(word) {
  const programs = /Windows/.test(navigator.userAgent) ? ".venv\\Scripts\\" : ".venv/bin/";
  return el("code", {}, `${programs}ganmnist-server ${word}`);
}

function links() {
  const nav = document.getElementById("views");
  fill(
    nav,
    Object.entries(VIEWS).map(([name, { title }]) =>
      el("a", { href: `#/${name}`, "aria-current": name === shown ? "page" : undefined }, title),
    ),
  );
}

/** Where one starts: at the training if there is one under way, else where there is something to play with. */
async function start() {
  const { runs } = await get("/api/runs?only=active&limit=1");
  const [{ id, sweep } = {}] = runs;
  location.replace(id ? `#/train/${sweep ? `sweep/${sweep}` : id}` : "#/play");
}

/** Forget the views of whoever had the token before. */
function startAnew() {
  Object.keys(made).forEach((name) => delete made[name]);
  forgetMe();
}

async function route() {
  if (takeToken()) {
    startAnew();
    shown = null;
    connected();
  }
  if (!hasToken()) {
    askForToken(false);
    return;
  }
  const [, name, rest] = /^#\/(\w*)\/?(.*)$/.exec(location.hash) ?? [];
  if (!Object.hasOwn(VIEWS, name)) {
    if (location.hash && location.hash !== "#/") return; // a place on the page
    try {
      await start();
    } catch {
      if (hasToken() && !isAway()) location.replace("#/play");
    }
    return;
  }
  if (shown !== name) {
    made[shown]?.leave?.();
    made[name] ??= VIEWS[name].make();
    const moved = shown !== null;
    shown = name;
    fill(place, made[name].node);
    document.title = `${VIEWS[name].title} - ganmnist`;
    if (moved) place.focus({ preventScroll: true });
  }
  links();
  made[name].enter?.(rest);
}

function connected() {
  trouble.hidden = true;
  status.className = "status good";
  fill(status, "Connected");
}

function disconnected(word, ...text) {
  status.className = "status bad";
  fill(status, word);
  fill(trouble, text);
  trouble.hidden = false;
}

/** Say how the page gets its token; `other`: it had one, which is not this server's. */
function askForToken(other) {
  status.className = "status bad";
  fill(status, "No token");
  trouble.hidden = true;
  made[shown]?.leave?.();
  shown = null;
  links();
  const id = freshId("token");
  const field = el("input", { id, type: "password", autocomplete: "off", spellcheck: false, required: true });
  const take = (event) => {
    event.preventDefault();
    const pasted = field.value.trim().replace(/^.*#token=/, "");
    if (!pasted) return;
    setToken(pasted);
    startAnew();
    connected();
    route();
  };
  fill(
    place,
    el(
      "section",
      { className: "card gate" },
      el("h1", {}, other ? "The server does not know this page's token" : "Open the page with its token"),
      el(
        "p",
        {},
        other
          ? "Its token was changed, or another server has taken its place. In a terminal in the project's folder, "
          : "The server lets in only who knows its token. In a terminal in the project's folder, ",
        command("open"),
        " opens this page with the right one, wherever the server is now.",
      ),
      el(
        "form",
        { onsubmit: take },
        el("label", { htmlFor: id }, "Or paste the token; it stands in server.json in the data directory"),
        el("div", { className: "row" }, field, el("button", { className: "primary" }, "Go on")),
      ),
    ),
  );
}

server.addEventListener("away", () =>
  disconnected(
    "Away",
    el("strong", {}, "The server does not answer. "),
    "Start it again in a terminal in the project's folder: ",
    command("serve"),
    "; this page carries on by itself. If it comes back at another address, ",
    command("open"),
    " opens the page there.",
  ),
);
server.addEventListener("back", () => {
  connected();
  made[shown]?.back?.();
});
server.addEventListener("token", ({ detail }) => askForToken(detail.other));
addEventListener("hashchange", route);
if (hasToken() || /^#token=/.test(location.hash)) connected();
links();
route();
