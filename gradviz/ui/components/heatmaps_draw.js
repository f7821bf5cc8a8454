// Drawing of the linked heatmaps. A view is {r0, r1, c0, c1} in cells; a panel is a rectangle of CSS pixels.

const NAME_ROOM = 11; // pixels a class name needs across its direction of writing
const GAP = 14;

function fontOf(state, size, weight = 400) {
  return `${weight} ${size}px ${state.theme.font}`;
}

// One offscreen pixel per value; drawImage does the zooming.
function colourImage(cells, height, width, range, panel, table) {
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = new Uint32Array(256);
  for (let i = 0; i < 256; i++) colours[i] = 0xff000000 | (table[3 * i + 2] << 16) | (table[3 * i + 1] << 8) | table[3 * i];
  const slope = ((range[1] - range[0]) / 65535 / (panel.high - panel.low)) * 255;
  const start = ((range[0] - panel.low) / (panel.high - panel.low)) * 255 + 0.5;
  for (let i = 0; i < cells.length; i++) pixels[i] = colours[Math.max(0, Math.min(255, (start + slope * cells[i]) | 0))];
  context.putImageData(image, 0, 0);
  return canvas;
}

// Decide where everything is placed for a given width.
function layout(state, width) {
  const { header } = state;
  const context = state.canvas.getContext("2d");
  context.font = fontOf(state, 12);
  const longest = (axis) => Math.max(0, ...axis.blocks.map((block) => context.measureText(block[0]).width));
  const count = header.panels.length;
  const stacked = width < 600 && count > 1;
  const across = stacked ? 1 : count;
  const left = header.rows.blocks.length ? Math.ceil(Math.min(longest(header.rows), width / 8, 96)) + 8 : 1;
  const top = 22 + (header.cols.blocks.length ? Math.ceil(Math.min(longest(header.cols), 84)) + 8 : 2);
  const w = Math.max(60, Math.min(Math.floor((width - left - 2 - GAP * (across - 1)) / across), header.height));
  const h = Math.round(w * Math.min(1, Math.max(0.3, header.shape[0] / header.shape[1])));
  const bar = 46;
  const pitch = top + h + (header.common && stacked ? 8 : bar);
  state.panels = header.panels.map((_, i) => ({
    x: left + (stacked ? 0 : i * (w + GAP)), y: top + (stacked ? i * pitch : 0), w, h, top: stacked ? i * pitch : 0, names: stacked || !i,
  }));
  state.left = left;
  state.height = (stacked ? count : 1) * pitch + (header.common && stacked ? bar - 8 : 0);
}

function spans(blocks, from, to, length) {
  const scale = length / (to - from);
  return blocks
    .filter(([, start, stop]) => stop > from && start < to)
    .map(([name, start, stop]) => {
      const [a, b] = [(Math.max(start, from) - from) * scale, (Math.min(stop, to) - from) * scale];
      return { name, a, b, middle: (a + b) / 2, room: b - a };
    });
}

// Largest blocks first; a name that would touch one already placed appears in the hover text only.
function placed(list) {
  const kept = [];
  for (const span of [...list].sort((p, q) => q.room - p.room)) {
    if (kept.every((other) => Math.abs(other.middle - span.middle) >= NAME_ROOM + 1)) kept.push(span);
  }
  return kept;
}

function drawNames(context, state, panel) {
  const { header, view, theme } = state;
  context.fillStyle = theme.text;
  context.font = fontOf(state, 12);
  context.textBaseline = "middle";
  if (panel.names) {
    context.textAlign = "right";
    for (const span of placed(spans(header.rows.blocks, view.r0, view.r1, panel.h))) {
      context.fillText(shorten(context, span.name, state.left - 8), panel.x - 6, panel.y + span.middle);
    }
  }
  const list = spans(header.cols.blocks, view.c0, view.c1, panel.w);
  const flat = list.every((span) => context.measureText(span.name).width + 6 <= span.room);
  context.textAlign = flat ? "center" : "left";
  for (const span of flat ? list : placed(list)) {
    context.save();
    context.translate(panel.x + span.middle, panel.y - (flat ? 10 : 5));
    if (!flat) context.rotate(-Math.PI / 2);
    context.fillText(flat ? span.name : shorten(context, span.name, panel.y - panel.top - 28), 0, 0);
    context.restore();
  }
}

function drawSeparators(context, state, panel) {
  const { header, view } = state;
  context.strokeStyle = header.scale === "diverging" ? "rgba(0,0,0,.28)" : "rgba(255,255,255,.5)";
  context.lineWidth = 1;
  context.beginPath();
  for (const span of spans(header.rows.blocks, view.r0, view.r1, panel.h)) {
    const y = Math.round(panel.y + span.b) + 0.5;
    if (span.b < panel.h - 1) context.moveTo(panel.x, y), context.lineTo(panel.x + panel.w, y);
  }
  for (const span of spans(header.cols.blocks, view.c0, view.c1, panel.w)) {
    const x = Math.round(panel.x + span.b) + 0.5;
    if (span.b < panel.w - 1) context.moveTo(x, panel.y), context.lineTo(x, panel.y + panel.h);
  }
  context.stroke();
}

