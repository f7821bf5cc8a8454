import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const names = ["scoresLayout", "listColumns", "niceAxis", "scaleOf", "sortedLines", "nextSort", "panelLayout", "shares", "curvePoints", "SCORES", "PANEL"];
const { scoresLayout, listColumns, niceAxis, scaleOf, sortedLines, nextSort, panelLayout, shares, curvePoints, SCORES, PANEL } = load(["scores_layout.js"], names);
const { symbolParts, resultColour, signed1, number1, between, oklab, rgbOf } = load(["colour.js", "scores_symbols.js"], ["symbolParts", "resultColour", "signed1", "number1", "between", "oklab", "rgbOf"]);

// The place below the equation at 1440 x 900, 1280 x 720 and 1024 x 768, with the sidebar open.
const WINDOWS = [[1162, 745], [1002, 565], [746, 610]];

test("twenty classes and four rows of photographs fit the usual windows without scrolling", () => {
  for (const [width, height] of WINDOWS) {
    const layout = scoresLayout(width, height, 20, 84, true);
    assert.ok(!layout.scrolls, `${width} x ${height}`);
    assert.ok(layout.row >= SCORES.row[0] && layout.row <= SCORES.row[1]);
    assert.ok(SCORES.head + layout.rows + layout.legend <= height);
    assert.ok(layout.list + SCORES.gap + layout.panel <= width + 1);
    const panel = panelLayout(layout.panel, height, 4);
    const used = 2 * PANEL.pad + PANEL.head + panel.hero + 8 + 4 * (PANEL.title + panel.side + PANEL.caption + PANEL.between);
    assert.ok(used <= height + 1, `${used} of ${height}`);
    assert.ok(panel.across * panel.side + (panel.across - 1) * PANEL.gap <= panel.inner + 1);
    assert.ok(panel.side >= 44 && panel.across >= 4);
    assert.ok(panel.curve >= 84 && panel.photo >= 80 && panel.facts >= 96);
    assert.ok(layout.columns.squares >= 1 && layout.columns.apAxis >= 44 && layout.columns.axis >= 44, "a first mistake beside axes");
    assert.ok(panel.curve + panel.photo + panel.facts + 20 <= panel.inner + 1);
  }
});

test("many classes scroll inside the list, a few have tall lines", () => {
  const many = scoresLayout(1162, 745, 200, 84, true);
  assert.ok(many.scrolls && many.row === SCORES.row[0] && many.rows <= 745 - SCORES.head - many.legend);
  const few = scoresLayout(1162, 745, 2, 84, true);
  assert.ok(!few.scrolls && few.row === SCORES.row[1] && few.rows === 2 * few.row);
});

test("the columns of a line fill its width and leave room for both axes", () => {
  for (const width of [382, 482, 600]) {
    for (const longest of [40, 84, 900]) {
      for (const compared of [true, false]) {
        const { name, side, squares, apAxis, axis } = listColumns(width, 28, longest, compared);
        const numbers = compared ? 2 * SCORES.ap + SCORES.value : SCORES.ap;
        const used = SCORES.face + name + SCORES.positives + numbers + apAxis + axis + squares * (side + SCORES.gapOfSquares) + (squares ? 8 : 0);
        assert.ok(used <= width + 1, `${used} of ${width}`);
        assert.ok(apAxis >= 30 && (!compared || axis >= 30));
        assert.ok(name <= Math.max(46, width * 0.2));
      }
    }
  }
  assert.equal(listColumns(600, 33, 84, true).squares, 3);
});

test("an axis holds all values, has round ticks and always 0 for differences", () => {
  const ap = niceAxis([54.1, 90.3, null, 64.4], 3);
  assert.ok(ap.low < 54.1 && ap.high > 90.3);
  assert.deepEqual(ap.ticks, [60, 80]);
  assert.deepEqual(niceAxis([16.8, 82.2], 3).ticks, [25, 50, 75]);
  const difference = niceAxis([0, -9.2, 21.4], 4);
  assert.deepEqual(difference.ticks, [-10, 0, 10, 20]);
  assert.ok(difference.ticks.some((tick) => Object.is(tick, 0)));
  for (const values of [[], [null], [5], [0, 0]]) {
    const axis = niceAxis(values, 3);
    assert.ok(axis.high > axis.low && axis.ticks.length > 0);
    assert.ok(Number.isFinite(scaleOf(axis, 100)(axis.low)));
  }
  const x = scaleOf({ low: 0, high: 100 }, 112, 6);
  assert.deepEqual([x(0), x(50), x(100)], [6, 56, 106]);
});

