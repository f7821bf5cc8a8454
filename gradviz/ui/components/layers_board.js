// The leader board: a line for each representation of each network, at its best temperature.

const BOARD_HEADS = { network: "network", representation: "features", temperature: "τ", mean: "mAP", alignment: "align", purity: "purity", dimensions: "dimensions", seconds: "time, s" };
const BOARD_TITLES = {
  mean: "Mean average precision in percent by cross-validation on the training photographs",
  alignment: "Centred kernel alignment with the labels, from 0 to 1",
  purity: "Share of the ten nearest photographs that have a class in common",
  dimensions: "Numbers of a photograph; a product is kept as its factors",
  seconds: "Kernel and SVMs of the cross-validation, features from the store: an order of magnitude",
};

const BOARD_SHADED = ["mean", "alignment", "purity", "seconds"];

function boardStrip(row, width, height, range, colour) {
  const x = (value) => 4 + ((value - range[0]) / (range[1] - range[0] || 1)) * (width - 8);
  const line = shape("svg", { width, height, "aria-hidden": "true" });
  if (row.mean === null) return line;
  line.append(shape("line", { x1: x(row.interval[0]), x2: x(row.interval[1]), y1: height / 2, y2: height / 2, class: "reach", stroke: colour }));
  line.append(shape("circle", { cx: x(row.mean), cy: height / 2, r: 2.8, fill: colour }));
  return line;
}

function boardCell(state, name, row, width, layout, range) {
  const cell = element("span", { className: `cell ${name}` });
  cell.style.width = `${width}px`;
  const two = (value) => (value === null ? "–" : value.toFixed(2).replace("-", MINUS));
  const fill = {
    network: () => row.title,
    representation: () => element("span", {}, Object.assign(element("i", { className: "dot" })), symbol(row.representation, row.formula), row.approximate ? " ≈" : ""),
    temperature: () => tauText(row.temperature),
    mean: () => number1(row.mean),
    strip: () => boardStrip(row, width, layout.row - 2, range, state.look.roles[row.role]),
    interval: () => (row.mean === null ? "" : `${number1(row.interval[0])}–${number1(row.interval[1])}`),
    alignment: () => two(row.alignment),
    purity: () => two(row.purity),
    dimensions: () => row.dimensions,
    seconds: () => two(row.seconds),
  }[name]();
  cell.append(fill);
  if (BOARD_SHADED.includes(name)) {
    const shade = shadeOf(state.header.rows, name, row);
    if (shade !== null) cell.style.setProperty("--shade", `${Math.round(30 * shade)}%`);
    cell.classList.add("shaded");
  }
  if (name === "network" || name === "dimensions") cell.title = fill;
  return cell;
}

function boardLine(state, row, columns, layout, range) {
  const made = element("button", { type: "button", className: `layers-line${row.best ? " first" : ""}` });
  made.style.height = `${layout.row}px`;
  made.style.setProperty("--colour", state.look.roles[row.role]);
  made.setAttribute("aria-pressed", String(row.key === state.header.against));
  made.dataset.key = row.key;
  const tau = row.temperature === null ? "" : ` at τ ${tauText(row.temperature)}`;
  made.setAttribute("aria-label", `${row.title} ${row.representation}${tau}: mAP ${number1(row.mean)}`);
  made.title = row.best ? "The best by cross-validation" : "Compare the best with it";
  for (const [name, width] of columns) made.append(boardCell(state, name, row, width, layout, range));
  if (!row.best) made.onclick = () => state.component.setTriggerValue("change", { against: row.key, at: Date.now() });
  made.onkeydown = (event) => {
    const to = { ArrowDown: made.nextElementSibling, ArrowUp: made.previousElementSibling }[event.key];
    if (!to) return;
    event.preventDefault();
    to.focus();
  };
  return made;
}

function boardHead(state, columns) {
  const { sort } = state.header;
  const head = element("div", { className: "layers-head" });
  for (const [name, width] of columns) {
    const cell = element("span", { className: `cell ${name}` });
    cell.style.width = `${width}px`;
    if (name in BOARD_HEADS) {
      const sorted = sort.replace("-", "") === name;
      const button = element("button", { type: "button", className: sorted ? "sorted" : "", title: [BOARD_TITLES[name], BOARD_SHADED.includes(name) && "The greater, the darker its ground"].filter(Boolean).join(". ") }, BOARD_HEADS[name], sorted ? element("i", { className: sort.startsWith("-") ? "down" : "up" }) : "");
      button.setAttribute("aria-pressed", String(sorted));
      button.onclick = () => state.component.setTriggerValue("change", { sort: nextOrder(sort, name), at: Date.now() });
      cell.append(button);
    } else if (name === "interval") cell.append("95 %");
    head.append(cell);
  }
  return head;
}

function layersBoard(state, layout) {
  const { header } = state;
  const made = element("section", { className: "layers-board" });
  made.style.width = `${layout.board}px`;
  const title = element("div", { className: "layers-title" }, element("strong", { textContent: "Leader board" }), element("span", { className: "quiet", textContent: header.about, title: header.about }));
  const columns = boardColumns(layout.board - (layout.scrolls ? 10 : 0), header.networks);
  const ends = header.rows.filter(({ mean }) => mean !== null).flatMap(({ interval }) => interval);
  const range = [Math.min(...ends), Math.max(...ends)];
  const lines = element("div", { className: `layers-lines${layout.scrolls ? " scrolls" : ""}` });
  lines.style.height = `${layout.rows}px`;
  for (const i of sortedRows(header.rows, header.sort)) lines.append(boardLine(state, header.rows[i], columns, layout, range));
  made.append(title, boardHead(state, columns), lines);
  return made;
}
