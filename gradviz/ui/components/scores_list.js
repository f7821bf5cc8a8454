// The list: a line for each class, with its average precision under A and B, their difference, and first mistakes.

const HEADS = { class: "class", positives: "pos.", a: "AP, %", difference: "difference, points" };

function scoresHead(state, columns, axes) {
  const { header } = state;
  const head = element("div", { className: "scores-head" });
  const button = (column, content, title) => {
    const sorted = header.sort.replace("-", "") === column;
    const made = element("button", { type: "button", className: sorted ? "sorted" : "", title }, content);
    made.setAttribute("aria-pressed", String(sorted));
    if (sorted) made.append(element("i", { className: header.sort.startsWith("-") ? "down" : "up" }));
    made.onclick = () => scoresSort(state, column);
    return made;
  };
  const cell = (width, ...content) => {
    const made = element("span", {}, ...content);
    made.style.width = `${width}px`;
    return made;
  };
  const axis = (width, title, { ticks }, scale, sign) => {
    const labels = element("span", { className: "scores-ticks" });
    let last = -Infinity;
    for (const tick of ticks) {
      const at = scale(tick);
      const textContent = sign && tick > 0 ? `+${tick}` : String(tick).replace("-", MINUS);
      const half = 2 + 3 * textContent.length; // beside the axis stand other headings
      if (at - last < 22 || at < half || at > width - half) continue;
      last = at;
      const label = element("i", { textContent });
      label.style.left = `${at}px`;
      labels.append(label);
    }
    const made = cell(width, title, labels);
    made.className = "scores-axis";
    return made;
  };
  head.append(
    cell(SCORES.face + columns.name, button("class", HEADS.class, "Sort by name")),
    cell(SCORES.positives, button("positives", HEADS.positives, "Test photographs that show the class; click to sort")),
    axis(columns.apAxis, button("a", HEADS.a, "Sort by the average precision of A"), axes.ap, axes.x, false),
    cell(SCORES.ap, button("a", symbol(header.a.name, header.a.formula), "Sort by A")),
  );
  if (header.b) {
    head.append(
      cell(SCORES.ap, button("b", symbol(header.b.name, header.b.formula), "Sort by B")),
      axis(columns.axis, button("difference", HEADS.difference, "A minus B; click to sort"), axes.difference, axes.d, true),
      cell(SCORES.value),
    );
  }
  if (columns.squares) head.append(cell(columns.squares * (columns.side + SCORES.gapOfSquares) + 8, columns.squares > 1 ? "first mistakes" : ""));
  head.querySelectorAll(":scope > span:nth-child(4) button").forEach((made) => made.classList.add("a"));
  head.querySelectorAll(":scope > span:nth-child(5) button").forEach((made) => made.classList.add("b"));
  return head;
}

function scoresSort(state, column) {
  state.header.sort = nextSort(state.header.sort, column);
  state.component.setTriggerValue("change", { sort: state.header.sort, at: Date.now() });
  state.redraw();
}

function scoresDots(line, axes, width, height) {
  const made = shape("svg", { width, height, "aria-hidden": "true" });
  for (const tick of axes.ap.ticks) made.append(shape("line", { x1: axes.x(tick), x2: axes.x(tick), y1: 0, y2: height, class: "grid" }));
  const y = height / 2;
  if (line.a !== null && line.b !== null) made.append(shape("line", { x1: axes.x(line.a), x2: axes.x(line.b), y1: y, y2: y, class: "link" }));
  const r = Math.min(5.5, height / 4.4);
  if (line.b !== null) made.append(shape("circle", { cx: axes.x(line.b), cy: y, r, class: "b" }));
  if (line.a !== null) made.append(shape("circle", { cx: axes.x(line.a), cy: y, r, class: "a" }));
  return made;
}

function scoresInterval(line, axes, width, height) {
  const made = shape("svg", { width, height, "aria-hidden": "true" });
  for (const tick of axes.difference.ticks) made.append(shape("line", { x1: axes.d(tick), x2: axes.d(tick), y1: 0, y2: height, class: tick === 0 ? "grid zero" : "grid" }));
  const y = height / 2;
  const bar = (bounds, name) => bounds && made.append(shape("line", { x1: axes.d(bounds[0]), x2: axes.d(bounds[1]), y1: y, y2: y, class: name }));
  bar(line.together, "thin");
  bar(line.alone, "thick");
  if (line.difference !== null) made.append(shape("circle", { cx: axes.d(line.difference), cy: y, r: Math.min(3.6, height / 5), class: "point" }));
  return made;
}

// Show one of the squares of a sheet, so many pixels wide.
function scoresSquare(made, sheet, id, side) {
  made.style.width = made.style.height = `${side}px`;
  const place = sheet?.places.get(id);
  if (place === undefined || !sheet.url) return;
  made.style.backgroundImage = `url("${sheet.url}")`;
  made.style.backgroundSize = `${sheet.across * side}px auto`;
  made.style.backgroundPosition = `${-(place % sheet.across) * side}px ${-Math.floor(place / sheet.across) * side}px`;
}

function scoresSquares(state, line, columns) {
  const made = element("span", { className: "scores-squares" });
  for (const id of line.first.slice(0, columns.squares)) {
    const square = element("i", { title: id, className: id === state.shown ? "shown" : "" });
    square.dataset.id = id;
    scoresSquare(square, state.bank.squares, id, columns.side);
    made.append(square);
  }
  made.style.width = `${columns.squares * (columns.side + SCORES.gapOfSquares) + 8}px`;
  return made;
}

