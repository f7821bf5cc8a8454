// Drawing of the linked heatmaps. A view is {r0, r1, c0, c1} in cells; a panel is a rectangle of CSS pixels.

const SERIF = '"STIX Two Math", STIXGeneral, "Latin Modern Math", Cambria, Georgia, serif';

function fontOf(state, size, weight = 400, style = "") {
  return `${style} ${weight} ${size}px ${state.theme.font}`;
}

// One offscreen pixel per value; drawImage does the zooming.
function colourImage(cells, height, width, pixels) {
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const into = new Uint32Array(image.data.buffer);
  for (let i = 0; i < cells.length; i++) into[i] = pixels[cells[i]];
  context.putImageData(image, 0, 0);
  return canvas;
}

// The images of a kernel in the colours that are chosen now, made again only when something of it has changed.
function paint(state, index) {
  const { panels, how, theme } = state;
  const panel = panels[index];
  const wanted = [panel.digest, how.colour, how.shared && panels.map((other) => other.digest).join(), theme.dark].join();
  if (panel.painted !== wanted) {
    panel.painted = wanted;
    panel.table = rampOf(panel.role, theme.dark);
    panel.scale = scaleFor(panels, index, how.shared);
    panel.image = colourImage(panel.cells, ...panel.grid, pixelsOf(panel.least, panel.greatest, panel.scale, how.colour, panel.table));
    panel.detailImage = null;
  }
  const detail = state.detail;
  if (detail && detail.version === state.version && panel.detailOf !== detail) panel.detailImage = null;
  if (detail && detail.version === state.version && !panel.detailImage) {
    const [row0, row1, col0, col1] = detail.window;
    const pixels = pixelsOf(...detail.ranges[index], panel.scale, how.colour, panel.table);
    panel.detailImage = colourImage(detail.cells[index], row1 - row0, col1 - col0, pixels);
    panel.detailOf = detail;
  }
}

// Average where several values share a pixel. Where a value covers a few pixels, it is first drawn over a whole number of
// them and then made smaller, so that every cell gets its share; where it covers many, it is drawn as it is.
function drawImageAt(context, state, panel, image, step, row, col) {
  const { view } = state;
  const sx = panel.w / (view.c1 - view.c0);
  const sy = panel.h / (view.r1 - view.r0);
  const size = Math.min(sx, sy) * step * context.getTransform().a;
  const source = size > 1 && size < 6 && image.width * size < 3000 ? enlarged(image, Math.ceil(size)) : image;
  context.imageSmoothingEnabled = size < 6;
  context.imageSmoothingQuality = "high";
  const [x, y] = [panel.x + (col - view.c0) * sx, panel.y + (row - view.r0) * sy];
  context.drawImage(source, x, y, image.width * step * sx, image.height * step * sy);
}

const enlargements = new WeakMap(); // by image: the last one that was made

function enlarged(image, factor) {
  const kept = enlargements.get(image);
  if (kept && kept.factor === factor) return kept.canvas;
  const canvas = element("canvas", { width: image.width * factor, height: image.height * factor });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  enlargements.set(image, { factor, canvas });
  return canvas;
}

function drawMeans(context, state, box, panel) {
  const { rows, cols, view, how } = state;
  const count = cols.blocks.length;
  for (const row of spans(rows.blocks, view.r0, view.r1, box.h)) {
    for (const col of spans(cols.blocks, view.c0, view.c1, box.w)) {
      const mean = panel.means[row.index * count + col.index];
      context.fillStyle = Number.isNaN(mean) ? state.theme.roles.soft : `rgb(${colourAt(panel.scale, how.colour, panel.table, mean)})`;
      const [x, y] = [Math.round(box.x + col.a), Math.round(box.y + row.a)];
      context.fillRect(x, y, Math.round(box.x + col.b) - x, Math.round(box.y + row.b) - y);
    }
  }
}

