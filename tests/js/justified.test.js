import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const { fitPhotograph, boxInFrame, placeTags, justifiedRows } = load(["photograph_fit.js"], ["fitPhotograph", "boxInFrame", "placeTags", "justifiedRows"]);
const ratios = Array.from({ length: 200 }, (_, i) => [4 / 3, 3 / 4, 1, 1.5, 0.2, 9][(i * 7) % 6]);

test("rows hold every picture once, in order, fill the width and keep the shapes nearly", () => {
  for (const width of [320, 738, 1100]) {
    const rows = justifiedRows(ratios, width, 70, 6);
    assert.deepEqual(rows.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k)), ratios.map((_, i) => i));
    rows.forEach(({ from, to, widths }, r) => {
      assert.equal(widths.length, to - from);
      const total = widths.reduce((a, b) => a + b, 0) + 6 * (widths.length - 1);
      if (r < rows.length - 1) assert.ok(Math.abs(total - width) < 1e-6, `row ${r} is ${total} wide`);
      else assert.ok(total <= width + 1e-6);
    });
    const stretches = rows.slice(0, -1).flatMap(({ from, widths }) => widths.map((w, k) => w / (70 * Math.max(0.5, Math.min(2.6, ratios[from + k])))));
    assert.ok(Math.max(...stretches) < 2 && Math.min(...stretches) > 0.5);
  }
});

test("the pictures of a short last row are not blown up, and none means no row", () => {
  assert.deepEqual(justifiedRows([], 500, 70, 6), []);
  const [{ widths }] = justifiedRows([1, 1], 500, 70, 6);
  assert.deepEqual(widths, [70, 70]);
});

test("a photograph covers its frame where little is lost, else lies inside as a whole", () => {
  const wide = fitPhotograph(500, 375, 250, 187.5);
  assert.deepEqual(wide, { scale: 0.5, x: 0, y: 0 });
  const tall = fitPhotograph(300, 600, 280, 210);
  assert.equal(tall.scale, 0.35);
  assert.ok(tall.x > 0 && tall.y === 0);
});

test("a box stands where its object is, and never leaves the frame", () => {
  const fit = fitPhotograph(500, 375, 250, 187.5);
  assert.deepEqual(boxInFrame([101, 51, 200, 150], fit, 250, 187.5), { x: 50, y: 25, width: 50, height: 50 });
  const whole = boxInFrame([1, 1, 500, 375], fit, 250, 187.5);
  assert.deepEqual(whole, { x: 1, y: 1, width: 248, height: 185.5 });
});

const TAG = 15;
const texts = (name) => [{ text: name, width: 60 }, { text: name[0], width: 17 }];
const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + TAG && b.y < a.y + TAG;

test("a tag stands above its box, inside where there is no room above", () => {
  const [above, inside] = placeTags([{ x: 20, y: 40, width: 80, height: 50 }, { x: 120, y: 4, width: 70, height: 90 }], [texts("1 cat"), texts("2 dog")], 200, 100, TAG);
  assert.deepEqual([above.x, above.y, above.text], [19, 25, "1 cat"]);
  assert.deepEqual([inside.x, inside.y, inside.text], [119, 4, "2 dog"]);
});

test("tags of boxes upon each other do not cover each other, and none leaves the picture", () => {
  for (const [W, H] of [[290, 210], [330, 250], [285, 226]]) {
    // Chairs around a table, as in a photograph with eight objects.
    const boxes = [[70, 150, 130, 60], [64, 140, 70, 70], [120, 142, 60, 64], [60, 138, 12, 12], [150, 120, 16, 24], [162, 124, 20, 28], [90, 90, 60, 60], [0, 0, W, H]].map(([x, y, width, height]) => ({ x, y, width, height }));
    const placed = placeTags(boxes, boxes.map((_, i) => texts(`${i} thing`)), W, H, TAG);
    placed.forEach((tag, i) => {
      assert.ok(tag.x >= 0 && tag.x + tag.width <= W && tag.y >= 0 && tag.y + TAG <= H);
      for (const other of placed.slice(0, i)) assert.ok(!overlap(tag, other), `${tag.text} upon ${other.text}`);
    });
  }
});

test("a tag is written even where every place is held", () => {
  const same = Array.from({ length: 40 }, () => ({ x: 5, y: 5, width: 30, height: 20 }));
  const placed = placeTags(same, same.map((_, i) => texts(`${i}`)), 40, 30, TAG);
  assert.equal(placed.length, 40);
  for (const tag of placed) assert.ok(tag.x >= 0 && tag.x + tag.width <= 60 && tag.y + TAG <= 30);
});
