import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "./load.js";

const { rgbOf, hexOf, oklab, fromOklab, isDark, rampOf, rampThrough, rolesOf, signedColour, classColour, CLASSES, toLinear } = load(
  ["colour.js"],
  ["rgbOf", "hexOf", "oklab", "fromOklab", "isDark", "rampOf", "rampThrough", "rolesOf", "signedColour", "classColour", "CLASSES", "toLinear"],
);

test("OKLab there and back is the same colour", () => {
  for (const hex of ["#000000", "#ffffff", "#1f4e8c", "#c43a1e", "#7a2a8c"]) assert.equal(hexOf(fromOklab(oklab(rgbOf(hex)))), hex);
  assert.ok(Math.abs(oklab([255, 255, 255])[0] - 1) < 1e-4);
});

test("a ramp's lightness is monotone, and its least colour is next to the page's ground", () => {
  for (const dark of [false, true]) {
    for (const role of ["forward", "backward", "product"]) {
      const table = rampOf(role, dark);
      const light = Array.from({ length: 256 }, (_, i) => oklab([...table.slice(3 * i, 3 * i + 3)])[0]);
      for (let i = 1; i < 256; i++) assert.ok(dark ? light[i] > light[i - 1] - 2e-3 : light[i] < light[i - 1] + 2e-3, `${role} ${i}`);
      const off = light.map((l, i) => Math.abs(l - (light[0] + (i / 255) * (light[255] - light[0]))));
      assert.ok(Math.max(...off) < 0.02, `${role}: ${Math.max(...off)}`);
      const ground = oklab(rgbOf(rolesOf(dark).background))[0];
      assert.ok(Math.abs(light[0] - ground) < 0.06);
    }
  }
});

test("zero is the soft ground, and signs have their own hue", () => {
  const roles = rolesOf(false);
  assert.equal(hexOf(signedColour(0, "backward", "accent", roles)), roles.soft);
  assert.equal(hexOf(signedColour(1, "backward", "accent", roles)), roles.backward);
  assert.equal(hexOf(signedColour(-2, "backward", "accent", roles)), roles.accent);
});

test("twenty classes have twenty colours in each theme", () => {
  for (const dark of [false, true]) assert.equal(new Set(CLASSES[dark ? 1 : 0]).size, 20);
  assert.equal(classColour(21, true), classColour(1, true));
});

// Machado, Oliveira, Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE TVCG 15
// (2009): linear RGB as people without red or green cones see it.
const BLINDNESS = {
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
};
const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, v, k) => sum + v * vector[k], 0));

// CIELAB under D65.
function cielab(linear) {
  const xyz = times([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]], linear);
  const [x, y, z] = [xyz[0] / 0.95047, xyz[1], xyz[2] / 1.08883].map((t) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test("two classes with one symbol differ by 25 in CIELAB with red-green blindness, any two by 5", () => {
  const table = readFileSync(new URL("../../gradviz/ui/drawing.py", import.meta.url), "utf8").match(/_SYMBOLS = "([0-3]{20})"/)[1];
  const least = { all: Infinity, alike: Infinity };
  for (const dark of [0, 1])
    for (const matrix of Object.values(BLINDNESS)) {
      const seen = CLASSES[dark].map((hex) => cielab(times(matrix, rgbOf(hex).map(toLinear)).map((v) => Math.max(0, Math.min(1, v)))));
      seen.forEach((a, i) =>
        seen.slice(0, i).forEach((b, j) => {
          const apart = Math.hypot(...a.map((v, k) => v - b[k]));
          least.all = Math.min(least.all, apart);
          if (table[i] === table[j]) least.alike = Math.min(least.alike, apart);
        }),
      );
    }
  assert.ok(least.alike > 25, `${least.alike}`); // 25.1
  assert.ok(least.all > 5, `${least.all}`); // 5.4: diningtable and sheep, a diamond and a square
});

test("a ramp through colours begins and ends with them", () => {
  const table = rampThrough(["#ffffff", "#1f4e8c"]);
  assert.deepEqual([...table.slice(0, 3)], [255, 255, 255]);
  assert.equal(hexOf([...table.slice(-3)]), "#1f4e8c");
  assert.ok(isDark("rgb(15, 20, 27)") && !isDark("#f6f7f9"));
});
