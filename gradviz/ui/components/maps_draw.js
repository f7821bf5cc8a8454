// Drawing of the linked maps. Each map has its own view {x, y, zoom}: the point at its centre and the magnification.

function layout(state, width) {
  const count = state.header.maps.length;
  const stacked = width < 600 && count > 1;
  const gap = 14;
  const across = stacked ? 1 : count;
  const w = Math.floor((width - 2 - gap * (across - 1)) / across);
  const h = Math.min(w, state.header.height);
  const top = state.header.maps.some((map) => map.note) ? 42 : 24;
  state.panels = state.header.maps.map((_, i) => ({ x: 1 + (stacked ? 0 : i * (w + gap)), y: top + (stacked ? i * (h + top + 8) : 0), w, h, top }));
  state.height = (stacked ? count : 1) * (h + top + 8);
}

// Equal scale in both directions: distances on a map mean the same across and down.
function projection(state, index) {
  const panel = state.panels[index];
  const view = state.views[index];
  const { centre, extent } = state.frames[index];
  const scale = ((Math.min(panel.w, panel.h) - 24) / extent) * view.zoom;
  const [left, top] = [panel.x + panel.w / 2 - (centre[0] + view.x) * scale, panel.y + panel.h / 2 + (centre[1] + view.y) * scale];
  return { scale, at: (i) => [left + state.points[index][2 * i] * scale, top - state.points[index][2 * i + 1] * scale] };
}

function frameOf(points) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  points.forEach((value, i) => {
    low[i % 2] = Math.min(low[i % 2], value);
    high[i % 2] = Math.max(high[i % 2], value);
  });
  return { centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], extent: Math.max(high[0] - low[0], high[1] - low[1]) || 1 };
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

// One path per class: thousands of points cost a few milliseconds.
function drawPoints(context, state, index, chosen, style) {
  const { header } = state;
  const panel = state.panels[index];
  const { at } = projection(state, index);
  const r = state.radius;
  const groups = new Map();
  for (const i of chosen) {
    const group = state.isOwn[i] ? "own" : header.class_of[i];
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(i);
  }
  for (const group of [...groups.keys()].sort((a, b) => (a === "own") - (b === "own"))) {
    const { colour, symbol } = group === "own" ? { colour: header.own_colour, symbol: "star" } : header.classes[group] || { colour: header.no_class, symbol: "circle" };
    context.beginPath();
    for (const i of groups.get(group)) {
      const [x, y] = at(i);
      if (x > panel.x - 9 && x < panel.x + panel.w + 9 && y > panel.y - 9 && y < panel.y + panel.h + 9) trace(context, symbol, x, y, group === "own" ? r * 1.5 : r);
    }
    context.globalAlpha = style.alpha;
    context.fillStyle = style.grey || colour;
    context.fill();
    if (group === "own" || style.outline) {
      context.lineWidth = group === "own" ? 1.2 : 0.6;
      context.strokeStyle = state.theme.background;
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

function drawMap(context, state, index, plain) {
  const panel = state.panels[index];
  const { theme, header } = state;
  context.save();
  context.beginPath();
  context.rect(panel.x, panel.y, panel.w, panel.h);
  context.fillStyle = theme.surface;
  context.globalAlpha = 0.45;
  context.fill();
  context.globalAlpha = 1;
  context.clip();
  const lit = (i) => (!state.selected.size || state.selected.has(i)) && (state.shown === null || header.class_of[i] === state.shown || state.isOwn[i]);
  const all = header.ids.map((_, i) => i);
  const some = state.selected.size > 0 || state.shown !== null;
  if (some) drawPoints(context, state, index, all.filter((i) => !lit(i)), { alpha: 0.22, grey: header.no_class });
  drawPoints(context, state, index, some ? all.filter(lit) : all, { alpha: some ? 1 : 0.85, outline: true });
  if (!plain && state.hovered !== null) {
    const [x, y] = projection(state, index).at(state.hovered);
    for (const [width, colour] of [[5, theme.background], [2, theme.text]]) {
      context.beginPath();
      context.arc(x, y, state.radius + 5, 0, 7);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
  }
  if (!plain && state.lasso?.index === index) drawLasso(context, state);
  context.restore();
  context.lineWidth = 1;
  context.strokeStyle = theme.border;
  context.strokeRect(panel.x - 0.5, panel.y - 0.5, panel.w + 1, panel.h + 1);
  context.fillStyle = theme.text;
  context.textAlign = "left";
  context.font = `600 15px ${theme.font}`;
  context.fillText(shorten(context, header.maps[index].title, panel.w), panel.x, panel.y - panel.top + 15);
  context.font = `12px ${theme.font}`;
  context.globalAlpha = 0.72;
  context.fillText(shorten(context, header.maps[index].note, panel.w), panel.x, panel.y - panel.top + 33);
  context.globalAlpha = 1;
}

function drawLasso(context, state) {
  context.beginPath();
  state.lasso.path.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](x, y));
  context.closePath();
  context.fillStyle = state.theme.primary;
  context.globalAlpha = 0.14;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.strokeStyle = state.theme.primary;
  context.setLineDash([5, 4]);
  context.stroke();
  context.setLineDash([]);
}

// For the saved picture, where the buttons of the legend are not.
function drawLegend(context, state, width) {
  context.font = `12px ${state.theme.font}`;
  let [x, y] = [8, state.height + 14];
  for (const { name, colour, symbol } of state.header.classes) {
    const wide = 26 + context.measureText(name).width;
    if (x + wide > width) [x, y] = [8, y + 20];
    context.beginPath();
    trace(context, symbol, x, y - 4, 5);
    context.fillStyle = colour;
    context.fill();
    context.fillStyle = state.theme.text;
    context.fillText(name, x + 10, y);
    x += wide;
  }
  return y + 10;
}

// plain leaves out hover and lasso, adds background and legend: for the saved picture.
function draw(state, plain = false) {
  const width = state.canvas.clientWidth;
  if (!width) return;
  if (width !== state.laidOut) {
    layout(state, width);
    state.laidOut = width;
  }
  const legend = plain ? drawLegend(state.canvas.getContext("2d"), state, width) : state.height;
  const context = sharpContext(state.canvas, width, legend);
  context.clearRect(0, 0, width, legend);
  if (plain) {
    context.fillStyle = state.theme.background;
    context.fillRect(0, 0, width, legend);
    drawLegend(context, state, width);
  }
  state.panels.forEach((_, i) => drawMap(context, state, i, plain));
  state.canvas.dataset.panels = state.panels.map(({ x, y, w, h }) => [x, y, w, h].map(Math.round).join(" ")).join(";");
}
