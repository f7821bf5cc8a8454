// Drawing of one map: wash, dots, loop, rings, then photographs and names.

const RADII = { large: [4.2, 3, 2.1], small: [2, 1.6, 1.25] };
const TOOLS = 44; // the large map's right edge, where its buttons are
const CARD = { large: [184, 150], low: [148, 122] };

const sizeClass = (n) => (n > 1000 ? 2 : n > 400 ? 1 : 0);

function projection(state, k, w, h) {
  const map = state.maps[k];
  const view = k === state.large ? state.views[k] : wholeMap();
  return k === state.large ? projectionOf(map.frame, view, w - TOOLS, h, 26) : projectionOf(map.frame, view, w, h, 9);
}

// Where each point is, in pixels; NaN for a photograph that this map does not show.
function placesOf(state, k, w, h) {
  const { at } = projection(state, k, w, h);
  const { points } = state.maps[k];
  const places = new Float32Array(points.length);
  for (let i = 0; 2 * i < points.length; i++) [places[2 * i], places[2 * i + 1]] = at(points[2 * i], points[2 * i + 1]);
  return places;
}

function trace(context, symbol, x, y, r) {
  if (symbol === "square") return context.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r);
  if (symbol === "circle") return context.moveTo(x + r, y), context.arc(x, y, r, 0, 7);
  const corners = symbol === "star" ? 10 : symbol === "diamond" ? 4 : 3;
  for (let i = 0; i <= corners; i++) {
    const reach = r * (symbol === "star" ? (i % 2 ? 0.85 : 2) : 1.2);
    const angle = (2 * Math.PI * i) / corners - Math.PI / 2;
    context[i ? "lineTo" : "moveTo"](x + reach * Math.cos(angle), y + reach * Math.sin(angle));
  }
  return undefined;
}

function drawDots(context, state, k, places, w, h, large) {
  const kind = sizeClass(state.count);
  const r = RADII[large ? "large" : "small"][kind];
  const { roles } = state.theme;
  const pointed = state.colour.kind === "groups" ? state.pointedOut : null;
  const some = state.some || pointed !== null;
  const lit = (i) => (pointed === null ? Boolean(state.lit[i]) : state.groupOf[i] === pointed);
  const grey = roles.ticks;
  const passes = some ? [false, true] : [true];
  for (const wanted of passes) {
    for (const i of state.order) {
      if (lit(i) !== wanted && !state.isOwn(i)) continue;
      if (state.isOwn(i) && !wanted) continue;
      const [x, y] = [places[2 * i], places[2 * i + 1]];
      if (!(x > -9 && y > -9 && x < w + 9 && y < h + 9)) continue;
      const plain = !wanted;
      context.beginPath();
      const own = state.isOwn(i);
      trace(context, own ? "star" : kind === 2 || !large ? "circle" : state.symbols[i], x, y, own ? r + 2.5 : wanted && some ? r + (large ? 0.9 : 0.7) : r);
      context.globalAlpha = own ? 1 : plain ? 0.3 : some ? 0.92 : kind === 2 ? 0.5 : 0.85;
      context.fillStyle = own ? roles.text : plain ? grey : state.colours[i];
      context.fill();
      if (own || (kind === 0 && large && wanted)) {
        context.globalAlpha = own ? 1 : 0.7;
        context.lineWidth = own ? 1.2 : 0.7;
        context.strokeStyle = roles.background;
        context.stroke();
      }
    }
  }
  context.globalAlpha = 1;
}

