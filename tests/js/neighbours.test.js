import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const names = ["rowsLayout", "alongRanks", "rankTicks", "linePath", "lineLook", "precisionPath", "movesMost", "step", "ordinal", "shortValue", "placeInPlot", "queryAt"];
const { rowsLayout, alongRanks, rankTicks, linePath, lineLook, precisionPath, movesMost, step, ordinal, shortValue, placeInPlot, queryAt } = load(
  ["equation.js", "neighbours_geometry.js", "queries_geometry.js"],
  names,
);

test("three rows fit into the room, whatever its size and however many stand in a row", () => {
  for (const [width, height] of [[1160, 400], [1000, 290], [744, 320], [820, 205], [1800, 700]]) {
    for (const near of [6, 12, 24]) {
      for (const others of [2, 5, 13, 299, 2475]) {
        const { label, far, shown, each, wide, tall, gap, short } = rowsLayout(width, height, near, others);
        assert.equal(shown, Math.min(near, others));
        assert.equal(far > 0, others > near);
        assert.ok(label + shown * (each + 6) + far <= width + 1e-9, `${width} ${near} ${others}`);
        assert.ok(wide <= each && tall <= 1.4 * wide + 1e-9 && tall > 7 && (each < 40 || tall <= wide + 1e-9));
        assert.ok(gap >= 14);
        const row = Math.max(short ? 54 : 74, tall + 25);
        assert.ok(3 * row + 2 * gap <= height + 1e-9, `${width} x ${height} ${near}`);
      }
    }
  }
});

test("ranks lie on a logarithmic axis from the last column to the last photograph", () => {
  assert.equal(alongRanks(12, 12, 2475), 0);
  assert.equal(alongRanks(2475, 12, 2475), 1);
  assert.ok(Math.abs(alongRanks(Math.sqrt(12 * 2475), 12, 2475) - 0.5) < 1e-12);
});

test("round ranks are written where there is room, and always the last", () => {
  assert.deepEqual(rankTicks(12, 2475, 170), [20, 100, 500, 2475]);
  for (const [near, others, width] of [[12, 2475, 170], [12, 299, 120], [6, 4999, 230], [24, 30, 128], [12, 13, 128]]) {
    const ticks = rankTicks(near, others, width);
    assert.equal(ticks.at(-1), others);
    const places = ticks.map((rank) => width * alongRanks(rank, near, others));
    for (let k = 1; k < places.length; k++) assert.ok(places[k] - places[k - 1] >= 38 - 1e-9);
  }
  assert.deepEqual(rankTicks(12, 12, 170), []);
});

test("a line between two squares bends between the rows alone", () => {
  assert.equal(linePath({ x: 10, y: 50, far: false }, { x: 110, y: 90, far: false }, 50, 90), "M10 50C10 70 110 70 110 90");
});

test("a line leaves the axis straight down to the gap, and reaches it straight from there", () => {
  assert.equal(linePath({ x: 300, y: 30, far: true }, { x: 40, y: 90, far: false }, 50, 90), "M300 30L300 50C300 70 40 70 40 90");
  assert.equal(linePath({ x: 40, y: 50, far: false }, { x: 300, y: 120, far: true }, 50, 90), "M40 50C40 70 300 70 300 90L300 120");
});

test("lines between two squares are the strongest, between two far ranks the faintest", () => {
  const [near, far] = [{ far: false }, { far: true }];
  const looks = [lineLook(near, near), lineLook(near, far), lineLook(far, near), lineLook(far, far)];
  assert.deepEqual(looks[1], looks[2]);
  assert.ok(looks[0].width > looks[1].width && looks[1].width > looks[3].width && looks[1].opacity > looks[3].opacity);
});

test("precision is drawn as a step for each hit", () => {
  assert.equal(precisionPath([1, 0.5], 100, 100), "M0 0H50V50H100");
  assert.equal(precisionPath([0.25], 40, 20), "M0 15H40");
});

test("what moves most is looked at first", () => {
  const of = (...ranks) => ({ ranks });
  assert.equal(movesMost([of(1, 1, 1), of(3, 90, 2), of(200, 4, 5), of(40, 1, 60)]), 2);
  assert.equal(movesMost([of(1, 2, 1)]), 0);
});

test("arrows lead along a row and follow a photograph from row to row", () => {
  const rows = [[4, 7, 2], [7, 4, 9], [9, 4, 7]];
  assert.deepEqual(step("ArrowRight", { row: 0, at: 4 }, rows), { row: 0, at: 7 });
  assert.deepEqual(step("ArrowLeft", { row: 0, at: 7 }, rows), { row: 0, at: 4 });
  assert.equal(step("ArrowLeft", { row: 0, at: 4 }, rows), null);
  assert.equal(step("ArrowRight", { row: 0, at: 2 }, rows), null);
  assert.deepEqual(step("ArrowDown", { row: 0, at: 2 }, rows), { row: 1, at: 2 });
  assert.deepEqual(step("ArrowLeft", { row: 1, at: 2 }, rows), { row: 1, at: 9 });
  assert.equal(step("ArrowUp", { row: 0, at: 2 }, rows), null);
  assert.equal(step("ArrowDown", { row: 2, at: 9 }, rows), null);
});

test("ranks and values are written as they are read", () => {
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 112, 2475].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "2,475th"]);
  assert.deepEqual([0.8094, -0.0001, 1, -0.25].map((value) => shortValue(value, true)), ["0.809", "0.000", "1.000", "-0.250"]);
  assert.deepEqual([0, 1234.5, 0.5, -12, 3.2e7, 0.00012].map((value) => shortValue(value, false)), ["0", "1230", "0.5", "-12", "3.2e7", "1.2e-4"]);
});

test("queries stand by their two average precisions, and those without have no place", () => {
  assert.deepEqual(placeInPlot(25, 75, 80), [20, 20]);
  assert.equal(placeInPlot(NaN, 75, 80), null);
  const [first, second] = [new Float32Array([10, 50, NaN]), new Float32Array([20, 60, NaN])];
  assert.equal(queryAt(first, second, 100, 48, 41, 12), 1);
  assert.equal(queryAt(first, second, 100, 90, 10, 12), -1);
});