function scoresLine(state, at, columns, axes, height) {
  const line = state.header.lines[at];
  const face = state.bank.faces?.get(line.name);
  const colour = element("i", { className: "scores-colour" });
  colour.style.background = classColour(line.colour, state.look.dark);
  const cell = (text, width, className) => {
    const made = element("span", { textContent: text, className });
    made.style.width = `${width}px`;
    return made;
  };
  const picture = face ? element("img", { src: face, alt: "" }) : element("i", { className: "no-face" });
  const name = cell(line.name, columns.name, "scores-name");
  const row = element("button", { type: "button", className: "scores-line", title: line.why ? `${line.name}: left out, ${line.why}` : line.name }, element("span", { className: "scores-face" }, picture, colour), name);
  row.append(cell(line.positives.toLocaleString("en"), SCORES.positives, "scores-number quiet"), scoresDots(line, axes, columns.apAxis, height), cell(number1(line.a), SCORES.ap, "scores-number a"));
  if (state.header.b) {
    row.append(cell(number1(line.b), SCORES.ap, "scores-number b"), scoresInterval(line, axes, columns.axis, height));
    const value = cell(signed1(line.difference), SCORES.value, "scores-number value");
    if (line.star) value.prepend(element("span", { className: "star", textContent: "★" }));
    row.append(value);
  }
  if (columns.squares) row.append(scoresSquares(state, line, columns));
  row.style.height = `${height}px`;
  picture.style.width = picture.style.height = `${Math.min(15, height - 4)}px`;
  row.setAttribute("aria-pressed", String(line.name === state.header.focus));
  const differs = line.difference === null ? "" : `, difference ${signed1(line.difference)}${line.alone ? ` (${between(line.alone)})` : ""}${line.star ? ", beyond chance" : ""}`;
  row.setAttribute("aria-label", `${line.name}: ${line.positives} positive, AP ${number1(line.a)}${line.b === null ? "" : ` and ${number1(line.b)}`}${differs}${line.why ? `, left out: ${line.why}` : ""}`);
  row.onclick = (event) => scoresFocus(state, line.name, event.target.dataset?.id);
  row.onmousemove = (event) => scoresPeek(state, line, event);
  row.onmouseleave = () => (state.tip.style.display = "none");
  row.onkeydown = (event) => scoresWalk(state, event);
  return row;
}

// Put a class in focus at once; its photographs come when the page has answered.
function scoresFocus(state, name, id) {
  if (name === state.header.focus && !id) return;
  state.header.focus = name;
  state.hovered = id || null;
  state.component.setTriggerValue("change", { focus: name, ...(id ? { seen: id } : {}), at: Date.now() });
  state.redraw();
}

// A first mistake under the pointer, larger.
function scoresPeek(state, line, event) {
  const id = event.target.dataset?.id;
  if (!id || !state.bank.squares?.url) return void (state.tip.style.display = "none");
  const picture = element("i", { className: "scores-peek" });
  scoresSquare(picture, state.bank.squares, id, 128);
  state.tip.replaceChildren(picture, element("div", { textContent: `mistaken for ${line.name}: ${id}` }));
  placeTip(state.tip, state.root, ...pointIn(state.root, event));
}

function scoresWalk(state, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  scoresStep(state, step, true);
}

function scoresStep(state, step, take) {
  const order = sortedLines(state.header.lines, state.header.sort);
  const at = order.findIndex((i) => state.header.lines[i].name === state.header.focus);
  const next = order[Math.max(0, Math.min(order.length - 1, at + step))];
  state.takeFocus = take;
  if (next !== undefined) scoresFocus(state, state.header.lines[next].name);
}

function scoresLegend(state, height) {
  const made = element("div", { className: "scores-legend" });
  const keys = { thick: () => shape("svg", { width: 22, height: 9 }, shape("line", { x1: 2, x2: 20, y1: 5, y2: 5, class: "thick" })), thin: () => shape("svg", { width: 22, height: 9 }, shape("line", { x1: 0, x2: 22, y1: 5, y2: 5, class: "thin" })), star: () => element("span", { className: "star", textContent: "★" }) };
  for (const piece of state.header.legend.split(/(\{thick\}|\{thin\}|\{star\})/)) {
    const key = keys[piece.slice(1, -1)];
    made.append(key && piece.startsWith("{") ? key() : piece);
  }
  if (state.header.unseen) made.append(` ${state.header.unseen}.`);
  made.title = made.textContent;
  made.style.height = `${height}px`;
  return made;
}

function scoresList(state, layout) {
  const { lines, sort } = state.header;
  const { columns } = layout;
  const ap = niceAxis(lines.flatMap((line) => [line.a, line.b]), Math.max(2, columns.apAxis / 34));
  const difference = niceAxis([0, ...lines.flatMap((line) => [line.difference, ...(line.together || line.alone || [])])], Math.max(2, columns.axis / 30));
  const axes = { ap, difference, x: scaleOf(ap, columns.apAxis), d: scaleOf(difference, columns.axis) };
  state.rows = sortedLines(lines, sort).map((i) => scoresLine(state, i, columns, axes, layout.row));
  const list = element("div", { className: layout.scrolls ? "scores-lines scrolls" : "scores-lines", role: "group" }, ...state.rows);
  list.setAttribute("aria-label", "Average precision of each class");
  list.style.height = `${layout.rows}px`;
  const made = element("div", { className: "scores-list" }, scoresHead(state, columns, axes), list, scoresLegend(state, layout.legend));
  made.style.width = `${layout.list}px`;
  return made;
}
