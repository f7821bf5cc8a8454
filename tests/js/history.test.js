import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const { keepSteps } = load(["history.js"], ["keepSteps"]);
const HOST = "http://here";

// A window with its history: steps, and the place among them.
const opened = (address) => {
  const steps = [new URL(address, HOST).href];
  let at = 0;
  const heard = {};
  const app = { dataset: { testScriptState: "notRunning" } };
  const location = { get href() { return steps[at]; }, get pathname() { return new URL(steps[at]).pathname; }, origin: HOST };
  const history = {
    pushState: (state, title, url) => { steps.splice(++at, Infinity, new URL(url ?? "", steps[at - 1]).href); },
    replaceState: (state, title, url) => { steps[at] = new URL(url ?? "", steps[at]).href; },
  };
  const listen = (name, act) => { heard[name] = act; };
  const document = { addEventListener: listen, defaultView: { addEventListener: listen }, querySelector: () => app };
  keepSteps(history, document, location);
  return {
    history,
    app,
    steps: () => steps.map((step) => step.slice(HOST.length)),
    click: (href, more = {}) => heard.click({ target: { closest: () => ({ href: HOST + href }) }, button: 0, ...more }),
    back: () => { at--; heard.popstate(); },
  };
};

test("a page is one step, whatever is chosen on it", () => {
  const { history, steps } = opened("/kernels?order=id");
  history.pushState({}, "", "/kernels?order=class");
  history.pushState({}, "", "/kernels");
  assert.deepEqual(steps(), ["/kernels"]);
});

test("a page that is left by a link keeps its choices, whatever is stated while it is left", () => {
  const { history, steps, click } = opened("/kernels?images=50&order=id&pair=a");
  click("/map");
  for (const stated of ["?images=50", "?images=50&pair=a"]) history.pushState({}, "", `/kernels${stated}`);
  history.pushState({}, "", "/map?images=50&pair=a");
  history.pushState({}, "", "/map?images=50&pair=a&zoom=1");
  assert.deepEqual(steps(), ["/kernels?images=50&order=id&pair=a", "/map?images=50&pair=a&zoom=1"]);
});

test("a page that the server leaves keeps its choices", () => {
  const { history, steps } = opened("/data?view=Fetch");
  history.pushState({}, "", "/data?leaving=1");
  assert.deepEqual(steps(), ["/data?view=Fetch"], "the word is not shown");
  history.pushState({}, "", "/data");
  history.pushState({}, "", "/map");
  assert.deepEqual(steps(), ["/data?view=Fetch", "/map"]);
});

test("a second link, clicked while the first page is on its way, changes nothing", () => {
  const { history, steps, click, app } = opened("/kernels?order=id");
  click("/map");
  app.dataset.testScriptState = "running";
  history.pushState({}, "", "/kernels");
  click("/svm");
  history.pushState({}, "", "/svm");
  assert.deepEqual(steps(), ["/kernels?order=id", "/svm"]);
});

test("a link that led nowhere is forgotten", () => {
  const { history, steps, click, back } = opened("/kernels?order=id");
  click("/map");
  history.pushState({}, "", "/kernels?order=class");
  click("/map");
  history.pushState({}, "", "/map");
  assert.deepEqual(steps(), ["/kernels?order=class", "/map"]);
  click("/svm");
  back();
  click("/data");
  history.pushState({}, "", "/data");
  assert.deepEqual(steps(), ["/kernels?order=class", "/data"]);
});

test("links into other tabs and to the same page are none", () => {
  const { history, steps, click } = opened("/kernels?order=id");
  for (const key of ["ctrlKey", "metaKey", "shiftKey"]) click("/map", { [key]: true });
  click("/map", { button: 1 });
  click("/kernels");
  history.pushState({}, "", "/kernels");
  history.pushState({}, "", "/map");
  assert.deepEqual(steps(), ["/kernels", "/map"]);
});

test("a page that is being drawn when it is left by a step back makes no step of its own", () => {
  const { history, steps, click, back } = opened("/kernels?order=id");
  click("/map");
  history.pushState({}, "", "/map");
  click("/svm");
  history.pushState({}, "", "/svm");
  back();
  history.pushState({}, "", "/svm?images=50");
  history.pushState({}, "", "/map?images=50");
  assert.deepEqual(steps(), ["/kernels?order=id", "/map?images=50", "/svm"]);
  back();
  history.pushState({}, "", "/kernels?leaving=1");
  history.pushState({}, "", "/data");
  assert.deepEqual(steps(), ["/kernels?order=id", "/data"], "the server may lead on");
});
