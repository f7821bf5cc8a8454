// The drawing itself: photographs, the body at work, the strips of every layer, and what flows between them.

const NET_ACTIVATIONS = { relu: "ReLU", gelu: "GELU", silu: "SiLU", elu: "ELU", leaky_relu: "leaky ReLU", identity: "1" };
// What stands where no second photograph is pinned, in as many words as there is room for.
const placeholder = (side, scale) => (side < 118 * scale ? "Shift-click pins B here" : "Shift-click a photograph to pin a second one here");

// The name that people write; a parameter stays behind it: leaky_relu(0.2).
function netActivation(text) {
  return text.replace(/^\w+/, (name) => NET_ACTIVATIONS[name] || name);
}

// A symbol with its index: x₅, W₆, dE/dy₆.
function netSymbol(letter, index, attributes) {
  const small = shape("tspan", { "font-size": "0.72em", dy: "0.28em" });
  small.textContent = index;
  const text = shape("text", { ...attributes, class: `symbol ${attributes.class || ""}` });
  text.append(letter, small);
  return text;
}

function netText(text, attributes) {
  const made = shape("text", attributes);
  made.textContent = text;
  return made;
}

function netArrow(from, to, y, role) {
  const head = 5;
  const way = Math.sign(to - from);
  const end = to - way * head;
  const path = `M${from} ${y}H${end}M${to} ${y}l${-way * head * 1.3} ${-head * 0.62}v${head * 1.24}z`;
  return shape("path", { d: path, class: `arrow ${role}` });
}

const netWritten = (layer) => `${whole(layer.inputs)} × ${whole(layer.outputs)}`;

function netWeight(state, column, layer, layout) {
  const { x, width } = column.weight;
  const { y, height } = layout.top;
  const tall = Math.min(height * 0.5, 96);
  const [top, skew] = [y + (height - tall) / 2, tall * 0.16];
  const chosen = layer.name === state.layer;
  const part = shape("g", { class: chosen ? "weight chosen" : "weight", tabindex: 0, role: "button", "aria-pressed": String(chosen) });
  part.setAttribute("aria-label", `W${layer.number}, ${netWritten(layer)}: open its gradient`);
  part.dataset.layer = layer.name;
  const title = shape("title", {});
  title.textContent = `${layer.name}: ${netWritten(layer)} weights. Click to open their gradient.`;
  part.append(title, shape("path", { d: `M${x} ${top}l${width} ${skew}v${tall - 2 * skew}l${-width} ${skew}z` }));
  part.append(netSymbol("W", layer.number, { x: x + width / 2, y: top + tall / 2 + 5, "text-anchor": "middle" }));
  const open = () => state.open(layer.name);
  part.addEventListener("click", open);
  part.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open();
    }
  });
  return part;
}

