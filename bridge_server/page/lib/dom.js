// Elements, made without markup: text from anywhere stays text.

/** Make an element: properties and attributes, listeners as on…, children as nodes or texts. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.includes("-") && !["list", "form", "width", "height"].includes(name)) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Replace all children. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
}

/** A number that names something on the page. */
let last = 0;
export const freshId = (stem) => `${stem}-${++last}`;

/** 0:52 or 1:02:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export const whole = (number) => Math.round(number).toLocaleString("en");

export const counted = (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;

/** A shape as the server's sentences have it: 64 x 14 x 14, or 3,136 numbers where it has one side. */
export const shape = (sides) => (sides.length > 1 ? sides.map(whole).join(" x ") : counted(sides[0], "number"));

/** A button below a list of which only the newest are shown: { node, most(), show(more) }; it calls `list` for more. */
export function moreButton(step, list) {
  let most = step;
  const press = () => {
    most += step;
    list();
  };
  const node = el("button", { type: "button", className: "quiet", hidden: true, onclick: press });
  return {
    node,
    most: () => most,
    show(more) {
      node.hidden = !more;
      node.textContent = `and ${whole(more)} more`;
    },
  };
}

/** Say something to those who look and those who listen; it goes by itself. What is said already is not said twice. */
export function say(text, kind = "") {
  const place = document.getElementById("notices");
  for (const each of [...place.children]) if (each.textContent === text) each.remove();
  const note = el("p", { className: `notice ${kind}` }, text);
  place.append(note);
  while (place.children.length > 3) place.firstChild.remove();
  setTimeout(() => note.remove(), kind === "bad" ? 12000 : 5000);
}

/** Ask in a dialog; resolves to what `value` gives, or to null if it was dismissed. */
export function ask({ title, body = [], confirm, dangerous = false, value = () => true, cancel = "Cancel" }) {
  return new Promise((resolve) => {
    const heading = freshId("dialog");
    const form = el(
      "form",
      { method: "dialog" },
      el("h2", { id: heading }, title),
      ...body,
      el(
        "div",
        { className: "row end" },
        el("button", { type: "button", className: "quiet", onclick: () => dialog.close("") }, cancel),
        confirm ? el("button", { value: "yes", className: dangerous ? "danger" : "primary" }, confirm) : null,
      ),
    );
    const dialog = el("dialog", { "aria-labelledby": heading }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? value() : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Put a text on the clipboard, or show it to be copied by hand where a page may not. */
export async function copy(text, title) {
  try {
    await navigator.clipboard.writeText(text);
    say(`${title}: copied.`, "good");
  } catch {
    const area = el("textarea", { rows: 8, readOnly: true, value: text, "aria-label": title, spellcheck: false });
    const asked = ask({ title, body: [el("p", {}, "Copy it from here:"), area], cancel: "Close" });
    area.select();
    await asked;
  }
}

/** Have the browser keep bytes as a file. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