function drawSeparators(context, state, box) {
  const { rows, cols, view, theme } = state;
  context.strokeStyle = theme.dark ? "rgba(0,0,0,.55)" : "rgba(255,255,255,.75)";
  context.lineWidth = 1;
  context.beginPath();
  for (const span of spans(rows.blocks, view.r0, view.r1, box.h)) {
    const y = Math.round(box.y + span.b) + 0.5;
    if (span.b < box.h - 1) context.moveTo(box.x, y), context.lineTo(box.x + box.w, y);
  }
  for (const span of spans(cols.blocks, view.c0, view.c1, box.w)) {
    const x = Math.round(box.x + span.b) + 0.5;
    if (span.b < box.w - 1) context.moveTo(x, box.y), context.lineTo(x, box.y + box.h);
  }
  context.stroke();
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

// Where a pair stands in a panel.
function pointOf({ view }, box, row, col) {
  return [box.x + ((col + 0.5 - view.c0) / (view.c1 - view.c0)) * box.w, box.y + ((row + 0.5 - view.r0) / (view.r1 - view.r0)) * box.h];
}

function drawCursor(context, state, box) {
  const { view, marked, rows, cols } = state;
  const cursor = state.cursor || marked;
  const [sx, sy] = [box.w / (view.c1 - view.c0), box.h / (view.r1 - view.r0)];
  if (marked) {
    const [size, tall] = [Math.max(box.small ? 6 : 10, sx), Math.max(box.small ? 6 : 10, sy)];
    const [x, y] = pointOf(state, box, marked.row, marked.col);
    ring(context, x - size / 2, y - tall / 2, size, tall);
  }
  if (!cursor) return;
  const [x, y] = pointOf(state, box, cursor.row, cursor.col);
  const block = [blockIndex(rows.blocks, cursor.row), blockIndex(cols.blocks, cursor.col)];
  const lines = state.theme.dark ? [[1, "rgba(255,255,255,.9)"]] : [[1, "rgba(20,24,32,.9)"]];
  for (const [width, colour] of [[3, state.theme.dark ? "rgba(0,0,0,.45)" : "rgba(255,255,255,.6)"], ...lines]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(box.x, y), context.lineTo(box.x + box.w, y);
    context.moveTo(x, box.y), context.lineTo(x, box.y + box.h);
    context.stroke();
    if (block.some((index) => index < 0)) continue;
    const [, r0, r1] = rows.blocks[block[0]];
    const [, c0, c1] = cols.blocks[block[1]];
    context.strokeRect(box.x + (c0 - view.c0) * sx, box.y + (r0 - view.r0) * sy, (c1 - c0) * sx, (r1 - r0) * sy);
  }
}

// Marks along the left and upper side: every photograph that shows the marked class, wherever it stands, and inside
// them every selected one.
function drawMarked(context, state, box) {
  const { rows, cols, theme, classMarked, selected } = state;
  const thick = box.small ? 3 : 5;
  if (classMarked) {
    const found = state.axes.classes.find(({ name }) => name === classMarked);
    const which = state.axes.names.indexOf(classMarked);
    const shows = ({ labels }) => labels.flatMap((shown, at) => (shown.includes(which) ? [at] : []));
    drawBand(context, state, box, [shows(rows), shows(cols)], { colour: classColour(found?.index ?? 0, theme.dark), from: 0, thick, least: 0.5 });
  }
  if (!selected?.[0].length) return;
  const from = classMarked ? thick + 1 : 0;
  drawBand(context, state, box, [selected[0], selected.at(-1)], { colour: theme.roles.accent, from, thick: thick + 1, least: 1.5 });
}

function drawBand(context, { view }, box, [rows, cols], { colour, from, thick, least }) {
  context.fillStyle = colour;
  for (const [at, size] of marksAlong(rows, view.r0, view.r1, box.h, least)) context.fillRect(box.x + from, box.y + at, thick, size);
  for (const [at, size] of marksAlong(cols, view.c0, view.c1, box.w, least)) context.fillRect(box.x + at, box.y + from, size, thick);
}

function drawPanel(context, state, index, plain) {
  const [box, panel] = [state.layout.panels[index], state.panels[index]];
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.w, box.h);
  context.clip();
  if (state.how.means && panel.means.length) drawMeans(context, state, box, panel);
  else {
    drawImageAt(context, state, box, panel.image, state.axes.step, 0, 0);
    if (panel.detailImage) drawImageAt(context, state, box, panel.detailImage, 1, state.detail.window[0], state.detail.window[2]);
    if (!box.small) drawSeparators(context, state, box);
  }
  drawMarked(context, state, box);
  if (!plain) drawCursor(context, state, box);
  context.restore();
  context.lineWidth = 1;
  context.strokeStyle = state.theme.roles.line;
  context.strokeRect(box.x - 0.5, box.y - 0.5, box.w + 1, box.h + 1);
  drawTitle(context, state, box, panel, index);
}

// "× Backward K_bw of dy7": the sign of the equation, the name in the role's colour.
function drawTitle(context, state, box, panel, index) {
  const y = (box.small || !state.layout.thumbs ? box.y : state.layout.thumbs.y) - 6;
  const { roles } = state.theme;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  let x = box.x;
  const write = (text, font, colour) => {
    context.font = font;
    context.fillStyle = colour;
    const fits = shorten(context, text, box.x + box.w - (box.small ? 20 : Math.min(170, 0.42 * box.w)) - x);
    context.fillText(fits, x, y);
    x += context.measureText(fits).width;
  };
  if (state.product && index) write(["", "× ", "= "][index], fontOf(state, 13), roles.muted);
  const [first, ...rest] = panel.title.split(" ");
  write(first, fontOf(state, 13, 650), roles[panel.role]);
  const [letter, side] = box.w < 190 ? [""] : panel.symbol.split("_");
  if (letter) write(` ${letter}`, `italic 14px ${SERIF}`, roles[panel.role]);
  if (side) write(side, `italic 10px ${SERIF}`, roles[panel.role]);
  const of = box.w < 150 ? " " : " of ";
  if (rest.length) write(`${of}${rest.join(" ")}`, fontOf(state, 13), roles.muted);
}

