// The figure of the Kernels page: what its parts share, and the exchange with Python. Each part is an element of its own,
// so that what has not changed is not sent again; `header.kind` says which one a payload is for.

const bus = { figure: null, waiting: new Map(), sprite: null, pictures: new Map(), theme: null, follow: () => bus.pairs?.redraw?.() };
const states = new WeakMap(); // by root: a rerun calls the default function again without a remount

// Tell Python what was done. A value that stays, with its time: a trigger is lost if the next thing follows too soon.
function tell(component, name, value) {
  component.setStateValue(name, { value, at: Date.now() + Math.random() });
}

// The state of a part that has a root of its own.
function partsOf(root, name) {
  if (!states.has(root)) states.set(root, {});
  bus[name] = states.get(root);
  return bus[name];
}

function receivePanel(state, { header, parts }) {
  const known = state.panels[header.index];
  if (known && known.digest === header.digest) return;
  const [cells, histogram, quantiles, largest, means] = parts;
  state.panels[header.index] = {
    ...header,
    grid: header.shape.map((length) => Math.ceil(length / header.step)),
    cells: new Uint16Array(cells),
    histogram: new Uint32Array(histogram),
    quantiles: new Float32Array(quantiles),
    largest: new Float32Array(largest),
    means: new Float32Array(means),
  };
}

function receiveAxes(state, { header }) {
  if (state.axes?.digest === header.digest) return;
  const before = state.axes;
  state.axes = header;
  state.rows = header.axes[0];
  state.cols = header.axes[1] || header.axes[0];
  const same = before && before.axes[0].ids.join() === header.axes[0].ids.join() && before.shape.join() === header.shape.join();
  if (same) return;
  state.cursor = state.at = state.received = null;
  state.marked = null;
  if (before) setView(state, wholeView(state));
  else state.view = wholeView(state);
}

// What belongs to the choices of this run: colours, the pair, its photographs and its place among all.
function receiveState(state, { header, parts }) {
  const { version, pair, ids, how } = header;
  Object.assign(state, { version, how, product: header.product, unit: header.unit, classMarked: header.marked, selected: header.selected, selectedKey: header.selected.join() });
  if (state.asked !== header.large) state.large = state.asked = header.large;
  ids.forEach((id, i) => keepPicture(id, parts[i]));
  if (!state.rows) return;
  // Once: afterwards the browser knows better than a run that began before the last movement.
  if (state.toldView === undefined) {
    state.toldView = header.view ?? null;
    if (header.view) setView(state, viewOf(header.view, state.axes.shape));
  }
  const [row, col] = pair ? [state.rows.ids.indexOf(pair[0]), state.cols.ids.indexOf(pair[1])] : [-1, -1];
  const found = row >= 0 && col >= 0;
  state.told = found ? { row, col, place: header.place, values: header.values } : null;
  const told = JSON.stringify([pair, state.axes.digest]);
  if (state.received === told) return; // a rerun with nothing new does not undo a click
  state.received = told;
  state.marked = found ? { row, col } : null;
}

// The last photographs that were sent, as addresses.
function keepPicture(id, bytes) {
  if (bus.pictures.has(id) && bus.pictures.get(id).size >= bytes.byteLength) return;
  const url = Object.assign(new String(URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }))), { size: bytes.byteLength });
  bus.pictures.delete(id);
  bus.pictures.set(id, url);
  while (bus.pictures.size > 24) {
    const [oldest, address] = bus.pictures.entries().next().value;
    URL.revokeObjectURL(`${address}`);
    bus.pictures.delete(oldest);
  }
}

function receiveWindow(state, { header, parts }) {
  const count = header.ranges.length;
  const cells = parts.slice(0, count).map((part) => new Uint16Array(part));
  state[header.kind] = { version: header.version, window: header.window, ranges: header.ranges, cells };
  header.ids.forEach((id, i) => keepPicture(id, parts[count + i]));
  if (!state.at && state.cursor) state.spoken.textContent = tipLines(state, state.cursor).map((line) => line.textContent).join("; ");
}

// Photographs of all images in one picture; until it is decoded, squares are grey.
function receiveSprite(payload) {
  const { header, parts } = payload;
  if (bus.sprite?.digest === header.digest) return;
  const sprite = { digest: header.digest, side: header.side, across: header.across, image: null, places: new Map(header.ids.map((id, i) => [id, i])) };
  createImageBitmap(new Blob([parts[0]], { type: "image/jpeg" })).then((image) => {
    sprite.image = image;
    bus.sprite = sprite;
    bus.figure?.redraw();
    if (bus.pairs?.header) listPairs(bus.pairs);
  });
}

