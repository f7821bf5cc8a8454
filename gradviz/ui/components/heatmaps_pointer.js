// Pointer and keyboard over the linked heatmaps; windows of single pairs are requested here.

const DRAG = 4; // pixels before a press becomes a drag
const REST = 130; // milliseconds on a cell before its single pairs are requested
const SETTLED = 500; // milliseconds after which a movement has ended
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");

function setView(state, view) {
  const [rows, cols] = state.axes.shape;
  const tall = Math.min(rows, Math.max(Math.min(4, rows), view.r1 - view.r0));
  const wide = Math.min(cols, Math.max(Math.min(4, cols), view.c1 - view.c0));
  const r0 = Math.min(rows - tall, Math.max(0, (view.r0 + view.r1 - tall) / 2));
  const c0 = Math.min(cols - wide, Math.max(0, (view.c0 + view.c1 - wide) / 2));
  state.view = { r0, r1: r0 + tall, c0, c1: c0 + wide };
  state.redraw();
  clearTimeout(state.asking);
  state.asking = setTimeout(() => askForDetail(state), 180);
  clearTimeout(state.settling);
  state.settling = setTimeout(() => tellView(state), SETTLED);
  showStatus(state);
}

// The part that is looked at, for the address.
function tellView(state) {
  const text = viewText(state.view, state.axes.shape);
  if (text === state.toldView) return;
  state.toldView = text;
  tell(state.component, "view", text);
}

function wholeView(state) {
  return { r0: 0, r1: state.axes.shape[0], c0: 0, c1: state.axes.shape[1] };
}

