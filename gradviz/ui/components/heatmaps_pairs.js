// A sample of pairs, forward against backward; a lasso lists pairs, and two lists show where the kernels disagree most.

const NAMED = 170; // from this width on both words stand under the plot, else the seed in the heading
const PLOT = { left: 40, right: 10, top: 8, bottom: 34 };

// Where values stand in a plot of width x height, axes from 0 or the least value to the greatest.
function pairsLayout(forward, backward, width, height) {
  const range = (values) => {
    let [least, most] = [0, 0.1];
    for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
    const room = 0.04 * (most - least);
    return [least - (least < 0 ? room : 0), most + room];
  };
  const [x, y] = [range(forward), range(backward)];
  const [wide, tall] = [width - PLOT.left - PLOT.right, height - PLOT.top - PLOT.bottom];
  return {
    x, y, wide, tall,
    px: (value) => PLOT.left + ((value - x[0]) / (x[1] - x[0])) * wide,
    py: (value) => PLOT.top + tall - ((value - y[0]) / (y[1] - y[0])) * tall,
    valuesAt: (px, py) => [x[0] + ((px - PLOT.left) / wide) * (x[1] - x[0]), y[0] + ((PLOT.top + tall - py) / tall) * (y[1] - y[0])],
  };
}

// Where a pair stands in the plot: inside at its place; beyond the axes at their edge, with the direction in which it lies
// on, right and up (-1, 0 or 1 each).
function placeOfPair(at, [forward, backward]) {
  const side = (value, [least, most]) => (value < least ? -1 : value > most ? 1 : 0);
  const within = (value, [least, most]) => Math.max(least, Math.min(most, value));
  return {
    x: at.px(within(forward, at.x)),
    y: at.py(within(backward, at.y)),
    right: side(forward, at.x),
    up: side(backward, at.y),
  };
}

// The positions of the pairs inside a lasso, whose corners are [forward, backward].
function pairsWithin(lasso, forward, backward) {
  const found = [];
  forward.forEach((value, i) => insidePolygon(lasso, value, backward[i]) && found.push(i));
  return found;
}

// Whether two samples are of the same pairs in the same order, whatever their values.
function samePairs(before, after) {
  return before?.length === after.length && after.every(([row, col], i) => before[i][0] === row && before[i][1] === col);
}

