// What a photograph finds: a band with the query and the photograph under the pointer, and three rows of the nearest.

const states = new WeakMap(); // by parentElement

const BELOW = 27; // pixels between the rows and the foot, and below it

function tell(state, name, value) {
  state.component.setTriggerValue(name, value);
}

function askFor(state, id) {
  state.root.classList.add("asking");
  tell(state, "query", id);
}

function openPair(state, id) {
  if (!state.header.asked.own) tell(state, "pair", id);
}

// Look at a photograph in a row.
function light(state, place) {
  if (place.row === state.lit.row && place.at === state.lit.at) return;
  state.lit = place;
  fillCard(state);
  showLit(state);
}

function atFirst(state) {
  const at = movesMost(state.photographs);
  const row = Math.max(0, state.squares.findIndex((squares) => squares.has(at)));
  return { row, at, first: true };
}

function press(state, event) {
  const { key } = event;
  const target = event.target.closest("[data-at]");
  if (key === "Escape") {
    state.root.getRootNode().activeElement?.blur();
    light(state, atFirst(state));
    return;
  }
  if (!target) return;
  const here = { row: Number(target.dataset.row), at: Number(target.dataset.at) };
  const { id } = state.photographs[here.at];
  if (key === "Enter" || key === " ") {
    event.preventDefault();
    if (event.shiftKey) openPair(state, id);
    else askFor(state, id);
  }
  if (!key.startsWith("Arrow")) return;
  event.preventDefault();
  const next = step(key, here, state.header.rows.map(({ nearest }) => nearest));
  if (!next) return;
  light(state, next);
  (state.squares[next.row].get(next.at) || state.dots[next.row].get(next.at)).focus();
}

// How far below the page's upper edge the component begins, whatever is scrolled.
function topInPage({ root }) {
  const main = document.querySelector("[data-testid=stMain]");
  return topInWindow(root) + (main ? main.scrollTop / zoomOf(root) : 0);
}

// The room from the component to the foot of the page, which has a component of its own below.
function arrange(state) {
  if (!state.header || !state.root.clientWidth) return;
  const top = topInPage(state);
  state.top = top;
  const whole = windowHeight(state.root);
  const foot = Math.max(127, Math.min(0.18 * whole, 164)) + BELOW;
  const height = Math.max(360, whole - top - foot);
  const band = Math.max(120, Math.min(0.22 * whole, 200));
  state.root.style.setProperty("--band", `${band}px`);
  state.root.classList.toggle("low", whole < 800);
  state.root.classList.toggle("narrow", state.root.clientWidth < 900);
  state.figure.style.height = `${height}px`;
  const above = state.stage.offsetTop;
  placeRows(state, state.root.clientWidth, height - above);
  drawLines(state);
}

function build(state) {
  const { header, parts } = state.data;
  const focused = state.root.getRootNode().activeElement?.closest?.("[data-at]");
  showPictures(state, [parts[0], ...parts.slice(7)]);
  const there = (k) => (parts[k].byteLength ? state.urls[k ? k - 6 : 0] : "");
  state.urls[0] = there(0);
  state.photographs = header.photographs.map((one, k) => ({ ...one, url: there(7 + k) }));
  state.ranks = [1, 2, 3].map((k) => new Uint32Array(parts[k]));
  state.precisions = [4, 5, 6].map((k) => new Float32Array(parts[k]));
  buildRows(state);
  state.lit = atFirst(state);
  state.card = element("div", { className: "nb-card" });
  state.spoken = element("div", { className: "spoken", role: "status" });
  const band = element("div", { className: "nb-band" }, ...queryPart(state), precisionPart(state), state.card);
  state.figure = element("div", { className: "nb" }, band, chooseLine(state), state.numbers, state.stage, state.spoken);
  state.root.classList.remove("asking");
  state.root.replaceChildren(state.figure);
  fillCard(state);
  arrange(state);
  if (focused) state.squares[state.lit.row].get(state.lit.at)?.focus({ preventScroll: true });
}

export default function (component) {
  const first = !states.has(component.parentElement);
  const state = states.get(component.parentElement) || { urls: [] };
  states.set(component.parentElement, state);
  state.component = component;
  state.root = component.parentElement.querySelector(".root");
  state.look = dress(state.root);
  const data = unpack(component.data);
  if (state.header?.digest !== data.header.digest) {
    state.data = data;
    state.header = data.header;
    build(state);
  } else {
    state.root.classList.remove("asking");
  }
  if (first) {
    state.root.addEventListener("keydown", (event) => press(state, event));
    watchWidth(state, () => arrange(state));
    // What stands above may come and go, such as a note.
    state.watchAbove = new ResizeObserver(() => topInPage(state) !== state.top && state.redraw());
    state.watchAbove.observe(document.querySelector("[data-testid=stMainBlockContainer]") || document.body);
  }
  return () => {
    state.watchAbove.disconnect();
    unwatch(state);
    dropPictures(state);
    states.delete(component.parentElement);
  };
}