function drawImageAt(context, state, panel, image, step, row, col) {
  const { view } = state;
  const sx = panel.w / (view.c1 - view.c0);
  const sy = panel.h / (view.r1 - view.r0);
  // Average when several values share a pixel, nearest when a value covers pixels.
  context.imageSmoothingEnabled = Math.min(sx, sy) * step * (window.devicePixelRatio || 1) < 1;
  context.imageSmoothingQuality = "high";
  const [x, y] = [panel.x + (col - view.c0) * sx, panel.y + (row - view.r0) * sy];
  context.drawImage(image, x, y, image.width * step * sx, image.height * step * sy);
}

// A ring that is visible on every colour.
function ring(context, x, y, w, h) {
  context.lineWidth = 4;
  context.strokeStyle = "rgba(0,0,0,.85)";
  context.strokeRect(x, y, w, h);
  context.lineWidth = 2;
  context.strokeStyle = "#fff";
  context.strokeRect(x, y, w, h);
}

function drawCursor(context, state, panel) {
  const { view, cursor, marked } = state;
  const [sx, sy] = [panel.w / (view.c1 - view.c0), panel.h / (view.r1 - view.r0)];
  if (marked) {
    const size = Math.max(8, sx);
    const tall = Math.max(8, sy);
    const [x, y] = [panel.x + (marked.col + 0.5 - view.c0) * sx, panel.y + (marked.row + 0.5 - view.r0) * sy];
    ring(context, x - size / 2, y - tall / 2, size, tall);
  }
  if (!cursor) return;
  const x = panel.x + (cursor.col + cursor.width / 2 - view.c0) * sx;
  const y = panel.y + (cursor.row + cursor.height / 2 - view.r0) * sy;
  for (const [width, colour] of [[3, "rgba(0,0,0,.35)"], [1, "rgba(255,255,255,.9)"]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(panel.x, y), context.lineTo(panel.x + panel.w, y);
    context.moveTo(x, panel.y), context.lineTo(x, panel.y + panel.h);
    context.stroke();
  }
}

function drawPanel(context, state, index, plain) {
  const panel = state.panels[index];
  context.save();
  context.beginPath();
  context.rect(panel.x, panel.y, panel.w, panel.h);
  context.clip();
  drawImageAt(context, state, panel, state.images[index], state.header.step, 0, 0);
  if (state.detail) {
    const [row0, , col0] = state.detail.window;
    drawImageAt(context, state, panel, state.detail.images[index], 1, row0, col0);
  }
  drawSeparators(context, state, panel);
  if (!plain) drawCursor(context, state, panel);
  context.restore();
  context.lineWidth = 1;
  context.strokeStyle = state.theme.border;
  context.strokeRect(panel.x - 0.5, panel.y - 0.5, panel.w + 1, panel.h + 1);
  context.font = fontOf(state, 15, 600);
  context.fillStyle = state.theme.text;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillText(shorten(context, state.header.panels[index].title, panel.w), panel.x, panel.top + 15);
  drawNames(context, state, panel);
}

function niceTicks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((value) => value >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  const decimals = Math.max(0, ...ticks.map((tick) => (`${Number(tick.toPrecision(6))}`.split(".")[1] || "").length));
  return ticks.map((tick) => [tick, tick.toFixed(Math.min(6, decimals)).replace(/^-(0\.?0*)$/, "$1")]);
}

function drawBar(context, state, panelIndex, x, y, width) {
  const { low, high } = state.header.panels[panelIndex];
  context.imageSmoothingEnabled = true;
  context.drawImage(state.ramp, x, y, width, 10);
  context.strokeStyle = state.theme.border;
  context.lineWidth = 1;
  context.strokeRect(x - 0.5, y - 0.5, width + 1, 11);
  context.fillStyle = context.strokeStyle = state.theme.text;
  context.font = fontOf(state, 12);
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  let free = -Infinity;
  for (const [tick, label] of niceTicks(low, high)) {
    const at = x + ((tick - low) / (high - low)) * width;
    const wide = context.measureText(label).width;
    const start = Math.max(x, Math.min(x + width - wide, at - wide / 2));
    context.fillRect(at - 0.5, y + 10, 1, 4);
    if (start < free) continue;
    context.fillText(label, start, y + 26);
    free = start + wide + 6;
  }
  if (state.header.unit) {
    context.fillText(shorten(context, state.header.unit, state.panels[0].w * 2), x + width + 10, y + 10);
  }
}

function drawBars(context, state) {
  const { header, panels } = state;
  const last = panels[panels.length - 1];
  if (header.common) {
    drawBar(context, state, 0, panels[0].x, last.y + last.h + 12, Math.min(320, panels[0].w));
    return;
  }
  panels.forEach((panel, i) => drawBar(context, state, i, panel.x, panel.y + panel.h + 12, Math.min(240, panel.w * 0.62)));
}

// plain leaves out crosshair and mark and fills the background: for the saved picture.
function draw(state, plain = false) {
  const width = state.canvas.clientWidth;
  if (!width) return;
  if (width !== state.laidOut) {
    layout(state, width);
    state.laidOut = width;
  }
  const context = sharpContext(state.canvas, width, state.height);
  context.clearRect(0, 0, width, state.height);
  if (plain) {
    context.fillStyle = state.theme.background;
    context.fillRect(0, 0, width, state.height);
  }
  state.panels.forEach((_, i) => drawPanel(context, state, i, plain));
  drawBars(context, state);
  const { r0, r1, c0, c1 } = state.view;
  state.canvas.dataset.view = [r0, r1, c0, c1].map((edge) => edge.toFixed(2)).join(" ");
  state.canvas.dataset.panels = state.panels.map(({ x, y, w, h }) => [x, y, w, h].map(Math.round).join(" ")).join(";");
}