// Whether all kernels and the axes are of one order; while an answer arrives piece by piece they may not be.
function isReady(state) {
  const { axes, panels, how } = state;
  // Not panels.every, which passes over those that have not come yet.
  return Boolean(axes && how && panels.length === axes.count && Array.from(panels).every((panel) => panel?.order === axes.order));
}

function drawAll(state, width = state.canvas.clientWidth) {
  if (!isReady(state) || !width) return;
  arrange(state, width);
  const context = sharpContext(state.canvas, width, state.layout.height);
  context.clearRect(0, 0, width, state.layout.height);
  showTable(state);
  state.panels.forEach((_, i) => paint(state, i));
  showAside(state);
  drawFigure(context, state);
  showStatus(state);
  const { r0, r1, c0, c1 } = state.view;
  state.canvas.dataset.view = [r0, r1, c0, c1].map((edge) => edge.toFixed(2)).join(" ");
  state.canvas.dataset.panels = state.layout.panels.map(({ x, y, w, h }) => [x, y, w, h].map(Math.round).join(" ")).join(";");
  state.canvas.dataset.version = state.version;
  bus.follow();
}

// Decide where everything stands: the height follows the window, so that nothing important lies below it.
function arrange(state, width) {
  const { axes, how } = state;
  const high = windowHeight(state.root);
  const top = Math.max(60, Math.min(300, topInWindow(state.root)));
  const beside = asideWidth(state.root.clientWidth) !== null;
  const below = !how.below ? 12 : !beside ? 270 : (high < 800 ? 186 : 218) + (isSlim(state) ? 8 : 0);
  const free = Math.min(how.height || 900, Math.max(290, high - top - below - 8));
  const wanted = [width, free, axes.digest, state.large, how.thumbs, state.selectedKey].join();
  if (state.arranged === wanted) return;
  state.arranged = wanted;
  const layout = figureLayout({
    width,
    height: free,
    count: state.panels.length,
    large: state.large,
    ratio: axes.shape[0] / axes.shape[1],
    names: axes.classes.length,
    thumbs: how.thumbs && state.cols.blocks.length > 0,
    slim: isSlim(state),
  });
  state.layout = layout;
  state.high = beside ? layout.height : 168;
  state.stage.style.height = `${layout.height}px`;
  placeButtons(state);
  const large = layout.panels[state.large];
  Object.assign(state.status.style, { left: `${large.x + large.w - 230}px`, top: `${(layout.thumbs ? layout.thumbs.y : large.y) - 20}px` });
  buildTable(state);
}

// Whether there is room for the panel beside the figure, but little.
const isSlim = ({ root }) => asideWidth(root.clientWidth) !== null && root.clientWidth < 880;

// The ⤢ of every small kernel.
function placeButtons(state) {
  state.layout.panels.forEach((box, i) => {
    const button = (state.promote[i] ||= element("button", { type: "button", className: "promote", textContent: "⤢" }));
    button.hidden = !box.small;
    button.title = `${state.panels[i].title.split(" ")[0]} large`;
    button.setAttribute("aria-label", button.title);
    Object.assign(button.style, { left: `${box.x + box.w - 22}px`, top: `${box.y - 22}px` });
    button.onclick = () => promote(state, i);
    if (!button.isConnected) state.stage.append(button);
  });
}

function promote(state, index) {
  state.large = index;
  state.redraw();
  tell(state.component, "large", index);
}

// The classes with two counts: how many photographs stand in the block, and how many show one.
function buildTable(state) {
  const { axes, layout } = state;
  state.table.hidden = !layout.table;
  if (!layout.table) return;
  const { each, all } = tableRows(axes.classes.length, layout.table.h);
  state.rowsOfTable = { each, all };
  state.tableShift = 0;
  state.tableOrder = axes.classes.map(({ name }) => name);
  const cell = (className, text) => element("span", { className, textContent: text });
  const counts = selectedOf(state);
  // In little room one count stands there, the other in the tip.
  const slim = isSlim(state);
  state.tableRows = axes.classes.map(({ name, here, show }, i) => {
    const last = counts ? cell("selected", grouped(counts[i])) : cell("show", grouped(show));
    const both = cell("here", here === null ? "" : grouped(here));
    const title = `Mark every photograph that shows ${name}${counts || slim ? `: ${grouped(show)}` : ""}`;
    const button = element("button", { type: "button", title }, cell("name", name), ...countsIn(slim, here === null || counts, both, last));
    button.style.height = `${each}px`;
    button.onclick = () => {
      state.classMarked = state.classMarked === name ? "" : name;
      state.redraw();
      tell(state.component, "marked", state.classMarked);
    };
    button.ondblclick = () => {
      const block = state.rows.blocks.find(([block]) => block === name);
      if (block) zoomToBlock(state, block);
    };
    button.disabled = axes.names.indexOf(name) < 0;
    return button;
  });
  const inBlocks = axes.classes.some(({ here }) => here !== null);
  const heads = [cell("here", inBlocks ? "here" : ""), counts ? cell("selected", "selected") : cell("show", "show one")];
  const head = element("div", { className: "head" }, cell("name", axes.rule ? `by ${axes.rule}` : ""), ...countsIn(slim, !inBlocks || counts, ...heads));
  state.table.replaceChildren(head, element("div", { className: "rows" }, ...state.tableRows));
  Object.assign(state.table.style, { left: `${layout.table.x}px`, top: `${layout.table.y - 34}px`, width: `${layout.table.w}px` });
  state.table.lastChild.style.height = all ? "" : `${Math.floor(layout.table.h / each) * each}px`;
}

