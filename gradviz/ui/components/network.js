// One or two photographs on their way through a network. What the browser is sent comes in pieces, so that nothing is
// sent again that has not changed: the network, each photograph, where the pair's similarity comes from, the choices.

const states = new WeakMap(); // by the element that holds all
const netBuses = new Map(); // by key: what has come, the states that draw it, and what the cells of a gradient show

const floats = (buffer, from = 0, length) => new Float32Array(buffer, from * 4, length);

function readPhoto({ header, parts }, network) {
  const rows = (buffer, width) => network.temperatures.map((_, t) => floats(buffer, t * width, width));
  const photo = { ...header, last: network.layers.at(-1).number, x: {}, y: {}, dy: {} };
  const rest = parts.slice(1);
  photo.url = URL.createObjectURL(new Blob([parts[0]], { type: "image/jpeg" }));
  photo.stages = header.stages.map((stage) => ({ ...stage, mean: floats(rest.shift()) }));
  for (const layer of network.layers) {
    photo.x[layer.number - 1] = floats(rest.shift());
    photo.y[layer.number] = floats(rest.shift());
    photo.dy[layer.number] = rows(rest.shift(), layer.outputs);
  }
  photo.p = rows(rest.shift(), network.classes.length);
  photo.g = floats(rest.shift());
  return photo;
}

function buildNetwork(component) {
  const root = component.parentElement.querySelector(".root");
  const state = { component, root, photos: {}, hovered: -1, panel: "outer" };
  state.canvas = element("canvas", { className: "net-canvas" });
  state.canvas.setAttribute("role", "img");
  state.svg = shape("svg", { class: "net-svg", role: "group", "aria-label": "The network, from the photographs to the classes and back" });
  state.frames = [0, 1].map(() => element("div", { className: "net-photo" }));
  state.classes = buildClasses(state);
  state.drawing = element("div", { className: "net-drawing" }, state.canvas, state.svg, ...state.frames, state.classes.panel);
  state.outer = buildOuter(state);
  state.pair = buildPair(state);
  state.tabs = [["outer", "The gradient of one layer"], ["pair", "Two photographs, one number"]].map(([name, text]) => {
    const tab = element("button", { type: "button", className: "quiet", textContent: text });
    tab.addEventListener("click", () => {
      state.panel = name;
      arrange(state);
    });
    return [name, tab];
  });
  const switchable = element("div", { className: "net-switch", role: "group" }, ...state.tabs.map(([, tab]) => tab));
  state.save = buildSave(state);
  state.panels = element("div", { className: "net-panels" }, switchable, state.outer.panel, state.pair.panel, state.save);
  state.tip = element("div", { className: "tip" });
  root.replaceChildren(state.drawing, state.panels, state.tip);
  state.drawing.addEventListener("pointermove", (event) => pointAtStrip(state, event));
  state.drawing.addEventListener("pointerleave", () => (state.tip.style.display = "none"));
  state.move = (step) => {
    state.step = step;
    state.redraw();
  };
  state.speakOf = (c) => {
    state.hovered = c;
    state.classes.rows.forEach((row) => row.button.classList.toggle("hovered", row.c === c));
    writeClass(state);
  };
  state.cell = (row, col) => {
    state.outer.at = [row, col];
    paintOuter(state);
    writeCell(state);
  };
  state.showCells = (cells) => {
    state.bus.cells = cells;
    moveCells(state);
    state.component.setTriggerValue("cells", cells);
  };
  state.open = (layer) => {
    state.panel = "outer";
    const changed = state.layer !== layer;
    state.layer = layer;
    // A click on the same weights again, or Escape, brings the rest back.
    state.alone = !changed && state.alone ? null : layer;
    arrange(state);
    if (changed) state.component.setTriggerValue("layer", layer);
  };
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !state.alone) return;
    state.alone = null;
    arrange(state);
  });
  state.redraw = scheduler(() => moveAll(state));
  const resized = scheduler(() => {
    state.theme = dress(state.root);
    arrange(state);
  });
  state.observer = new ResizeObserver(resized);
  state.observer.observe(root);
  state.observer.observe(state.classes.head); // as high as a line of the page's type
  addEventListener("resize", resized);
  state.stop = () => {
    state.observer.disconnect();
    removeEventListener("resize", resized);
    for (const photo of Object.values(state.photos)) if (photo) URL.revokeObjectURL(photo.url);
  };
  return state;
}

// The room below the component's upper edge, as it is before anything is scrolled.
function roomBelow(root) {
  const main = document.querySelector("[data-testid=stMain]");
  return innerHeight - root.getBoundingClientRect().top - (main ? main.scrollTop : 0) - 12;
}

