// Geometry of the maps: pure functions, tested by tests/js/maps.test.js. Places are pixels, boxes {x, y, w, h}.

// The box around points [x0, y0, x1, y1, ...]: its centre, width and height.
function frameOf(points) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  points.forEach((value, i) => {
    low[i % 2] = Math.min(low[i % 2], value);
    high[i % 2] = Math.max(high[i % 2], value);
  });
  if (!points.length) return { centre: [0, 0], width: 1, height: 1 };
  return { centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], width: high[0] - low[0] || 1e-9, height: high[1] - low[1] || 1e-9 };
}

// Equal scale in both directions: distances on a map mean the same across and down. `view` {x, y, zoom} moves the centre
// right and up, in lengths of the map's longer side, and magnifies: it means the same on another map or in another window.
function projectionOf(frame, view, w, h, margin) {
  const scale = Math.min((w - 2 * margin) / frame.width, (h - 2 * margin) / frame.height) * view.zoom;
  const kept = Number.isFinite(scale) && scale > 0 ? Math.min(scale, 1e12) : 1;
  const side = longer(frame);
  const [left, top] = [w / 2 - (frame.centre[0] + view.x * side) * kept, h / 2 + (frame.centre[1] + view.y * side) * kept];
  return {
    scale: kept,
    at: (x, y) => [left + x * kept, top - y * kept],
    back: (px, py) => [(px - left) / kept, (top - py) / kept],
  };
}

const longer = (frame) => Math.max(frame.width, frame.height);

const FARTHEST = 2; // how far the centre may be moved
const CLOSEST = 60;
const wholeMap = () => ({ x: 0, y: 0, zoom: 1 });
const placed = (x, y, zoom) => ({ x: Math.max(-FARTHEST, Math.min(FARTHEST, x)), y: Math.max(-FARTHEST, Math.min(FARTHEST, y)), zoom });

// The view moved by pixels, at the scale that it is drawn at.
function movedView(view, frame, scale, dx, dy) {
  const side = scale * longer(frame);
  return placed(view.x - dx / side, view.y + dy / side, view.zoom);
}

// The view magnified: the point dx, dy pixels from the middle stays there; back at the whole, the map is centred again.
function zoomedView(view, frame, scale, factor, dx, dy) {
  const zoom = Math.max(1, Math.min(CLOSEST, view.zoom * factor));
  if (zoom === 1 && view.zoom > 1) return wholeMap();
  const keep = (1 - view.zoom / zoom) / (scale * longer(frame));
  return placed(view.x + dx * keep, view.y - dy * keep, zoom);
}

// A view as the address has it, to a thousandth of what is in view: 3.2_0.1203_-0.05; null for the whole.
function viewText({ x, y, zoom }) {
  const decimals = 3 + Math.ceil(Math.log10(zoom));
  const [magnified, right, up] = [Number(zoom.toPrecision(4)), Number(x.toFixed(decimals)), Number(y.toFixed(decimals))];
  return magnified === 1 && !right && !up ? null : [magnified, right, up].map((value) => value + 0).join("_");
}

// What `viewText` has written; the server lets nothing else through.
function viewOf(text) {
  if (text === null) return wholeMap();
  const [zoom, x, y] = text.split("_").map(Number);
  return { x, y, zoom };
}

