// The lens: single pairs around the one under the pointer, with both rows of photographs; a click takes a pair.

function drawLens(state) {
  const canvas = state.lens;
  const [width, height] = [canvas.clientWidth, state.lensHigh];
  const pair = state.cursor || state.marked;
  if (!width || !pair || !state.panels.length) return;
  const context = sharpContext(canvas, width, height);
  context.clearRect(0, 0, width, height);
  const grid = lensLayout(width, height, state.axes.shape, Boolean(bus.sprite));
  const [row0, col0] = [startAround(pair.row, grid.rows, state.axes.shape[0]), startAround(pair.col, grid.cols, state.axes.shape[1])];
  state.lensGrid = { ...grid, row0, col0 };
  const panel = state.panels[state.large];
  const [left, top] = [grid.head, grid.head + grid.names];
  if (bus.sprite) drawLensThumbs(context, state, grid, row0, col0, pair);
  for (let r = 0; r < grid.rows; r++) {
    for (let c = 0; c < grid.cols; c++) {
      const values = pairValues(state, row0 + r, col0 + c);
      const [x, y] = [left + c * grid.wide, top + r * grid.tall];
      const rgb = values ? colourAt(panel.scale, state.how.colour, panel.table, values[state.large]) : rgbOf(state.theme.roles.soft);
      context.fillStyle = `rgb(${rgb})`;
      context.fillRect(x, y, grid.wide - 1, grid.tall - 1);
      context.fillStyle = oklab(rgb)[0] > 0.62 ? "#10151c" : "#ffffff";
      const here = row0 + r === pair.row && col0 + c === pair.col;
      context.font = fontOf(state, 11, here ? 700 : 400);
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(values ? lensText(values[state.large], state) : "", x + grid.wide / 2, y + grid.tall / 2);
    }
  }
  drawLensBlocks(context, state, grid, row0, col0);
  ring(context, left + (pair.col - col0) * grid.wide, top + (pair.row - row0) * grid.tall, grid.wide - 1, grid.tall - 1);
}

// Two digits without the zero before the point: .54, −.03; larger values as they fit.
function lensText(value, state) {
  if (!state.unit) return Math.abs(value) >= 1000 ? value.toExponential(0) : `${Number(value.toPrecision(2))}`;
  return withMinus(value.toFixed(2).replace(/^(-?)0\./, "$1.").replace(/^-\.00$/, ".00"));
}

function drawLensThumbs(context, state, grid, row0, col0, pair) {
  const side = grid.head - 2;
  const lit = (x, y, w, h) => {
    context.lineWidth = 2;
    context.strokeStyle = state.theme.roles.text;
    context.strokeRect(x + 1, y + 1, w - 2, h - 2);
  };
  for (let c = 0; c < grid.cols; c++) {
    drawThumb(context, state, state.cols.ids[col0 + c], grid.head + c * grid.wide, grid.names, grid.wide - 1, side);
    if (col0 + c === pair.col) lit(grid.head + c * grid.wide, grid.names, grid.wide - 1, side);
  }
  for (let r = 0; r < grid.rows; r++) {
    drawThumb(context, state, state.rows.ids[row0 + r], 0, grid.head + grid.names + r * grid.tall, side, grid.tall - 1);
    if (row0 + r === pair.row) lit(0, grid.head + grid.names + r * grid.tall, side, grid.tall - 1);
  }
}

// The names of the blocks above, and a rule where one begins.
function drawLensBlocks(context, state, grid, row0, col0) {
  const { roles } = state.theme;
  context.font = fontOf(state, 11);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillStyle = roles.muted;
  for (const { name, start, a, b } of spans(state.cols.blocks, col0, col0 + grid.cols, grid.cols * grid.wide)) {
    const x = grid.head + a;
    context.fillStyle = roles.muted;
    context.fillText(shorten(context, name, b - a - 4), x + (start > col0 ? 4 : 0), 10);
    if (start > col0) {
      context.fillStyle = roles.text;
      context.fillRect(x - 1, 1, 1.5, grid.names + grid.head + grid.rows * grid.tall);
    }
  }
  for (const { start, a } of spans(state.rows.blocks, row0, row0 + grid.rows, grid.rows * grid.tall)) {
    if (start <= row0) continue;
    context.fillStyle = roles.text;
    context.fillRect(0, grid.head + grid.names + a - 1, grid.head + grid.cols * grid.wide, 1.5);
  }
}

function listenToLens(state) {
  state.lens.addEventListener("click", (event) => {
    const grid = state.lensGrid;
    if (!grid) return;
    const [x, y] = pointIn(state.lens, event);
    const [col, row] = [Math.floor((x - grid.head) / grid.wide), Math.floor((y - grid.head - grid.names) / grid.tall)];
    const pair = { row: grid.row0 + Math.max(0, Math.min(grid.rows - 1, row)), col: grid.col0 + Math.max(0, Math.min(grid.cols - 1, col)) };
    pin(state, pair);
  });
}