test("lines are sorted by a column, equals in their own order, what has no value last", () => {
  const lines = [
    { name: "dog", positives: 3, a: 50, b: 40, difference: 10 },
    { name: "cat", positives: 9, a: null, b: 90, difference: null },
    { name: "bus", positives: 3, a: 70, b: 80, difference: -10 },
  ];
  assert.deepEqual(sortedLines(lines, "-a"), [2, 0, 1]);
  assert.deepEqual(sortedLines(lines, "a"), [0, 2, 1]);
  assert.deepEqual(sortedLines(lines, "-b"), [1, 2, 0]);
  assert.deepEqual(sortedLines(lines, "-positives"), [1, 0, 2]);
  assert.deepEqual(sortedLines(lines, "-difference"), [0, 2, 1]);
  assert.deepEqual(sortedLines(lines, "class"), [2, 1, 0]);
  assert.deepEqual(sortedLines(lines, "-class"), [0, 1, 2]);
  assert.equal(nextSort("-a", "b"), "-b");
  assert.equal(nextSort("-b", "b"), "b");
  assert.equal(nextSort("b", "b"), "-b");
  assert.equal(nextSort("-a", "class"), "class");
  assert.equal(nextSort("class", "class"), "-class");
});

test("the groups that moved share a row and leave no place empty that another could fill", () => {
  assert.deepEqual(shares(6, [8, 8, 8]), [2, 2, 2]);
  assert.deepEqual(shares(8, [8, 8, 8]), [3, 3, 2]);
  assert.deepEqual(shares(6, [1, 8, 0]), [1, 5, 0]);
  assert.deepEqual(shares(6, [1, 1, 0]), [1, 1, 0]);
  assert.deepEqual(shares(4, [0, 0, 0]), [0, 0, 0]);
});

test("a curve begins at recall 0", () => {
  const points = curvePoints({ recall: [0.5, 1], precision: [1, 0.4] }, (r) => 10 * r, (p) => 10 * (1 - p));
  assert.deepEqual(points, [[0, 0], [5, 0], [10, 6]]);
  assert.deepEqual(curvePoints({ recall: [], precision: [] }, Number, Number), []);
});

test("formulas are taken apart, names of arrays are not", () => {
  assert.deepEqual(symbolParts("dW10", true), [{ text: "dW", sub: "10" }]);
  assert.deepEqual(symbolParts("x5+x6", true), [{ text: "x", sub: "5" }, { text: "+x", sub: "6" }]);
  assert.deepEqual(symbolParts("fc7", false), [{ text: "fc7", sub: "" }]);
});

test("numbers of an equation have as many digits, a true minus, and no sign before a zero", () => {
  assert.equal(signed1(5.76), "+5.8");
  assert.equal(signed1(-1.66), "\u22121.7");
  assert.equal(signed1(0.04), "0.0");
  assert.equal(signed1(-0.04), "0.0");
  assert.equal(number1(null), "\u2013");
  assert.equal(between([-1.23, 4.55]), "\u22121.2 to 4.5");
});

test("no two results of a role share a colour, and the first two are told apart at a glance", () => {
  for (const dark of [false, true]) {
    const all = [];
    for (const role of ["forward", "backward", "product"]) {
      for (let place = 0; place < 40; place++) all.push(resultColour(role, place, dark));
      const [first, second] = [0, 1].map((place) => oklab(rgbOf(resultColour(role, place, dark))));
      assert.ok(Math.hypot(...first.map((v, k) => v - second[k])) > 0.09, `${role} ${dark}`);
    }
    assert.equal(new Set(all).size, all.length);
  }
});
