// Linked heatmaps: state, pointer, keyboard, and the exchange with Python.

const states = new WeakMap(); // by parentElement: a rerun calls the default function again without a remount
const buses = new Map(); // by key: the overview, the mark and the window of single pairs are separate elements

const DRAG = 4; // pixels before a press becomes a drag
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");

function setView(state, view) {
  const [rows, cols] = state.header.shape;
  const tall = Math.min(rows, Math.max(Math.min(4, rows), view.r1 - view.r0));
  const wide = Math.min(cols, Math.max(Math.min(4, cols), view.c1 - view.c0));
  const r0 = Math.min(rows - tall, Math.max(0, (view.r0 + view.r1 - tall) / 2));
  const c0 = Math.min(cols - wide, Math.max(0, (view.c0 + view.c1 - wide) / 2));
  state.view = { r0, r1: r0 + tall, c0, c1: c0 + wide };
  state.redraw();
  clearTimeout(state.asking);
  state.asking = setTimeout(() => askForDetail(state), 180);
  showStatus(state);
}

function wholeView(state) {
  return { r0: 0, r1: state.header.shape[0], c0: 0, c1: state.header.shape[1] };
}

function isWhole({ view, header }) {
  return view.r1 - view.r0 >= header.shape[0] - 1e-6 && view.c1 - view.c0 >= header.shape[1] - 1e-6;
}

function glide(state, target) {
  cancelAnimationFrame(state.gliding);
  const from = state.view;
  const start = performance.now();
  const move = (now) => {
    const t = CALM.matches ? 1 : Math.min(1, (now - start) / 200);
    const ease = 1 - (1 - t) ** 3;
    setView(state, Object.fromEntries(Object.keys(from).map((edge) => [edge, from[edge] + (target[edge] - from[edge]) * ease])));
    if (t < 1) state.gliding = requestAnimationFrame(move);
  };
  state.gliding = requestAnimationFrame(move);
}

function zoomed(state, factor, row, col) {
  const { r0, r1, c0, c1 } = state.view;
  return { r0: row + (r0 - row) * factor, r1: row + (r1 - row) * factor, c0: col + (c0 - col) * factor, c1: col + (c1 - col) * factor };
}

function shows(state, { r0, r1, c0, c1 }) {
  if (state.header.step === 1) return true;
  if (!state.detail) return false;
  const [row0, row1, col0, col1] = state.detail.window;
  return row0 <= Math.floor(r0) && row1 >= Math.ceil(r1) && col0 <= Math.floor(c0) && col1 >= Math.ceil(c1);
}

// Widen the view to the limit, so that a little panning needs no new window.
function around(from, to, length, limit) {
  const size = Math.min(limit, length);
  const start = Math.min(length - size, Math.max(0, Math.floor((from + to - size) / 2)));
  return [start, start + size];
}

function askForDetail(state) {
  const { view, header } = state;
  if (shows(state, view) || view.r1 - view.r0 > header.limit - 2 || view.c1 - view.c0 > header.limit - 2) return;
  const [row0, row1] = around(view.r0, view.r1, header.shape[0], header.limit);
  const [col0, col1] = around(view.c0, view.c1, header.shape[1], header.limit);
  state.component.setStateValue("window", { digest: header.digest, row0, row1, col0, col1 });
}

// The single pair under a point, or the block of the overview where single pairs have not been sent.
function cellAt(state, panel, x, y) {
  const { view, header } = state;
  const at = (value, length) => Math.max(0, Math.min(length - 1, Math.floor(value)));
  const row = at(view.r0 + ((y - panel.y) / panel.h) * (view.r1 - view.r0), header.shape[0]);
  const col = at(view.c0 + ((x - panel.x) / panel.w) * (view.c1 - view.c0), header.shape[1]);
  return cellOf(state, row, col);
}

function cellOf(state, row, col) {
  const { shape, step } = state.header;
  if (shows(state, { r0: row, r1: row + 1, c0: col, c1: col + 1 })) return { row, col, height: 1, width: 1, single: true };
  const [top, left] = [row - (row % step), col - (col % step)];
  return { row: top, col: left, height: Math.min(step, shape[0] - top), width: Math.min(step, shape[1] - left), single: false };
}

function valuesAt(state, cell) {
  const { header, detail } = state;
  return header.panels.map((panel, i) => {
    if (cell.single && header.step > 1) {
      const [row0, , col0, col1] = detail.window;
      const [least, greatest] = detail.ranges[i];
      return least + ((greatest - least) * detail.cells[i][(cell.row - row0) * (col1 - col0) + cell.col - col0]) / 65535;
    }
    const at = Math.floor(cell.row / header.step) * state.grid[1] + Math.floor(cell.col / header.step);
    return panel.least + ((panel.greatest - panel.least) * state.cells[i][at]) / 65535;
  });
}

