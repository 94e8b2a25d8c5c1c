// Own pictures become a data set: dropped or chosen, sent, and read by the server, which tells how far it is.

import { ApiError, Away, call, get, isAway, pause, server } from "../lib/api.js";
import { counted, el, fill, say } from "../lib/dom.js";
import { fromDialog, fromDrop, gather } from "../lib/dropped.js";
import { settled } from "../lib/latest.js";
import { zip } from "../lib/zip.js";

const MAX_UPLOAD = Number(document.body.dataset.maxUpload); // bytes
const ASK_MS = 300;
const DRAGS_MS = 500; // after which something that hovered has left: while it does, it is told of more often
const KEY = "ganmnist.import"; // in this tab: { title, sent, name }, the name once the server has given it
const address = (name) => `/api/datasets/${encodeURIComponent(name)}`;

/** An import that was ended from here. */
class Cancelled extends Error {}

/** What the server says of the zip that the page has made, about what its user knows. */
const inOwnWords = (problem, { title, sent }) => problem.replaceAll(`${sent}: ${title}`, title).replaceAll(sent, title);

/** Wait until the server answers again. Rejects as a call does if it has another token then: the page is made anew. */
function back() {
  if (!isAway()) return pause(ASK_MS);
  return new Promise((resolve, reject) => {
    server.addEventListener("back", resolve, { once: true });
    server.addEventListener("token", () => reject(new ApiError(401, {})), { once: true });
  });
}

