// The classes of a data set, a line each: picture, name, bar of its photographs by split, numbers, and cells for the
// share of them that also show each other class. A line chooses its class, a cell the photographs that show both.

const states = new WeakMap(); // by parentElement

const ORDERED = { shared: "by sharing", number: "by number", name: "by name" };
// In a narrow window a row with what could be added stands above.
const rowHeight = (root) => Math.max(15.6, Math.min(20.5, (windowHeight(root) - (innerWidth <= 1150 ? 480 : 404)) / 20));
const NAME_ROOM = 9; // pixels beside a name: what it stands off from the picture, and from its bar
const shares = (value) => `${Math.round(100 * value)} %`;

function dense(rows) {
  return rows.map((row) => {
    const counts = new Array(rows.length).fill(0);
    for (const [j, count] of row) counts[j] = count;
    return counts;
  });
}

function textWidth(texts, font) {
  const context = document.createElement("canvas").getContext("2d");
  context.font = font;
  return Math.ceil(Math.max(0, ...texts.map((text) => context.measureText(text).width)));
}

function orderOf(header) {
  const shown = (i) => header.together[i][i];
  const all = header.names.map((_, i) => i);
  if (header.order === "number") return all.sort((a, b) => shown(b) - shown(a) || a - b);
  if (header.order === "name") return all.sort((a, b) => header.names[a].localeCompare(header.names[b]));
  return header.shared;
}

function partColours({ roles }, count) {
  return Array.from({ length: count }, (_, k) => hexOf(signedColour(1 - k / (count + 0.6), "accent", "accent", roles, 1)));
}

function barPicture(bar, colours, width, height) {
  const tall = Math.max(7, height * 0.55);
  const y = (height - tall) / 2;
  const picture = shape("svg", { width, height, class: "classes-bar", "aria-hidden": "true" });
  bar.pieces.forEach(({ x, width: wide }, k) => {
    if (wide <= 0) return;
    if (k < colours.length) picture.append(shape("rect", { x, y, width: Math.max(0.8, wide - 0.8), height: tall, fill: colours[k] }));
    else picture.append(shape("rect", { x: x + 0.6, y: y + 0.5, width: Math.max(1, wide - 1.2), height: tall - 1, class: "only-difficult" }));
  });
  if (bar.cut) {
    const at = bar.end * 0.46;
    picture.append(shape("path", { d: `M${at - 1} ${y + tall + 1}L${at + 3} ${y - 1}h3.4l-4 ${tall + 2}z`, class: "cut" }));
  }
  return picture;
}

function cellColour(state, i, j) {
  const { header, look, top } = state;
  const shown = header.together[i][i] || 1;
  if (i === j) return hexOf(signedColour(header.alone[i] / shown, "muted", "muted", look.roles, 0.7));
  return hexOf(signedColour(header.together[i][j] / shown / top, "accent", "accent", look.roles, 0.5));
}

function cellText({ header }, i, j) {
  const shown = header.together[i][i];
  const count = i === j ? header.alone[i] : header.together[i][j];
  const what = i === j ? `only ${header.names[i]}` : `${header.names[i]} and ${header.names[j]}`;
  return `${what}: ${count.toLocaleString("en")} of ${shown.toLocaleString("en")}${shown ? ` (${shares(count / shown)})` : ""}`;
}

function cells(state, i, order, side, height) {
  const picture = shape("svg", { width: side * order.length, height, class: "classes-cells", "aria-hidden": "true" });
  order.forEach((j, at) => {
    const cell = shape("rect", { x: at * side, y: 0.5, width: side - 1, height: height - 1, fill: cellColour(state, i, j), "data-with": j });
    if (j === state.header.also && i === state.header.chosen) cell.setAttribute("class", "both");
    picture.append(cell);
  });
  return picture;
}