// Density of each group on a coarse grid, blurred, in the mean of the groups' colours; four steps of opacity.
function washOf(state, k, places, w, h) {
  const step = 4;
  const [cols, rows] = [Math.ceil(w / step), Math.ceil(h / step)];
  const sum = new Float32Array(cols * rows);
  const mixed = new Float32Array(cols * rows * 3);
  const groups = new Map();
  for (let i = 0; i < state.count; i++) {
    const [x, y] = [Math.floor(places[2 * i] / step), Math.floor(places[2 * i + 1] / step)];
    if (!(x >= 0 && y >= 0 && x < cols && y < rows) || (state.some && !state.lit[i])) continue;
    if (!groups.has(state.colours[i])) groups.set(state.colours[i], new Float32Array(cols * rows));
    groups.get(state.colours[i])[y * cols + x] += 1;
  }
  const radius = Math.max(1, Math.round(w / 80 / step));
  for (const [colour, grid] of groups) {
    for (let pass = 0; pass < 3; pass++) blur(grid, cols, rows, radius);
    const rgb = rgbOf(colour);
    for (let p = 0; p < grid.length; p++) {
      const weight = grid[p] ** 1.5;
      sum[p] += grid[p];
      for (let c = 0; c < 3; c++) mixed[3 * p + c] += weight * rgb[c];
      grid[p] = weight;
    }
  }
  const weights = new Float32Array(cols * rows);
  for (const grid of groups.values()) grid.forEach((weight, p) => (weights[p] += weight));
  const there = [...sum].filter((v) => v > 1e-4).sort((a, b) => a - b);
  const high = there[Math.floor(0.9 * there.length)] || 1;
  const canvas = element("canvas", { width: cols, height: rows });
  const picture = new ImageData(cols, rows);
  sum.forEach((v, p) => {
    const level = [0.07, 0.2, 0.45, 0.8].filter((share) => v >= share * high).length;
    for (let c = 0; c < 3; c++) picture.data[4 * p + c] = weights[p] ? mixed[3 * p + c] / weights[p] : 0;
    picture.data[4 * p + 3] = Math.round(255 * 0.36 * (level / 4));
  });
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return { canvas, w: cols * step, h: rows * step };
}

function blur(grid, cols, rows, radius) {
  const line = new Float32Array(Math.max(cols, rows));
  const pass = (start, stride, length) => {
    let sum = 0;
    for (let i = -radius; i < length; i++) {
      if (i + radius < length) sum += grid[start + (i + radius) * stride];
      if (i - radius - 1 >= 0) sum -= grid[start + (i - radius - 1) * stride];
      if (i >= 0) line[i] = sum / (2 * radius + 1);
    }
    for (let i = 0; i < length; i++) grid[start + i * stride] = line[i];
  };
  for (let y = 0; y < rows; y++) pass(y * cols, 1, cols);
  for (let x = 0; x < cols; x++) pass(x, cols, rows);
}

function drawLoop(context, state, path, closed) {
  context.beginPath();
  path.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](x, y));
  if (closed) context.closePath();
  context.fillStyle = state.theme.roles.background;
  context.globalAlpha = 0.55;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.6;
  context.strokeStyle = state.theme.roles.accent;
  context.setLineDash([5, 4]);
  context.stroke();
  context.setLineDash([]);
}

