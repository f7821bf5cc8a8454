import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const names = ["classColumns", "classBars", "topShare", "seenWith", "classSentence", "LINE"];
const { classColumns, classBars, topShare, seenWith, classSentence, LINE } = load(["classes_layout.js"], names);
const together = [
  [130, 101, 4],
  [101, 981, 90],
  [4, 90, 384],
];

test("columns fit the width; many classes leave room for words instead of cells", () => {
  for (const width of [440, 530, 740]) {
    const { name, bar, cell, before } = classColumns(width, 20, 76);
    assert.ok(cell >= 7 && cell <= 14);
    assert.ok(bar >= LINE.bar);
    assert.ok(Math.abs(LINE.face + name + bar + LINE.number + LINE.plus - before) < 1e-9);
    assert.ok(before + 20 * cell <= width + 1e-9);
  }
  const many = classColumns(440, 200, 76);
  assert.equal(many.cell, 0);
  assert.ok(many.words > 50 && many.bar >= LINE.bar);
  assert.equal(classColumns(440, 1, 76).words, 0);
  for (const count of [1, 20, 200]) assert.ok(classColumns(60, count, 76).bar > 4, "while a page is being laid out it is narrow");
  assert.ok(classColumns(440, 20, 900).name < 120, "a long name does not squeeze the bars");
});

test("bars share one scale, and only one much longer than the others is cut", () => {
  const [horse, person, car] = classBars([[71, 59, 0], [500, 481, 48], [200, 184, 28]], 100);
  assert.ok(person.cut && !car.cut && !horse.cut);
  assert.ok(Math.abs(car.end - 100) < 1e-9 && Math.abs(person.end - 100) < 1e-9);
  assert.ok(Math.abs(horse.end - (130 / 412) * 100) < 1e-9);
  assert.ok(Math.abs(car.pieces[1].x - (200 / 412) * 100) < 1e-9);
  const [a, b] = classBars([[30], [20]], 60);
  assert.ok(!a.cut && a.end === 60 && b.end === 40);
  assert.deepEqual(classBars([[0], [0]], 60).map(({ end, cut }) => [end, cut]), [[0, false], [0, false]]);
  assert.deepEqual(classBars([[5]], 60).map(({ end, cut }) => [end, cut]), [[60, false]]);
});

test("shares are of the row, and the sentence says the numbers", () => {
  assert.equal(topShare(together), 0.8);
  assert.equal(topShare([[3]]), 0.1);
  assert.deepEqual(seenWith(together, 0, 5), [[1, 101], [2, 4]]);
  const say = (i) => classSentence(["horse", "person", "car"], together, [27, 700, 300], i);
  assert.equal(say(0), "Of 130 photographs with horse, 101 also show person, 4 also show car, 27 nothing else.");
  assert.equal(classSentence(["a", "b"], [[1, 1], [1, 2]], [0, 1], 0), "Of the only photograph with a, 1 also shows b, 0 nothing else.");
  assert.equal(classSentence(["a"], [[0]], [0], 0), "No photograph shows a.");
});