function headline(state, columns, order, colours, cut) {
  const { header } = state;
  const choose = element("select", { title: "Order of the classes", ariaLabel: "Order of the classes", onchange: (event) => state.component.setTriggerValue("order", event.target.value) });
  for (const [name, text] of Object.entries(ORDERED)) choose.append(element("option", { value: name, textContent: text, selected: name === header.order }));
  const keys = header.splits.map((name, k) => {
    const key = element("i");
    key.style.background = colours[k];
    return element("span", {}, key, name);
  });
  if (header.difficult.some(Boolean)) keys.push(element("span", {}, element("i", { className: "dashed" }), "only difficult"));
  if (cut) keys.push(element("span", { title: "A bar more than twice as long as the second is drawn shorter; its number is whole" }, element("i", { className: "cut-bar" }), "cut"));
  const legend = element("div", { className: "classes-legend" }, element("div", {}, element("b", { textContent: header.title }), choose), element("div", {}, ...keys));
  const head = element("div", { className: "classes-head" }, legend);
  if (!columns.cell) return head;
  const ramp = element("i", { className: "ramp" });
  ramp.style.background = `linear-gradient(90deg, ${[0, 0.1, 0.3, 0.6, 1].map((p) => `${hexOf(signedColour(p, "accent", "accent", state.look.roles, 0.5))} ${100 * p}%`).join(",")})`;
  ramp.title = "On a square-root scale";
  const alone = element("i", { className: "alone" });
  legend.append(element("div", {}, "and show also: 0", ramp, shares(state.top), element("span", {}, alone, "alone")));
  // The names stand over the cells.
  legend.style.width = `${columns.before - 8}px`;
  const names = shape("svg", { width: columns.cell * order.length, height: 66, class: "classes-columns", "aria-hidden": "true" });
  order.forEach((j, at) => {
    const x = (at + 0.5) * columns.cell + 3.5;
    const label = shape("text", { x, y: 63, transform: `rotate(-90 ${x} 63)`, class: j === header.chosen ? "chosen" : "" });
    label.textContent = header.names[j].length > 12 ? `${header.names[j].slice(0, 11)}…` : header.names[j];
    names.append(label);
  });
  head.append(names);
  return head;
}

function line(state, i, bar, columns, order, colours, height) {
  const { header } = state;
  const shown = header.together[i][i];
  const face = state.faces[i] ? element("img", { src: state.faces[i], alt: "" }) : element("i", { className: "no-face" });
  const colour = element("i", { className: "classes-colour" });
  colour.style.background = classColour(i, state.look.dark);
  const plus = header.difficult[i] ? `+${header.difficult[i].toLocaleString("en")}` : "";
  const row = element(
    "button",
    { type: "button", className: "classes-line", title: header.names[i] },
    element("span", { className: "classes-face" }, face, colour),
    element("span", { className: "classes-name", textContent: header.names[i] }),
    barPicture(bar, colours, columns.bar, height),
    element("span", { className: "classes-number", textContent: shown.toLocaleString("en") }),
    element("span", { className: "classes-plus", textContent: plus, title: plus && `${header.difficult[i]} show it only by difficult objects` }),
  );
  row.style.gridTemplateColumns = `${LINE.face}px ${columns.name}px ${columns.bar}px ${LINE.number}px ${LINE.plus}px auto`;
  row.style.height = `${height}px`;
  face.style.width = face.style.height = `${Math.floor(Math.min(LINE.face - 5, height - 2))}px`;
  colour.style.height = `${Math.floor(height - 5)}px`;
  row.setAttribute("aria-pressed", String(i === header.chosen));
  row.setAttribute("aria-label", `${header.names[i]}: ${shown} photographs${header.difficult[i] ? `, ${header.difficult[i]} more with only difficult objects` : ""}`);
  if (columns.cell) row.append(cells(state, i, order, columns.cell, height));
  else if (columns.words) {
    const words = seenWith(header.together, i, columns.words < 140 ? 1 : 3).map(([j, count]) => `${header.names[j]} ${shares(count / (shown || 1))}`);
    row.append(element("span", { className: "classes-with", textContent: words.join(", ") }));
  }
  row.onclick = (event) => choose(state, i, event.target.closest?.("[data-with]"));
  row.onmousemove = (event) => hover(state, i, event);
  row.onmouseleave = () => (state.tip.style.display = "none");
  row.onkeydown = (event) => walk(state, i, row, event);
  return row;
}

