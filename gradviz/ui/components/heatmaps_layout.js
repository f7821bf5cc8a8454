// Where everything of the figure stands, in CSS pixels. Pure functions, tested by tests/js/layout.test.js.

const TITLE = 20; // above each kernel
const BAR = 44; // below each kernel: histogram, bar, ticks
const GUTTER = 16;
const TABLE = 148; // names of classes with two counts
const LEADERS = 16; // between the table and the large kernel
const NARROW = 580; // a window of 1024 pixels has more, a presentation too

const SLIM = { table: 108, leaders: 10, gutter: 12 }; // what a window of 1024 pixels leaves beside the panel

// How the panel stands beside the figure: its width, or null where it stands below.
function asideWidth(width) {
  if (width < 720) return null;
  return Math.round(width < 880 ? 0.28 * width : Math.min(340, Math.max(264, 0.24 * width)));
}

// Rectangles for `count` kernels of rows x cols in `width` x `height`, the large one at index `large`.
// Each is {x, y, w, h, small}; `thumbs` is the row of thumbnails above the large one, `table` the list of classes.
// A slim figure has the panel beside it in little room: there the list has one count instead of two.
function figureLayout({ width, height, count, large, ratio, names, thumbs, slim = false }) {
  const tall = (w) => Math.round(w * Math.min(1, Math.max(0.3, ratio)));
  if (width < NARROW && !slim) return stackedLayout({ width, count, large, names, tall });
  const [list, leaders, gutter] = slim ? [SLIM.table, SLIM.leaders, SLIM.gutter] : [TABLE, LEADERS, GUTTER];
  const tableWide = names ? list + leaders : 0;
  const thumbHigh = thumbs ? (height > 500 ? 22 : 18) + 14 : names ? 14 : 0; // the table has a line above its rows
  const smalls = count - 1;
  const room = (w) => (smalls ? w + gutter : 0) + tableWide;
  let side = smalls ? Math.floor((height - 2 * (TITLE + BAR) - 6) / 2) : 0;
  let main = height - TITLE - thumbHigh - BAR;
  const over = (room(side) + main) / width;
  if (over > 1) {
    const free = width - tableWide - (smalls ? gutter : 0);
    const share = smalls ? main / (main + side) : 1;
    main = Math.floor(free * share);
    side = smalls ? Math.floor(free - main) : 0;
  }
  main = Math.max(120, main);
  side = smalls ? Math.max(60, side) : 0;
  const left = Math.max(0, Math.min(width - main, Math.round((width - main + room(side)) / 2)));
  const x = Math.max(room(side), left);
  const wide = list + Math.min(40, x - room(side)); // long names get what room there is
  let next = 0;
  const panels = Array.from({ length: count }, (_, i) => {
    if (i === large) return { x, y: TITLE + thumbHigh, w: main, h: tall(main), small: false };
    const y = TITLE + next++ * (tall(side) + TITLE + BAR + 6);
    return { x: 0, y, w: side, h: tall(side), small: true };
  });
  const bottom = Math.max(...panels.map(({ y, h }) => y + h)) + BAR;
  return {
    panels,
    table: names ? { x: x - leaders - wide, y: TITLE + thumbHigh, w: wide, h: tall(main) } : null,
    thumbs: thumbs ? { x, y: TITLE, w: main, side: thumbHigh - 14 } : null,
    height: bottom,
    stacked: false,
  };
}

function stackedLayout({ width, count, large, names, tall }) {
  const order = [large, ...Array.from({ length: count }, (_, i) => i).filter((i) => i !== large)];
  const h = tall(width);
  const panels = [];
  order.forEach((index, at) => (panels[index] = { x: 0, y: TITLE + at * (h + TITLE + BAR), w: width, h, small: index !== large }));
  const below = count * (h + TITLE + BAR);
  return { panels, table: names ? { x: 0, y: below + 34, w: Math.min(width, 2 * TABLE), h: 18 * names } : null, thumbs: null, height: below + (names ? 34 + 18 * names : 0), stacked: true };
}

