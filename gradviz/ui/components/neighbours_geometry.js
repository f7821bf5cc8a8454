// Where the rows of neighbours stand, the axis of far ranks and the lines between rows: pure functions, tested by
// tests/js/neighbours.test.js.

const UNDER_SQUARE = 25; // the mark and the value under a photograph
const LABEL = { whole: 74, short: 54 }; // pixels that a row's label is high
const SPACE = 6; // between two photographs
const VALUE_WIDTH = 31; // a value with three decimals

// Columns of `near` photographs (or fewer, where there are no more) in a room of width x height: how wide a column is, the
// photographs in it, the gap for lines between two rows, and what is left at the right for those farther away. `others`
// counts all that are ranked; `short` says that labels have no room for all they say.
function rowsLayout(width, height, near, others) {
  const shown = Math.min(near, others);
  const short = height < 3 * LABEL.whole + 2 * 20;
  const between = Math.max(short ? 14 : 20, Math.min(0.11 * height, 60)); // what lines need
  const label = width < 860 ? 104 : 126;
  const far = others > near ? Math.max(128, Math.min(0.17 * width, 230)) : 0;
  const each = Math.max(8, (width - label - far) / shown - SPACE);
  // Narrow photographs are upright: so there is more to see of each.
  const tall = Math.min((each < 40 ? 1.4 : 1) * each, Math.max(18, (height - 2 * between) / 3 - UNDER_SQUARE), 170);
  const wide = Math.min(each, 1.5 * tall);
  const row = Math.max(short ? LABEL.short : LABEL.whole, tall + UNDER_SQUARE);
  const gap = Math.max(short ? 14 : 18, Math.min((height - 3 * row) / 2, 96));
  return { label, far, shown, each: Math.min(each, wide + 26), wide, tall, gap, short, values: each + SPACE >= VALUE_WIDTH };
}

// How far along an axis from `near` to `others` a rank lies, 0 to 1, on a logarithmic scale.
function alongRanks(rank, near, others) {
  return Math.log(rank / near) / Math.log(others / near);
}

// Ranks to write at the axis: round ones with enough room between them, and the last.
function rankTicks(near, others, width, room = 38) {
  if (others <= near) return [];
  const found = [others];
  const apart = (rank) => found.every((other) => Math.abs(alongRanks(rank, near, others) - alongRanks(other, near, others)) * width >= room);
  const round = [];
  for (let power = 1; power < others; power *= 10) round.push(power, 5 * power, 2 * power);
  for (const rank of round.sort((a, b) => leading(a) - leading(b))) {
    if (rank > near && rank < others && alongRanks(rank, near, others) * width > 10 && apart(rank)) found.push(rank);
  }
  return found.sort((a, b) => a - b);
}

// Ones before fives before twos.
const leading = (rank) => [1, 5, 2].indexOf(Number(String(rank)[0]));

// The line of one photograph from a row to the next. An end is { x, y, far }: under a square or its value, or on the axis of
// far ranks, from where the line runs straight to the gap (`top` to `bottom`) and bends only there.
function linePath(from, to, top, bottom) {
  const round = (value) => Math.round(10 * value) / 10;
  const start = from.far ? top : from.y;
  const end = to.far ? bottom : to.y;
  const middle = (start + end) / 2;
  const curve = `C${[from.x, middle, to.x, middle, to.x, end].map(round).join(" ")}`;
  const before = from.far ? `M${round(from.x)} ${round(from.y)}L${round(from.x)} ${round(start)}` : `M${round(from.x)} ${round(start)}`;
  return `${before}${curve}${to.far ? `L${round(to.x)} ${round(to.y)}` : ""}`;
}

// How a line is drawn: thick between two squares, thin to the axis, faint between two far ranks.
function lineLook(from, to) {
  if (from.far && to.far) return { width: 1.3, opacity: 0.35 };
  return from.far || to.far ? { width: 1.5, opacity: 0.7 } : { width: 2.6, opacity: 1 };
}

// The curve of precision as the hits are found, in a plot of width x height: the first hit at the left, the last at the
// right, a step each.
function precisionPath(shares, width, height) {
  const step = width / shares.length;
  const at = (share) => Math.round(10 * height * (1 - share)) / 10;
  return shares.reduce((path, share, k) => `${path}${k ? "V" : `M0 `}${at(share)}H${Math.round(10 * step * (k + 1)) / 10}`, "");
}

// The photograph that moves most between the first and the last row, in steps of the logarithm: worth a look at first.
function movesMost(photographs) {
  let [best, most] = [0, -1];
  photographs.forEach(({ ranks }, k) => {
    const moved = Math.abs(Math.log(ranks[0] / ranks[2]));
    if (moved > most) [best, most] = [k, moved];
  });
  return best;
}

// Where an arrow leads from a photograph (its position in `photographs`) in a row: along the row while it is among the
// nearest there, else to the same photograph in the next row. Null where there is nothing further.
function step(key, { row, at }, rows) {
  if (key === "ArrowUp" || key === "ArrowDown") {
    const next = row + (key === "ArrowDown" ? 1 : -1);
    return next in rows ? { row: next, at } : null;
  }
  const along = rows[row].indexOf(at);
  const next = along < 0 ? rows[row].length - 1 : along + (key === "ArrowRight" ? 1 : -1);
  return next in rows[row] ? { row, at: rows[row][next] } : null;
}

// A rank in words: 1st, 22nd, 113th, 2,475th.
function ordinal(rank) {
  const last = rank % 100 > 10 && rank % 100 < 14 ? 0 : rank % 10;
  return `${rank.toLocaleString("en")}${["th", "st", "nd", "rd"][last] || "th"}`;
}

// A kernel value as short as it fits under a small photograph: cosines with three decimals, others with three digits.
function shortValue(value, unit) {
  if (unit) return number(value, 3);
  const size = Math.abs(value);
  return size && (size >= 99950 || size < 0.001) ? value.toExponential(1).replace("e+", "e") : String(Number(value.toPrecision(3)));
}