function isWhole({ view, axes }) {
  return view.r1 - view.r0 >= axes.shape[0] - 1e-6 && view.c1 - view.c0 >= axes.shape[1] - 1e-6;
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

// Whether single pairs are there for all of a view.
function shows(state, { r0, r1, c0, c1 }) {
  if (state.axes.step === 1) return true;
  if (!state.detail || state.detail.version !== state.version) return false;
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
  const { view, axes } = state;
  if (shows(state, view) || view.r1 - view.r0 > axes.limit - 2 || view.c1 - view.c0 > axes.limit - 2) return;
  const [row0, row1] = around(view.r0, view.r1, axes.shape[0], axes.limit);
  const [col0, col1] = around(view.c0, view.c1, axes.shape[1], axes.limit);
  state.component.setStateValue("window", { digest: state.version, row0, row1, col0, col1 });
}

function askForPairs(state) {
  clearTimeout(state.resting);
  const cursor = state.cursor;
  if (!cursor || pairValues(state, cursor.row, cursor.col)) return;
  state.resting = setTimeout(() => {
    if (state.cursor === cursor) state.component.setStateValue("near", { digest: state.version, row: cursor.row, col: cursor.col });
  }, REST);
}

// The pair nearest to a point.
function cellAt(state, box, x, y) {
  const { view, axes } = state;
  const at = (value, length) => Math.max(0, Math.min(length - 1, Math.floor(value)));
  const row = at(view.r0 + ((y - box.y) / box.h) * (view.r1 - view.r0), axes.shape[0]);
  const col = at(view.c0 + ((x - box.x) / box.w) * (view.c1 - view.c0), axes.shape[1]);
  return { row, col };
}

function tipLines(state, { row, col }) {
  const { rows, cols, axes } = state;
  const values = pairValues(state, row, col);
  const line = (axis, index) =>
    element("div", {}, element("b", { textContent: axis.ids[index] }), element("span", { className: "quiet", textContent: `  ${shownBy(state, axis, index)}` }));
  const lines = [line(rows, row), line(cols, col)];
  lines.push(element("div", { className: "value", textContent: valueText(state, values || meanValues(state, row, col), Boolean(values)) }));
  if (!shows(state, state.view)) {
    const names = [classAt(rows, row), classAt(cols, col)].filter(Boolean).join(" × ");
    const note = `a cell is the mean of ${axes.step} × ${axes.step} pairs; double click zooms in`;
    lines.push(element("div", { className: "quiet", textContent: names ? `${names}: ${note}` : note }));
  }
  return lines;
}

function showTip(state, x, y) {
  const { row, col } = state.cursor;
  const lines = tipLines(state, state.cursor);
  const said = lines.map((line) => line.textContent).join("; ");
  const pictures = [];
  if (bus.sprite) {
    for (const id of [state.rows.ids[row], state.cols.ids[col]]) {
      const canvas = element("canvas", { className: "plain", width: bus.sprite.side, height: bus.sprite.side });
      drawThumb(canvas.getContext("2d"), state, id, 0, 0, bus.sprite.side, bus.sprite.side);
      pictures.push(canvas);
    }
  }
  state.tip.replaceChildren(...(pictures.length ? [element("div", { className: "pictures" }, ...pictures)] : []), ...lines);
  placeTip(state.tip, state.stage, x, y);
  return said;
}

function point(state, box, x, y) {
  const cell = cellAt(state, box, x, y);
  if (!state.cursor || state.cursor.row !== cell.row || state.cursor.col !== cell.col) state.cursor = cell;
  state.at = { box, x, y };
  showTip(state, x, y);
  askForPairs(state);
  state.redraw();
}

function leave(state) {
  clearTimeout(state.resting);
  state.cursor = state.at = null;
  state.tip.style.display = "none";
  state.redraw();
}

function showStatus(state) {
  const { axes, view } = state;
  const means = state.how?.means && state.panels[state.large]?.means.length;
  const grain = means ? "each block in its mean colour" : shows(state, view) ? "each cell one pair" : `a cell is the mean of ${axes.step} × ${axes.step} pairs`;
  const looking = `${grouped(Math.ceil(view.r1) - Math.floor(view.r0))} × ${grouped(Math.ceil(view.c1) - Math.floor(view.c0))} images, `;
  state.status.textContent = (isWhole(state) ? "" : looking) + grain;
  state.whole.disabled = isWhole(state);
}

// Choose a pair, on every part of the page; instead of a photograph with itself, it with its neighbour.
function pin(state, cell) {
  const { row, col } = state.rows.ids[cell.row] === state.cols.ids[cell.col] ? { row: cell.row, col: besideDiagonal(cell.col, state.axes.shape[1]) } : cell;
  state.marked = { row, col };
  state.cursor = state.at = null;
  state.tip.style.display = "none";
  state.redraw();
  tell(state.component, "pair", { row_id: state.rows.ids[row], col_id: state.cols.ids[col] });
  bus.follow();
}

// Zoom from a mean of many pairs to its two classes, or closer where they fill the view already.
function zoomIn(state, { row, col }) {
  const { view, rows, cols } = state;
  const [r, c] = [rows.blocks[blockIndex(rows.blocks, row)], cols.blocks[blockIndex(cols.blocks, col)]];
  const factor = r && c ? Math.max((r[2] - r[1]) / (view.r1 - view.r0), (c[2] - c[1]) / (view.c1 - view.c0)) : 1;
  if (factor > 0.7) return glide(state, zoomed(state, 0.25, row + 0.5, col + 0.5));
  const [tall, wide] = [factor * (view.r1 - view.r0), factor * (view.c1 - view.c0)];
  const [middle, centre] = [(r[1] + r[2]) / 2, (c[1] + c[2]) / 2];
  glide(state, { r0: middle - tall / 2, r1: middle + tall / 2, c0: centre - wide / 2, c1: centre + wide / 2 });
}

// Zoom all kernels to the columns and rows of one block.
function zoomToBlock(state, [, start, stop]) {
  const size = Math.max(4, (stop - start) * 1.15);
  const middle = (start + stop) / 2;
  glide(state, { r0: middle - size / 2, r1: middle + size / 2, c0: middle - size / 2, c1: middle + size / 2 });
}

function panelAt(state, x, y) {
  return state.layout.panels.find((p) => x >= p.x && x < p.x + p.w && y >= p.y && y < p.y + p.h);
}

// What else in the canvas answers to a click: thumbnails of blocks, titles of small kernels.
function targetAt(state, x, y) {
  const thumb = (state.thumbPlaces || []).find((t) => state.layout.thumbs && x >= t.x && x < t.x + t.size && y >= t.y && y < t.y + state.layout.thumbs.side);
  if (thumb) return () => zoomToBlock(state, state.cols.blocks[thumb.span.index]);
  return null;
}

function listenToPointer(state) {
  const { canvas } = state;
  let press = null;
  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = pointIn(canvas, event);
    if (event.button) return;
    const box = panelAt(state, x, y);
    if (!box) return targetAt(state, x, y)?.();
    press = { box, x, y, view: state.view, dragged: false };
    cancelAnimationFrame(state.gliding);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = pointIn(canvas, event);
    if (!press) {
      const box = panelAt(state, x, y);
      canvas.style.cursor = box || !targetAt(state, x, y) ? "" : "pointer";
      return box ? point(state, box, x, y) : leave(state);
    }
    const [dx, dy] = [x - press.x, y - press.y];
    if (!press.dragged && Math.hypot(dx, dy) < DRAG) return;
    press.dragged = true;
    canvas.classList.add("dragging");
    const { r0, r1, c0, c1 } = press.view;
    const [down, right] = [(dy / press.box.h) * (r1 - r0), (dx / press.box.w) * (c1 - c0)];
    leave(state);
    setView(state, { r0: r0 - down, r1: r1 - down, c0: c0 - right, c1: c1 - right });
  });
  canvas.addEventListener("pointerup", () => {
    if (press && !press.dragged) clicked(state, press);
    press = null;
    canvas.classList.remove("dragging");
  });
  canvas.addEventListener("pointercancel", () => (press = null));
  canvas.addEventListener("pointerleave", () => !press && leave(state));
  canvas.addEventListener("wheel", (event) => wheel(state, event), { passive: false });
}

