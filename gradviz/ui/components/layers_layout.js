// Where everything stands on the Layers page: pure functions, tested by tests/js/layers.test.js.

const LAYERS = { gap: 12, answer: [92, 74], edge: 9, evidence: [226, 194], difference: 21, row: [16, 23], head: 34, title: 22, label: 13, gains: 196 };

// Heights of the three parts and widths of their halves, for a place of width x height, so many lines of the board, of
// differences and of gains, for which a narrow place has no room.
function layersLayout(width, height, lines, differences = 3, gained = 0) {
  const low = height < 680 ? 1 : 0;
  const narrow = width < 900;
  const evidence = LAYERS.evidence[low];
  const answer = Math.max(LAYERS.answer[low], differences * LAYERS.difference + 9);
  // Beside the gaps, a line above the evidence and what stands around it.
  const middle = Math.max(190, height - answer - evidence - 2 * LAYERS.gap - LAYERS.edge);
  const curves = Math.round(width * (narrow ? 0.36 : 0.405));
  const board = width - curves - LAYERS.gap;
  const room = middle - LAYERS.title - LAYERS.head;
  const row = Math.max(LAYERS.row[0], Math.min(LAYERS.row[1], Math.floor((room / Math.max(1, lines)) * 4) / 4));
  const matrix = Math.round(Math.min(width * 0.4, narrow ? 300 : 420));
  const gains = gained && !narrow ? LAYERS.gains : 0;
  const photos = width - matrix - LAYERS.gap - (gains && gains + LAYERS.gap);
  return { answer, middle, evidence, curves, board, row, rows: Math.min(room, row * lines), scrolls: row * lines > room + 0.5, matrix, gains, photos, low: Boolean(low), narrow };
}

// Temperatures on a logarithmic axis; infinity stands one step behind the largest number, beyond a gap.
function temperaturePlaces(temperatures, left, right) {
  const finite = temperatures.filter((tau) => tau !== "inf").sort((a, b) => a - b);
  const endless = temperatures.includes("inf");
  const steps = finite.map((tau) => Math.log2(tau));
  const [first, last] = steps.length ? [steps[0], steps.at(-1)] : [0, 0];
  const span = last - first + (endless ? 1.4 : 0) || 1;
  const x = (step) => left + ((step - first) / span) * (right - left);
  const places = new Map(finite.map((tau, k) => [tau, x(steps[k])]));
  if (endless) places.set("inf", x(last + 1.4));
  return places;
}

// The same number of pixels a point in every panel, with an origin of its own: ranges as wide as the widest.
function commonRanges(panels, margin = 0.05) {
  const bounds = panels.map((values) => {
    const there = values.filter((value) => value !== null && Number.isFinite(value));
    return there.length ? [Math.min(...there), Math.max(...there)] : [0, 1];
  });
  const span = Math.max(1, ...bounds.map(([low, high]) => high - low)) * (1 + 2 * margin);
  return bounds.map(([low, high]) => {
    const middle = (low + high) / 2;
    return [middle - span / 2, middle + span / 2];
  });
}

// Move places apart until neighbours are `gap` apart, in order, within [low, high] as far as there is room.
function spreadApart(places, gap, low, high) {
  const order = places.map((_, i) => i).sort((i, j) => places[i] - places[j] || i - j);
  const found = order.map((i) => places[i]);
  for (let k = 0; k < found.length; k++) found[k] = Math.max(found[k], k ? found[k - 1] + gap : low);
  const last = found.length - 1;
  if (last >= 0 && found[last] > high) found[last] = Math.max(high, low + gap * last);
  for (let k = last - 1; k >= 0; k--) found[k] = Math.min(found[k], found[k + 1] - gap);
  const moved = places.slice();
  order.forEach((i, k) => (moved[i] = found[k]));
  return moved;
}

const COLUMNS = ["network", "representation", "temperature", "mean", "alignment", "purity", "dimensions", "seconds"];

// Rows in order: by a column, with a minus the greatest first; what has no value comes last, equals in their own order.
function sortedRows(rows, sort) {
  const down = sort.startsWith("-") ? -1 : 1;
  const column = sort.replace("-", "");
  const value = (i) => (column === "dimensions" ? rows[i].size : rows[i][column] === "inf" ? Infinity : rows[i][column]);
  const missing = (i) => value(i) === null || value(i) === undefined;
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a < b ? -1 : a > b ? 1 : 0);
  return rows.map((_, i) => i).sort((i, j) => missing(i) - missing(j) || (missing(i) ? 0 : down * compare(value(i), value(j))) || i - j);
}

// Where a value lies in its column, from 0 for the least to 1 for the greatest; null where there is nothing to compare.
function shadeOf(rows, column, row) {
  const there = rows.map((one) => one[column]).filter((value) => value !== null && Number.isFinite(value));
  const [low, high] = [Math.min(...there), Math.max(...there)];
  return Number.isFinite(row[column]) && high > low ? (row[column] - low) / (high - low) : null;
}

// The next order when a heading is clicked: first as people want it, then the other way.
function nextOrder(now, column) {
  const first = ["network", "representation", "seconds", "temperature", "dimensions"].includes(column) ? column : `-${column}`;
  if (now !== first) return first;
  return first.startsWith("-") ? column : `-${column}`;
}

// Widths of the board's columns: those that are read least go first where there is little room.
function boardColumns(width, networks) {
  const wanted = [["network", networks > 1 ? 102 : 0], ["representation", 72], ["temperature", 30], ["mean", 44], ["strip", 96], ["interval", 82], ["alignment", 44], ["purity", 46], ["dimensions", 98], ["seconds", 40]];
  let columns = wanted.filter(([, w]) => w > 0);
  const total = () => columns.reduce((sum, [, w]) => sum + w, 0);
  for (const name of ["strip", "seconds", "dimensions", "interval"]) if (total() > width) columns = columns.filter(([other]) => other !== name);
  const rest = width - total();
  const grows = columns.find(([name]) => name === "strip") || columns.find(([name]) => name === "representation");
  grows[1] += Math.max(0, Math.min(rest, grows[0] === "strip" ? 150 : rest));
  return new Map(columns);
}

// Squares of a triangle with names on its diagonal.
function matrixSide(width, height, count) {
  return Math.max(3, Math.min(20, Math.floor(Math.min((width - 150) / Math.max(1, count), (height - 8) / Math.max(1, count)))));
}

// Round ticks, about `count` of them, between two values.
function roundTicks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) ticks.push(Number(tick.toPrecision(6)));
  return ticks;
}

const tauText = (tau) => (tau === null || tau === undefined ? "" : tau === "inf" ? "∞" : `${tau}`);
