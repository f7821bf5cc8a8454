import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { folder, load } from "./load.js";

test("every script can be read, and each component's together", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".js"));
  assert.ok(files.length > 20);
  for (const file of files) assert.doesNotThrow(() => parsed([file]), file);
  for (const component of ["heatmaps", "layers", "maps", "network", "neighbours", "queries", "scores"]) {
    const own = files.filter((name) => name === `${component}.js` || name.startsWith(`${component}_`));
    assert.doesNotThrow(() => parsed(["colour.js", "common.js", ...own]), component);
  }
});

// Without being run: some ask the browser for its window at once.
const parsed = (files) => load(files, [], (source) => new Function(source));
