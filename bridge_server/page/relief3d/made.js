// Geometry as the server makes it for a file, drawn as it is: faces with their greys, and lines.

import { rgb } from "../lib/pixels.js";
import { FACES, LINES, MADE } from "./shaders.js";

const THICK = 1.25; // half of a line, pixels of the page

/** What stands in an .obj: { corners, greys } of triangles one after the other, and { lines }, from point to point. */
export function parseObj(text) {
  const points = [];
  const greys = [];
  const corners = [];
  const shades = [];
  const lines = [];
  let top = 0;
  for (const line of text.split("\n")) {
    const [kind, ...words] = line.trim().split(/\s+/);
    if (kind === "v") {
      const [x, y, z, grey] = words.map(Number);
      points.push([x, y, z]);
      greys.push(grey);
      top = Math.max(top, z);
    } else if (kind === "f") {
      const places = words.map((word) => Number.parseInt(word, 10) - 1);
      for (let at = 2; at < places.length; at += 1) {
        for (const place of [places[0], places[at - 1], places[at]]) {
          corners.push(...points[place]);
          shades.push(greys[place] ?? (top ? Math.max(0, points[place][2] / top) : 1)); // without greys the high is white
        }
      }
    } else if (kind === "l") {
      const places = words.map((word) => Number.parseInt(word, 10) - 1);
      for (let at = 1; at < places.length; at += 1) lines.push(...points[places[at - 1]], ...points[places[at]]);
    }
  }
  return { corners: new Float32Array(corners), greys: new Float32Array(shades), lines: new Float32Array(lines), isFlat: !top };
}

/** What draws such geometry: { put(geometry), paint(set) }; `make(vertex, fragment)` links a program, `set` gives it its uniforms. */
export function madeDrawer(gl, make) {
  const faces = make(FACES, MADE);
  const strokes = make(LINES, MADE);
  const [ofFaces, ofLines] = [gl.createVertexArray(), gl.createVertexArray()];
  const [corners, greys, ends] = [gl.createBuffer(), gl.createBuffer(), gl.createBuffer()];
  let [triangles, lines, isFlat] = [0, 0, false];

  function attribute(place, buffer, width, stride = 0, offset = 0, each = 0) {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, width, gl.FLOAT, false, stride, offset);
    gl.vertexAttribDivisor(place, each);
  }
  gl.bindVertexArray(ofFaces);
  attribute(0, corners, 3);
  attribute(1, greys, 1);
  gl.bindVertexArray(ofLines);
  attribute(0, ends, 3, 24, 0, 1);
  attribute(1, ends, 3, 24, 12, 1);

  return {
    put(geometry) {
      for (const [buffer, content] of [[corners, geometry.corners], [greys, geometry.greys], [ends, geometry.lines]]) {
        gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
        gl.bufferData(gl.ARRAY_BUFFER, content, gl.DYNAMIC_DRAW);
      }
      [triangles, lines, isFlat] = [geometry.corners.length / 3, geometry.lines.length / 6, geometry.isFlat];
    },
    paint(set, scale) {
      gl.disable(gl.CULL_FACE); // an open surface has two sides
      if (triangles) {
        set(faces, { flatColour: isFlat });
        gl.bindVertexArray(ofFaces);
        gl.drawArrays(gl.TRIANGLES, 0, triangles);
      }
      if (lines) {
        set(strokes, { flatColour: true, thick: THICK * scale, high: rgb("--generator").map((part) => part / 255) });
        gl.bindVertexArray(ofLines);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, lines);
      }
      gl.enable(gl.CULL_FACE);
    },
  };
}
