// Colours by role, and ramps through OKLab. Pure functions, tested by tests/js/colour.test.js; the tables repeat
// ROLES and CLASSES of gradviz/ui/drawing.py, and tests/ui/test_drawing.py compares them.

const ROLES = {
  background: ["#ffffff", "#0f141b"],
  sidebar: ["#f6f7f9", "#141a23"],
  soft: ["#f2f4f7", "#1a222d"],
  text: ["#18212d", "#e8edf3"],
  muted: ["#566273", "#a3afbd"],
  ticks: ["#8b95a3", "#75818f"],
  line: ["#e2e6eb", "#27303c"],
  forward: ["#1f4e8c", "#7db2ee"],
  backward: ["#c43a1e", "#ff8a6b"],
  product: ["#7a2a8c", "#d79be4"],
  accent: ["#1f6f8b", "#6cc4de"],
  right: ["#1b7f4d", "#6fd3a0"],
  wrong: ["#a15c00", "#f0b35a"],
};

const CLASSES = [
  "#318cf7 #4f37af #f2740d #037c92 #72d662 #9f9dff #085884 #774501 #12d6c8 #fc9b9e #036150 #eab005 #ac1735 #46cafe #b574c9 #189b90 #c05f61 #52a726 #7457d1 #6d7803",
  "#67a9fc #6f5fd3 #fe9658 #139db8 #8ae87b #b6b7fd #0a7cb9 #a46410 #25ebdb #feb8b9 #168871 #fdc332 #d14957 #89d9fe #ce8fe1 #13baad #dc7d7e #70c14d #9079ef #8a972b",
].map((text) => text.split(" "));

const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const hexOf = (rgb) => `#${rgb.map((v) => Math.round(Math.max(0, Math.min(255, v))).toString(16).padStart(2, "0")).join("")}`;

// Whether a background, as CSS writes it (#rrggbb or rgb(r, g, b)), is dark.
function isDark(colour) {
  const [r, g, b] = colour.startsWith("#") ? rgbOf(colour) : (colour.match(/[\d.]+/g) || [255, 255, 255]).map(Number);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
}

// Role -> colour of one theme.
const rolesOf = (dark) => Object.fromEntries(Object.entries(ROLES).map(([role, pair]) => [role, pair[dark ? 1 : 0]]));

// The colour of a class by its position; from the 21st on the colours repeat and only the symbols differ.
const classColour = (index, dark) => CLASSES[dark ? 1 : 0][index % CLASSES[0].length];

const toLinear = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const toSrgb = (v) => 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);

// Björn Ottosson's OKLab (2020).
function oklab(rgb) {
  const [r, g, b] = rgb.map(toLinear);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([L, a, b]) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((v) => Math.max(0, Math.min(255, toSrgb(Math.max(0, v)))));
}

// A table of 256 colours (Uint8Array, r g b r g b ...) through the given ones, equally spaced in OKLab.
function rampThrough(colours) {
  const stops = colours.map((hex) => oklab(rgbOf(hex)));
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(at));
    const mixed = stops[k].map((v, c) => v + (at - k) * (stops[k + 1][c] - v));
    table.set(fromOklab(mixed).map(Math.round), 3 * i);
  }
  return table;
}

// One hue a kernel: lightness runs linearly from nearly the page's ground to nearly the text's side, so that the
// smallest value is never the brightest colour of a dark page. Hues in degrees of OKLCH.
const HUES = { forward: 257, backward: 34, product: 318 };

function rampOf(role, dark) {
  const hue = (HUES[role] * Math.PI) / 180;
  const [from, to] = dark ? [0.2, 0.93] : [0.985, 0.27];
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const t = i / 255;
    const L = from + t * (to - from);
    const chroma = Math.min(0.165 * Math.min(1, 0.2 + 2.4 * t), 0.94 * mostChroma(L, hue));
    table.set(fromOklab([L, chroma * Math.cos(hue), chroma * Math.sin(hue)]).map(Math.round), 3 * i);
  }
  return table;
}

// The chroma up to which a lightness and hue are colours of a screen: beyond it, clipping would change the hue.
function mostChroma(L, hue) {
  let [from, to] = [0, 0.4];
  for (let step = 0; step < 12; step++) {
    const middle = (from + to) / 2;
    const back = oklab(fromOklab([L, middle * Math.cos(hue), middle * Math.sin(hue)]));
    const off = Math.hypot(back[0] - L, back[1] - middle * Math.cos(hue), back[2] - middle * Math.sin(hue));
    if (off < 1e-3) from = middle;
    else to = middle;
  }
  return from;
}

// Signed values on the page's own ground: zero is the soft background, size is saturation.
// `positive` and `negative` are roles; the power makes small values visible.
function signedColour(value, positive, negative, roles, power = 0.55) {
  const t = Math.min(1, Math.abs(value)) ** power;
  const [ground, full] = [oklab(rgbOf(roles.soft)), oklab(rgbOf(roles[value < 0 ? negative : positive]))];
  return fromOklab(ground.map((v, c) => v + t * (full[c] - v)));
}
