import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const names = ["frameOf", "projectionOf", "inside", "overlap", "within", "randomFrom", "shuffled", "densest", "placeStamps", "placePhotographs", "spiral", "cardPlace", "partition", "equationOf", "movedView", "zoomedView", "viewText", "viewOf", "wholeMap", "anyInside"];
const { frameOf, projectionOf, inside, overlap, within, randomFrom, shuffled, densest, placeStamps, placePhotographs, spiral, cardPlace, partition, equationOf, movedView, zoomedView, viewText, viewOf, wholeMap, anyInside } = load(["maps_geometry.js"], names);

function cloud(n, seed, w = 600, h = 400) {
  const random = randomFrom(seed);
  return Array.from({ length: n }, () => [random() * w, random() * h]);
}

test("a loop holds what a horizontal ray says, in a star and a spiral too", () => {
  const square = [[0, 0], [10, 0], [10, 10], [0, 10]];
  assert.ok(inside(square, 5, 5) && !inside(square, 15, 5) && !inside(square, 5, -1));
  const bent = [[0, 0], [10, 0], [10, 10], [5, 2], [0, 10]];
  assert.ok(!inside(bent, 5, 5) && inside(bent, 5, 1) && inside(bent, 1, 6));
  // Against the winding of a polygon that does not cross itself.
  const path = Array.from({ length: 30 }, (_, k) => [300 + (120 + 60 * Math.sin(5 * k)) * Math.cos((k * Math.PI) / 15), 200 + (120 + 60 * Math.sin(5 * k)) * Math.sin((k * Math.PI) / 15)]);
  for (const [x, y] of cloud(500, 1)) {
    let turn = 0;
    path.forEach(([ax, ay], i) => {
      const [bx, by] = path[(i + 1) % path.length];
      let angle = Math.atan2(by - y, bx - x) - Math.atan2(ay - y, ax - x);
      if (angle > Math.PI) angle -= 2 * Math.PI;
      if (angle < -Math.PI) angle += 2 * Math.PI;
      turn += angle;
    });
    assert.equal(inside(path, x, y), Math.abs(turn) > 1);
  }
  assert.ok(!inside([], 1, 1) && !inside([[0, 0], [5, 5]], 2, 2));
});

test("a map fills its box at zoom 1, and a place goes there and back", () => {
  const points = new Float32Array([-3, 1, 7, 2, 0, -4]);
  const frame = frameOf(points);
  const { at, back, scale } = projectionOf(frame, { x: 0, y: 0, zoom: 1 }, 400, 300, 20);
  for (let i = 0; i < 3; i++) {
    const [x, y] = at(points[2 * i], points[2 * i + 1]);
    assert.ok(x >= 20 - 1e-9 && x <= 380 + 1e-9 && y >= 20 - 1e-9 && y <= 280 + 1e-9);
    const [mx, my] = back(x, y);
    assert.ok(Math.abs(mx - points[2 * i]) < 1e-9 && Math.abs(my - points[2 * i + 1]) < 1e-9);
  }
  assert.equal(projectionOf(frame, { x: 0, y: 0, zoom: 3 }, 400, 300, 20).scale, 3 * scale);
  for (const few of [[], [1, 1], [1, 1, 1, 1]]) {
    const [x, y] = projectionOf(frameOf(new Float32Array(few)), { x: 0, y: 0, zoom: 1 }, 400, 300, 20).at(1, 1);
    assert.ok(Number.isFinite(x) && Number.isFinite(y));
  }
});