// Two decimals for a normalised kernel (three for a small value), fewer where values are large.
function number(value, usual) {
  const text = value.toFixed(Math.abs(value) < 2 / 10 ** usual && usual ? usual + 1 : usual);
  return Number(text) === 0 ? (0).toFixed(usual) : text;
}

// Factors get as many decimals as it takes for the printed product to be the product of what is printed.
// The same as `equation` in widgets.py, which writes it below the heatmaps; tests/browser/test_canvas.py compares them.
function equation(panels, [a, b, k], usual) {
  const result = number(k, usual);
  const decimals = (result.split(".")[1] || "").length;
  for (let more = 0; more < 4; more++) {
    const [p, q] = [number(a, usual + more), number(b, usual + more)];
    if (Number((Number(p) * Number(q)).toFixed(decimals)) === Number(result)) return `${panels[0].symbol} ${p} × ${panels[1].symbol} ${q} = ${result}`;
  }
  return `${panels[0].symbol} ${number(a, usual + 3)} × ${panels[1].symbol} ${number(b, usual + 3)} ≈ ${result}`;
}

function valueText(state, cell) {
  const { panels, product } = state.header;
  const values = valuesAt(state, cell);
  const greatest = Math.max(...panels.map((panel) => Math.max(Math.abs(panel.least), Math.abs(panel.greatest))), 1e-12);
  const usual = Math.max(0, Math.min(6, 2 - Math.ceil(Math.log10(greatest) - 1e-3)));
  if (product && cell.single && values.length === 3) return equation(panels, values, usual);
  return values.map((value, i) => `${panels[i].symbol} ${number(value, usual)}`).join(" · ");
}

function classAt(axis, index) {
  const block = axis.blocks.find(([, start, stop]) => start <= index && index < stop);
  return block ? block[0] : "";
}

function tipLines(state, cell) {
  const { rows, cols } = state.header;
  const value = element("div", { className: "value", textContent: valueText(state, cell) });
  if (!cell.single) {
    const count = `mean of ${cell.height} × ${cell.width} pairs`;
    const names = [classAt(rows, cell.row), classAt(cols, cell.col)].filter(Boolean).join(" × ");
    return [element("b", { textContent: names || count }), element("div", { className: "quiet", textContent: names ? `${count}; click to zoom in` : "click to zoom in" }), value];
  }
  const line = (axis, index) =>
    element("div", {}, element("b", { textContent: axis.ids[index] }), element("span", { className: "quiet", textContent: `  ${axis.labels[index].join(", ")}` }));
  return [line(rows, cell.row), line(cols, cell.col), value];
}

function showTip(state, x, y) {
  const lines = tipLines(state, state.cursor);
  state.tip.replaceChildren(...lines);
  placeTip(state.tip, state.root, x, y + state.canvas.offsetTop);
  return lines;
}

function point(state, panel, x, y) {
  state.cursor = cellAt(state, panel, x, y);
  state.at = { panel, x, y };
  showTip(state, x, y);
  state.redraw();
}

function leave(state) {
  state.cursor = state.at = null;
  state.tip.style.display = "none";
  state.redraw();
}

function showStatus(state) {
  const { header, view } = state;
  const block = `each point: mean of ${header.step} × ${header.step} pairs`;
  const looking = `${Math.ceil(view.r1) - Math.floor(view.r0)} × ${Math.ceil(view.c1) - Math.floor(view.c0)}`;
  state.status.textContent = `${looking.replace(/\B(?=(\d{3})+(?!\d))/g, ",")} images · ${shows(state, view) ? "each cell one pair" : block}`;
  state.whole.disabled = isWhole(state);
}

// A click does what the tip says: a pair opens, a mean of many pairs zooms in, first to the two classes, then further.
function act(state) {
  const { cursor, header, view } = state;
  if (!cursor) return;
  if (cursor.single) {
    state.marked = { row: cursor.row, col: cursor.col };
    state.redraw();
    state.component.setTriggerValue("pair", { row_id: header.rows.ids[cursor.row], col_id: header.cols.ids[cursor.col] });
    return;
  }
  const [row, col] = [cursor.row + cursor.height / 2, cursor.col + cursor.width / 2];
  const inside = (axis, at) => axis.blocks.find(([, start, stop]) => start <= at && at < stop);
  const [r, c] = [inside(header.rows, cursor.row), inside(header.cols, cursor.col)];
  const factor = r && c ? Math.max((r[2] - r[1]) / (view.r1 - view.r0), (c[2] - c[1]) / (view.c1 - view.c0)) : 1;
  if (factor > 0.7) return glide(state, zoomed(state, 0.25, row, col));
  const [tall, wide] = [factor * (view.r1 - view.r0), factor * (view.c1 - view.c0)];
  const [middle, centre] = [(r[1] + r[2]) / 2, (c[1] + c[2]) / 2];
  glide(state, { r0: middle - tall / 2, r1: middle + tall / 2, c0: centre - wide / 2, c1: centre + wide / 2 });
}

