// One layer opened: the gradient of its weights as the outer product of what comes in and what comes back.

function buildOuter(state) {
  const canvas = element("canvas", { tabIndex: 0, className: "net-outer" });
  canvas.setAttribute("role", "application");
  const title = element("h2", {});
  const cell = element("div", { className: "net-cell" });
  cell.setAttribute("aria-live", "polite");
  const count = element("p", {});
  const form = element("button", { type: "button", className: "quiet", textContent: "Form it by autograd" });
  const formed = element("div", { className: "net-formed" });
  formed.setAttribute("aria-live", "polite");
  form.addEventListener("click", () => {
    formed.replaceChildren("forming it …");
    state.component.setTriggerValue("form", state.layer);
  });
  const save = element("button", { type: "button", className: "quiet", textContent: "PNG", title: "Save this picture" });
  save.addEventListener("click", () => outer.place && saveOuter(state));
  const ways = Object.entries(CELLS).map(([name, { label, title: says }]) => {
    const way = element("button", { type: "button", className: "quiet", textContent: label, title: says });
    way.addEventListener("click", () => state.showCells(name));
    return [name, way];
  });
  const choice = element("div", { className: "net-cells", role: "group" }, ...ways.map(([, way]) => way));
  choice.setAttribute("aria-label", "What each cell shows");
  const words = element("div", { className: "net-words" }, choice, cell, count, element("div", { className: "net-forms" }, form, " ", save), formed);
  const panel = element("section", { className: "net-panel" }, title, element("div", { className: "net-row" }, canvas, words));
  const outer = { panel, title, canvas, choice, ways, cell, count, form, formed, at: null };
  const point = (event) => {
    if (!outer.place) return; // the pointer may be there before the first photograph
    const box = canvas.getBoundingClientRect();
    const { x, y, width, height } = outer.place;
    const [col, row] = [Math.floor(((event.clientX - box.left - x) / width) * outer.cols.runs.length), Math.floor(((event.clientY - box.top - y) / height) * outer.rows.runs.length)];
    if (col >= 0 && row >= 0 && col < outer.cols.runs.length && row < outer.rows.runs.length) state.cell(row, col);
  };
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("keydown", (event) => {
    const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] || [0, 0];
    if ((!down && !right) || !outer.at) return;
    event.preventDefault();
    const clip = (value, most) => Math.max(0, Math.min(most - 1, value));
    state.cell(clip(outer.at[0] + down, outer.rows.runs.length), clip(outer.at[1] + right, outer.cols.runs.length));
  });
  return outer;
}

const netLayer = (state) => state.network.layers.find((layer) => layer.name === state.layer);

const netFactors = (state, photo) => {
  const k = netLayer(state).number;
  return [photo.x[k - 1], photo.dy[k][state.step]];
};

// Title, sizes and cells, which depend on layer, photograph and temperature.
function moveOuter(state) {
  const { outer } = state;
  const layer = netLayer(state);
  const name = element("i", {}, "W", element("sub", { textContent: layer.number }));
  outer.title.replaceChildren(name, " opened: its gradient is an outer product", state.network.pooled ? " (pooled approximation)" : "");
  const kept = layer.inputs + layer.outputs;
  outer.count.textContent = `${netWritten(layer)} = ${millions(layer.inputs * layer.outputs)} numbers, kept as ${whole(kept)}.`;
  moveCells(state);
  writeFormed(state);
}

// The cells, which depend on what is chosen to be shown in them too.
function moveCells(state) {
  const { outer, photos, bus } = state;
  const layer = netLayer(state);
  const before = outer.at && [outer.rows.runs.length, outer.cols.runs.length];
  [outer.rows, outer.cols] = netFactors(state, photos.A).map((values) => outerSide(values, bus.cells));
  const brightest = ({ shown }) => shown.reduce((best, value, run) => (Math.abs(value) > Math.abs(shown[best]) ? run : best), 0);
  if (!before || before[0] !== outer.rows.runs.length || before[1] !== outer.cols.runs.length || outer.layer !== layer.name) {
    outer.at = [brightest(outer.rows), brightest(outer.cols)];
    outer.layer = layer.name;
  }
  outer.choice.hidden = singleEntries(outer.rows, outer.cols);
  outer.ways.forEach(([cells, way]) => way.setAttribute("aria-pressed", String(cells === bus.cells)));
  paintOuter(state);
  writeCell(state);
}

// What one cell is made of, written out.
function writeCell(state) {
  const { rows, cols, at, cell } = state.outer;
  const [row, col] = at;
  const { a, b, product, power } = cellParts(rows, cols, row, col);
  const k = netLayer(state).number;
  const scaled = power ? ` · 10${superscript(power)}` : "";
  const symbol = (letter, index) => element("i", {}, letter, element("sub", { textContent: index }));
  const line = (role, said, value) => element("div", { className: role }, element("span", {}, ...said), netSpan("number", value));
  const factor = (side, run, letter, index, times) =>
    averaged(side, run) ? ["mean of ", symbol(letter, index), `${times} over ${unitsOf(side, run)}`] : [symbol(letter, index), ` ${unitsOf(side, run)}${times}`];
  cell.replaceChildren(
    element("small", { textContent: "the cell under the pointer" }),
    line("forward", factor(rows, row, "x", k - 1, ""), a),
    line("backward", factor(cols, col, "dE/dy", k, scaled), `× ${b}`),
    line("product sum", [averaged(rows, row) || averaged(cols, col) ? "mean of " : "", symbol("dE/dW", k), scaled], product),
  );
}

// What the gradient that autograd has formed says about the product.
function writeFormed(state) {
  const { outer, choices, network, photos } = state;
  const found = choices.formed;
  const current = found && found.id === photos.A.id && found.layer === state.layer && found.temperature === network.temperatures[state.step];
  if (!current) {
    outer.formed.replaceChildren();
    return;
  }
  const line = (text, value) => element("div", {}, element("span", { textContent: text }), netSpan("number", value));
  outer.formed.replaceChildren(line("largest difference", written(found.difference, 2)), line("of a largest entry of", written(found.largest, 2)));
  if (found.approximate) outer.formed.append(element("p", { textContent: found.approximate }));
}