test("a map is magnified around the pointer and moved with it, and never lost", () => {
  const frame = frameOf(new Float32Array([-3, 1, 7, 2, 0, -4]));
  const drawn = (view) => projectionOf(frame, view, 400, 300, 20);
  let view = wholeMap();
  for (const [factor, dx, dy] of [[3, 40, -25], [2, -120, 90], [1 / 3, 10, 10], [500, 60, 0]]) {
    const [x, y] = drawn(view).back(200 + dx, 150 + dy);
    view = zoomedView(view, frame, drawn(view).scale, factor, dx, dy);
    const [px, py] = drawn(view).at(x, y);
    assert.ok(Math.hypot(px - 200 - dx, py - 150 - dy) < 1e-6, "what was under the pointer is under it still");
    assert.ok(view.zoom >= 1 && view.zoom <= 60);
  }
  const [x, y] = drawn(view).back(100, 100);
  const [px, py] = drawn(movedView(view, frame, drawn(view).scale, 30, -12)).at(x, y);
  assert.ok(Math.hypot(px - 130, py - 88) < 1e-6);
  assert.deepEqual(zoomedView(view, frame, drawn(view).scale, 1e-3, 40, 40), wholeMap());
  const far = movedView(wholeMap(), frame, drawn(wholeMap()).scale, 1e6, 1e6);
  assert.deepEqual([far.x, far.y], [-2, 2]);
});

test("a view is written in few digits and read again to a pixel, in another window and on another map", () => {
  assert.equal(viewText(wholeMap()), null);
  assert.equal(viewText({ x: -1e-9, y: 0, zoom: 1 }), null);
  assert.deepEqual(viewOf(null), wholeMap());
  assert.equal(viewText({ x: 0.12034567, y: -0.05, zoom: 3.20004 }), "3.2_0.1203_-0.05");
  assert.equal(viewText({ x: 0, y: -0, zoom: 2 }), "2_0_0");
  const random = randomFrom(5);
  const frame = frameOf(new Float32Array([-3, 1, 7, 2, 0, -4]));
  for (let k = 0; k < 200; k++) {
    const view = { x: random() - 0.5, y: random() - 0.5, zoom: 60 ** random() };
    const text = viewText(view);
    assert.ok(text.length <= 24, text);
    const [one, two] = [view, viewOf(text)].map((each) => projectionOf(frame, each, 900, 600, 26).back(450, 300));
    const pixels = projectionOf(frame, view, 900, 600, 26).scale * Math.hypot(one[0] - two[0], one[1] - two[1]);
    assert.ok(pixels < 1, `${text} is ${pixels} pixels off`);
  }
  // The same part of a map that is twice as large and elsewhere, in a window of half the size.
  const view = viewOf("4_0.2_-0.1");
  const twice = frameOf(new Float32Array([94, 2, 114, 4, 100, -8]));
  const middle = projectionOf(frame, view, 900, 600, 26).back(450, 300);
  const there = projectionOf(twice, view, 450, 300, 13).back(225, 150);
  assert.ok(Math.hypot(there[0] - (2 * middle[0] + 100), there[1] - 2 * middle[1]) < 1e-6);
});

test("a shuffle holds everything once and is the same again", () => {
  const order = shuffled(100, 3);
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
  assert.deepEqual(order, shuffled(100, 3));
  assert.notDeepEqual(order, shuffled(100, 4));
});

test("a class is named where most of it stands", () => {
  const points = [];
  for (let i = 0; i < 30; i++) points.push(i * 0.01, 0); // 30 in one place
  for (let i = 0; i < 5; i++) points.push(100 + 10 * i, 50); // and five far away, apart
  const of = new Int16Array(35).fill(1);
  const found = densest(new Float32Array(points), of, 3, 5, 8);
  assert.deepEqual(found[0], []);
  assert.equal(found[1].length, 8);
  assert.ok(found[1].every((i) => i < 30));
});

test("stamps and their names never overlap, and stay inside", () => {
  for (const seed of [1, 2, 3]) {
    const places = cloud(20 * 12, seed, 500, 350);
    const candidates = Array.from({ length: 20 }, (_, c) => places.slice(12 * c, 12 * c + 12).map(([x, y], k) => [12 * c + k, x, y]));
    const stamps = placeStamps(candidates, candidates.map((_, c) => 20 + 3 * c), 28, 500, 350, { taken: [{ x: 0, y: 0, w: 90, h: 40 }] });
    assert.ok(stamps.length >= 15, `${stamps.length} of 20`);
    const boxes = [{ x: 0, y: 0, w: 90, h: 40 }, ...stamps.flatMap(({ picture, name }) => [picture, name])];
    boxes.forEach((a, i) => {
      assert.ok(within(a, 500, 350));
      boxes.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b)));
    });
    for (const stamp of stamps) {
      const [, x, y] = candidates[stamp.class].find(([index]) => index === stamp.index);
      assert.ok(Math.abs(stamp.picture.x + 14 - x) < 1e-9 && Math.abs(stamp.picture.y + 14 - y) < 1e-9, "at its own point");
    }
    assert.deepEqual(stamps, placeStamps(candidates, candidates.map((_, c) => 20 + 3 * c), 28, 500, 350, { taken: [{ x: 0, y: 0, w: 90, h: 40 }] }));
  }
  assert.deepEqual(placeStamps([[], []], [10, 10], 28, 100, 100), []);
});