// Everything of the drawing that stays while the temperature moves.
function drawFlow(state) {
  const { layout, network, photos } = state;
  const focused = state.root.getRootNode().activeElement?.dataset?.layer;
  const svg = state.svg;
  svg.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`);
  const parts = [];
  const add = (...made) => parts.push(...made);
  const middle = layout.top.y + layout.top.height / 2;
  const { columns, top, low, strip } = layout;
  const layers = network.layers;
  add(...netBodyLabels(state));
  const bodyEnd = photos.A.stages.length ? layout.body.x + layout.body.width + 2 : layout.photos[0].side + 4;
  add(netArrow(layout.photos[0].side + 3, layout.body.x - 2, layout.photos[0].y + layout.photos[0].side / 2, "black"));
  if (photos.B) add(netArrow(layout.photos[1].side + 3, layout.body.x - 2, layout.photos[1].y + layout.photos[1].side / 2, "black"));
  add(netArrow(bodyEnd, columns[0].x[0] - 3, layout.photos[0].y + layout.photos[0].side / 2, "black"));
  columns.forEach((column, i) => {
    const centre = (column.x[0] + column.end) / 2;
    const k = layers[0].number - 1 + i;
    const last = i === layers.length;
    const under = top.y + top.height;
    add(last ? netText("p", { x: centre, y: 14, class: "symbol forward", "text-anchor": "middle" }) : netSymbol("x", k, { x: centre, y: 14, class: "forward", "text-anchor": "middle" }));
    for (const [n, who] of ["A", ...(photos.B ? ["B"] : [])].entries()) add(netText(who, { x: column.x[n] + strip / 2, y: under + 12, class: "small", "text-anchor": "middle" }));
    const count = i ? layers[i - 1].outputs : layers[0].inputs;
    add(netText(whole(count), { x: i ? (column.y[0] + column.end) / 2 : centre, y: under + 25, class: "small number", "text-anchor": "middle" }));
    if (!i) return;
    const layer = layers[i - 1];
    add(netSymbol("y", layer.number, { x: column.y[1] - 1, y: 14, class: "forward light", "text-anchor": "middle" }));
    add(netArrow(columns[i - 1].end + 3, column.weight.x - 2, middle, "black"), netArrow(column.weight.x + column.weight.width + 2, column.y[0] - 2, middle, "black"));
    add(netWeight(state, column, layer, layout));
    const name = shape("text", { x: centre, y: low.y + low.height + 14, class: "symbol backward", "text-anchor": "middle" });
    name.append("dE/d", netSub("y", layer.number));
    add(name);
    const at = low.y + low.height * 0.3;
    if (last) add(netArrow(layout.classes.x - 4, column.end + 4, at, "red"));
    else {
      const next = columns[i + 1];
      add(netArrow(next.x[0] - 4, column.end + 4, at, "red"));
      const room = next.x[0] - column.end;
      const label = shape("text", { x: column.end + room / 2, y: at - 7, class: "symbol backward carried", "text-anchor": "middle" });
      label.append(netSub("W", `${layer.number + 1}`), room > 78 ? `ᵀ, ${netActivation(network.activations[i - 1])}` : "ᵀ");
      add(label);
    }
  });
  add(...netProductMark(state));
  svg.replaceChildren(...parts);
  if (focused) svg.querySelector(`[data-layer="${CSS.escape(focused)}"]`)?.focus();
}

function netSub(letter, index) {
  const both = shape("tspan", {});
  const small = shape("tspan", { "font-size": "0.72em", dy: "0.28em" });
  small.textContent = index;
  const back = shape("tspan", { dy: "-0.2em" });
  back.textContent = "\u200b";
  both.append(letter, small, back);
  return both;
}

// Names and sizes of the slabs, once, above and under those of A.
function netBodyLabels(state) {
  const { layout, photos } = state;
  const slabs = layout.slabs[0];
  const room = layout.body.width / Math.max(1, slabs.length);
  const made = [];
  photos.A.stages.forEach((stage, i) => {
    const x = slabs[i].x + room * 0.42;
    const name = netText(room < 36 && stage.name.length > 5 ? `${stage.name.slice(0, 4)}…` : stage.name, { x, y: 11, class: "small", "text-anchor": "middle" });
    const title = shape("title", {});
    title.textContent = `${stage.name}: ${stage.side} × ${stage.side} places, ${whole(stage.channels)} channels; the mean over the channels is drawn`;
    name.append(title);
    if (room > 28) made.push(name, netText(`${stage.side}²·${stage.channels}`, { x, y: layout.photos[0].caption, class: "small number", "text-anchor": "middle" }));
  });
  // Where they have no room of their own, the first and the last name say what the slabs are.
  const [first, last] = [photos.A.stages[0], photos.A.stages.at(-1)];
  if (!made.length && first && layout.body.width > 60) made.push(netText(first === last ? first.name : `${first.name} … ${last.name}`, { x: slabs[0].x + layout.body.width / 2, y: 11, class: "small", "text-anchor": "middle" }));
  if (made.length) made.push(netText("mean activation over the channels", { x: slabs[0].x, y: layout.height - 4, class: "small" }));
  return made;
}

// The dashed way from x and dE/dy of the opened layer to their product.
function netProductMark(state) {
  const { layout, network } = state;
  const i = network.layers.findIndex((layer) => layer.name === state.layer);
  const [before, after] = [layout.columns[i], layout.columns[i + 1]];
  const { top, low, strip } = layout;
  const radius = Math.min(18, low.height * 0.26, (after.x[0] - before.end) / 2 - 2);
  const [cx, cy] = [before.end + (after.x[0] - before.end) / 2 - 2, low.y + low.height * 0.72];
  const from = before.x[0] + strip;
  const part = shape("g", { class: "mark" });
  // Where the gradient of the layer before lies in the way the line keeps to its left.
  const side = i ? before.end + 5 : from;
  part.append(shape("path", { d: i ? `M${side} ${top.y + top.height - 6}V${cy + radius * 0.7}H${cx - radius}` : `M${from} ${top.y + top.height + 32}V${cy}H${cx - radius}` }));
  part.append(shape("path", { d: `M${cx + radius} ${cy}H${after.x[0] - 3}` }));
  part.append(shape("circle", { cx, cy, r: radius }));
  const up = netText("dE", { x: cx, y: cy - 3, class: "symbol", "text-anchor": "middle" });
  const down = netSymbol("dW", network.layers[i].number, { x: cx, y: cy + 11, "text-anchor": "middle" });
  part.append(up, shape("path", { d: `M${cx - radius * 0.6} ${cy}H${cx + radius * 0.6}`, class: "solid" }), down);
  for (const [x, y, height] of [[before.x[0], top.y, top.height], [after.x[0], low.y, low.height]]) {
    part.append(shape("rect", { x: x - 1.5, y: y - 1.5, width: 2 * strip + 5, height: height + 3, rx: 2 }));
  }
  return [part];
}

// Slabs and strips at the temperature that the slider shows.
function paintFlow(state) {
  const { layout, network, theme } = state;
  const context = sharpContext(state.canvas, layout.width, layout.height, state.ratio);
  context.clearRect(0, 0, layout.width, layout.height);
  const photos = [state.photos.A, state.photos.B].filter(Boolean);
  const { columns, strip, linear, top, low, slabs } = layout;
  // Where one layer is looked at alone, the rest dims.
  const alone = state.alone === state.layer ? network.layers.findIndex((layer) => layer.name === state.layer) : -1;
  const light = (part) => (context.globalAlpha = alone < 0 || part ? 1 : 0.3);
  light(false);
  photos.forEach((photo, n) => photo.stages.forEach((stage, i) => paintSlab(context, netStage(state, stage, i), slabs[n][i], theme)));
  columns.forEach((column, i) => {
    const layer = network.layers[i - 1];
    const k = network.layers[0].number - 1 + i;
    const last = i === network.layers.length;
    const xs = photos.map((photo) => (last ? photo.p[state.step] : photo.x[k]));
    const most = largestSize(...xs);
    light(i === alone);
    xs.forEach((values, n) => paintStrip(context, values, most, "forward", theme, { x: column.x[n], width: strip, ...top }));
    if (!layer) return;
    light(i === alone + 1);
    const ys = photos.map((photo) => photo.y[k]);
    ys.forEach((values, n) => paintStrip(context, values, largestSize(...ys), "forward", theme, { x: column.y[n], width: linear, ...top }));
    const back = photos.map((photo) => photo.dy[k][state.step]);
    back.forEach((values, n) => paintStrip(context, values, largestSize(...back), "backward", theme, { x: column.x[n], width: strip, ...low }));
  });
  context.globalAlpha = 1;
}

// The value under the pointer: a strip shows of each run of units the one of largest size.
function pointAtStrip(state, event) {
  const { tip, layout, network, photos } = state;
  const box = state.drawing.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const found = layout && stripAt(layout, x, y);
  const photo = found && photos["AB"[found.n]];
  tip.style.display = "none";
  if (!photo) return;
  const k = network.layers[0].number - 1 + found.column;
  const last = found.kind === "x" && found.column === network.layers.length;
  const values = last ? photo.p[state.step] : found.kind === "dy" ? photo.dy[k][state.step] : photo[found.kind][k];
  const rows = found.kind === "dy" ? layout.low : layout.top;
  const places = largestOfRuns(values, Math.max(1, Math.round(rows.height / 2)));
  const unit = places[Math.min(places.length - 1, Math.floor(found.share * places.length))];
  const symbol = last ? "p" : { x: "x", y: "y", dy: "dE/dy" }[found.kind];
  const name = found.column === network.layers.length ? network.classes[unit].split(",")[0] : `unit ${whole(unit)}`;
  const index = last ? [] : [element("sub", { textContent: k })];
  tip.replaceChildren(element("i", {}, symbol, ...index), ` of ${"AB"[found.n]}, ${name}: `, element("b", { textContent: written(values[unit], 4) }));
  placeTip(tip, state.root, x, y);
}

// A stage's image, on one scale for A and B, made once a theme.
function netStage(state, stage, i) {
  const most = largestSize(...[state.photos.A, state.photos.B].filter(Boolean).map((photo) => photo.stages[i].mean));
  const key = `${state.theme.dark} ${most}`;
  if (stage.key !== key) [stage.key, stage.image] = [key, netImage(stage.mean, stage.drawn, most, "forward", state.theme)];
  return stage.image;
}

// The photographs themselves, as the network sees them.
function placePhotos(state) {
  const { layout } = state;
  state.frames.forEach((frame, n) => {
    const photo = state.photos["AB"[n]];
    const { x, y, side } = layout.photos[n];
    Object.assign(frame.style, { left: `${x}px`, top: `${y}px`, width: `${side}px` });
    frame.classList.toggle("empty", !photo);
    if (!photo) {
      frame.replaceChildren(element("div", { className: "none", style: `height: ${side}px`, textContent: placeholder(side, state.scale) }));
      return;
    }
    const image = element("img", { src: photo.url, alt: `${"AB"[n]}, ${photo.id}: ${photo.shows}`, width: side, height: side });
    frame.replaceChildren(image, element("span", { title: `${photo.id}: ${photo.shows}` }, element("b", { textContent: "AB"[n] }), ` ${photo.shows}`));
  });
}
