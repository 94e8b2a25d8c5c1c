// The sliders as Grasshopper's clipboard has them: pasted on its canvas, they go to the inputs of Generate.

import { given } from "../lib/state.js";

/** The text of those sliders that are set; a class that is called by a word has the slider at its number. */
export async function grasshopperSliders(state, names) {
  const file = await fetch("/static/sliders.xml");
  const archive = new DOMParser().parseFromString(await file.text(), "application/xml");
  const values = given(state);
  if (typeof values.digit === "string") values.digit = names.indexOf(values.digit);
  const all = archive.querySelector('chunk[name="DefinitionObjects"]');
  const objects = [...all.querySelectorAll('chunk[name="Object"]')];
  const kept = objects.filter((object) => {
    const item = (name) => object.querySelector(`item[name="${name}"]`);
    const value = values[item("NickName").textContent];
    if (value === undefined) {
      object.remove();
      return false;
    }
    item("Value").textContent = value;
    if (value > Number(item("Max").textContent)) item("Max").textContent = value;
    return true;
  });
  kept.forEach((object, place) => object.setAttribute("index", place));
  all.querySelector("chunks").setAttribute("count", kept.length);
  all.querySelector('item[name="ObjectCount"]').textContent = kept.length;
  return `<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n${new XMLSerializer().serializeToString(archive.documentElement)}`;
}