test("photographs stand near their points, apart, the first ones first", () => {
  const places = cloud(400, 5);
  const order = shuffled(400, 1);
  const taken = [{ x: 200, y: 100, w: 160, h: 120 }];
  const found = placePhotographs(order, (i) => places[i], 34, 600, 400, 96, 1000, taken);
  assert.ok(found.length > 80);
  [...taken, ...found].forEach((a, i, all) => all.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b))));
  for (const photo of found) {
    assert.ok(within(photo, 600, 400));
    assert.ok(Math.hypot(photo.x + 17 - photo.px, photo.y + 17 - photo.py) <= 96 + 1e-6);
    assert.deepEqual([photo.px, photo.py], places[photo.index]);
  }
  assert.equal(found[0].index, order.find((i) => within({ x: places[i][0], y: places[i][1], w: 0, h: 0 }, 600, 400)));
  assert.equal(placePhotographs(order, (i) => places[i], 34, 600, 400, 96, 5).length, 5);
  const still = placePhotographs(order, (i) => places[i], 34, 600, 400, 0, 1000);
  for (const photo of still) assert.ok(Math.hypot(photo.x + 17 - photo.px, photo.y + 17 - photo.py) < 1e-9);
});

test("offsets begin at the place itself and go outwards", () => {
  const found = spiral(30, 10);
  assert.deepEqual(found[0], [0, 0]);
  for (let i = 1; i < found.length; i++) assert.ok(Math.hypot(...found[i]) >= Math.hypot(...found[i - 1]) - 1e-9);
  assert.deepEqual(spiral(0, 10), [[0, 0]]);
});

test("the card lies where few dots are, and not on its own point", () => {
  const dots = cloud(300, 2, 300, 400);
  const box = cardPlace(160, 130, 600, 400, dots, 250, 200);
  assert.ok(within(box, 600, 400));
  assert.ok(!(250 > box.x && 250 < box.x + 160 && 200 > box.y && 200 < box.y + 130));
  assert.ok(dots.filter(([x, y]) => x > box.x && x < box.x + 160 && y > box.y && y < box.y + 130).length < 30);
});

test("the columns fill the width at every size", () => {
  for (const [w, h] of [[1160, 800], [1000, 600], [745, 640], [600, 600]]) {
    const { left, right } = partition(w, h);
    assert.equal(left + right + 16, w);
    assert.ok(left > 0.35 * w && right >= 258);
  }
  assert.equal(partition(1152, 780).right, 449);
  assert.equal(partition(1000, 600).right, 420);
});

test("numbers of an equation agree", () => {
  const random = randomFrom(4);
  for (let i = 0; i < 500; i++) {
    const [a, b] = [random() * 2 - 1, random() * 2 - 1];
    const [left, right, sign, shown] = equationOf(a, b, a * b);
    if (sign === "=") assert.equal((Number(left) * Number(right)).toFixed(3), shown);
    assert.ok(Math.abs(Number(left) - a) <= 5e-4 && Math.abs(Number(shown) - a * b) <= 5.1e-4);
  }
  assert.deepEqual(equationOf(0.776, 0.696, 0.776 * 0.696), ["0.776", "0.696", "=", "0.540"]);
});