// A click chooses the pair; a second one on the same cell zooms in where cells are means, else back to the whole.
function clicked(state, { box, x, y }) {
  const cell = cellAt(state, box, x, y);
  const now = performance.now();
  const before = state.clicked;
  state.clicked = { ...cell, now, x, y };
  if (before && now - before.now < 350 && isSame(state, before, state.clicked)) {
    state.clicked = null;
    return shows(state, state.view) ? glide(state, wholeView(state)) : zoomIn(state, cell);
  }
  pin(state, cell);
  if (state.marked.row === cell.row && state.marked.col === cell.col) point(state, box, x, y);
}

// Clicks on two cells are two clicks, however soon one follows the other; within a mean, a hand may tremble.
function isSame(state, a, b) {
  return (a.row === b.row && a.col === b.col) || (!shows(state, state.view) && Math.hypot(a.x - b.x, a.y - b.y) <= 3);
}

function wheel(state, event) {
  const [x, y] = pointIn(state.canvas, event);
  const box = panelAt(state, x, y);
  if (!box || (event.deltaY > 0 && isWhole(state))) return; // nothing to zoom out of: the page scrolls
  event.preventDefault();
  cancelAnimationFrame(state.gliding);
  const { r0, r1, c0, c1 } = state.view;
  const row = r0 + ((y - box.y) / box.h) * (r1 - r0);
  const col = c0 + ((x - box.x) / box.w) * (c1 - c0);
  setView(state, zoomed(state, Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.0022), row, col));
  point(state, box, x, y);
}

function listenToKeys(state) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  state.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { r0, r1, c0, c1 } = state.view;
    const middle = { row: Math.floor((r0 + r1) / 2), col: Math.floor((c0 + c1) / 2) };
    const cursor = state.cursor || (event.key === "Escape" ? null : state.keyed) || middle;
    if (steps[event.key]) moveCursor(state, cursor, steps[event.key], event.shiftKey ? 10 : 1);
    else if (event.key === "+" || event.key === "=") glide(state, zoomed(state, 0.5, cursor.row + 0.5, cursor.col + 0.5));
    else if (event.key === "-") glide(state, zoomed(state, 2, cursor.row + 0.5, cursor.col + 0.5));
    else if (event.key === "0") glide(state, wholeView(state));
    else if (event.key === "Enter") pin(state, (state.keyed = cursor));
    else if (event.key === "Escape") leave(state);
    else return;
    event.preventDefault();
  });
}

function moveCursor(state, cursor, [down, right], far) {
  const [rows, cols] = state.axes.shape;
  const clamp = (value, length) => Math.max(0, Math.min(length - 1, value));
  const step = shows(state, state.view) ? far : far * state.axes.step;
  const [row, col] = [clamp(cursor.row + down * step, rows), clamp(cursor.col + right * step, cols)];
  const { r0, r1, c0, c1 } = state.view;
  const shift = (at, from, to) => Math.min(0, at - from) + Math.max(0, at + 1 - to);
  const [dr, dc] = [shift(row, r0, r1), shift(col, c0, c1)];
  setView(state, { r0: r0 + dr, r1: r1 + dr, c0: c0 + dc, c1: c1 + dc });
  state.cursor = state.keyed = { row, col };
  const [x, y] = pointOf(state, state.layout.panels[state.large], row, col);
  state.spoken.textContent = showTip(state, x, y);
  askForPairs(state);
}