function panelAt(state, x, y, near) {
  return state.panels.find((p) => x >= p.x && x < p.x + p.w && y >= p.y && y < p.y + p.h) || near;
}

function listenToPointer(state) {
  const { canvas } = state;
  let press = null;
  canvas.addEventListener("pointerdown", (event) => {
    const panel = panelAt(state, event.offsetX, event.offsetY);
    if (!panel || event.button) return;
    press = { panel, x: event.offsetX, y: event.offsetY, view: state.view, dragged: false };
    cancelAnimationFrame(state.gliding);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = [event.offsetX, event.offsetY];
    if (!press) {
      const panel = panelAt(state, x, y);
      return panel ? point(state, panel, x, y) : leave(state);
    }
    const [dx, dy] = [x - press.x, y - press.y];
    if (!press.dragged && Math.hypot(dx, dy) < DRAG) return;
    press.dragged = true;
    canvas.classList.add("dragging");
    const { r0, r1, c0, c1 } = press.view;
    const [down, right] = [(dy / press.panel.h) * (r1 - r0), (dx / press.panel.w) * (c1 - c0)];
    leave(state);
    setView(state, { r0: r0 - down, r1: r1 - down, c0: c0 - right, c1: c1 - right });
  });
  canvas.addEventListener("pointerup", (event) => {
    const clicked = press && !press.dragged && event.detail < 2;
    if (clicked) {
      point(state, press.panel, press.x, press.y);
      if (performance.now() - (state.clicked || -1e9) > 350) act(state); // the second click of a double click does nothing
      state.clicked = performance.now();
    }
    press = null;
    canvas.classList.remove("dragging");
  });
  canvas.addEventListener("pointercancel", () => (press = null));
  canvas.addEventListener("pointerleave", () => !press && leave(state));
  canvas.addEventListener("dblclick", () => glide(state, wholeView(state)));
  canvas.addEventListener("wheel", (event) => wheel(state, event), { passive: false });
}

function wheel(state, event) {
  const panel = panelAt(state, event.offsetX, event.offsetY);
  if (!panel || (event.deltaY > 0 && isWhole(state))) return; // nothing to zoom out of: the page scrolls
  event.preventDefault();
  cancelAnimationFrame(state.gliding);
  const { r0, r1, c0, c1 } = state.view;
  const row = r0 + ((event.offsetY - panel.y) / panel.h) * (r1 - r0);
  const col = c0 + ((event.offsetX - panel.x) / panel.w) * (c1 - c0);
  setView(state, zoomed(state, Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.0022), row, col));
  point(state, panel, event.offsetX, event.offsetY);
}

function listenToKeys(state) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  state.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { r0, r1, c0, c1 } = state.view;
    const middle = cellOf(state, Math.floor((r0 + r1) / 2), Math.floor((c0 + c1) / 2));
    const cursor = state.cursor || middle;
    if (steps[event.key]) moveCursor(state, cursor, steps[event.key], event.shiftKey ? 10 : 1);
    else if (event.key === "+" || event.key === "=") glide(state, zoomed(state, 0.5, cursor.row + 0.5, cursor.col + 0.5));
    else if (event.key === "-") glide(state, zoomed(state, 2, cursor.row + 0.5, cursor.col + 0.5));
    else if (event.key === "0") glide(state, wholeView(state));
    else if (event.key === "Enter") (state.cursor = cursor), act(state);
    else if (event.key === "Escape") leave(state);
    else return;
    event.preventDefault();
  });
}

function moveCursor(state, cursor, [down, right], far) {
  const [rows, cols] = state.header.shape;
  const clamp = (value, length) => Math.max(0, Math.min(length - 1, value));
  const row = clamp(cursor.row + down * far * cursor.height, rows);
  const col = clamp(cursor.col + right * far * cursor.width, cols);
  const { r0, r1, c0, c1 } = state.view;
  const shift = (at, from, to) => Math.min(0, at - from) + Math.max(0, at + 1 - to);
  const [dr, dc] = [shift(row, r0, r1), shift(col, c0, c1)];
  setView(state, { r0: r0 + dr, r1: r1 + dr, c0: c0 + dc, c1: c1 + dc });
  state.cursor = cellOf(state, row, col);
  const panel = state.panels[0];
  const x = panel.x + ((state.cursor.col + 0.5 - state.view.c0) / (c1 - c0)) * panel.w;
  const y = panel.y + ((state.cursor.row + 0.5 - state.view.r0) / (r1 - r0)) * panel.h;
  const lines = showTip(state, x, y);
  state.spoken.textContent = lines.map((line) => line.textContent).join("; ");
}

