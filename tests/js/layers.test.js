import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const names = ["layersLayout", "temperaturePlaces", "commonRanges", "spreadApart", "sortedRows", "shadeOf", "nextOrder", "boardColumns", "matrixSide", "roundTicks", "tauText", "LAYERS"];
const { layersLayout, temperaturePlaces, commonRanges, spreadApart, sortedRows, shadeOf, nextOrder, boardColumns, matrixSide, roundTicks, tauText, LAYERS } = load(["layers_layout.js"], names);

// The place of the figure at 1440 x 900, 1280 x 720 and 1024 x 768, with the sidebar open.
const WINDOWS = [[1162, 820], [1002, 640], [746, 688]];

test("answer, curves, board and evidence fill the usual windows, and 19 lines need no scrolling at 900 pixels", () => {
  for (const [width, height] of WINDOWS) {
    const layout = layersLayout(width, height, 19);
    assert.ok(layout.answer + layout.middle + layout.evidence + 2 * LAYERS.gap + LAYERS.edge <= height + 1);
    assert.equal(layout.curves + layout.board + LAYERS.gap, width);
    assert.equal(layout.photos + layout.matrix + LAYERS.gap, width);
    const gained = layersLayout(width, height, 19, 3, 3);
    assert.equal(gained.gains > 0, !gained.narrow);
    assert.equal(gained.photos + gained.matrix + LAYERS.gap + (gained.gains && gained.gains + LAYERS.gap), width);
    assert.ok(gained.photos >= 5 * 70 || gained.narrow, `${gained.photos}`);
    assert.ok(LAYERS.title + LAYERS.head + layout.rows <= layout.middle + 1);
    assert.ok(layout.row >= LAYERS.row[0] && layout.row <= LAYERS.row[1]);
  }
  assert.ok(!layersLayout(...WINDOWS[0], 19).scrolls);
  assert.ok(layersLayout(...WINDOWS[0], 120).scrolls);
  assert.equal(layersLayout(...WINDOWS[1], 19, 4).answer, 4 * LAYERS.difference + 9);
  assert.equal(layersLayout(...WINDOWS[0], 2).row, LAYERS.row[1]);
});

test("temperatures stand on a logarithmic axis, infinity beyond the largest", () => {
  const places = temperaturePlaces([1, 2, 4, 8, 16, 32, "inf"], 0, 64);
  assert.equal(places.get(1), 0);
  assert.equal(places.get("inf"), 64);
  const steps = [1, 2, 4, 8, 16].map((tau) => places.get(2 * tau) - places.get(tau));
  for (const step of steps) assert.ok(Math.abs(step - 10) < 1e-9);
  assert.ok(places.get("inf") - places.get(32) > 10);
  assert.equal(temperaturePlaces([], 0, 64).size, 0);
  assert.ok(Number.isFinite(temperaturePlaces([4], 3, 64).get(4)));
  assert.ok(Number.isFinite(temperaturePlaces(["inf"], 3, 64).get("inf")));
});

test("panels have the same pixels a point, and origins of their own", () => {
  const [a, b] = commonRanges([[60, 77, null], [39, 47]]);
  assert.ok(Math.abs(a[1] - a[0] - (b[1] - b[0])) < 1e-9);
  assert.ok(a[0] < 60 && a[1] > 77 && b[0] < 39 && b[1] > 47);
  const [empty] = commonRanges([[null]]);
  assert.ok(empty[1] > empty[0]);
});

test("names are moved apart in order and stay inside", () => {
  const moved = spreadApart([50, 51, 52, 10], 13, 0, 100);
  const sorted = [...moved].sort((x, y) => x - y);
  for (let k = 1; k < sorted.length; k++) assert.ok(sorted[k] - sorted[k - 1] >= 13 - 1e-9);
  assert.ok(moved[0] < moved[1] && moved[1] < moved[2] && moved[3] < moved[0]);
  const low = spreadApart([98, 99, 100], 13, 0, 100);
  assert.ok(Math.max(...low) <= 100 && Math.min(...low) >= 100 - 26 - 1e-9);
  assert.deepEqual(spreadApart([], 13, 0, 10), []);
  assert.deepEqual(spreadApart([3], 13, 5, 10), [5]);
});

const rows = [
  { network: "b", representation: "x6", temperature: null, mean: 44, size: 1024, seconds: 2 },
  { network: "a", representation: "dW6", temperature: "inf", mean: 47, size: 9, seconds: 3 },
  { network: "a", representation: "dy6", temperature: 32, mean: null, size: 10, seconds: 1 },
  { network: "a", representation: "x8", temperature: 8, mean: 44, size: 100, seconds: 1 },
];

test("rows sort by any column, what has no value last, infinity above all numbers", () => {
  assert.deepEqual(sortedRows(rows, "-mean"), [1, 0, 3, 2]);
  assert.deepEqual(sortedRows(rows, "mean"), [0, 3, 1, 2]);
  assert.deepEqual(sortedRows(rows, "temperature"), [3, 2, 1, 0]);
  assert.deepEqual(sortedRows(rows, "-dimensions"), [0, 3, 2, 1]);
  assert.deepEqual(sortedRows(rows, "network"), [1, 2, 3, 0]);
});

test("a heading sorts as people want it first, then the other way", () => {
  assert.equal(nextOrder("-mean", "mean"), "mean");
  assert.equal(nextOrder("mean", "mean"), "-mean");
  assert.equal(nextOrder("-mean", "seconds"), "seconds");
  assert.equal(nextOrder("seconds", "seconds"), "-seconds");
  assert.equal(nextOrder("-mean", "purity"), "-purity");
});

test("the board's columns fit, and what matters most stays", () => {
  for (const width of [660, 575, 466, 380]) {
    for (const networks of [1, 2]) {
      const columns = boardColumns(width, networks);
      const used = [...columns.values()].reduce((sum, each) => sum + each, 0);
      assert.ok(used <= width + 1, `${used} of ${width}`);
      for (const name of ["representation", "temperature", "mean", "alignment", "purity"]) assert.ok(columns.has(name), name);
      assert.equal(columns.has("network"), networks > 1);
    }
  }
});

test("the matrix fits its place, ticks are round, temperatures are written shortly", () => {
  assert.ok(matrixSide(420, 204, 16) * 16 + 8 <= 204 + 1);
  assert.ok(matrixSide(420, 204, 150) >= 3);
  assert.deepEqual(roundTicks(38.4, 47.6, 4), [40, 45]);
  assert.deepEqual([tauText(null), tauText("inf"), tauText(8)], ["", "∞", "8"]);
});

test("a cell is as dark as its value is great in its column", () => {
  const board = [{ mean: 40 }, { mean: 50 }, { mean: null }, { mean: 42.5 }];
  assert.deepEqual(board.map((row) => shadeOf(board, "mean", row)), [0, 1, null, 0.25]);
  assert.equal(shadeOf([{ mean: 3 }, { mean: 3 }], "mean", { mean: 3 }), null);
  assert.equal(shadeOf([{ purity: null }], "purity", { purity: null }), null);
});
