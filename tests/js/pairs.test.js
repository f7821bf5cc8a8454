import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const { pairsLayout, placeOfPair, insidePolygon, pairsWithin, samePairs, equationParts, usualDecimals, withMinus, PLOT } = load(
  ["equation.js", "heatmaps_layout.js", "heatmaps_cells.js", "heatmaps_pairs.js"],
  ["pairsLayout", "placeOfPair", "insidePolygon", "pairsWithin", "samePairs", "equationParts", "usualDecimals", "withMinus", "PLOT"],
);

test("every pair stands inside the plot, negative ones too", () => {
  const [forward, backward] = [[0.1, 0.9, 0.4], [-0.2, 0.5, 0.3]];
  const at = pairsLayout(forward, backward, 300, 160);
  forward.forEach((value, i) => {
    const [x, y] = [at.px(value), at.py(backward[i])];
    assert.ok(x >= PLOT.left && x <= 300 - PLOT.right && y >= PLOT.top && y <= 160 - PLOT.bottom);
  });
  assert.ok(at.px(0.9) > at.px(0.1) && at.py(0.5) < at.py(-0.2));
});

test("a lasso holds what lies inside it, whatever its shape", () => {
  const corner = [[0, 0], [10, 0], [10, 4], [4, 4], [4, 10], [0, 10]];
  assert.ok(insidePolygon(corner, 2, 8) && insidePolygon(corner, 8, 2));
  assert.ok(!insidePolygon(corner, 8, 8) && !insidePolygon(corner, -1, 2));
});

test("a lasso drawn in one size holds the same pairs, and is drawn around them, in every other", () => {
  const random = (i) => (Math.sin(99 * i + 1) * 1e4) % 1;
  const forward = Float32Array.from({ length: 400 }, (_, i) => 0.5 + 0.5 * random(i));
  const backward = Float32Array.from({ length: 400 }, (_, i) => random(i + 1000));
  const small = pairsLayout(forward, backward, 420, 142);
  const drawn = [[120, 20], [300, 30], [260, 90], [130, 80]];
  const lasso = drawn.map(([x, y]) => small.valuesAt(x, y));
  const found = pairsWithin(lasso, forward, backward);
  assert.ok(found.length > 5 && found.length < 400);
  for (const [width, height] of [[420, 142], [700, 172], [345, 172]]) {
    const at = pairsLayout(forward, backward, width, height);
    const corners = lasso.map(([x, y]) => [at.px(x), at.py(y)]);
    const inside = [...forward.keys()].filter((i) => insidePolygon(corners, at.px(forward[i]), at.py(backward[i])));
    assert.deepEqual(inside, found);
  }
});

test("centred cosines keep three digits, and a minus is no hyphen", () => {
  const panels = [{ least: -0.1, greatest: 1 }, { least: -0.3, greatest: 1.04 }];
  assert.equal(usualDecimals({ panels, unit: true }), 3);
  assert.equal(usualDecimals({ panels: [{ least: 0, greatest: 250 }], unit: false }), 0);
  assert.equal(withMinus("-0.03 × 0.50 = -0.02"), "−0.03 × 0.50 = −0.02");
});

test("a sample is the same at another temperature, and another one of other photographs", () => {
  const pairs = [["a", "b"], ["a", "c"]];
  assert.ok(samePairs(pairs, [["a", "b"], ["a", "c"]]));
  for (const other of [[["a", "b"]], [["a", "b"], ["a", "d"]], [["a", "b"], ["b", "c"]]]) assert.ok(!samePairs(pairs, other));
  assert.ok(!samePairs(undefined, pairs));
});

test("the numbers of an equation agree in digits and multiply", () => {
  for (let i = 0; i < 500; i++) {
    const [a, b] = [Math.sin(i) ** 2, Math.cos(3 * i)];
    const { parts, sign } = equationParts([a, b, a * b], 3);
    const digits = parts.map((text) => text.split(".")[1].length);
    assert.equal(new Set(digits).size, 1);
    if (sign === "=") assert.equal(Number((Number(parts[0]) * Number(parts[1])).toFixed(digits[0])), Number(parts[2]));
  }
  assert.deepEqual(equationParts([0.709, 0.755, 0.709 * 0.755], 3), { parts: ["0.709", "0.755", "0.535"], sign: "=" });
});

test("a pair beyond the sample stands at the edge and says where it lies", () => {
  const at = pairsLayout([0.1, 0.6], [0.05, 0.5], 300, 160);
  const inside = placeOfPair(at, [0.3, 0.2]);
  assert.deepEqual(inside, { x: at.px(0.3), y: at.py(0.2), right: 0, up: 0 });
  const corner = placeOfPair(at, [0.93, 0.88]);
  assert.deepEqual([corner.right, corner.up], [1, 1]);
  assert.ok(Math.abs(corner.x - (300 - PLOT.right)) < 1e-9 && Math.abs(corner.y - PLOT.top) < 1e-9);
  const low = placeOfPair(at, [0.3, -0.4]);
  assert.deepEqual([low.right, low.up, low.x], [0, -1, at.px(0.3)]);
  assert.ok(Math.abs(low.y - (160 - PLOT.bottom)) < 1e-9);
});
