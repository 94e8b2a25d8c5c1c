// The relief on the graphics card. Height and slopes come ready-made from surface.js, so that a pixel costs one reading.

// How a surface is lit, and the rounded corners of the frame.
const LIGHT = `
uniform mat4 view;
uniform vec3 low, high;
uniform float light, radius;
uniform vec2 size; // of the canvas, in its pixels; the page would take longer to round its corners
vec4 cornered(vec3 colour) {
  vec2 beyond = max(abs(gl_FragCoord.xy - 0.5 * size) - (0.5 * size - radius), 0.0);
  return vec4(min(colour, 1.0), 1.0) * clamp(radius + 0.5 - length(beyond), 0.0, 1.0);
}
vec4 litColour(vec3 normal, vec3 toEye, vec3 body, float level, float hollow) {
  vec3 sun = normalize(vec3(-0.45, 0.75, 0.55)), sky = normalize(mat3(view) * vec3(0.0, 1.0, 0.0));
  float direct = max(0.0, (dot(normal, sun) + 0.22) / 1.22);
  float ambient = 0.42 + 0.12 * dot(normal, sky);
  vec3 halfway = normalize(sun + toEye);
  float gloss = pow(max(0.0, dot(normal, halfway)), 48.0) * 0.38 * (0.3 + 0.7 * level);
  float rim = pow(1.0 - max(0.0, dot(normal, toEye)), 3.0) * 0.12;
  return cornered(body * (ambient * hollow + 0.56 * direct) * light + vec3(gloss + rim * light));
}`;

export const VERTEX = `#version 300 es
precision highp float;
precision highp int;
layout(location = 0) in vec3 corner;
uniform mat4 projection, view;
uniform int form;
uniform float base, dots, rise, threshold; // rise: the height of white, in sides of the digit
out vec2 place;
out float white, wall;
out vec3 toward;
out float hollow;
uniform sampler2D surface; // height, its slopes along u and v, the pixel as it is
float heightAt(vec2 uv) { return textureLod(surface, uv, 0.0).r; }
void main() {
  vec2 uv = corner.xy;
  if (form == 2) uv = (vec2(gl_VertexID % 28, gl_VertexID / 28) + 0.5) / 28.0;
  place = uv;
  white = form == 2 ? textureLod(surface, uv, 0.0).a : heightAt(uv);
  // Hollows between strokes see less of the sky: the higher all around, the darker.
  float far = 1.0 / 14.0;
  float around = heightAt(uv + vec2(far, 0.0)) + heightAt(uv - vec2(far, 0.0)) + heightAt(uv + vec2(0.0, far)) + heightAt(uv - vec2(0.0, far));
  hollow = form == 2 ? 1.0 : clamp(1.0 - 0.9 * max(0.0, around * 0.25 - white), 0.55, 1.0);
  wall = corner.z > 0.0 && form != 2 ? 1.0 : 0.0;
  float up = corner.z > 0.5 && form != 2 ? -base : white * rise;
  vec4 seen = view * vec4((uv.x - 0.5) * 1.5, up * 1.5 - 0.06, (uv.y - 0.5) * 1.5, 1.0);
  toward = -seen.xyz;
  gl_Position = projection * seen;
  if (form == 2 && white < threshold) gl_Position = vec4(2.0, 2.0, 2.0, 1.0); // out of sight
  gl_PointSize = form == 2 && white < 0.04 ? 0.28 * dots : dots * (0.35 + 0.65 * white);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
in vec2 place;
in float white, wall;
in vec3 toward;
in float hollow;
uniform sampler2D surface;
uniform int form;
uniform float rise;
out vec4 shown;
${LIGHT}
void main() {
  vec4 here = texture(surface, place);
  float level = form == 2 ? white : here.r;
  vec3 normal = normalize(vec3(-here.g * rise, 1.0, -here.b * rise));
  if (wall > 0.5) {
    vec2 out2 = place - 0.5;
    normal = abs(out2.x) > abs(out2.y) ? vec3(sign(out2.x), 0.0, 0.0) : vec3(0.0, 0.0, sign(out2.y));
  }
  vec3 toEye = normalize(toward);
  normal = mat3(view) * normal;
  if (form == 2) {
    vec2 disc = gl_PointCoord * 2.0 - 1.0;
    float inside = 1.0 - dot(disc, disc);
    if (inside < 0.0) discard;
    normal = normalize(vec3(disc.x, -disc.y, sqrt(inside)));
  }
  vec3 body = mix(low, high, smoothstep(0.06, 0.85, level));
  if (wall > 0.5) body = low;
  shown = litColour(normal, toEye, body, level, hollow);
}`;

// Geometry as files have it: model units, x to the right, y to the digit's head, z up.
const PLACED = `
uniform mat4 projection, view;
uniform float side; // of a digit, model units
vec4 placed(vec3 at) { return view * vec4((at.x / side - 0.5) * 1.5, at.z / side * 1.5 - 0.06, (0.5 - at.y / side) * 1.5, 1.0); }`;

export const FACES = `#version 300 es
precision highp float;
layout(location = 0) in vec3 corner;
layout(location = 1) in float grey;
out vec3 toward;
out float white;
${PLACED}
void main() {
  vec4 seen = placed(corner);
  toward = -seen.xyz;
  white = grey;
  gl_Position = projection * seen;
}`;

export const LINES = `#version 300 es
precision highp float;
layout(location = 0) in vec3 start;
layout(location = 1) in vec3 end;
uniform vec2 size;
uniform float thick; // half of a line, in pixels
out vec3 toward;
out float white;
${PLACED}
void main() {
  vec4 one = projection * placed(start), other = projection * placed(end);
  vec2 way = (other.xy / other.w - one.xy / one.w) * size;
  way = length(way) > 0.0 ? normalize(way) : vec2(1.0, 0.0);
  vec2 out2 = (gl_VertexID % 2 == 0 ? 1.0 : -1.0) * vec2(-way.y, way.x) + (gl_VertexID < 2 ? -0.5 : 0.5) * way;
  vec4 here = gl_VertexID < 2 ? one : other;
  toward = vec3(0.0);
  white = 1.0;
  gl_Position = here + vec4(out2 * 2.0 * thick / size * here.w, 0.0, 0.0);
}`;

export const MADE = `#version 300 es
precision highp float;
in vec3 toward;
in float white;
out vec4 shown;
uniform bool flatColour; // of lines, and of what shows nothing but its greys
${LIGHT}
void main() {
  vec3 body = mix(low, high, white);
  vec3 normal = cross(dFdx(toward), dFdy(toward)); // before the branch: neighbours have to come along
  if (flatColour) {
    shown = cornered(body);
    return;
  }
  vec3 toEye = normalize(toward);
  shown = litColour(normalize(dot(normal, toEye) < 0.0 ? -normal : normal), toEye, body, 0.0, 1.0);
}`;