// Whether a point lies inside a polygon of [x, y] corners.
function insidePolygon(polygon, x, y) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [polygon[i], polygon[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

function receivePairs(component, { header, parts }) {
  const root = component.parentElement.querySelector(".root");
  const theme = dress(root);
  const state = partsOf(root, "pairs");
  Object.assign(state, { component, theme, root });
  if (!state.canvas) buildPairs(state);
  if (state.digest !== header.digest) {
    state.digest = header.digest;
    state.header = header;
    const [rows, cols] = [new Uint32Array(parts[0]), new Uint32Array(parts[1])];
    [state.forward, state.backward] = [new Float32Array(parts[2]), new Float32Array(parts[3])];
    state.shared = parts[4].byteLength ? new Uint8Array(parts[4]) : null;
    const pairs = Array.from(rows, (row, i) => [header.ids[row], header.ids[cols[i]]]);
    // At another temperature or layer the pairs from a lasso stay; they lie elsewhere, so what was around them goes.
    if (!samePairs(state.pairs, pairs)) state.chosen = null;
    state.lasso = null;
    state.pairs = pairs;
    listPairs(state);
  }
  drawPairs(state);
}

function buildPairs(state) {
  state.canvas = element("canvas", { tabIndex: 0 });
  state.canvas.setAttribute("role", "application");
  state.tip = element("div", { className: "tip" });
  state.heading = element("div", { className: "heading" });
  state.spoken = element("div", { className: "spoken" });
  state.spoken.setAttribute("aria-live", "polite");
  state.lists = element("div", { className: "lists" });
  state.plot = element("div", { className: "plot" }, state.heading, state.canvas, state.tip, state.spoken);
  state.root.replaceChildren(element("div", { className: "scatter" }, state.plot, state.lists));
  state.redraw = scheduler(() => drawPairs(state));
  new ResizeObserver(() => {
    state.theme = dress(state.root);
    state.redraw();
  }).observe(state.canvas);
  listenToPairs(state);
}

function drawPairs(state) {
  const { canvas, theme, header, forward, backward, shared } = state;
  const width = canvas.clientWidth;
  if (!width || !header) return;
  // Where the figure above is low, for want of width, the plot takes what it leaves.
  const least = windowHeight(canvas) < 800 ? 142 : 172;
  const height = bus.figure && isSlim(bus.figure) ? Math.round(Math.max(least, Math.min(250, windowHeight(canvas) - topInWindow(canvas) - 18))) : least;
  const at = (state.at = pairsLayout(forward, backward, width, height));
  const context = sharpContext(canvas, width, height);
  const { roles } = theme;
  const aside = asideWidth(bus.figure?.root.clientWidth || 0);
  state.root.firstChild.style.gridTemplateColumns = aside ? `minmax(0, 1fr) ${aside}px` : state.root.clientWidth < 520 ? "minmax(0, 1fr)" : "";
  context.clearRect(0, 0, width, height);
  drawPairAxes(context, state, at, width, height);
  const labels = drawEqualProducts(context, state, at);
  for (let i = 0; i < forward.length; i++) {
    const faded = state.chosen && !state.chosen.has(i);
    context.globalAlpha = faded ? 0.12 : shared && shared[i] ? 0.75 : 0.5;
    context.fillStyle = shared && shared[i] ? roles.accent : roles.ticks;
    const size = forward.length > 800 ? 1.6 : 2.4;
    context.fillRect(at.px(forward[i]) - size / 2, at.py(backward[i]) - size / 2, size, size);
  }
  context.globalAlpha = 1;
  const here = thisPair(state, at);
  for (const [text, x, y] of labels) {
    const covered = here && Math.abs(here.y - y) < 14 && here.x > x - 90;
    if (!covered) writeOnPairs(context, state, text, x, y, roles.product, "right");
  }
  context.strokeStyle = roles.text;
  context.lineWidth = 1.3;
  for (const i of [...header.alike, ...header.agreeing]) circle(context, at.px(forward[i]), at.py(backward[i]), 4.5);
  if (here) drawThisPair(context, state, at, here);
  if (state.lasso && state.lasso.length > 1) {
    context.strokeStyle = roles.accent;
    context.beginPath();
    state.lasso.forEach(([forward, backward], i) => {
      const [x, y] = [at.px(forward), at.py(backward)];
      i ? context.lineTo(x, y) : context.moveTo(x, y);
    });
    context.closePath();
    context.stroke();
  }
  canvas.dataset.beyond = here ? `${here.right} ${here.up}` : "";
  canvas.dataset.plot = [PLOT.left, PLOT.top, at.wide, at.tall].join(" ");
  const parts = [element("h4", { textContent: header.drawn === header.of ? `All ${grouped(header.of)} pairs` : `${grouped(header.drawn)} pairs${at.wide < NAMED ? `, seed ${header.seed}` : ""}` })];
  if (shared) {
    const share = shared.reduce((sum, one) => sum + one, 0) / Math.max(1, shared.length);
    parts.push(element("span", { className: "key accent", textContent: `sharing a class (${Math.round(100 * share)} %)` }), element("span", { className: "key", textContent: "not" }));
  }
  state.heading.replaceChildren(...parts);
  canvas.setAttribute("aria-label", `Forward against backward of ${grouped(header.drawn)} pairs of photographs. Draw a lasso to list pairs; arrow keys go from pair to pair, Enter opens one.`);
}

function circle(context, x, y, radius, fill = false) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  fill ? context.fill() : context.stroke();
}

function drawPairAxes(context, state, at, width, height) {
  const { roles } = state.theme;
  const write = (text, x, y, colour, align = "center") => writeOnPairs(context, state, text, x, y, colour, align);
  context.lineWidth = 1;
  context.strokeStyle = roles.line;
  for (const [tick, label] of niceTicks(...at.x)) {
    const x = Math.round(at.px(tick)) + 0.5;
    context.beginPath(), context.moveTo(x, PLOT.top), context.lineTo(x, PLOT.top + at.tall), context.stroke();
    write(withMinus(label), x, PLOT.top + at.tall + 9, roles.muted);
  }
  for (const [tick, label] of niceTicks(...at.y)) {
    const y = Math.round(at.py(tick)) + 0.5;
    context.beginPath(), context.moveTo(PLOT.left, y), context.lineTo(PLOT.left + at.wide, y), context.stroke();
    write(withMinus(label), PLOT.left - 5, y, roles.muted, "right");
  }
  write("forward", PLOT.left, height - 7, roles.forward, "left");
  const said = at.wide < NAMED || state.header.drawn === state.header.of ? "" : `random, seed ${state.header.seed}`;
  write(said, width - PLOT.right, height - 7, roles.muted, "right");
  context.save();
  context.translate(8, PLOT.top + at.tall / 2);
  context.rotate(-Math.PI / 2);
  write("backward", 0, 0, roles.backward);
  context.restore();
}

// Lines on which the product of both is the same; returns their labels and where these end.
function drawEqualProducts(context, state, at) {
  if (!state.header.unit) return [];
  const { roles } = state.theme;
  context.save();
  context.beginPath();
  context.rect(PLOT.left, PLOT.top, at.wide, at.tall);
  context.clip();
  context.strokeStyle = roles.product;
  context.globalAlpha = 0.7;
  const labels = [];
  for (const product of [0.05, 0.2, 0.5]) {
    context.beginPath();
    for (let i = 0; i <= 60; i++) {
      const forward = Math.max(1e-3, at.x[0]) + ((at.x[1] - Math.max(1e-3, at.x[0])) * i) / 60;
      const [x, y] = [at.px(forward), at.py(product / forward)];
      i ? context.lineTo(x, y) : context.moveTo(x, y);
    }
    context.stroke();
    const y = at.py(product / at.x[1]);
    if (y > PLOT.top + 12) labels.push([`K = ${product}`, PLOT.left + at.wide - 3, y - 7]);
  }
  context.restore();
  return labels;
}

// Words over points and lines, on a ground of their own.
function writeOnPairs(context, state, text, x, y, colour, align, weight = 400) {
  const { roles, font } = state.theme;
  context.save();
  context.font = `${weight} 11px ${font}`;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = roles.background;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
  context.restore();
}

// Where the pair that is looked at stands among the others, with its values; null where there is none.
function thisPair(state, at) {
  const figure = bus.figure;
  const pair = figure && figure.axes && (figure.cursor || figure.marked);
  const values = pair && figure.panels.length === 3 && pairValues(figure, pair.row, pair.col);
  return values ? { ...placeOfPair(at, values), values } : null;
}

// A dot; for a pair that lies beyond the axes of the sample an arrow that points to it, with its values.
function drawThisPair(context, state, at, { x, y, right, up, values }) {
  const { product } = state.theme.roles;
  const beyond = right || up;
  context.fillStyle = product;
  if (beyond) arrowHead(context, x, y, Math.atan2(-up, right));
  else circle(context, x, y, 4, true);
  const { decimals } = state.header;
  const text = beyond ? `A, B at ${withMinus(values[0].toFixed(decimals))}, ${withMinus(values[1].toFixed(decimals))}` : "A, B";
  const left = x > PLOT.left + at.wide - (beyond ? 120 : 40);
  writeOnPairs(context, state, text, x + (left ? -10 : 10), Math.max(y, PLOT.top + 7), product, left ? "right" : "left", 650);
}

// A filled triangle whose tip is at x, y and looks along an angle.
function arrowHead(context, x, y, angle) {
  context.save();
  context.translate(x, y);
  context.rotate(angle);
  context.beginPath();
  context.moveTo(0, 0);
  context.lineTo(-9, -5);
  context.lineTo(-9, 5);
  context.closePath();
  context.fill();
  context.restore();
}

function nearestPair(state, x, y) {
  let [best, least] = [-1, 64];
  for (let i = 0; i < state.forward.length; i++) {
    const distance = (state.at.px(state.forward[i]) - x) ** 2 + (state.at.py(state.backward[i]) - y) ** 2;
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}

function listenToPairs(state) {
  const { canvas } = state;
  let press = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    press = [pointIn(canvas, event)];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = pointIn(canvas, event);
    if (!press) return showPairTip(state, nearestPair(state, ...at), ...at);
    press.push(at);
    state.lasso = press.map(([x, y]) => state.at.valuesAt(x, y));
    state.redraw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const drawn = press;
    press = null;
    if (!drawn) return;
    const far = Math.max(...drawn.map(([x, y]) => Math.hypot(x - drawn[0][0], y - drawn[0][1])));
    if (far < 5) {
      const i = nearestPair(state, ...pointIn(canvas, event));
      if (i >= 0) choosePair(state, state.pairs[i]);
      else if (state.chosen) chooseWithin(state, null);
      return;
    }
    chooseWithin(state, drawn.map(([x, y]) => state.at.valuesAt(x, y)));
  });
  canvas.addEventListener("pointercancel", () => (press = null));
  canvas.addEventListener("pointerleave", () => (state.tip.style.display = "none"));
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by) {
      state.keyed = ((state.keyed ?? -1) + by + state.pairs.length) % state.pairs.length;
      showPairTip(state, state.keyed, state.at.px(state.forward[state.keyed]), state.at.py(state.backward[state.keyed]));
      state.spoken.textContent = state.tip.textContent;
    } else if (event.key === "Enter" && state.keyed !== undefined) choosePair(state, state.pairs[state.keyed]);
    else if (event.key === "Escape") chooseWithin(state, null);
    else return;
    event.preventDefault();
  });
}