// Lines that lead from the table to the blocks, and from the thumbnails.
function drawLeaders(context, state) {
  const { layout, view, rows, cols, theme } = state;
  const large = layout.panels[state.large];
  context.lineWidth = 1;
  const cursor = state.cursor || state.marked;
  const lead = (x0, y0, x1, y1, across, lit) => {
    context.strokeStyle = lit ? theme.roles.text : theme.roles.ticks;
    context.beginPath();
    context.moveTo(x0, y0);
    if (across) context.bezierCurveTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1);
    else context.bezierCurveTo(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1);
    context.stroke();
  };
  const lit = (blocks, at) => (cursor ? blockIndex(blocks, at) : -1);
  if (layout.table && !layout.stacked && state.rowsOfTable.all && rows.blocks.length) {
    const each = state.rowsOfTable.each;
    const here = lit(rows.blocks, cursor && cursor.row);
    for (const span of spans(rows.blocks, view.r0, view.r1, large.h)) {
      const row = state.tableOrder.indexOf(span.name);
      if (row < 0) continue;
      const y = layout.table.y + state.tableShift + (row + 0.5) * each;
      lead(layout.table.x + layout.table.w, y, large.x - 1, large.y + span.middle, true, span.index === here);
    }
  }
  if (layout.thumbs) {
    const list = spans(cols.blocks, view.c0, view.c1, large.w);
    const at = spread(list.map(({ middle }) => middle), layout.thumbs.side + 2, large.w);
    const here = lit(cols.blocks, cursor && cursor.col);
    const size = Math.min(layout.thumbs.side, at.length > 1 ? large.w / at.length : layout.thumbs.side);
    state.thumbPlaces = list.map((span, i) => ({ x: layout.thumbs.x + at[i] - size / 2, y: layout.thumbs.y, size, span }));
    for (const { x, y, span } of state.thumbPlaces) {
      if (size >= 9) drawThumb(context, state, cols.ids[span.start], x, y, size, size);
      if (span.index === here) {
        context.strokeStyle = theme.roles.text;
        context.lineWidth = 2;
        context.strokeRect(x - 1, y - 1, size + 2, size + 2);
        context.lineWidth = 1;
      }
      lead(x + size / 2, y + layout.thumbs.side + 2, large.x + span.middle, large.y - 1, false, span.index === here);
    }
  }
}

// A square photograph by its id, grey until it is there.
function drawThumb(context, state, id, x, y, w, h) {
  const place = bus.sprite?.places.get(id);
  if (place === undefined) {
    context.fillStyle = state.theme.roles.soft;
    context.fillRect(x, y, w, h);
    return;
  }
  const { side, across, image } = bus.sprite;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (place % across) * side, Math.floor(place / across) * side, side, side, x, y, w, h);
}

// Letters A and B where the pair's row and column leave the large kernel.
function drawLetters(context, state) {
  const cursor = state.cursor || state.marked;
  if (!cursor) return;
  const box = state.layout.panels[state.large];
  const [x, y] = pointOf(state, box, cursor.row, cursor.col);
  const letter = (text, cx, cy) => {
    if (cx < box.x - 1 || cx > box.x + box.w + 1 || cy < box.y - 1 || cy > box.y + box.h + 1) return;
    context.fillStyle = state.theme.roles.text;
    context.fillRect(cx - 8, cy - 8, 16, 16);
    context.fillStyle = state.theme.roles.background;
    context.font = fontOf(state, 11, 700);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, cx, cy + 0.5);
  };
  const near = (at, from, to) => Math.max(from, Math.min(to, at));
  letter("A", box.x + 9, near(y - 12, box.y + 9, box.y + box.h - 9) + (y >= box.y && y <= box.y + box.h ? 0 : 1e6));
  letter("B", near(x - 12, box.x + 9, box.x + box.w - 9) + (x >= box.x && x <= box.x + box.w ? 0 : 1e6), box.y + 9);
}

function drawFigure(context, state, plain = false) {
  state.panels.forEach((_, i) => paint(state, i));
  state.panels.forEach((_, i) => drawPanel(context, state, i, plain));
  drawLeaders(context, state);
  drawBars(context, state, plain);
  if (!plain) drawLetters(context, state);
}