function choose(state, i, cell) {
  const j = cell ? Number(cell.dataset.with) : i;
  state.component.setTriggerValue("chosen", { name: state.header.names[i], also: j === i ? null : state.header.names[j] });
}

function hover(state, i, event) {
  const cell = event.target.closest?.("[data-with]");
  if (!cell) return void (state.tip.style.display = "none");
  state.tip.textContent = cellText(state, i, Number(cell.dataset.with));
  placeTip(state.tip, state.root, ...pointIn(state.root, event));
}

// Up and down go through the classes, left and right through the cells of a line; Enter chooses, as a button does.
function walk(state, i, row, event) {
  const rows = state.lines;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(row) + step))].focus();
  }
  const along = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const all = [...row.querySelectorAll("[data-with]")];
  if (along && all.length) {
    event.preventDefault();
    const at = Math.max(-1, Math.min(all.length - 1, all.findIndex((cell) => cell.classList.contains("at")) + along));
    all.forEach((cell, k) => cell.classList.toggle("at", k === at));
    state.spoken.textContent = at < 0 ? "" : cellText(state, i, Number(all[at].dataset.with));
  }
  if (event.key === "Enter") {
    event.preventDefault();
    choose(state, i, all.find((cell) => cell.classList.contains("at")));
  }
  if (event.key === "Escape" && state.header.chosen >= 0) choose(state, state.header.chosen, null);
}

function draw(state) {
  const { header, root } = state;
  const width = root.clientWidth;
  if (!width) return;
  const height = rowHeight(root);
  const longest = textWidth(header.names, `12px ${state.look.font}`) + NAME_ROOM;
  const order = orderOf(header);
  const columns = classColumns(width - (header.names.length > 20 ? 12 : 2), header.names.length, longest);
  const colours = partColours(state.look, header.splits.length);
  const bars = classBars(header.names.map((_, i) => [...header.split[i], header.difficult[i]]), columns.bar - 4);
  const scroll = root.querySelector(".classes-list")?.scrollTop || 0;
  state.lines = order.map((i) => line(state, i, bars[i], columns, order, colours, height));
  const list = element("div", { className: "classes-list", role: "group" }, ...state.lines);
  list.setAttribute("aria-label", header.title);
  list.style.maxHeight = `${Math.ceil(20 * height) + 1}px`;
  const words = header.chosen < 0 ? header.hint : classSentence(header.names, header.together, header.alone, header.chosen);
  const focused = state.lines.length && root.contains(root.getRootNode().activeElement) ? state.focused : -1;
  root.replaceChildren(headline(state, columns, order, colours, bars.some((bar) => bar.cut)), list, element("div", { className: "classes-sentence", textContent: words }), state.tip, state.spoken);
  list.scrollTop = scroll;
  state.lines.forEach((row, k) => (row.onfocus = () => (state.focused = order[k])));
  if (focused >= 0) state.lines[order.indexOf(focused)].focus({ preventScroll: true });
}

export default function (component) {
  const first = !states.has(component.parentElement);
  const state = states.get(component.parentElement) || { digest: "", faces: [], lines: [] };
  states.set(component.parentElement, state);
  state.component = component;
  const { header, parts } = unpack(component.data);
  if (state.digest !== header.digest) {
    state.faces.forEach((url) => url && URL.revokeObjectURL(url));
    state.faces = parts.map((part) => (part.byteLength ? URL.createObjectURL(new Blob([part], { type: "image/jpeg" })) : ""));
    state.digest = header.digest;
  }
  state.root = component.parentElement.querySelector(".root");
  state.root.classList.add("classes");
  state.look = dress(state.root);
  state.header = { ...header, together: dense(header.together) };
  state.top = topShare(state.header.together);
  state.tip ||= element("div", { className: "tip" });
  state.spoken ||= element("div", { className: "spoken" });
  state.spoken.setAttribute("role", "status");
  draw(state);
  if (first) watchWidth(state, () => draw(state));
  return () => {
    unwatch(state);
    state.faces.forEach((url) => url && URL.revokeObjectURL(url));
    states.delete(component.parentElement);
  };
}