function showPairTip(state, i, x, y) {
  state.canvas.style.cursor = i >= 0 ? "pointer" : "crosshair";
  if (i < 0) return (state.tip.style.display = "none");
  state.tip.replaceChildren(pairPictures(state.pairs[i], 56), element("div", { className: "value", textContent: pairEquation(state, i) }));
  placeTip(state.tip, state.plot, x, y + state.canvas.offsetTop);
  return undefined;
}

// The pairs inside a lasso, listed instead of the two lists; null brings these back.
function chooseWithin(state, lasso) {
  state.lasso = lasso;
  state.chosen = null;
  if (lasso) {
    const inside = pairsWithin(lasso, state.forward, state.backward);
    state.chosen = inside.length ? new Set(inside) : null;
    if (!inside.length) state.lasso = null;
  }
  listPairs(state);
  state.redraw();
}

function choosePair(state, [row, col]) {
  tell(state.component, "chosen", { row_id: row, col_id: col });
  bus.figure && showPair(bus.figure, row, col);
}

function pairEquation(state, i) {
  const values = [state.forward[i], state.backward[i], state.forward[i] * state.backward[i]];
  const { parts, sign } = equationParts(values, state.header.decimals);
  return withMinus(`${parts[0]} × ${parts[1]} ${sign} ${parts[2]}`);
}