/** { node, resume() }; `done(name)` is told that an import came to its end: the data set's name, or null if there is none. */
export function dataImport(done) {
  const words = el("p", { className: "help", role: "status" });
  const share = el("span", { className: "help", "aria-hidden": "true" });
  const bar = el("progress", { max: 1, "aria-label": "Share of the import that is done" });
  const cancel = el("button", { type: "button", className: "quiet" }, "Cancel");
  const busy = el("div", { hidden: true }, el("div", { className: "row apart" }, el("div", { className: "row" }, words, share), cancel), bar);
  const problem = el("div", { className: "failure", role: "alert", hidden: true });
  const files = el("input", { type: "file", multiple: true, hidden: true, onchange: pick, "aria-label": "Files of pictures" });
  const folder = el("input", { type: "file", webkitdirectory: true, hidden: true, onchange: pick, "aria-label": "Folder of pictures" });
  const zone = el(
    "button",
    { type: "button", className: "drop", onclick: () => files.click() },
    el("strong", {}, "Import your own pictures"),
    el("span", { className: "help" }, "Drop a folder, many pictures, a .zip, .csv or .npz, or IDX files here, or press to choose files."),
  );
  const idle = el(
    "div",
    { className: "stack close" },
    zone,
    el(
      "div",
      { className: "row" },
      el("button", { type: "button", className: "quiet", onclick: () => folder.click(), hidden: !("webkitdirectory" in folder) }, "Choose a folder"),
      el("span", { className: "help" }, "Sub-folders are classes."),
    ),
    files,
    folder,
  );
  const node = el("div", { className: "stack", role: "group", "aria-label": "Own pictures" }, problem, idle, busy);
  let job = null; // { halt, title, sent, name }

  /** Say what is being done, and how far it is, a part of 1 or in words. A screen reader reads what, not how far. */
  function stage(text, part = null, far = part === null ? "" : `${Math.floor(100 * part)} %`) {
    if (words.textContent !== text) words.textContent = text;
    share.textContent = far;
    if (part === null) bar.removeAttribute("value");
    else bar.value = part;
  }

  function complain({ message, again }) {
    fill(problem, el("p", {}, message), again ? el("button", { type: "button", onclick: again }, "Send it again") : null);
    problem.hidden = false;
  }

  /** Do the work of an import, from where it is on. */
  async function attempt(title, work) {
    const mine = { halt: new AbortController(), title, sent: title, name: null };
    job = mine;
    problem.hidden = true;
    idle.hidden = true;
    busy.hidden = false;
    cancel.disabled = false;
    let name = null;
    try {
      name = await work(mine);
    } catch (error) {
      if (error.status === 401) return; // the page is made anew, and resumes
      if (error instanceof Cancelled || error.name === "AbortError") say(`The import of ${mine.title} is cancelled.`);
      else complain(error);
    }
    const focused = busy.contains(document.activeElement);
    sessionStorage.removeItem(KEY);
    job = null;
    busy.hidden = true;
    idle.hidden = false;
    if (focused) zone.focus();
    await done(name, mine.title);
  }

  async function begin(read) {
    if (job) {
      say(`${job.title} is being imported: wait for it, or cancel it.`, "bad");
      return;
    }
    await attempt("what was chosen", async (mine) => {
      const { signal } = mine.halt;
      const look = (count) => stage("Looking at what there is", null, counted(count, "file"));
      look(0);
      const found = await gather(read, { most: MAX_UPLOAD, progress: look, signal });
      mine.title = found.title;
      mine.sent = found.sent;
      const total = found.files.length;
      const content = found.single ?? (await zip(found.files, { progress: (count) => stage(`Packing ${counted(total, "file")}`, count / total), signal }));
      return send(mine, content);
    });
  }

  async function send(mine, content) {
    const { title, sent, halt } = mine;
    const body = content.slice(0, content.size, "application/octet-stream");
    sessionStorage.setItem(KEY, JSON.stringify({ title, sent, name: null }));
    stage(`Sending ${title}`, 0);
    try {
      const begun = await call("POST", `/api/datasets/file?file=${encodeURIComponent(sent)}`, {
        body,
        type: body.type,
        signal: halt.signal,
        progress: (part) => stage(`Sending ${title}`, part),
      });
      mine.name = begun.name;
    } catch (error) {
      // A large file of somebody who may send none is refused before it is read, and for its size alone.
      if (error.status === 413) throw new Error("You may not send files to this server: ask who runs it.");
      if (!(error instanceof Away)) throw error;
      const again = new Error(`The connection broke off while ${title} was sent, and nothing of it was kept.`);
      again.again = () => attempt(title, (next) => send(Object.assign(next, { sent }), content));
      throw again;
    }
    if (halt.signal.aborted) await end(mine);
    return follow(mine);
  }

  /** Watch the server read it; gives the name of the data set. */
  async function follow(mine) {
    const { title, sent, name } = mine;
    sessionStorage.setItem(KEY, JSON.stringify({ title, sent, name }));
    for (;;) {
      try {
        const found = mine.gone ? null : await get(address(name));
        if (mine.gone) throw new Cancelled();
        if (found.state === "ready") return name;
        if (found.state === "failed") throw new Error(inOwnWords(found.problem, mine));
        stage(`Reading ${title}`, found.percent / 100);
        await pause(ASK_MS);
      } catch (error) {
        if (mine.gone) throw new Cancelled();
        if (error.status === 404) throw new Error(`${title} was not read to its end: its import was ended, or the server was started anew. Drop it once more.`);
        if (!(error instanceof Away)) throw error;
        stage(`Reading ${title}: the server does not answer, and is asked again once it is back`);
        await back();
      }
    }
  }

  /** End it once the server has it. Who may not do so is told, and goes on watching. */
  async function end(mine) {
    cancel.disabled = true;
    try {
      await call("DELETE", address(mine.name));
      mine.gone = true;
    } catch (error) {
      say(error.message, "bad");
    }
    cancel.disabled = false;
  }

  cancel.addEventListener("click", () => {
    cancel.disabled = true;
    job.halt.abort();
    if (job.name) end(job);
  });

  function pick({ target }) {
    const read = fromDialog(target.files);
    target.value = "";
    begin(read);
  }

  // What is dropped beside the zone is taken too: the browser would open it in place of the page.
  const left = settled(() => zone.classList.remove("over"), DRAGS_MS);
  const hover = (event) => {
    if (!node.isConnected || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.toggle("over", event.type === "dragover");
    left();
    if (event.type === "drop") begin(fromDrop(event.dataTransfer));
  };
  for (const type of ["dragover", "drop"]) document.addEventListener(type, hover);

  /** Go on with an import that was under way when this tab was loaded anew. */
  function resume() {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    if (job || !kept) return;
    sessionStorage.removeItem(KEY);
    const { title, sent, name } = kept;
    if (name) {
      attempt(title, (mine) => {
        Object.assign(mine, { sent, name });
        stage(`Reading ${title}`);
        return follow(mine);
      });
    } else complain(new Error(`${title} was not sent to its end, and nothing of it was kept. Drop it once more.`));
  }

  return { node, resume };
}
