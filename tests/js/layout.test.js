import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const names = ["figureLayout", "asideWidth", "tableRows", "spread", "spans", "lensLayout", "startAround", "marksAlong", "viewText", "viewOf", "besideDiagonal", "BAR"];
const { figureLayout, asideWidth, tableRows, spread, spans, lensLayout, startAround, marksAlong, viewText, viewOf, besideDiagonal, BAR } = load(["heatmaps_layout.js"], names);

// What a presentation leaves of the figure in windows of 1440 x 900, 1280 x 720 and 1024 x 768, at 17/14.
const PRESENTED = [[667, 446], [819, 330], [608, 330]];

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

test("one kernel is large, two stand at its left, nothing overlaps and all fits", () => {
  for (const [width, height] of [[856, 560], [708, 420], [1300, 700], [640, 420], [700, 330], ...PRESENTED]) {
    for (const large of [0, 1, 2]) {
      for (const thumbs of [true, false]) {
        const layout = figureLayout({ width, height, count: 3, large, ratio: 1, names: 20, thumbs });
        const boxes = [...layout.panels, layout.table];
        boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b), `${width} ${large}`)));
        for (const { x, y, w, h } of boxes) assert.ok(x >= 0 && y >= 0 && x + w <= width && y + h + BAR <= layout.height + 1, `${width} x ${height}`);
        assert.ok(!layout.stacked && layout.height <= height + 1);
        assert.deepEqual(layout.panels.map(({ small }) => !small), [0, 1, 2].map((i) => i === large));
        assert.ok(layout.panels.every(({ small, w }) => !small || w < layout.panels[large].w));
      }
    }
  }
});

test("there is a panel beside the figure where the window is wide", () => {
  assert.equal(asideWidth(700), null);
  for (const width of [900, 992, 1152, 2000]) assert.ok(asideWidth(width) >= 264 && asideWidth(width) <= 340);
});

test("in little room the panel stays beside the figure, whose list has one count", () => {
  const width = 745; // of a window of 1024 pixels
  const left = width - asideWidth(width) - 14;
  assert.ok(asideWidth(width) >= 200);
  for (const large of [0, 1, 2]) {
    const layout = figureLayout({ width: left, height: 474, count: 3, large, ratio: 1, names: 20, thumbs: true, slim: true });
    const boxes = [...layout.panels, layout.table];
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b))));
    for (const { x, y, w, h } of boxes) assert.ok(x >= 0 && x + w <= left && y + h <= 474);
    assert.ok(!layout.stacked && layout.panels[large].w > 260 && layout.table.w >= 100);
  }
});

test("a narrow figure stacks its kernels, the large one first", () => {
  const { panels, stacked } = figureLayout({ width: 560, height: 500, count: 3, large: 2, ratio: 1, names: 0, thumbs: false });
  assert.ok(stacked);
  assert.equal(new Set(panels.map(({ x }) => x)).size, 1);
  assert.equal(Math.min(...panels.map(({ y }) => y)), panels[2].y);
});

test("one kernel alone, and one that is no square", () => {
  const { panels } = figureLayout({ width: 800, height: 500, count: 1, large: 0, ratio: 0.5, names: 0, thumbs: false });
  assert.equal(panels[0].small, false);
  assert.equal(panels[0].h, Math.round(panels[0].w / 2));
});

test("rows of the table get what height there is, down to what can be read", () => {
  assert.deepEqual(tableRows(20, 480), { each: 24, all: true });
  assert.ok(tableRows(20, 330).all);
  assert.deepEqual(tableRows(80, 480), { each: 15, all: false });
});

test("things are spread without overlap, in order, inside", () => {
  const at = spread([5, 6, 7, 200, 398], 20, 400);
  for (let i = 1; i < at.length; i++) assert.ok(at[i] - at[i - 1] >= 20 - 1e-9);
  assert.ok(at[0] >= 10 && at.at(-1) <= 390 + 1e-9);
  assert.equal(at[3], 200);
  const many = spread(Array.from({ length: 50 }, () => 100), 20, 400);
  assert.ok(many[0] >= 0 && many.at(-1) <= 400);
});

test("beside the diagonal there is a pair of two photographs, if there are two", () => {
  assert.deepEqual([[0, 3], [2, 3], [0, 1]].map(([col, cols]) => besideDiagonal(col, cols)), [1, 1, 0]);
});

test("a view goes through the address to a thousandth, and the whole has no place there", () => {
  const near = (a, b, size) => ["r0", "r1", "c0", "c1"].every((edge) => Math.abs(a[edge] - b[edge]) < 2e-3 * size);
  assert.equal(viewText({ r0: 0, r1: 50, c0: 0, c1: 50 }, [50, 50]), null);
  assert.equal(viewText({ r0: 10, r1: 35, c0: 25, c1: 50 }, [50, 50]), "2_0.45_0.75");
  for (const [n, r0, c0, size] of [[50, 3.3, 40, 10], [2476, 2472, 0, 4], [2476, 100.25, 1733.5, 97.3], [5000, 4996, 1, 4], [5000, 0, 0, 4900]]) {
    const view = { r0, r1: r0 + size, c0, c1: c0 + size };
    const text = viewText(view, [n, n]);
    assert.match(text, /^\d{1,4}(\.\d{1,3})?(_[01](\.\d{1,7})?){2}$/);
    assert.ok(near(viewOf(text, [n, n]), view, size), text);
    assert.equal(viewText(viewOf(text, [n, n]), [n, n]), text);
  }
});

test("marks stand where their photographs do, neighbours as one, none too thin to see", () => {
  assert.deepEqual(marksAlong([2, 3, 4, 9], 0, 10, 100, 1.5), [[20, 30], [90, 10]]);
  assert.deepEqual(marksAlong([2, 3, 4, 9], 3, 5, 100, 1.5), [[0, 100]]);
  assert.deepEqual(marksAlong([1000], 0, 2000, 400, 1.5), [[200, 1.5]]);
  assert.deepEqual(marksAlong([], 0, 10, 100, 1.5), []);
});

test("blocks are cut at the edges of the view", () => {
  const found = spans([["a", 0, 10], ["b", 10, 30], ["c", 30, 40]], 5, 25, 200);
  assert.deepEqual(found.map(({ name, a, b }) => [name, a, b]), [["a", 0, 50], ["b", 50, 200]]);
});

test("the lens shows whole cells around a pair, and stays inside", () => {
  for (const [width, height, shape] of [[264, 280, [2476, 2476]], [317, 180, [300, 300]], [264, 280, [4, 3]]]) {
    const { rows, cols, wide, tall, head, names: above } = lensLayout(width, height, shape, true);
    assert.ok(rows <= shape[0] && cols <= shape[1]);
    assert.ok(head + cols * wide <= width + 1e-9 && head + above + rows * tall <= height + 1e-9);
  }
  assert.equal(startAround(0, 9, 100), 0);
  assert.equal(startAround(99, 9, 100), 91);
  assert.equal(startAround(50, 9, 100), 46);
});
