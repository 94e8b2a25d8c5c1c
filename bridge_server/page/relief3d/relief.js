// The digit in space: a relief, a solid or points, lit, to be turned by mouse, touch and keys. WebGL2, nothing else.

import { onTheme, rgb } from "../lib/pixels.js";
import { madeDrawer } from "./made.js";
import { FRAGMENT, VERTEX } from "./shaders.js";
import { surface } from "./surface.js";

const CELLS = { fine: 84, coarse: 28 }; // of the mesh along a side: three per pixel, or one
const POINTS = 28; // one per pixel
const TURN = 0.008; // radians per pixel of the mouse
const KEYS = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
const DETAIL = { fine: 2, coarse: 0.5 }; // pixels drawn along a side of one on the screen
const READINGS = { fine: 112, coarse: 56 }; // of the surface along a side
const RADIUS = 9; // pixels of the page: the radius of its frame's corners, inside
const STILL_MS = 150;
const PLATE = 0.012; // of a relief, which has no base: as thick as it takes to be seen from the side, in sides
const HOME = { yaw: -0.4, pitch: 0.92, far: 2.75 };
const SIDE_CELLS = 27; // from the first pixel of a row to the last
export const FORMS = ["relief", "solid", "points"]; // that the card makes of pixels; the others come as geometry

/** A program: { made, at(name) }, the latter the place of a uniform. */
function link(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  const places = new Map();
  const at = (name) => places.get(name) ?? places.set(name, gl.getUniformLocation(made, name)).get(name);
  return { made, at };
}

/** Vertices (u, v, wall): the top as a grid, then a strip around it whose lower edge has wall 1; and their triangles. */
function mesh(cells) {
  const side = cells + 1;
  const vertices = [];
  for (let row = 0; row < side; row += 1) for (let column = 0; column < side; column += 1) vertices.push(column / cells, row / cells, 0);
  const faces = [];
  for (let row = 0; row < cells; row += 1) {
    for (let column = 0; column < cells; column += 1) {
      const at = row * side + column;
      faces.push(at, at + 1, at + side, at + 1, at + side + 1, at + side);
    }
  }
  const around = [];
  for (let at = 0; at < cells; at += 1) around.push([at / cells, 0]);
  for (let at = 0; at < cells; at += 1) around.push([1, at / cells]);
  for (let at = cells; at > 0; at -= 1) around.push([at / cells, 1]);
  for (let at = cells; at > 0; at -= 1) around.push([0, at / cells]);
  const first = vertices.length / 3;
  for (const [u, v] of around) vertices.push(u, v, 0.001, u, v, 1);
  around.forEach((_, at) => {
    const [here, next] = [first + 2 * at, first + 2 * ((at + 1) % around.length)];
    faces.push(here, here + 1, next, next, here + 1, next + 1);
  });
  return { vertices: new Float32Array(vertices), faces: new Uint32Array(faces) };
}

function perspective(aspect) {
  const [near, far, focal] = [0.1, 20, 2.4];
  const wide = Math.max(1, 1 / aspect); // a narrow canvas sees as much from side to side
  return [focal / aspect / wide, 0, 0, 0, 0, focal / wide, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, (2 * far * near) / (near - far), 0];
}

/** Column by column: turned by yaw about the upright axis, tipped by pitch, and moved away. */
function view({ yaw, pitch, far }) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  return [cy, sp * sy, -cp * sy, 0, 0, cp, sp, 0, sy, -sp * cy, cp * cy, 0, 0, 0, -far, 1];
}

