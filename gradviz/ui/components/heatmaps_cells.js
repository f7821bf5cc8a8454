// Values of single pairs and of blocks, and how they are written. A cell is {row, col} as the axes stand.

function inWindow(window, row, col) {
  return window[0] <= row && row < window[1] && window[2] <= col && col < window[3];
}

// The values of one pair in every kernel, or null where the browser has not been sent them.
function pairValues(state, row, col) {
  const { panels, axes, told } = state;
  if (told?.values && told.row === row && told.col === col) return told.values; // not rounded to 65,536 steps
  const between = ([least, greatest], cell) => least + ((greatest - least) * cell) / 65535;
  if (axes.step === 1) return panels.map((panel) => between([panel.least, panel.greatest], panel.cells[row * axes.shape[1] + col]));
  for (const part of [state.detail, state.near, state.pinned]) {
    if (!part || part.version !== state.version || !inWindow(part.window, row, col)) continue;
    const [row0, , col0, col1] = part.window;
    return part.cells.map((cells, i) => between(part.ranges[i], cells[(row - row0) * (col1 - col0) + col - col0]));
  }
  return null;
}

// The values of the block of the overview that a pair lies in.
function meanValues({ panels, axes }, row, col) {
  const at = Math.floor(row / axes.step) * Math.ceil(axes.shape[1] / axes.step) + Math.floor(col / axes.step);
  return panels.map((panel) => panel.least + ((panel.greatest - panel.least) * panel.cells[at]) / 65535);
}

// Decimals that suit a kernel's size: three for cosines, centred or not, fewer where values are large.
function usualDecimals({ panels, unit }) {
  if (unit) return 3;
  const greatest = Math.max(...panels.map((panel) => Math.max(Math.abs(panel.least), Math.abs(panel.greatest))), 1e-12);
  return Math.max(0, Math.min(6, 3 - Math.ceil(Math.log10(greatest) - 1e-3)));
}

function equation(panels, values, usual) {
  const { parts, sign } = equationParts(values, usual);
  return `${panels[0].symbol} ${parts[0]} × ${panels[1].symbol} ${parts[1]} ${sign} ${parts[2]}`;
}

function valueText(state, values, single) {
  const { panels, product } = state;
  const usual = usualDecimals(state);
  if (product && single && values.length === 3) return withMinus(equation(panels, values, usual));
  return values.map((value, i) => `${panels[i].symbol} ${withMinus(number(value, usual))}`).join(" · ");
}

function blockIndex(blocks, at) {
  return blocks.findIndex(([, start, stop]) => start <= at && at < stop);
}

function classAt(axis, index) {
  const block = axis.blocks[blockIndex(axis.blocks, index)];
  return block ? block[0] : "";
}

function shownBy(state, axis, index) {
  return axis.labels[index].map((name) => state.axes.names[name]).join(", ");
}

// The mean of the block that a pair lies in, without photographs compared with themselves; null where there is none.
function blockMean(state, panel, row, col) {
  const { blocks } = state.rows;
  const [i, j] = [blockIndex(blocks, row), blockIndex(state.cols.blocks, col)];
  if (i < 0 || j < 0 || !panel.means.length) return null;
  const mean = panel.means[i * blocks.length + j];
  return Number.isNaN(mean) ? null : mean;
}

function grouped(count) {
  return `${count}`.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}