// The two counts of a row, or in little room the one that says more.
const countsIn = (slim, last, here, show) => (slim ? [last ? show : here] : [here, show]);

// How many of the selected photographs stand in each class's block, or show it where there are no blocks; null without any.
function selectedOf({ axes, rows, selected }) {
  if (!selected?.[0].length) return null;
  return axes.classes.map(({ name }) => {
    const block = rows.blocks.find(([of]) => of === name);
    const which = axes.names.indexOf(name);
    return selected[0].filter((at) => (rows.blocks.length ? block && block[1] <= at && at < block[2] : rows.labels[at].includes(which))).length;
  });
}

function showTable(state) {
  const cursor = state.cursor || state.marked;
  const here = cursor ? [classAt(state.rows, cursor.row), classAt(state.cols, cursor.col)] : [];
  (state.tableRows || []).forEach((button, i) => {
    const name = state.axes.classes[i].name;
    button.classList.toggle("lit", here.includes(name));
    button.setAttribute("aria-pressed", String(state.classMarked === name));
    button.style.setProperty("--mark", classColour(Math.max(0, state.axes.classes[i].index ?? i), state.theme.dark));
  });
}

// Show a pair by its ids, wherever it was chosen.
function showPair(state, row, col) {
  const found = { row: state.rows.ids.indexOf(row), col: state.cols.ids.indexOf(col) };
  if (found.row < 0 || found.col < 0) return;
  state.marked = found;
  state.cursor = null;
  state.redraw();
}

const EDGE = 12; // pixels around a saved picture

// The figure alone, twice as fine as on the screen, with its choices above and its classes beside it.
function savedPicture(state) {
  const canvas = element("canvas");
  const { layout, how, theme, rows, cols } = state;
  const pair = state.cursor || state.marked;
  const said = pair ? `marked on the colour bars: ${rows.ids[pair.row]} and ${cols.ids[pair.col]}` : "";
  const width = state.canvas.clientWidth;
  const measure = canvas.getContext("2d");
  measure.font = fontOf(state, 13, 650);
  const lines = wrapped(measure, how.caption, width);
  const head = 18 * (lines.length + Boolean(said)) + 10;
  const [wide, high] = [width + 2 * EDGE, head + layout.height + 2 * EDGE];
  [canvas.width, canvas.height] = [2 * wide, 2 * high];
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, wide, high);
  context.translate(EDGE, EDGE);
  context.textBaseline = "alphabetic";
  context.fillStyle = theme.text;
  context.font = fontOf(state, 13, 650);
  lines.forEach((line, i) => context.fillText(line, 0, 14 + 18 * i));
  context.font = fontOf(state, 11.5);
  context.fillStyle = theme.roles.muted;
  context.fillText(shorten(context, said, width), 0, 14 + 18 * lines.length);
  context.translate(0, head);
  context.textAlign = "right";
  const large = layout.panels[state.large];
  context.fillText(state.status.textContent, large.x + large.w, (layout.thumbs ? layout.thumbs.y : large.y) - 6);
  drawFigure(context, state, true);
  if (layout.table) drawTable(context, state);
  return canvas;
}

