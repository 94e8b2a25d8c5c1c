// The relief on the graphics card: heights are read from the 28 x 28 pixels, smoothed by a cubic B-spline.

// A cubic B-spline in four readings of the texture, each between two pixels (Sigg and Hadwiger 2005).
const HEIGHT = `
uniform sampler2D pixels;
float heightAt(vec2 place) {
  vec2 spot = place * 28.0 - 0.5;
  vec2 cell = floor(spot);
  vec2 f = spot - cell;
  vec2 f2 = f * f, f3 = f2 * f;
  vec2 w0 = (1.0 - 3.0 * f + 3.0 * f2 - f3) / 6.0;
  vec2 w1 = (4.0 - 6.0 * f2 + 3.0 * f3) / 6.0;
  vec2 w3 = f3 / 6.0;
  vec2 w2 = 1.0 - w0 - w1 - w3;
  vec2 g0 = w0 + w1, g1 = w2 + w3;
  vec2 low = (cell - 0.5 + w1 / g0) / 28.0, high = (cell + 1.5 + w3 / g1) / 28.0;
  return g0.y * (g0.x * textureLod(pixels, low, 0.0).r + g1.x * textureLod(pixels, vec2(high.x, low.y), 0.0).r)
       + g1.y * (g0.x * textureLod(pixels, vec2(low.x, high.y), 0.0).r + g1.x * textureLod(pixels, high, 0.0).r);
}
const float RISE = 0.17;
`;

export const VERTEX = `#version 300 es
precision highp float;
precision highp int;
layout(location = 0) in vec3 corner;
uniform mat4 projection, view;
uniform int form;
uniform float base, dots;
out vec2 place;
out float white, wall;
out vec3 toward;
${HEIGHT}
void main() {
  vec2 uv = corner.xy;
  if (form == 2) uv = (vec2(gl_VertexID % 28, gl_VertexID / 28) + 0.5) / 28.0;
  place = uv;
  white = form == 2 ? texture(pixels, uv).r : heightAt(uv);
  wall = corner.z > 0.0 && form != 2 ? 1.0 : 0.0;
  float up = corner.z > 0.5 && form != 2 ? -base : white * RISE;
  vec4 seen = view * vec4((uv.x - 0.5) * 1.5, up * 1.5 - 0.06, (uv.y - 0.5) * 1.5, 1.0);
  toward = -seen.xyz;
  gl_Position = projection * seen;
  gl_PointSize = form == 2 && white < 0.04 ? 0.28 * dots : dots * (0.35 + 0.65 * white);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
in vec2 place;
in float white, wall;
in vec3 toward;
uniform mat4 view;
uniform int form;
uniform vec3 low, high;
uniform float light;
out vec4 shown;
${HEIGHT}
void main() {
  float level = form == 2 ? white : heightAt(place);
  float near = 1.0 / 56.0;
  float left = heightAt(place - vec2(near, 0.0)), right = heightAt(place + vec2(near, 0.0));
  float back = heightAt(place - vec2(0.0, near)), front = heightAt(place + vec2(0.0, near));
  vec3 normal = normalize(vec3((left - right) * RISE / (2.0 * near), 1.0, (back - front) * RISE / (2.0 * near)));
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
  vec3 sun = normalize(vec3(-0.45, 0.75, 0.55)), sky = normalize(mat3(view) * vec3(0.0, 1.0, 0.0));
  // Hollows between strokes see less of the sky: the higher all around, the darker.
  float around = (left + right + back + front) * 0.25;
  float hollow = form == 2 || wall > 0.5 ? 1.0 : clamp(1.0 - 2.4 * max(0.0, around - level), 0.5, 1.0);
  vec3 body = mix(low, high, smoothstep(0.06, 0.85, level));
  if (wall > 0.5) body = low;
  float direct = max(0.0, (dot(normal, sun) + 0.22) / 1.22);
  float ambient = 0.42 + 0.12 * dot(normal, sky);
  vec3 halfway = normalize(sun + toEye);
  float gloss = pow(max(0.0, dot(normal, halfway)), 48.0) * 0.38 * (0.3 + 0.7 * level);
  float rim = pow(1.0 - max(0.0, dot(normal, toEye)), 3.0) * 0.12;
  vec3 lit = body * (ambient * hollow + 0.56 * direct) * light + vec3(gloss + rim * light);
  shown = vec4(min(lit, 1.0), 1.0);
}`;
