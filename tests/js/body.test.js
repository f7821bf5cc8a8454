import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const { bodyLayout } = load(["body_layout.js"], ["bodyLayout"]);
const layers = [4096, 4096, 1000].map((outputs, i) => ({ name: `fc${6 + i}`, inputs: 9216, outputs }));

test("slabs shrink, bars follow them, and all stay inside the picture", () => {
  for (const count of [1, 3, 8]) {
    const { slabs, bars } = bodyLayout(Array.from({ length: count }, (_, i) => layers[i % 3]), 200, 52);
    assert.equal(bars.length, count);
    for (let i = 1; i < slabs.length; i++) assert.ok(slabs[i].height < slabs[i - 1].height && slabs[i].x > slabs[i - 1].x);
    const last = bars.at(-1);
    assert.ok(last.x + last.width <= 200 + 1e-9);
    assert.ok(bars[0].x >= slabs.at(-1).x + slabs.at(-1).width);
    for (const bar of bars) assert.ok(bar.height > 0 && bar.height <= 52);
  }
});

test("a wider layer is a taller bar", () => {
  const { bars } = bodyLayout(layers, 200, 52);
  assert.equal(bars[0].height, bars[1].height);
  assert.ok(bars[2].height < bars[1].height);
});
