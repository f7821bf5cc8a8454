// Where everything stands on the SVM page: pure functions, tested by tests/js/scores.test.js.

const SCORES = { gap: 16, head: 36, legend: [34, 50], row: [18, 33], face: 20, positives: 36, ap: 42, value: 42, gapOfSquares: 2 };
const PANEL = { pad: 11, head: 28, title: 19, caption: 17, gap: 6, between: 5 };

// Widths and heights of the list and of the panel for a place of width x height, with `count` lines, whose longest name
// takes `longest` pixels; the legend has a line `more` where it names classes that are left out.
function scoresLayout(width, height, count, longest, compared, more = false) {
  const list = Math.round(Math.max(300, Math.min(620, width * (width < 800 ? 0.53 : 0.515))));
  const panel = Math.max(240, width - list - SCORES.gap);
  const legend = SCORES.legend[list < 470 ? 1 : 0] + (more ? 16 : 0);
  const room = height - SCORES.head - legend;
  const row = Math.max(SCORES.row[0], Math.min(SCORES.row[1], Math.floor((room / Math.max(1, count)) * 4) / 4));
  const rows = Math.min(room, row * count);
  return { list, panel, legend, row, rows, scrolls: row * count > room + 0.5, columns: listColumns(list, row, longest, compared) };
}

// Widths of a line's columns; squares are left out where the axes would become too short to be read, the last one where
// they are hardly there.
function listColumns(width, row, longest, compared) {
  const name = Math.max(46, Math.min(longest, width * 0.2));
  const side = Math.max(14, Math.min(28, row - 5));
  const before = SCORES.face + name + SCORES.positives;
  const numbers = compared ? 2 * SCORES.ap + SCORES.value : SCORES.ap;
  let squares = 3;
  const left = () => width - before - numbers - squares * (side + SCORES.gapOfSquares) - (squares ? 8 : 0) - 4;
  while (squares && left() < (!compared ? 90 : squares > 1 ? 150 : 94)) squares -= 1;
  const axes = Math.max(60, left());
  return { name, side, squares, apAxis: compared ? Math.round(axes * 0.5) : axes, axis: compared ? Math.round(axes * 0.5) : 0 };
}

// Ticks at round numbers, about `count` of them, and the range that holds all values with a margin.
function niceAxis(values, count, margin = 0.04) {
  const all = values.filter((value) => value !== null && Number.isFinite(value));
  let [low, high] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
  if (high - low < 1) [low, high] = [low - 0.5, high + 0.5];
  const room = (high - low) * margin;
  [low, high] = [low - room, high + room];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) ticks.push(Math.abs(tick) < 1e-9 ? 0 : Number(tick.toPrecision(6)));
  return { low, high, ticks };
}

// From a value to pixels, with a margin on both sides for what is drawn at an end.
function scaleOf({ low, high }, width, margin = 6) {
  return (value) => margin + ((value - low) / (high - low)) * (width - 2 * margin);
}

// Lines in order: by a column, with a minus the greatest first; what has no value comes last, equals in their own order.
function sortedLines(lines, sort) {
  const down = sort.startsWith("-") ? -1 : 1;
  const column = sort.replace("-", "");
  const order = lines.map((_, i) => i);
  if (column === "class") return order.sort((i, j) => down * lines[i].name.localeCompare(lines[j].name) || i - j);
  const value = (i) => lines[i][column];
  const missing = (i) => value(i) === null || value(i) === undefined;
  return order.sort((i, j) => missing(i) - missing(j) || (missing(i) ? 0 : down * (value(i) - value(j))) || i - j);
}

// The next order when a heading is clicked: first as people want it (numbers from the greatest), then the other way.
function nextSort(now, column) {
  const first = column === "class" ? column : `-${column}`;
  if (now !== first) return first;
  return first.startsWith("-") ? column : `-${column}`;
}

// The panel: height of its upper part, side of the squares and how many are in a row.
function panelLayout(width, height, rows) {
  const inner = width - 2 * PANEL.pad;
  const least = height >= 700 ? 128 : height >= 560 ? 104 : 88;
  const each = (height - 2 * PANEL.pad - PANEL.head - least - 8) / rows - PANEL.title - PANEL.caption - PANEL.between;
  const tall = Math.max(30, each);
  let across = 3;
  while (across < 8 && (inner - (across - 1) * PANEL.gap) / across > tall) across += 1;
  const side = Math.floor(Math.min(tall, (inner - (across - 1) * PANEL.gap) / across));
  // What the rows leave is the large photograph's.
  const curve = Math.round(Math.min(least * 1.25, inner * 0.3));
  const facts = Math.max(96, Math.min(150, inner * 0.3));
  const photo = Math.max(80, inner - curve - facts - 20);
  const wanted = Math.max(photo * 0.85, least + 40);
  const hero = Math.floor(Math.max(least, Math.min(least + 70, wanted, least + (each - side) * rows)));
  return { inner, hero, across, side, curve, photo, facts };
}

// How many of each of three groups share a row of so many places: none has more than it can fill.
function shares(across, counts) {
  const found = counts.map(() => 0);
  for (let place = 0; place < across; place++) {
    const free = counts.map((count, k) => (found[k] < count ? found[k] : Infinity));
    const least = Math.min(...free);
    if (least === Infinity) break;
    found[free.indexOf(least)] += 1;
  }
  return found;
}

// Points of a curve in a square, from recall 0 on: [[x, y], ...].
function curvePoints({ recall, precision }, x, y) {
  if (!recall.length) return [];
  return [[x(0), y(precision[0])], ...recall.map((value, i) => [x(value), y(precision[i])])];
}