function ring(context, x, y, r, colour, width = 1.6) {
  context.beginPath();
  context.arc(x, y, r, 0, 7);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

// The nearest of the photograph in focus under a map's kernel, none where the map shows another kernel than the row.
const nearestIn = ({ near, focus }, k) => (near && near.index === focus && near.fits[k] ? near.rows[k] : []);

// Rings around the eight nearest under the map's own kernel, in the colour of its role, and lines to them.
function drawNear(context, state, k, places, w, h, large) {
  const { focus } = state;
  if (focus === null || !(places[2 * focus] > -1e6)) return;
  const [x, y] = [places[2 * focus], places[2 * focus + 1]];
  const r = RADII[large ? "large" : "small"][sizeClass(state.count)];
  const role = state.theme.roles[state.maps[k].role];
  for (const i of nearestIn(state, k)) {
    const [px, py] = [places[2 * i], places[2 * i + 1]];
    if (!(px > -1e6)) continue;
    if (large) {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(px, py);
      context.globalAlpha = 0.45;
      context.lineWidth = 1;
      context.strokeStyle = role;
      context.stroke();
      context.globalAlpha = 1;
    }
    ring(context, px, py, r + (large ? 3 : 2), role);
  }
  context.beginPath();
  context.arc(x, y, r + (large ? 2.4 : 1.6), 0, 7);
  context.fillStyle = state.colours[focus];
  context.fill();
  ring(context, x, y, r + (large ? 3.4 : 2.4), state.theme.roles.text, large ? 2.4 : 1.8);
}

// A small photograph with a border and rounded corners; false where it has not come yet.
function drawPhotograph(context, state, i, box, colour, width = 2) {
  const sprite = spriteOf(state, i);
  context.save();
  context.beginPath();
  context.roundRect(box.x, box.y, box.w, box.h, Math.min(6, box.w / 7));
  context.fillStyle = state.theme.roles.soft;
  context.fill();
  context.clip();
  if (sprite?.image) context.drawImage(sprite.image, sprite.x, sprite.y, sprite.side, sprite.side, box.x, box.y, box.w, box.h);
  context.restore();
  context.beginPath();
  context.roundRect(box.x, box.y, box.w, box.h, Math.min(6, box.w / 7));
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

// A class's colour as text: dark enough on a light page, light enough on a dark one.
function legible(colour, dark) {
  const [L, a, b] = oklab(rgbOf(colour));
  const wanted = dark ? Math.max(L, 0.8) : Math.min(L, 0.46);
  return hexOf(fromOklab([wanted, a * 0.9, b * 0.9]));
}

function stampsOf(state, k, places, w, h, taken) {
  const map = state.maps[k];
  const { classes } = state.names.header;
  const reach = 0.05 * Math.max(map.frame.width, map.frame.height);
  map.densest ||= densest(map.points, state.main, classes.length, reach);
  const side = h < 420 ? 26 : 30;
  const candidates = map.densest.map((list) => list.filter((i) => spriteOf(state, i)).map((i) => [i, places[2 * i], places[2 * i + 1]]));
  return placeStamps(candidates, state.nameWidths, side, w - TOOLS, h, { line: 14, taken, tries: 30 });
}

function drawStamps(context, state, k, places, w, h, taken) {
  const { classes } = state.names.header;
  const { dark, roles, font } = state.theme;
  context.font = `600 11.5px ${font}`;
  if (!state.nameWidths) state.nameWidths = classes.map((name) => context.measureText(shorten(context, name, 110)).width + 2);
  const view = state.views[k];
  const key = [mapKey(state, k), view.x, view.y, view.zoom, w, h, state.sheetsHere, JSON.stringify(taken)].join("|");
  if (state.stampKey !== key) [state.stampKey, state.stamps] = [key, stampsOf(state, k, places, w, h, taken)];
  for (const { class: c, index, picture, name } of state.stamps) {
    const quiet = state.marked !== null && state.marked !== c;
    context.globalAlpha = quiet ? 0.3 : 1;
    const colour = classColour(c, dark);
    drawPhotograph(context, state, index, picture, colour);
    context.font = `600 11.5px ${font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const text = shorten(context, classes[c], 110);
    context.lineWidth = 3.5;
    context.lineJoin = "round";
    context.strokeStyle = roles.background;
    context.strokeText(text, name.x + name.w / 2, name.y + name.h / 2);
    context.fillStyle = legible(colour, dark);
    context.fillText(text, name.x + name.w / 2, name.y + name.h / 2);
  }
  context.globalAlpha = 1;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
}

const mapKey = (state, k) => state.maps[k].digest;

// How much of the map is photographs, 0 to 1: what the slider says, and more of it when zoomed in.
const share = (state, k) => Math.max(state.slider, Math.min(1, Math.max(0, (state.views[k].zoom - 2.2) / 4)));

function drawPhotographs(context, state, k, places, w, h, taken) {
  const amount = share(state, k);
  const side = 34;
  const near = nearestIn(state, k);
  const first = new Set(near);
  const order = [...near];
  const seen = (i) => !first.has(i) && i < state.count && spriteOf(state, i);
  if (state.some) order.push(...state.order.filter((i) => seen(i) && state.lit[i]));
  order.push(...state.order.filter((i) => seen(i) && !(state.some && state.lit[i])));
  const found = placePhotographs(order, (i) => [places[2 * i], places[2 * i + 1]], side, w - TOOLS, h, 96 * amount, Math.ceil((amount * w * h) / (36 * 36)), taken);
  const { roles, font } = state.theme;
  for (const { px, py, x, y, index } of found) {
    context.beginPath();
    context.moveTo(px, py);
    context.lineTo(x + side / 2, y + side / 2);
    context.lineWidth = 0.7;
    context.globalAlpha = 0.6;
    context.strokeStyle = state.colours[index];
    context.stroke();
    context.globalAlpha = 1;
  }
  for (const box of found) {
    const neighbour = first.has(box.index);
    context.globalAlpha = state.some && !state.lit[box.index] && !neighbour ? 0.45 : 1;
    drawPhotograph(context, state, box.index, box, neighbour ? roles[state.maps[k].role] : state.colours[box.index], neighbour ? 2.6 : 1.8);
    if (neighbour) {
      const text = state.near.values[k][box.index].toFixed(3);
      context.fillStyle = roles[state.maps[k].role];
      context.fillRect(box.x, box.y + side - 12, side, 12);
      context.font = `600 10px ${font}`;
      context.fillStyle = roles.background;
      context.textAlign = "center";
      context.fillText(text, box.x + side / 2, box.y + side - 2.5);
      context.textAlign = "left";
    }
  }
  context.globalAlpha = 1;
  return found;
}

// Draw map k at w x h from the context's origin; plain leaves out hover, loop in the making and the card's line.
function drawMap(context, state, k, w, h, { plain = false, card = null } = {}) {
  const large = k === state.large;
  context.save();
  context.beginPath();
  context.rect(0, 0, w, h);
  context.clip();
  const map = state.maps[k];
  if (!map.points) {
    context.fillStyle = state.theme.roles.muted;
    context.font = `12px ${state.theme.font}`;
    context.textAlign = "center";
    context.fillText("being drawn", w / 2, h / 2);
    context.restore();
    return [];
  }
  const places = placesOf(state, k, w, h);
  if (large && state.wash) {
    const view = state.views[k];
    const key = [mapKey(state, k), view.x, view.y, view.zoom, w, h, state.litVersion].join("|");
    if (state.washKey !== key) [state.washKey, state.washed] = [key, washOf(state, k, places, w, h)];
    context.imageSmoothingQuality = "high";
    context.drawImage(state.washed.canvas, 0, 0, state.washed.w, state.washed.h);
  }
  const loop = loopIn(state, k, w, h);
  if (loop) drawLoop(context, state, loop, true);
  drawDots(context, state, k, places, w, h, large);
  const taken = card ? [card] : [];
  let photographs = [];
  if (large && share(state, k) > 0) photographs = drawPhotographs(context, state, k, places, w, h, taken);
  drawNear(context, state, k, places, w, h, large);
  if (large && state.showStamps && share(state, k) === 0) drawStamps(context, state, k, places, w, h, taken);
  if (!plain && state.lasso?.map === k) drawLoop(context, state, state.lasso.path, false);
  if (!plain && state.hovered !== null && places[2 * state.hovered] > -1e6) {
    const [x, y] = [places[2 * state.hovered], places[2 * state.hovered + 1]];
    const r = RADII[large ? "large" : "small"][sizeClass(state.count)] + 5;
    ring(context, x, y, r, state.theme.roles.background, 4.5);
    ring(context, x, y, r, state.theme.roles.text, 2);
  }
  const [fx, fy] = state.focus === null ? [NaN, NaN] : [places[2 * state.focus], places[2 * state.focus + 1]];
  if (!plain && card && fx >= 0 && fy >= 0 && fx <= w && fy <= h) {
    context.beginPath();
    context.moveTo(fx, fy);
    context.lineTo(Math.max(card.x, Math.min(card.x + card.w, fx)), Math.max(card.y, Math.min(card.y + card.h, fy)));
    context.lineWidth = 1.2;
    context.strokeStyle = state.theme.roles.text;
    context.stroke();
  }
  context.restore();
  return photographs;
}

// The loop that made the selection, as long as that and the map are still what they were.
function loopIn(state, k, w, h) {
  const { loop } = state;
  if (!loop || state.marked !== null || loop.map !== k || loop.digest !== mapKey(state, k) || loop.size !== state.selected.size || !state.selected.size) return null;
  const { at } = projection(state, k, w, h);
  return loop.path.map(([x, y]) => at(x, y));
}
