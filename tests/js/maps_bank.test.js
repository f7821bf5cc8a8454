import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { load } from "./load.js";

const { takeIn, letGo, bank, waiting } = load(["maps_bank.js"], ["takeIn", "letGo", "bank", "waiting"]);
const part = (digest) => ({ header: { digest }, parts: [] });

test("what a call holds stays, and what it has replaced goes after a while", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const [first, second] = [{}, {}];
  let told = 0;
  waiting.add({ refresh: () => (told += 1) });
  takeIn(first, part("a"));
  takeIn(first, part("a"));
  assert.equal(told, 1);
  takeIn(first, part("b"));
  assert.ok(bank.has("a") && bank.has("b"));
  mock.timers.tick(6000);
  assert.deepEqual([...bank.keys()], ["b"]);
  // Back to what was replaced a moment ago: it is still wanted when the while is over.
  takeIn(first, part("a"));
  takeIn(first, part("b"));
  mock.timers.tick(6000);
  assert.deepEqual([...bank.keys()], ["b"]);
  // A new call holds it before the old one is gone.
  takeIn(second, part("b"));
  letGo(first);
  mock.timers.tick(6000);
  assert.ok(bank.has("b"));
  letGo(second);
  mock.timers.tick(6000);
  assert.equal(bank.size, 0);
  mock.timers.reset();
});
