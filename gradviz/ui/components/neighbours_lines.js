// The lines between the rows and the axis of far ranks, drawn over the rows from where these really stand.

const AXIS_INSET = 8; // pixels from the last column to the beginning of the axis

// Where everything stands, in the stage's own pixels.
function measure(state) {
  const zoom = zoomOf(state.root);
  const origin = state.stage.getBoundingClientRect();
  const at = (node) => {
    const box = node.getBoundingClientRect();
    return { x: (box.left - origin.left) / zoom, y: (box.top - origin.top) / zoom, w: box.width / zoom, h: box.height / zoom };
  };
  const { near, total } = state.header;
  const width = origin.width / zoom;
  const left = state.layout.label + state.layout.shown * (state.layout.each + SPACE) + AXIS_INSET;
  const axis = { left, width: width - left - 16 };
  state.places = state.header.rows.map((_, row) => {
    const first = [...state.squares[row].values()][0];
    const [square, cell] = [at(first), at(first.parentElement)];
    return { top: square.y, bottom: cell.y + cell.h, middle: square.y + square.h / 2 };
  });
  // Where a photograph is in a row: on its square, or on the axis.
  state.placeOf = (row, k) => {
    const found = state.squares[row].get(k);
    const { top, bottom, middle } = state.places[row];
    if (found) {
      const box = at(found);
      return { x: box.x + box.w / 2, top, bottom, far: false };
    }
    const rank = state.photographs[k].ranks[row];
    return { x: axis.left + axis.width * alongRanks(rank, near, total), top: middle, bottom: middle, far: true, middle };
  };
  state.axis = axis;
  return { width, height: origin.height / zoom };
}

function lineClass({ judged }) {
  return judged === 1 ? "right" : judged === -1 ? "wrong" : "unsure";
}

function drawLines(state) {
  if (!state.layout) return;
  const { width, height } = measure(state);
  state.lines.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const far = state.layout.far ? [drawAxis(state)] : [];
  const paths = shape("g", { class: "paths" });
  // Faint ones first, so that the lines between squares lie above.
  const joined = state.photographs.flatMap((one, k) => [0, 1].map((row) => ({ one, k, row, from: state.placeOf(row, k), to: state.placeOf(row + 1, k) })));
  joined.sort((a, b) => lineLook(a.from, a.to).width - lineLook(b.from, b.to).width);
  for (const { one, k, row, from, to } of joined) {
    const d = linePath({ ...from, y: from.bottom }, { ...to, y: to.top }, state.places[row].bottom, state.places[row + 1].top);
    const look = lineLook(from, to);
    const path = shape("path", { d, class: `line ${lineClass(one)}`, "data-at": k, "data-row": row, "stroke-width": look.width, opacity: look.opacity });
    const reach = shape("path", { d, class: "reach" });
    reach.addEventListener("pointerenter", () => light(state, { row: state.squares[row].has(k) ? row : row + 1, at: k }));
    reach.addEventListener("click", (event) => (event.shiftKey ? openPair(state, one.id) : askFor(state, one.id)));
    paths.append(path, reach);
  }
  state.dots = [new Map(), new Map(), new Map()];
  const dots = shape("g", { class: "dots" });
  for (const row of [0, 1, 2]) {
    state.photographs.forEach((one, k) => {
      const place = state.placeOf(row, k);
      if (!place.far) return;
      const dot = shape("circle", { cx: place.x, cy: place.middle, r: 4, class: `dot ${lineClass(one)}`, tabindex: -1, role: "button", "aria-label": spokenOf(state, { row, at: k }), "data-row": row, "data-at": k });
      dot.addEventListener("pointerenter", () => light(state, { row, at: k }));
      dot.addEventListener("focus", () => light(state, { row, at: k }));
      dot.addEventListener("click", (event) => (event.shiftKey ? openPair(state, one.id) : askFor(state, one.id)));
      state.dots[row].set(k, dot);
      dots.append(dot);
    });
  }
  state.above = shape("g", { class: "above" });
  state.lines.replaceChildren(...far, paths, dots, state.above);
  showLit(state);
}

// The axis of each row with a tick for every hit that is far, and the numbers above the first.
function drawAxis(state) {
  const { near, total } = state.header;
  const group = shape("g", { class: "axis" });
  const x = (rank) => state.axis.left + state.axis.width * alongRanks(rank, near, total);
  state.places.forEach(({ middle }, row) => {
    group.append(shape("path", { d: `M${state.axis.left} ${middle}H${state.axis.left + state.axis.width}`, class: "base" }));
    const ticks = [...state.ranks[row]].filter((rank) => rank > near).map((rank) => `M${x(rank).toFixed(1)} ${middle - 5}v10`);
    if (ticks.length) group.append(shape("path", { d: ticks.join(""), class: "hits" }));
  });
  const top = state.places[0].top;
  for (const rank of rankTicks(near, total, state.axis.width)) {
    const text = shape("text", { x: x(rank), y: top - 7, "text-anchor": rank === total ? "end" : "middle" });
    if (rank === total) text.setAttribute("x", state.axis.left + state.axis.width + 14);
    text.textContent = rank.toLocaleString("en");
    group.append(shape("path", { d: `M${x(rank)} ${top - 3}v5`, class: "tick" }), text);
  }
  const words = shape("text", { x: state.axis.left + state.axis.width + 14, y: top - 24, "text-anchor": "end" });
  words.textContent = state.layout.far > 170 ? "farther, log scale" : "farther";
  if (state.ranks[0].length) {
    const mark = shape("tspan", { class: "hitword", dx: 7 });
    mark.textContent = "|";
    const name = shape("tspan", { dx: 4 });
    name.textContent = state.header.asked.classes.length === 1 && state.header.asked.classes[0].length < 12 ? state.header.asked.classes[0] : "hit";
    words.append(mark, name);
  }
  group.append(words);
  return group;
}

// The photograph that is looked at: its outline in every row, its line above all others, its ranks where it is far.
function showLit(state) {
  const { row, at } = state.lit;
  const one = state.photographs[at];
  for (const squares of state.squares) for (const [k, button] of squares) button.classList.toggle("lit", k === at);
  for (const [r, squares] of state.squares.entries()) for (const [k, button] of squares) button.tabIndex = r === row && k === at ? 0 : -1;
  [...state.numbers.children].forEach((head, k) => head.classList.toggle("lit", k > 0 && k === state.header.rows[row].nearest.indexOf(at) + 1));
  if (!state.above) return;
  const copies = [0, 1].map((r) => {
    const path = state.lines.querySelector(`.line[data-at="${at}"][data-row="${r}"]`);
    const d = path.getAttribute("d");
    return [shape("path", { d, class: "casing" }), shape("path", { d, class: `${path.getAttribute("class")} lit` })];
  });
  const marks = [0, 1, 2].flatMap((r) => {
    const place = state.placeOf(r, at);
    state.dots[r].forEach((dot, k) => dot.setAttribute("tabindex", r === row && k === at ? 0 : -1));
    if (!place.far) return [];
    const text = shape("text", { x: place.x, y: place.middle - 11, "text-anchor": "middle" });
    text.textContent = one.ranks[r].toLocaleString("en");
    return [shape("circle", { cx: place.x, cy: place.middle, r: 6, class: `dot ${lineClass(one)}` }), text];
  });
  state.above.replaceChildren(...copies.flat(), ...marks);
}