/** Tell whether the processor draws, for want of a graphics card. */
function drawnByProcessor(gl) {
  const known = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|software|basic render/i.test(gl.getParameter(known ? known.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

/** Returns { show(pixels), made(geometry), form(name, measures), reset() }, or null where there is no WebGL2. */
export function relief(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true, preserveDrawingBuffer: true });
  if (!gl) return null;
  const camera = { ...HOME };
  let form = "relief";
  let measures = { cell: 1, height: 4, base: 1, threshold: null };
  let geometry = null; // of another form
  let drawer = null;
  let reliefs = null; // the program that makes them of pixels
  let pixels = new Uint8Array(784);
  let held = 0; // readings along a side of the surface that the card has; 0 where it is to have another
  let asked = 0;
  let resting = 0;
  const weak = drawnByProcessor(gl);
  const meshes = {}; // fine and coarse, as the card holds them

  function build() {
    reliefs = link(gl, VERTEX, FRAGMENT);
    drawer = madeDrawer(gl, (vertex, fragment) => link(gl, vertex, fragment));
    if (geometry) drawer.put(geometry);
    for (const [detail, cells] of Object.entries(CELLS)) {
      const { vertices, faces } = mesh(cells);
      meshes[detail] = { array: gl.createVertexArray(), count: faces.length };
      gl.bindVertexArray(meshes[detail].array);
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, vertices, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(0);
      gl.vertexAttribPointer(0, 3, gl.FLOAT, false, 0, 0);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, faces, gl.STATIC_DRAW);
    }
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.LINEAR);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.CULL_FACE);
    gl.frontFace(gl.CW);
    held = 0;
  }

  /** Have the card hold the surface with so many readings along a side. */
  function upload(side) {
    if (held === side) return;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, side, side, 0, gl.RGBA, gl.FLOAT, surface(pixels, side));
    held = side;
  }

  function soon() {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      if (gl.isContextLost()) return;
      paint(weak ? "coarse" : "fine"); // where the processor draws, what moves is drawn coarsely
      clearTimeout(resting);
      if (weak) resting = setTimeout(() => gl.isContextLost() || paint("fine"), STILL_MS);
    });
  }

  /** Use a program, with what all of them are told and what one is. */
  function use(chosen, own) {
    const { width, height } = canvas;
    const scale = width / canvas.clientWidth;
    gl.useProgram(chosen.made);
    const colours = ["low", "high"].map((name) => [name, rgb(`--${name}`).map((part) => part / 255)]);
    const light = matchMedia("(prefers-color-scheme: dark)").matches ? 0.72 : 1;
    const told = { projection: perspective(width / height), view: view(camera), size: [width, height], radius: RADIUS * scale, light, ...Object.fromEntries(colours), ...own };
    for (const [name, value] of Object.entries(told)) {
      const at = chosen.at(name);
      if (typeof value === "number") gl.uniform1f(at, value);
      else if (typeof value === "boolean") gl.uniform1i(at, value);
      else if (value.length === 16) gl.uniformMatrix4fv(at, false, value);
      else gl[`uniform${value.length}fv`](at, value);
    }
  }

  function paint(detail) {
    const scale = DETAIL[detail] * Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const side = SIDE_CELLS * measures.cell;
    if (FORMS.includes(form)) {
      upload(READINGS[detail]);
      use(reliefs, {
        rise: measures.height / side,
        base: form === "solid" ? measures.base / side : PLATE,
        threshold: measures.threshold ?? 0,
        dots: (height / camera.far) * 0.067,
      });
      gl.uniform1i(reliefs.at("form"), FORMS.indexOf(form));
      gl.bindVertexArray(meshes[detail].array);
      if (form === "points") gl.drawArrays(gl.POINTS, 0, POINTS * POINTS);
      else gl.drawElements(gl.TRIANGLES, meshes[detail].count, gl.UNSIGNED_INT, 0);
    } else if (geometry) {
      drawer.paint((chosen, own) => use(chosen, { side, ...own }), scale);
    }
    canvas.dataset.view = `${camera.yaw.toFixed(2)} ${camera.pitch.toFixed(2)} ${camera.far.toFixed(2)} ${form}`;
  }

  function turn(yaw, pitch) {
    camera.yaw += yaw;
    camera.pitch = Math.min(1.55, Math.max(0.05, camera.pitch + pitch));
    soon();
  }
  function zoom(times) {
    camera.far = Math.min(8, Math.max(1.6, camera.far * times));
    soon();
  }
  function reset() {
    Object.assign(camera, HOME);
    soon();
  }

  const fingers = new Map();
  const spread = () => {
    const [one, two] = [...fingers.values()];
    return Math.hypot(one.x - two.x, one.y - two.y);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const apart = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2) zoom(apart / spread());
    else turn((event.clientX - before.x) * TURN, (event.clientY - before.y) * TURN);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  canvas.addEventListener("dblclick", reset);
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (document.activeElement !== canvas) return; // the page scrolls unless the digit was touched
      event.preventDefault();
      zoom(1 + Math.sign(event.deltaY) * 0.08);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]) turn(...KEYS[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(0.9);
    else if (event.key === "-") zoom(1.1);
    else if (event.key === "0" || event.key === "Home") reset();
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => {
    build();
    soon();
  });
  new ResizeObserver(soon).observe(canvas);
  onTheme(soon);
  build();
  return {
    show(given) {
      pixels = given;
      held = 0;
      soon();
    },
    /** Show the geometry of a form that the card does not make. */
    made(given) {
      geometry = given;
      if (!gl.isContextLost()) drawer.put(geometry);
      soon();
    },
    form(name, given) {
      if (name !== form) geometry = null; // that of another form; its own is to come
      [form, measures] = [name, given];
      soon();
    },
    reset,
  };
}
