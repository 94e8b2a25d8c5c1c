// A text as a panel of Grasshopper's clipboard: pasted on its canvas, it goes to the input that takes that text.

/** The clipboard's text of a panel that says so. */
export async function grasshopperPanel(text) {
  const file = await fetch("/static/panel.xml");
  const archive = new DOMParser().parseFromString(await file.text(), "application/xml");
  archive.querySelector('item[name="UserText"]').textContent = text;
  return `<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n${new XMLSerializer().serializeToString(archive.documentElement)}`;
}
