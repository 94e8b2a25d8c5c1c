// Networks as layer components of Grasshopper's clipboard: both chains, wired, and Model, from which Train takes them.

const AHEAD = 90; // pixels from a component to the one behind it
const BELOW = 420; // from the generator's chain to the discriminator's
const [PANEL_LEFT, PANEL_DOWN, PANEL_ROW] = [60, 12, 26]; // where the panels with a layer's values lie beside it
const PARTS = ["generator", "discriminator"];
const SIZES = ["latent_dim", "classes"]; // of both networks, inputs of Model

const item = (chunk, name) => chunk.querySelector(`:scope > items > item[name="${name}"]`);
const chunksOf = (chunk) => [...chunk.querySelectorAll(":scope > chunks > chunk")];
const chunkOf = (chunk, name) => chunksOf(chunk).find((each) => each.getAttribute("name") === name);
const number = (node, name) => Number(node.querySelector(name).textContent);

/** The objects to copy from, by their nicknames, and what copies are put into. */
async function template(rhino) {
  const file = await fetch(`/static/layers-rhino${rhino}.xml`);
  const archive = new DOMParser().parseFromString(await file.text(), "application/xml");
  const all = archive.querySelector('chunk[name="DefinitionObjects"]');
  const objects = chunksOf(all);
  for (const object of objects) object.remove();
  const named = new Map(objects.map((object) => [item(chunkOf(object, "Container"), "NickName").textContent, object]));
  return { archive, all, named };
}

/** Put a copy of an object on the canvas, with guids of its own: { container, guid, inputs, outputs, width }. */
function placed({ all, named }, nickname, x, y) {
  const object = named.get(nickname).cloneNode(true);
  const container = chunkOf(object, "Container");
  for (const guid of object.querySelectorAll('item[name="InstanceGuid"]')) guid.textContent = crypto.randomUUID();
  const bounds = item(chunkOf(container, "Attributes"), "Bounds");
  const [dx, dy] = [x - number(bounds, "X"), y - number(bounds, "Y")];
  for (const node of object.querySelectorAll('item[name="Bounds"], item[name="Pivot"]')) {
    node.querySelector("X").textContent = number(node, "X") + dx;
    node.querySelector("Y").textContent = number(node, "Y") + dy;
  }
  const data = chunkOf(container, "ParameterData");
  const ports = (side) => new Map((data ? chunksOf(data) : []).filter((port) => port.getAttribute("name") === side).map((port) => [item(port, "Name").textContent, port]));
  all.querySelector(":scope > chunks").append(object);
  return { container, guid: item(container, "InstanceGuid").textContent, inputs: ports("InputParam"), outputs: ports("OutputParam"), width: number(bounds, "W"), height: number(bounds, "H") };
}

/** Let wires come to an input, from the guids of what they come from, as Grasshopper writes them. */
function wire(port, guids) {
  const count = item(port, "SourceCount");
  const items = count.parentNode;
  guids.forEach((guid, place) => {
    const source = item(port, "InstanceGuid").cloneNode(true);
    source.setAttribute("name", "Source");
    source.setAttribute("index", place);
    source.textContent = guid;
    count.before(source);
  });
  count.textContent = guids.length;
  items.setAttribute("count", Number(items.getAttribute("count")) + guids.length);
}

/** Lay panels beside a component that bring a value each, and wire them. */
function feed(made, component, values, x, y) {
  let down = y + component.height + PANEL_DOWN;
  for (const [name, value] of Object.entries(values)) {
    const guids = [value].flat().map((each) => {
      const panel = placed(made, "value", x - PANEL_LEFT, down);
      item(panel.container, "UserText").textContent = String(each);
      item(panel.container, "NickName").textContent = name;
      down += PANEL_ROW;
      return panel.guid;
    });
    wire(component.inputs.get(name), guids);
  }
}

/** The clipboard's text of networks { latent_dim, classes, generator, discriminator }, trained by a preset, for Rhino 7 or 8. */
export async function grasshopperLayers(networks, preset, rhino) {
  const made = await template(rhino);
  const ends = [];
  let right = 0;
  PARTS.forEach((part, row) => {
    const y = BELOW * row;
    let x = 0;
    let before = null;
    for (const { layer, ...values } of networks[part].layers) {
      const component = placed(made, layer, x, y);
      if (before) wire(component.inputs.get("layers"), [before]);
      feed(made, component, values, x, y);
      before = item(component.outputs.get("network"), "InstanceGuid").textContent;
      x += component.width + AHEAD;
    }
    ends.push(before);
    right = Math.max(right, x);
  });
  const model = placed(made, "Model", right, BELOW / 2);
  PARTS.forEach((part, row) => wire(model.inputs.get(part), [ends[row]]));
  feed(made, model, { preset, ...Object.fromEntries(SIZES.map((name) => [name, networks[name]])) }, right, BELOW / 2);
  const objects = chunksOf(made.all);
  objects.forEach((object, place) => object.setAttribute("index", place));
  made.all.querySelector(":scope > chunks").setAttribute("count", objects.length);
  item(made.all, "ObjectCount").textContent = objects.length;
  return `<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n${new XMLSerializer().serializeToString(made.archive.documentElement)}`;
}
