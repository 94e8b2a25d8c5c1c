// The server as the page sees it: the token, calls, streams, and whether it is there at all.

const KEY = "ganmnist.token";
const MAX_IN_FLIGHT = 2; // requests of a client under way; access/concurrency.py refuses more
const TRIES = 5;
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const client = hex(crypto.getRandomValues(new Uint8Array(8)));

let underWay = 0;
const waiting = []; // [urgent, resolve]
let away = false;
let refused = false; // the token, and nobody has given another

/** Tells "away", "back" and "token" (there is none, or, `detail.other`, it is not this server's). */
export const server = new EventTarget();

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.message);
    this.status = status;
    this.code = problem.code;
    this.field = problem.field;
  }
}

/** The server did not answer at all. */
export class Away extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

export const hasToken = () => Boolean(sessionStorage.getItem(KEY));
export function setToken(token) {
  sessionStorage.setItem(KEY, token);
  refused = false;
}

/** Forget the token, and whatever else this tab keeps for whoever it was. */
export function forgetToken() {
  sessionStorage.clear();
  refused = true; // what is under way is refused from now on, which is no news
}

/** Take the token out of the address, where nobody shall read it over a shoulder; tell whether there was one. */
export function takeToken() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (!found) return false;
  history.replaceState(null, "", location.pathname);
  setToken(found[1]);
  return true;
}

function turn(urgent) {
  if (underWay < MAX_IN_FLIGHT) {
    underWay += 1;
    return Promise.resolve();
  }
  return new Promise((resolve) => waiting.push([urgent, resolve]));
}

function next() {
  const place = waiting.findIndex(([urgent]) => urgent);
  const [found] = waiting.splice(place < 0 ? 0 : place, 1);
  if (found) found[1]();
  else underWay -= 1;
}

const headers = () => ({ Authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ""}`, "X-Client-Id": client });
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Send a file as `fetch` does, which tells nobody how far it is. Once all of it is sent, the signal ends it no more. */
function sending(path, { method, headers: sent, body, signal, progress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    for (const [name, value] of Object.entries(sent)) request.setRequestHeader(name, value);
    request.responseType = "blob";
    const abort = () => request.abort();
    signal.addEventListener("abort", abort);
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.upload.onload = () => {
      progress(1);
      signal.removeEventListener("abort", abort);
    };
    request.onload = () => {
      const names = ["Content-Type", "Retry-After"].filter((name) => request.getResponseHeader(name));
      const told = names.map((name) => [name, request.getResponseHeader(name)]);
      resolve(new Response(request.response, { status: request.status, headers: told }));
    };
    request.onerror = () => reject(new TypeError("The connection broke off."));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    if (signal.aborted) reject(new DOMException("", "AbortError"));
    else request.send(body);
  });
}

async function once(method, path, { body, type, file, signal, progress }) {
  if (away) throw new Away(); // whoever answers by now has to prove first that it knows our token
  const sent = headers();
  const token = sessionStorage.getItem(KEY);
  if (body !== undefined) sent["Content-Type"] = type ?? "application/json";
  const content = body === undefined || type ? body : JSON.stringify(body);
  const options = { method, headers: sent, body: content, signal, cache: "no-store" };
  try {
    const reply = progress ? await sending(path, { ...options, progress }) : await fetch(path, options);
    const json = (reply.headers.get("Content-Type") ?? "").startsWith("application/json") && !(file && reply.ok);
    const read = json ? await reply.json() : await reply.blob();
    return { status: reply.status, read, retry: Number(reply.headers.get("Retry-After")), token };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    goneAway();
    throw new Away();
  }
}

/**
 * Make a call. Two are under way at a time; the others wait here, urgent ones first. `file`: its answer is one, JSON too;
 * `progress` hears how much of the body is sent, 0 to 1, and wants a signal.
 */
export async function call(method, path, options = {}) {
  await turn(options.urgent);
  try {
    for (let tries = 1; ; tries += 1) {
      const { status, read, retry, token } = await once(method, path, options);
      if (status < 300) return read;
      if (status === 429 && tries < TRIES) {
        await pause(1000 * (retry || 1));
        continue;
      }
      if (status === 401 && token === sessionStorage.getItem(KEY)) noToken(); // else another was given meanwhile
      throw new ApiError(status, read.error ?? { message: `The server answered ${status}.`, code: "unknown" });
    }
  } finally {
    next();
  }
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body = {}, options = {}) => call("POST", path, { ...options, body });

/** Read a stream of events until it ends; `each` is given every one. Answers false if there is none to be had now. */
export async function stream(path, each, signal) {
  if (away) throw new Away();
  let reply;
  try {
    reply = await fetch(path, { headers: headers(), signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    goneAway();
    throw new Away();
  }
  if (!reply.ok) return false;
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return true;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) each(JSON.parse(part.slice(6)));
  }
}

export const isAway = () => away;

/** Tell that there is no token that the server takes. One that it does not know is forgotten, so that nobody is told it. */
function noToken() {
  if (refused) return; // several calls may be, and all of somebody who signed out
  refused = true;
  const other = hasToken();
  sessionStorage.removeItem(KEY);
  server.dispatchEvent(new CustomEvent("token", { detail: { other } }));
}

const bytes = (text) => new TextEncoder().encode(text);
const sha256 = async (text) => hex(await crypto.subtle.digest("SHA-256", bytes(text)));

/** See whether who answers knows our token, before it is told it again: access/tokens.py. Rejects where nobody answers. */
async function isOurs() {
  if (!crypto.subtle) return true; // over plain HTTP from another machine, browsers have no cryptography
  const secret = await sha256(sessionStorage.getItem(KEY) ?? "");
  const sent = `${(await sha256(`id ${secret}`)).slice(0, 16)} ${crypto.randomUUID()}`;
  const key = await crypto.subtle.importKey("raw", bytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const proof = hex(await crypto.subtle.sign("HMAC", key, bytes(`${sent} ${location.host}`)));
  const reply = await fetch("/api/health", { headers: { "X-Challenge": sent }, cache: "no-store" });
  return reply.headers.get("X-Proof") === proof;
}

/** Ask again and again until a server answers, then see whether it is still ours. */
async function goneAway() {
  if (away) return;
  away = true;
  server.dispatchEvent(new Event("away"));
  for (let wait = 500; away; wait = Math.min(wait * 1.5, 4000)) {
    await pause(wait);
    try {
      const ours = await isOurs();
      away = false;
      if (ours) server.dispatchEvent(new Event("back"));
      else noToken();
    } catch {
      continue;
    }
  }
}