test("an empty part of the map is told from one with a photograph in it", () => {
  assert.ok(anyInside([-5, 10, 30, 40], 50, 50));
  assert.ok(!anyInside([-5, 10, 30, 60, NaN, NaN], 50, 50));
  assert.ok(!anyInside([], 50, 50));
});

// What stands beside the maps, of a state without a page.
const side = load(["maps_geometry.js", "maps_draw.js", "maps_side.js", "maps_page.js"], ["countsOf", "symbolIn", "nearestIn", "explained", "unfinished"]);

function drawnState(more = {}) {
  const labels = [[0, 1], [0], [1], [1]];
  const names = { header: { classes: ["car", "person"], rule: "largest object", labels } };
  const near = { index: 2, rows: [[0, 1], [3], [1, 0]], fits: [true, true, false] };
  const shows = (c) => labels.flatMap((list, i) => (list.includes(c) ? [i] : []));
  return { names, near, shows, ids: ["a", "b", "c", "d"], main: [1, 0, 1, 1], count: 4, large: 0, focus: 2, marked: null, some: false, selected: new Set(), ...more };
}

test("a saved picture says what is marked, selected and in focus", () => {
  assert.equal(side.explained(drawnState({ marked: 0, some: true, focus: null })), "car marked: 2 photographs show it, 1 of them as the largest object; the others are grey");
  assert.equal(side.explained(drawnState({ selected: new Set([1, 3]), some: true })), "2 of 4 selected; the others are grey; lines and rings: the 2 nearest to c under each kernel");
  assert.equal(side.explained(drawnState({ focus: null })), "");
});

test("rings are drawn of the photograph in focus, on maps that its rows belong to", () => {
  assert.deepEqual([0, 1, 2].map((k) => side.nearestIn(drawnState(), k)), [[0, 1], [3], []]);
  assert.deepEqual(side.nearestIn(drawnState({ focus: 1 }), 0), []);
  assert.deepEqual(side.nearestIn(drawnState({ near: null }), 0), []);
});

test("the legend counts both, and has the symbols that are drawn", () => {
  assert.equal(side.countsOf({ count: 58, shown: 124 }), "58 · 124");
  assert.equal(side.countsOf({ count: 1300, shown: 1300 }), "1,300");
  assert.equal(side.symbolIn({ count: 1000, groupSymbols: ["circle", "diamond"] }, 1), "diamond");
  assert.equal(side.symbolIn({ count: 1001, groupSymbols: ["circle", "diamond"] }, 1), "circle");
});

test("no picture is saved while a map is missing or of former choices", () => {
  const there = { points: [0, 0], former: false };
  assert.ok(!side.unfinished({ maps: [there, there] }));
  assert.ok(side.unfinished({ maps: [there, { ...there, former: true }] }));
  assert.ok(side.unfinished({ maps: [there, { points: null, former: false }] }));
});

test("what the legend points at is drawn in its colour over the others in grey, and only while it does", () => {
  const { drawDots } = load(["maps_geometry.js", "maps_draw.js"], ["drawDots"]);
  const drawn = (pointedOut, lit) => {
    const dots = [];
    const context = { beginPath() {}, moveTo() {}, arc() {}, rect() {}, lineTo() {}, stroke() {}, fill() { dots.push([context.fillStyle, context.globalAlpha]); } };
    const state = { count: 3, order: [2, 0, 1], colours: ["red", "green", "red"], symbols: ["circle", "circle", "circle"], groupOf: [0, 1, 0], colour: { kind: "groups" } };
    Object.assign(state, { theme: { roles: { ticks: "grey" } }, lit, some: lit.includes(0), isOwn: () => false, pointedOut });
    drawDots(context, state, 0, [1, 1, 2, 2, 3, 3], 100, 100, true);
    return dots.map(([colour]) => colour);
  };
  assert.deepEqual(drawn(null, [1, 1, 1]), ["red", "red", "green"]);
  assert.deepEqual(drawn(1, [1, 1, 1]), ["grey", "grey", "green"]);
  assert.deepEqual(drawn(0, [0, 1, 0]), ["grey", "red", "red"]);
  assert.deepEqual(drawn(null, [0, 1, 0]), ["grey", "grey", "green"]);
});
