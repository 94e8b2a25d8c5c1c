// The page: its views, the way between them, and what it says when the server is not there.

import { forgetToken, get, hasToken, isAway, server, setToken, takeToken } from "./lib/api.js";
import { el, fill } from "./lib/dom.js";
import { forgetMe, me } from "./lib/me.js";
import { drawView } from "./views/draw.js";
import { learnView } from "./views/learn.js";
import { modelsView } from "./views/models.js";
import { playView } from "./views/play.js";
import { trainView } from "./views/train.js";
import { command, gate, isHere } from "./widgets/gate.js";

const OWNER = "owner"; // who runs the server
const LOOK_MS = 30_000; // whether the token is still good, where nothing else asks

// A view is made when it is first seen: { node, enter(rest), leave() }.
const VIEWS = {
  train: { title: "Train", make: trainView },
  learn: { title: "Learn", make: learnView },
  play: { title: "Play", make: playView },
  draw: { title: "Draw", make: drawView },
  models: { title: "Models", make: modelsView },
};
const made = {};
const place = document.getElementById("view");
const trouble = document.getElementById("trouble");
const status = document.getElementById("status");
const account = document.getElementById("account");
const joining = document.getElementById("joining");
let shown = null;
let introductions = 0;

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
    askForToken("none");
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
    if (moved) scrollTo(0, 0); // a view begins at its top, however far the one before was scrolled
  }
  links();
  made[name].enter?.(rest);
}

function connected() {
  trouble.hidden = true;
  status.className = "status good";
  fill(status, "Connected");
  introduce();
}

function disconnected(word, ...text) {
  status.className = "status bad";
  fill(status, word);
  fill(trouble, text);
  trouble.hidden = false;
}

/** Say who uses the page, and let them sign out. */
function introduce() {
  const mine = ++introductions;
  me().then(
    ({ name, role }) => {
      if (mine !== introductions) return; // somebody else came, or nobody is there any more
      const leave = el("button", { type: "button", className: "quiet", onclick: signOut }, "Sign out");
      fill(account, el("span", {}, name === OWNER ? name : `${name}, ${role}`), leave);
      fill(joining, howToJoin(isHere || name === OWNER));
    },
    () => {}, // the server is away, or knows no such token: the page says so by itself
  );
}

/** What leads Grasshopper here: nothing on this machine, and on another the file that came with the card. */
function howToJoin(byItself) {
  const component = el("em", {}, "Server");
  if (byItself) return ["In Grasshopper, drop the component ", component, " on the canvas: it finds this server by itself."];
  return ["In Grasshopper, the component ", component, " finds this server once the file that came with your card is in its place; who gave you the card knows where."];
}

function signOut() {
  forgetToken();
  history.replaceState(null, "", location.pathname); // where one was may be another's business
  askForToken("out");
  startAnew();
}

/** Say how the page gets its token; why it has none, as widgets/gate.js has it. */
function askForToken(why) {
  status.className = "status bad";
  fill(status, why === "out" ? "Signed out" : "No token");
  trouble.hidden = true;
  introductions += 1;
  fill(account);
  fill(joining);
  made[shown]?.leave?.();
  shown = null;
  links();
  const take = (token) => {
    setToken(token);
    startAnew();
    connected();
    route();
  };
  fill(place, gate(why, take));
}

server.addEventListener("away", () =>
  disconnected(
    "Away",
    el("strong", {}, "The server does not answer. "),
    ...(isHere
      ? [
          "Start it again in a terminal in the project's folder: ",
          command("serve"),
          "; this page carries on by itself. If it comes back at another address, ",
          command("open"),
          " opens the page there.",
        ]
      : ["This page carries on by itself once it is back; if that takes long, ask who runs it."]),
  ),
);
server.addEventListener("back", () => {
  connected();
  made[shown]?.back?.();
});
server.addEventListener("token", ({ detail }) => askForToken(detail.other ? "refused" : "none"));
addEventListener("hashchange", route);

/** Hear that the token was taken away or renewed, though nobody touches the page: what is refused says so by itself. */
function look() {
  if (shown && !document.hidden && !isAway()) get("/api/me").catch(() => {});
}
setInterval(look, LOOK_MS);
document.addEventListener("visibilitychange", look);
if (hasToken() && !/^#token=/.test(location.hash)) connected(); // else `route` takes the token first
links();
route();