function receiveMark(state, { header }) {
  const pair = JSON.stringify(header.pair);
  if (state.received === pair) return; // a rerun with nothing new does not undo a click
  state.received = pair;
  const [row, col] = header.pair ? [state.header.rows.ids.indexOf(header.pair[0]), state.header.cols.ids.indexOf(header.pair[1])] : [-1, -1];
  state.marked = row >= 0 && col >= 0 ? { row, col } : null;
  state.redraw();
}

function receiveDetail(state, { header, parts }) {
  if (header.digest !== state.header.digest) return;
  const [row0, row1, col0, col1] = header.window;
  const cells = parts.map((part) => new Uint16Array(part));
  const images = cells.map((values, i) => colourImage(values, row1 - row0, col1 - col0, header.ranges[i], state.header.panels[i], state.table));
  state.detail = { window: header.window, ranges: header.ranges, cells, images };
  if (state.at) point(state, state.at.panel, state.at.x, state.at.y);
  showStatus(state);
  state.redraw();
}

function receiveOverview(state, { header, parts }) {
  if (state.header?.digest === header.digest) return;
  const sameImages = state.header && state.header.rows.ids.join() === header.rows.ids.join() && state.header.cols.ids.join() === header.cols.ids.join();
  state.header = header;
  state.detail = state.cursor = state.at = null;
  if (!sameImages) state.marked = null;
  state.grid = header.shape.map((length) => Math.ceil(length / header.step));
  state.table = new Uint8Array(parts[0]);
  state.cells = parts.slice(1).map((part) => new Uint16Array(part));
  state.images = header.panels.map((panel, i) => colourImage(state.cells[i], ...state.grid, [panel.least, panel.greatest], panel, state.table));
  const ramp = Uint16Array.from({ length: 256 }, (_, i) => i * 257);
  state.ramp = colourImage(ramp, 1, 256, [0, 1], { low: 0, high: 1 }, state.table);
  state.laidOut = 0;
  state.canvas.setAttribute("aria-label", `Heatmaps: ${header.panels.map((panel) => panel.title).join("; ")}. Arrow keys move, plus and minus zoom, 0 shows the whole, Enter opens the pair.`);
  setView(state, sameImages ? state.view : wholeView(state));
}

function build(component) {
  const root = component.parentElement.querySelector(".root");
  const canvas = element("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  const state = { component, root, canvas };
  state.status = element("span", { className: "status" });
  state.whole = element("button", { className: "quiet", type: "button", textContent: "Whole", title: "Back to the whole kernel (double click, or key 0)" });
  const save = element("button", { className: "quiet", type: "button", textContent: "PNG", title: "Save this picture" });
  state.tip = element("div", { className: "tip" });
  state.spoken = element("div", { className: "spoken" });
  state.spoken.setAttribute("aria-live", "polite");
  root.replaceChildren(element("div", { className: "bar" }, state.status, state.whole, save), canvas, state.tip, state.spoken);
  state.redraw = scheduler(() => draw(state));
  state.whole.addEventListener("click", () => glide(state, wholeView(state)));
  save.addEventListener("click", () => {
    draw(state, true);
    savePicture(canvas, "kernels.png");
    state.redraw();
  });
  state.observer = new ResizeObserver(() => state.redraw());
  state.observer.observe(canvas);
  listenToPointer(state);
  listenToKeys(state);
  return state;
}

export default function (component) {
  const payload = unpack(component.data);
  const { kind, bus: key } = payload.header;
  if (!buses.has(key)) buses.set(key, {});
  const bus = buses.get(key);
  if (kind !== "overview") {
    bus[kind] = payload;
    if (bus.state) (kind === "mark" ? receiveMark : receiveDetail)(bus.state, payload);
    return undefined;
  }
  const state = states.get(component.parentElement) || build(component);
  states.set(component.parentElement, state);
  state.component = component;
  state.theme = themeOf(state.root);
  receiveOverview(state, payload);
  bus.state = state;
  if (bus.mark) receiveMark(state, bus.mark);
  if (bus.detail && !state.detail) receiveDetail(state, bus.detail);
  draw(state);
  return () => {
    state.observer.disconnect();
    buses.delete(key);
  };
}