// Rows of the table: height and whether all fit.
function tableRows(count, height) {
  const each = Math.min(24, height / Math.max(1, count));
  return each < 14.5 ? { each: 15, all: false } : { each, all: true };
}

// Where blocks lie along one side of a panel, within the view from..to.
function spans(blocks, from, to, length) {
  const scale = length / (to - from);
  return blocks
    .map(([name, start, stop], index) => ({ name, index, start, stop }))
    .filter(({ start, stop }) => stop > from && start < to)
    .map((block) => {
      const [a, b] = [(Math.max(block.start, from) - from) * scale, (Math.min(block.stop, to) - from) * scale];
      return { ...block, a, b, middle: (a + b) / 2, room: b - a };
    });
}

// A view as the address has it, to a thousandth of what is in view: how many times it is magnified, and where its middle
// is, down and right in shares of the whole, 3.2_0.412_0.73; null for the whole.
function viewText({ r0, r1, c0, c1 }, [rows, cols]) {
  const zoom = Math.min(rows / (r1 - r0), cols / (c1 - c0));
  const decimals = 3 + Math.ceil(Math.log10(Math.max(1, zoom)));
  const magnified = Number(zoom.toPrecision(4));
  const middle = (from, to, length) => Number(((from + to) / (2 * length)).toFixed(decimals));
  return magnified <= 1 ? null : [magnified, middle(r0, r1, rows), middle(c0, c1, cols)].join("_");
}

// What `viewText` has written; the server lets nothing else through.
function viewOf(text, [rows, cols]) {
  const [zoom, down, right] = text.split("_").map(Number);
  const [tall, wide] = [rows / zoom, cols / zoom];
  return { r0: down * rows - tall / 2, r1: down * rows + tall / 2, c0: right * cols - wide / 2, c1: right * cols + wide / 2 };
}

// Where marks of photographs lie along a side of a panel, [start, size] within the view from..to; `indices` ascend, those
// beside each other are one mark, and none is thinner than `least`.
function marksAlong(indices, from, to, length, least) {
  const scale = length / (to - from);
  const marks = [];
  for (const index of indices) {
    if (index + 1 <= from || index >= to) continue;
    const last = marks.at(-1);
    if (last && last[1] === index) last[1] = index + 1;
    else marks.push([index, index + 1]);
  }
  return marks.map(([start, stop]) => [(start - from) * scale, Math.max(least, (stop - start) * scale)]);
}

// Put things of one size beside each other in order, each as near to where it belongs as the others let it.
function spread(middles, size, length) {
  const each = Math.min(size, length / Math.max(1, middles.length));
  const at = middles.map((middle) => Math.max(each / 2, Math.min(length - each / 2, middle)));
  for (let i = 1; i < at.length; i++) at[i] = Math.max(at[i], at[i - 1] + each);
  const over = at.length ? at[at.length - 1] + each / 2 - length : 0;
  if (over > 0) {
    at[at.length - 1] -= over;
    for (let i = at.length - 2; i >= 0; i--) at[i] = Math.min(at[i], at[i + 1] - each);
  }
  return at;
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

// The column beside one on the diagonal, the same where there is none.
const besideDiagonal = (col, cols) => (col + 1 < cols ? col + 1 : Math.max(0, col - 1));

// How many rows and columns of single pairs the lens shows in width x height, and how large a cell is.
function lensLayout(width, height, shape, thumbs) {
  const head = thumbs ? 27 : 0;
  const cols = Math.max(1, Math.min(shape[1], Math.floor((width - head) / 26)));
  const wide = (width - head) / cols;
  const rows = Math.max(1, Math.min(shape[0], Math.floor((height - head - 14) / 24)));
  return { rows, cols, wide, tall: Math.min(26, (height - head - 14) / rows), head, names: 14 };
}

// The first of `count` rows or columns around one, inside 0..length.
function startAround(at, count, length) {
  return Math.max(0, Math.min(length - count, at - (count >> 1)));
}
