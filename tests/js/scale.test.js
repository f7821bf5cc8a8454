import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const { rampPlace, scaleFor, shareBelow, pixelsOf, placeAmong, scaleWords, KNEE } = load(
  ["heatmaps_scale.js"],
  ["rampPlace", "scaleFor", "shareBelow", "pixelsOf", "placeAmong", "scaleWords", "KNEE"],
);
const quantiles = Float32Array.from([0, 0.1, 0.2, 0.4, 1]);
const scale = { limits: [0.1, 0.3, 0.9], quantiles };

test("colours are linear between the limits, slower above, and nothing lies outside the ramp", () => {
  assert.equal(rampPlace(scale, "linear", -1), 0);
  assert.equal(rampPlace(scale, "linear", 0.1), 0);
  assert.ok(Math.abs(rampPlace(scale, "linear", 0.2) - KNEE / 2) < 1e-12);
  assert.equal(rampPlace(scale, "linear", 0.3), KNEE);
  assert.ok(Math.abs(rampPlace(scale, "linear", 0.6) - (KNEE + 1) / 2) < 1e-12);
  assert.equal(rampPlace(scale, "linear", 5), 1);
});

test("the root shows small values sooner, with the same ends", () => {
  assert.equal(rampPlace(scale, "root", 0.1), 0);
  assert.equal(rampPlace(scale, "root", 0.3), KNEE);
  assert.ok(rampPlace(scale, "root", 0.15) > rampPlace(scale, "linear", 0.15));
});

test("by rank, the place on the ramp is the share of pairs below", () => {
  assert.equal(rampPlace(scale, "rank", quantiles[2]), 0.5);
  assert.ok(Math.abs(shareBelow(quantiles, 0.3) - 0.625) < 1e-6);
  assert.equal(shareBelow(quantiles, -1), 0);
  assert.equal(shareBelow(quantiles, 2), 1);
});

test("every way is monotone, also where limits fall together", () => {
  for (const limits of [[0.1, 0.3, 0.9], [0.2, 0.2, 0.2], [0, 0, 1]]) {
    for (const way of ["linear", "root", "rank"]) {
      let before = -1;
      for (let value = -0.2; value < 1.2; value += 0.01) {
        const place = rampPlace({ limits, quantiles }, way, value);
        assert.ok(place >= before && place >= 0 && place <= 1, `${way} ${limits} ${value}`);
        before = place;
      }
    }
  }
});

test("shared limits span those of all kernels", () => {
  const panels = [{ limits: [0.1, 0.5, 0.8], quantiles }, { limits: [0, 0.2, 0.9], quantiles: quantiles.map((q) => q / 2) }];
  assert.deepEqual(scaleFor(panels, 1, true).limits, [0, 0.5, 0.9]);
  assert.deepEqual(scaleFor(panels, 1, false).limits, [0, 0.2, 0.9]);
  assert.equal(scaleFor(panels, 0, true).quantiles.length, quantiles.length);
  for (const way of ["linear", "root", "rank"]) {
    const [own, all] = [scaleWords(way, false), scaleWords(way, true)];
    assert.ok(all.every((words) => /all (three|3)/.test(words)) && !own.some((words) => /all (three|3)/.test(words)));
    for (const words of [own, all]) assert.deepEqual(words, words.toSorted((a, b) => b.length - a.length));
  }
});

test("the first and the last of 65,536 values have the ends of the ramp", () => {
  const table = new Uint8Array(768).map((_, i) => Math.floor(i / 3));
  const pixels = pixelsOf(0.1, 0.9, scale, "linear", table);
  assert.equal(pixels.length, 65536);
  assert.equal(pixels[0] & 0xff, 0);
  assert.equal(pixels[65535] & 0xff, 255);
  assert.equal(pixels[65535] >>> 24, 255);
});

test("the place among pairs is exact at the top and rounded to two digits below", () => {
  const panel = { largest: Float32Array.from([0.9, 0.8, 0.8, 0.7]), quantiles, count: 1000 };
  assert.deepEqual(placeAmong(panel, panel.largest[0]), { place: 1, exact: true });
  assert.deepEqual(placeAmong(panel, panel.largest[2]), { place: 2, exact: true });
  assert.deepEqual(placeAmong(panel, 0.75), { place: 4, exact: true });
  assert.deepEqual(placeAmong(panel, quantiles[2]), { place: 500, exact: false });
  assert.equal(placeAmong({ ...panel, count: 4 }, 0.1).place, 5);
});