// Whether a place is inside a closed path (even-odd rule).
function inside(path, x, y) {
  let within = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [[ax, ay], [bx, by]] = [path[i], path[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

const overlap = (a, b, gap = 0) => a.x < b.x + b.w + gap && b.x < a.x + a.w + gap && a.y < b.y + b.h + gap && b.y < a.y + a.h + gap;

const within = (box, w, h) => box.x >= 0 && box.y >= 0 && box.x + box.w <= w && box.y + box.h <= h;

// Whether any place [x0, y0, x1, y1, ...] is inside w x h.
const anyInside = (places, w, h) => places.some((x, k) => k % 2 === 0 && x >= 0 && x <= w && places[k + 1] >= 0 && places[k + 1] <= h);

// Mulberry32: the same seed shuffles alike everywhere, so that a map looks the same after every visit.
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(count, seed) {
  const [order, random] = [Array.from({ length: count }, (_, i) => i), randomFrom(seed)];
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// For each class its members that have most others of the class around them, the best first: where its name belongs.
// Returns an array of arrays of indices. `reach` is a distance in the map's units; a sample of a large class counts.
function densest(points, of, classes, reach, most = 16) {
  const members = Array.from({ length: classes }, () => []);
  of.forEach((c, i) => c >= 0 && members[c].push(i));
  return members.map((group) => {
    const step = Math.max(1, Math.floor(group.length / 300));
    const score = (i) => {
      let sum = 0;
      for (let k = 0; k < group.length; k += step) {
        const j = group[k];
        const d = Math.hypot(points[2 * i] - points[2 * j], points[2 * i + 1] - points[2 * j + 1]) / reach;
        if (d < 1) sum += 1 - d * d;
      }
      return sum;
    };
    const scored = group.map((i) => [score(i), i]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
    // Not only the very middle: every few places, so that a stamp which finds no room there has others to try.
    const pick = Math.max(1, Math.floor(Math.min(scored.length / 2, 60) / most));
    return scored.filter((_, k) => k % pick === 0).slice(0, most).map(([, i]) => i);
  });
}

// Place one stamp, with its name beside it, for each class: nothing overlaps, all is inside w x h, and as many as
// possible, each as far up its list of candidates as possible. Of `tries` random orders the best is kept; the seed is fixed.
// candidates: per class an array of [index, x, y]; names: per class its width in pixels.
function placeStamps(candidates, names, side, w, h, { line = 14, taken = [], tries = 40 } = {}) {
  const random = randomFrom(7);
  let best = { value: -1, stamps: [] };
  const count = candidates.reduce((sum, list) => sum + (list.length > 0), 0);
  for (let round = 0; round < tries; round++) {
    const order = candidates.map((_, c) => [round ? random() : -candidates[c].length, c]).sort((a, b) => a[0] - b[0]).map(([, c]) => c);
    const [boxes, stamps] = [[...taken], []];
    let value = 0;
    for (const c of order) {
      const found = stampFor(candidates[c], names[c], side, w, h, line, boxes);
      if (!found) continue;
      boxes.push(found.picture, found.name);
      stamps.push({ class: c, ...found });
      value += 1 - (0.5 * found.rank) / candidates[c].length;
    }
    if (value > best.value + 1e-9) best = { value, stamps };
    if (stamps.length === count && value > count - 1e-9) break;
  }
  return best.stamps;
}

function stampFor(candidates, width, side, w, h, line, boxes) {
  const free = (box) => within(box, w, h) && !boxes.some((other) => overlap(box, other, 2));
  for (let rank = 0; rank < candidates.length; rank++) {
    const [index, x, y] = candidates[rank];
    const picture = { x: x - side / 2, y: y - side / 2, w: side, h: side };
    if (!free(picture)) continue;
    const names = [
      { x: x - width / 2, y: picture.y + side + 1, w: width, h: line },
      { x: x - width / 2, y: picture.y - line - 1, w: width, h: line },
      { x: picture.x - width - 4, y: y - line / 2, w: width, h: line },
      { x: picture.x + side + 4, y: y - line / 2, w: width, h: line },
    ];
    const name = names.find(free);
    if (name) return { index, rank, picture, name };
  }
  return null;
}

// Place photographs of one size: in the given order each at the free place nearest to its point, at most `reach` away;
// what finds none is left out. Returns [{index, x, y, w, h}] with the point as px, py.
function placePhotographs(order, at, side, w, h, reach, most, taken = []) {
  const cell = side + 2;
  const buckets = new Map();
  const key = (i, j) => i * 4096 + j;
  const put = (box) => {
    for (let i = Math.floor(box.x / cell); i <= Math.floor((box.x + box.w) / cell); i++)
      for (let j = Math.floor(box.y / cell); j <= Math.floor((box.y + box.h) / cell); j++) {
        if (!buckets.has(key(i, j))) buckets.set(key(i, j), []);
        buckets.get(key(i, j)).push(box);
      }
  };
  const free = (box) => {
    if (!within(box, w, h)) return false;
    for (let i = Math.floor(box.x / cell); i <= Math.floor((box.x + box.w) / cell); i++)
      for (let j = Math.floor(box.y / cell); j <= Math.floor((box.y + box.h) / cell); j++)
        if ((buckets.get(key(i, j)) || []).some((other) => overlap(box, other, 2))) return false;
    return true;
  };
  taken.forEach(put);
  const offsets = spiral(reach, Math.max(6, side / 3));
  const found = [];
  for (const index of order) {
    if (found.length >= most) break;
    const [px, py] = at(index);
    if (px < 0 || py < 0 || px > w || py > h) continue;
    for (const [dx, dy] of offsets) {
      const box = { x: px + dx - side / 2, y: py + dy - side / 2, w: side, h: side };
      if (!free(box)) continue;
      put(box);
      found.push({ ...box, index, px, py });
      break;
    }
  }
  return found;
}

// Offsets up to a distance, the nearest first, on a grid of the given step.
function spiral(reach, step) {
  const steps = Math.floor(reach / step);
  const found = [];
  for (let i = -steps; i <= steps; i++) for (let j = -steps; j <= steps; j++) if (Math.hypot(i, j) * step <= reach) found.push([i * step + 0, j * step + 0]);
  return found.sort((a, b) => Math.hypot(...a) - Math.hypot(...b));
}

// Where a card of cw x ch covers the fewest dots and lies closest to the point (fx, fy), inside w x h.
function cardPlace(cw, ch, w, h, dots, fx, fy) {
  let best = null;
  const steps = 7;
  for (let i = 0; i <= steps; i++)
    for (let j = 0; j <= steps; j++) {
      const box = { x: 8 + ((w - cw - 16) * i) / steps, y: 8 + ((h - ch - 16) * j) / steps, w: cw, h: ch };
      let covered = 0;
      for (const [x, y] of dots) if (x > box.x - 6 && x < box.x + cw + 6 && y > box.y - 6 && y < box.y + ch + 6) covered += 1;
      const holds = fx > box.x - 14 && fx < box.x + cw + 14 && fy > box.y - 14 && fy < box.y + ch + 14;
      const distance = Math.hypot(box.x + cw / 2 - fx, box.y + ch / 2 - fy) / Math.hypot(w, h);
      const cost = covered / Math.max(1, dots.length) + 0.25 * distance + (holds ? 10 : 0);
      if (!best || cost < best.cost) best = { ...box, cost };
    }
  return best;
}

const LOW = 540; // pixels of height below which the small maps leave their room to the photographs

// How the page is parted: two columns, the small maps' height, how many tiles a row of the gallery has.
function partition(width, height) {
  const right = Math.round(Math.max(width < 860 ? Math.max(300, width * 0.43) : 420, 0.39 * width));
  const low = height < 690;
  const across = right < 400 ? 6 : low ? 9 : 8;
  return { right, left: width - right - 16, small: height < LOW ? 104 : low ? 150 : 238, across, rows: low ? 1 : 2 };
}

// K_fw x K_bw = K with three decimals of K, and as many of the factors as it takes for the printed product to be right.
function equationOf(forward, backward, product) {
  const shown = product.toFixed(3);
  for (let digits = 3; digits < 7; digits++) {
    const [a, b] = [forward.toFixed(digits), backward.toFixed(digits)];
    if ((Number(a) * Number(b)).toFixed(3) === shown) return [a, b, "=", shown];
  }
  return [forward.toFixed(6), backward.toFixed(6), "≈", shown];
}