function pairPictures(ids, side) {
  const pictures = ids.map((id) => {
    const canvas = element("canvas", { className: "plain", width: side * 2, height: side * 2 });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", id);
    if (!bus.sprite) return element("span", { textContent: id });
    drawThumb(canvas.getContext("2d"), bus, id, 0, 0, side * 2, side * 2);
    canvas.style.width = canvas.style.height = `${side}px`;
    return canvas;
  });
  return element("div", { className: "pictures" }, ...pictures);
}

function pairButton(state, i) {
  const ids = state.pairs[i];
  const values = [state.forward[i], state.backward[i], state.forward[i] * state.backward[i]];
  const { parts, sign } = equationParts(values, Math.max(0, state.header.decimals - 1), 1);
  const colour = (role, text) => element("span", { textContent: withMinus(text), style: `color: var(--gv-${role})` });
  const words = element("span", { className: "numbers" }, colour("forward", parts[0]), " × ", colour("backward", parts[1]), ` ${sign} `, colour("product", parts[2]));
  const button = element("button", { type: "button", className: "pair", title: ids.join(" × "), onclick: () => choosePair(state, ids) }, pairPictures(ids, state.root.clientWidth < 520 ? 31 : 38), words);
  button.setAttribute("aria-label", `${ids.join(" and ")}: forward ${parts[0]} times backward ${parts[1]} ${sign === "=" ? "is" : "is about"} ${parts[2]}`);
  return button;
}

function listPairs(state) {
  const { header, chosen } = state;
  const row = (indices) => element("div", { className: "row" }, ...indices.map((i) => pairButton(state, i)));
  const heading = (text) => element("h4", {}, text, element("span", { className: "quiet", textContent: header.centred ? " not centred" : "" }));
  if (!chosen) {
    state.lists.replaceChildren(
      heading("Look alike, gradients disagree"),
      row(header.alike),
      heading("Gradients agree, look different"),
      row(header.agreeing),
    );
    return;
  }
  const found = [...chosen];
  const back = element("button", { type: "button", className: "quiet", textContent: "Back", onclick: () => chooseWithin(state, null) });
  const count = `${found.length === 1 ? "1 pair" : `${grouped(found.length)} pairs`} ${state.lasso ? "in" : "from"} the lasso`;
  const more = found.length > 30 ? ", the first 30" : "";
  state.lists.replaceChildren(element("div", { className: "heading" }, heading(count + more), back), element("div", { className: "row many" }, ...found.slice(0, 30).map((i) => pairButton(state, i))));
}
