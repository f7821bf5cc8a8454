// The three rows of photographs, their labels, and the line above them with what may be chosen.

// A native picker in the words of a sentence.
function picker(label, options, chosen, choose) {
  const select = element("select", {}, ...options.map(([value, text]) => element("option", { value, textContent: text, selected: value === chosen })));
  select.setAttribute("aria-label", label);
  select.onchange = () => choose(select.value);
  return select;
}

function chooseLine(state) {
  const { header } = state;
  const near = picker("How many nearest", header.nears.map((n) => [String(n), `${n} nearest`]), String(header.near), (value) => tell(state, "near", Number(value)));
  const among = picker("Among", header.among.map(([name, count]) => [name, `${name === "all" ? "all" : `split ${name},`} ${count.toLocaleString("en")}`]), header.split, (value) => tell(state, "among", value));
  const chosen = element("div", { className: "nb-choose" }, element("b", { textContent: "Its" }), near, element("b", { textContent: "among" }), among);
  const { classes } = header.asked;
  const legend = element("div", { className: "nb-legend" });
  const entry = (sign, text) => legend.append(element("span", {}, sign, text));
  if (header.photographs.some(({ judged }) => judged !== null)) {
    const sample = (one) => element("span", { className: "nb-mark" }, element("i", { className: one }));
    entry(sample("yes"), classes.length === 1 ? `shows ${classes[0]}` : "shares a class");
    entry(sample("no"), classes.length === 1 ? "does not" : "shares none");
  }
  entry(shape("svg", { width: 26, height: 9, "aria-hidden": "true" }, shape("path", { d: "M1 1C13 1 13 8 25 8", class: state.header.asked.classes.length ? "sample right" : "sample" })), "the same photograph in the next row");
  return element("div", { className: "nb-line" }, chosen, legend);
}

function rowLabel(state, k) {
  const { rows, asked, near, total } = state.header;
  const row = rows[k];
  const [letter, sub] = row.symbol.split("_");
  const formula = element("span", { className: "nb-formula" }, element("i", {}, letter, ...(sub ? [element("sub", { textContent: sub })] : [])), ` of ${row.of}`);
  if (row.approximate) formula.append(element("em", { textContent: ", pooled", title: "A pooled approximation of this layer's gradient" }));
  const label = element("div", { className: `nb-label ${row.role}` }, element("b", { textContent: row.title }), formula);
  if (row.ap !== null) label.append(element("span", { className: "nb-ap" }, element("strong", { textContent: row.ap.toFixed(1) }), " AP"));
  if (state.header.photographs[0].judged !== null) {
    const right = row.nearest.filter((at) => state.photographs[at].judged === 1).length;
    label.append(element("small", { textContent: `${right} of ${Math.min(near, total)} ${asked.classes.length === 1 ? "show it" : "share one"}` }));
  }
  return label;
}

function square(state, row, at) {
  const one = state.photographs[at];
  const button = element("button", { type: "button", className: "nb-square", tabIndex: -1 });
  button.append(one.url ? element("img", { src: one.url, alt: "", decoding: "async" }) : element("span", { className: "nb-none", textContent: one.id }));
  button.setAttribute("aria-label", spokenOf(state, { row, at }));
  Object.assign(button.dataset, { row, at, judged: String(one.judged) });
  const place = { row, at };
  button.onpointerenter = () => light(state, place);
  button.onfocus = () => light(state, place);
  button.onclick = (event) => (event.shiftKey ? openPair(state, one.id) : askFor(state, one.id));
  const cell = element("div", { className: "nb-cell" }, button);
  cell.append(one.marks.length ? markOf(one) : element("span", { className: "nb-mark" }), element("span", { className: "nb-value", textContent: withMinus(shortValue(one.values[row], state.header.unit)) }));
  return { cell, button };
}

function buildRows(state) {
  state.squares = state.header.rows.map(() => new Map());
  state.numbers = element("div", { className: "nb-row nb-numbers" }, element("span"));
  const shown = state.header.rows[0].nearest.length;
  state.numbers.append(...Array.from({ length: shown }, (_, k) => element("span", { textContent: String(k + 1) })));
  const rows = state.header.rows.map(({ nearest }, row) => {
    const cells = nearest.map((at) => {
      const { cell, button } = square(state, row, at);
      state.squares[row].set(at, button);
      return cell;
    });
    const line = element("div", { className: "nb-row", role: "group" }, rowLabel(state, row), ...cells);
    line.setAttribute("aria-label", state.header.rows[row].title);
    return line;
  });
  state.lines = shape("svg", { class: "nb-lines" });
  state.stage = element("div", { className: "nb-stage" }, state.lines, ...rows);
  state.rows = rows;
}

// Give rows and columns their sizes.
function placeRows(state, width, height) {
  const { near, total } = state.header;
  const layout = rowsLayout(width, height, near, total);
  state.layout = layout;
  const columns = `${layout.label}px repeat(${layout.shown}, ${layout.each + SPACE}px)`;
  for (const row of [state.numbers, ...state.rows]) row.style.gridTemplateColumns = columns;
  state.stage.style.setProperty("--wide", `${layout.wide}px`);
  state.stage.style.setProperty("--tall", `${layout.tall}px`);
  state.stage.style.rowGap = `${layout.gap}px`;
  state.stage.classList.toggle("tight", !layout.values);
  state.stage.classList.toggle("short", layout.short);
}