// The table of classes as it stands in the page, whose rows that do not fit are left out.
function drawTable(context, state) {
  const { layout: { table }, axes, theme } = state;
  const { each } = state.rowsOfTable;
  const counts = selectedOf(state);
  const last = table.x + table.w - 4;
  const here = isSlim(state) ? last : last - (counts ? 46 : 34);
  const inBlocks = axes.classes.some((row) => row.here !== null);
  const [first, second] = [inBlocks && !(isSlim(state) && counts), !isSlim(state) || !inBlocks || counts];
  const write = (text, x, y, align, colour) => {
    context.textAlign = align;
    context.fillStyle = colour;
    context.fillText(text, x, y);
  };
  const { muted, accent } = theme.roles;
  context.font = fontOf(state, 11);
  context.textBaseline = "alphabetic";
  const up = (lines, x, align, colour) => lines.forEach((line, i) => write(line, x, table.y - 6 - 13 * (lines.length - 1 - i), align, colour));
  if (axes.rule) up(wrapped(context, `by ${axes.rule}`, here - table.x - 30), table.x, "left", muted);
  if (first) up(["here"], here, "right", muted);
  if (counts) up(["selected"], last, "right", accent);
  else if (second) up(["show", "one"], last, "right", muted);
  context.font = fontOf(state, 12);
  context.textBaseline = "middle";
  axes.classes.forEach((row, i) => {
    const y = table.y + (i + 0.5) * each;
    if (y > table.y + table.h) return;
    write(shorten(context, row.name, here - table.x - 30), table.x, y, "left", theme.text);
    if (first && row.here !== null) write(grouped(row.here), here, y, "right", theme.text);
    if (second) write(grouped(counts ? counts[i] : row.show), last, y, "right", counts ? accent : muted);
  });
}

function build(component) {
  const root = component.parentElement.querySelector(".root");
  const canvas = element("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  const state = { component, root, canvas, panels: [], promote: [], large: 0, theme: themeOf(root) };
  state.status = element("span", { className: "status" });
  state.whole = element("button", { className: "quiet", type: "button", textContent: "Whole", title: "Back to the whole kernel (key 0)" });
  state.save = element("button", { className: "quiet", type: "button", textContent: "PNG", title: "Save this picture, twice as fine as it is here" });
  state.tip = element("div", { className: "tip" });
  state.spoken = element("div", { className: "spoken" });
  state.spoken.setAttribute("aria-live", "polite");
  state.table = element("div", { className: "classtable" });
  state.stage = element("div", { className: "stage" }, canvas, state.table, state.tip, state.spoken);
  state.stage.append(state.status);
  buildAside(state);
  root.replaceChildren(element("div", { className: "kernels" }, element("div", { className: "left" }, state.stage), state.aside));
  state.redraw = scheduler(() => drawAll(state));
  state.whole.addEventListener("click", () => glide(state, wholeView(state)));
  state.save.addEventListener("click", () => savePicture(savedPicture(state), state.how.file));
  state.resized = () => {
    state.theme = bus.theme = dress(root);
    const aside = asideWidth(root.clientWidth);
    root.firstChild.classList.toggle("narrow", !aside);
    root.firstChild.classList.toggle("slim", isSlim(state));
    root.firstChild.style.gridTemplateColumns = aside ? `minmax(0, 1fr) ${aside}px` : "minmax(0, 1fr)";
    state.redraw();
  };
  state.observer = new ResizeObserver(state.resized);
  state.observer.observe(root);
  window.addEventListener("resize", state.resized);
  listenToPointer(state);
  listenToKeys(state);
  return state;
}

function take(state, payload) {
  const { kind } = payload.header;
  if (kind === "panel") receivePanel(state, payload);
  else if (kind === "axes") receiveAxes(state, payload);
  else if (kind === "state") receiveState(state, payload);
  else receiveWindow(state, payload);
  if (kind === "axes" && bus.waiting.has("state")) receiveState(state, bus.waiting.get("state"));
  // Where the pointer rests, the tip has the numbers of what is drawn now.
  if (kind !== "axes" && state.at && isReady(state)) point(state, state.at.box, state.at.x, state.at.y);
  if (isReady(state)) {
    const titles = state.panels.map((panel) => panel.title).join("; ");
    state.canvas.setAttribute("aria-label", `Heatmaps: ${titles}. Arrow keys move, plus and minus zoom, 0 shows the whole, Enter opens the pair.`);
  }
  state.redraw();
}

export default function (component) {
  const payload = unpack(component.data);
  const { kind, index } = payload.header;
  bus.theme = dress(component.parentElement.querySelector(".root"));
  if (kind === "layers") return void receiveLayers(component, payload);
  if (kind === "pairs") return void receivePairs(component, payload);
  if (kind === "sprite") return void receiveSprite(payload);
  if (kind !== "axes") {
    bus.waiting.set(kind === "panel" ? `panel ${index}` : kind, payload);
    if (bus.figure) take(bus.figure, payload);
    return undefined;
  }
  const root = component.parentElement.querySelector(".root");
  const fresh = !states.has(root);
  const state = states.get(root) || build(component);
  states.set(root, state);
  state.component = component;
  state.theme = bus.theme;
  bus.figure = state;
  take(state, payload);
  if (fresh) for (const other of bus.waiting.values()) take(state, other);
  state.resized();
  return () => {
    clearTimeout(state.settling);
    state.observer.disconnect();
    window.removeEventListener("resize", state.resized);
    if (bus.figure === state) bus.figure = null;
    bus.waiting.clear();
  };
}