// All that stays while the temperature moves.
function arrange(state) {
  if (!state.photos.A || !state.choices || !state.root.clientWidth) return;
  const width = state.root.clientWidth;
  // A presentation enlarges the type.
  state.scale = Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 14);
  const heights = netHeights(Math.max(496, roomBelow(state.root)), state.scale);
  state.layout = { ...netLayout(width, heights.drawing, state.photos.A.stages.length, state.network.layers.length, state.scale), width, height: heights.drawing };
  state.root.classList.toggle("single", heights.single);
  state.root.classList.toggle("alone", state.alone === state.layer);
  state.drawing.style.height = `${heights.drawing}px`;
  state.panels.style.height = `${heights.panels}px`;
  state.tabs.forEach(([name, tab]) => tab.setAttribute("aria-pressed", String(name === state.panel)));
  state.outer.panel.hidden = heights.single && state.panel !== "outer";
  state.pair.panel.hidden = heights.single && state.panel !== "pair";
  const head = (heights.single ? 34 : 24) * state.scale;
  state.rooms = { outer: { width: heights.single ? width * 0.72 : width * 0.47, height: heights.panels - head }, pair: heights.panels - head - 62 * state.scale };
  Object.assign(state.classes.panel.style, { left: `${state.layout.classes.x}px`, width: `${state.layout.classes.width}px` });
  state.canvas.style.width = `${width}px`;
  placePhotos(state);
  listClasses(state);
  drawFlow(state);
  moveAll(state);
}

// All that the temperature moves.
function moveAll(state) {
  if (!state.layout) return;
  state.canvas.setAttribute("aria-label", `Activations and gradients of ${state.network.layers.map((layer) => layer.name).join(", ")} at temperature ${state.network.temperatures[state.step]}`);
  paintFlow(state);
  moveClasses(state);
  if (!state.outer.panel.hidden) moveOuter(state);
  if (!state.pair.panel.hidden) movePair(state);
}

// The canvases alone, for a picture that is finer than the screen.
function repaint(state) {
  paintFlow(state);
  if (!state.outer.panel.hidden) paintOuter(state);
  if (!state.pair.panel.hidden) movePair(state);
}

// Take what has come; draw once everything that is needed is there.
function receiveNetwork(state, bus) {
  const { network, A, B, shares: places, choices } = bus;
  if (!network || !A || !choices) return;
  state.network = network.header;
  for (const [role, payload] of [["A", A], ["B", B]]) {
    // A photograph that went through another network waits for this one, or the network for it.
    const shown = payload?.header.network === network.header.digest ? payload.header.digest : null;
    if (role === "A" && !shown) return;
    if (state.photos[role]?.digest === shown) continue;
    if (state.photos[role]) URL.revokeObjectURL(state.photos[role].url);
    state.photos[role] = shown ? readPhoto(payload, state.network) : null;
  }
  const { means } = bus;
  state.means = means?.parts.length ? { ...means.header, values: means.parts.map((part) => floats(part)) } : null;
  state.shares = places?.header.side ? { ...places.header, values: places.parts.map((part) => floats(part)) } : null;
  state.choices = choices.header;
  // What the page says anew; what was moved here in the meantime stays.
  const { layer, temperature, cells } = choices.header;
  if (bus.saidCells !== cells) bus.cells = bus.saidCells = cells;
  if (state.said?.layer !== layer || !netLayer(state)) state.layer = layer;
  const step = state.network.temperatures.indexOf(temperature);
  if (state.said?.temperature !== temperature && step >= 0) state.step = step;
  state.said = { layer, temperature };
  arrange(state);
}

export default function (component) {
  const payload = unpack(component.data);
  const { kind, bus: key } = payload.header;
  // While the page is drawn again in another order, the former drawing and the new one are there side by side, and
  // either may leave first: each gets what comes, and what has come stays for the other.
  if (!netBuses.has(key)) netBuses.set(key, { states: new Set() });
  const bus = netBuses.get(key);
  bus[kind] = payload;
  if (kind !== "network") {
    for (const state of bus.states) receiveNetwork(state, bus);
    return undefined;
  }
  const root = component.parentElement.querySelector(".root");
  const state = states.get(root) || buildNetwork(component);
  states.set(root, state);
  state.component = component;
  state.bus = bus;
  state.theme = dress(state.root);
  bus.states.add(state);
  receiveNetwork(state, bus);
  return () => {
    state.stop();
    bus.states.delete(state);
  };
}
