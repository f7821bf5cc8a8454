// What stands beside the maps: titles, legend, gallery, and the nearest of the photograph in focus.

const counted = (n) => n.toLocaleString("en");

// Where a photograph is on its sheet, null where it has none or it has not come yet.
function spriteOf(state, i) {
  const own = i >= state.count;
  const at = own ? i - state.count : i;
  for (const { entry, start } of own ? state.ownSheets : state.sheets) {
    const { count, side, columns, rows, missing } = entry.header;
    if (at < start || at >= start + count) continue;
    const cell = at - start;
    if (missing.includes(cell)) return null;
    return { url: entry.url, image: entry.image, side, columns, rows, x: (cell % columns) * side, y: Math.floor(cell / columns) * side };
  }
  return null;
}

// A photograph as a button: a click puts it in focus, the pointer lights it in all maps and rows.
function tile(state, i, w, h, ...children) {
  const made = element("button", { type: "button", className: "maps-tile" }, ...children);
  made.dataset.index = i;
  made.setAttribute("aria-label", [state.ids[i], ...labelsOf(state, i)].join(" "));
  made.style.width = `${w}px`;
  made.style.height = `${h}px`;
  const sprite = spriteOf(state, i);
  if (sprite) {
    const scale = w / sprite.side;
    made.style.backgroundImage = `url("${sprite.url}")`;
    made.style.backgroundSize = `${sprite.columns * w}px ${sprite.rows * w}px`;
    made.style.backgroundPosition = `${-sprite.x * scale}px ${-sprite.y * scale - (w - h) / 2}px`;
  } else if (state.pictures) made.classList.add("waiting");
  else if (!children.length) made.textContent = state.ids[i];
  made.addEventListener("click", () => focusOn(state, i));
  made.addEventListener("pointerenter", () => hover(state, i));
  made.addEventListener("pointerleave", () => hover(state, null));
  made.addEventListener("focus", () => hover(state, i));
  return made;
}

// The main class, -1 for none; a visitor's own photographs have none of the data set's.
const mainOf = (state, i) => state.main[i] ?? -1;

const labelsOf = (state, i) => (i < state.count ? state.names.header.labels[i].map((c) => state.names.header.classes[c]) : state.own.header.labels[i - state.count]);

function swatch(colour, symbol) {
  const mark = element("i", { className: symbol || "circle" });
  mark.style.background = colour;
  return mark;
}

function swapSign() {
  const lines = shape("path", { d: "M2 5.5h11M10 2.500l3 3-3 3M14 10.500H3M6 7.500l-3 3 3 3", fill: "none", stroke: "currentColor", "stroke-width": 1.3, "stroke-linecap": "round", "stroke-linejoin": "round" });
  return element("span", { className: "maps-swap-sign" }, shape("svg", { viewBox: "0 0 16 16", width: 15, height: 15, "aria-hidden": "true" }, lines));
}

function formula(map) {
  const made = element("span", { className: "maps-formula" });
  made.append(map.symbol, element("sub", { textContent: map.sub }));
  return made;
}

function quality(map, large) {
  const found = [];
  const digits = (value) => value.toFixed(3);
  if (map.purity !== null) {
    const bar = element("span", { className: "maps-bar", title: "Purity: the share of a photograph's nearest under the kernel that show one of its classes; the tick is chance" }, element("i"), element("b"));
    bar.firstChild.style.width = `${100 * map.purity}%`;
    bar.firstChild.style.background = `var(--gv-${map.role})`;
    bar.lastChild.style.left = `${100 * map.chance}%`;
    found.push(element("span", { className: "maps-quality" }, "purity", bar, element("b", { textContent: digits(map.purity) })));
    if (large) found.push(element("span", { className: "maps-quality maps-chance" }, "chance", element("b", { textContent: digits(map.chance) })));
  }
  if (map.trust !== null) {
    const about = "Trustworthiness: 1 where neighbours on the map are also neighbours under the kernel";
    found.push(element("span", { className: "maps-quality", title: about }, "trustworthiness", element("b", { textContent: digits(map.trust) })));
  }
  return found;
}

function fillTitles(state) {
  const { maps } = state;
  state.places.forEach((place, slot) => {
    const k = slot === 0 ? state.large : state.small[slot - 1];
    const map = maps[k];
    place.box.dataset.role = map.role;
    place.stage.classList.toggle("former", map.former && Boolean(map.points));
    place.still.textContent = map.points ? map.still : "";
    const name = element("b", { textContent: map.title });
    const head = [name, formula(map)];
    if (map.approximate) head.push(element("span", { className: "maps-chip", textContent: slot ? "approx." : "approximation", title: "A pooled approximation: gradients of a convolution are compared by their pooled factors" }));
    if (slot) {
      const button = element("button", { type: "button", className: "maps-swap", title: `Show ${map.title} large` }, ...head, swapSign());
      button.addEventListener("click", () => enlarge(state, k));
      place.title.replaceChildren(button, ...quality(map, false));
    } else place.title.replaceChildren(element("span", { className: "maps-name" }, ...head), element("span", { className: "maps-spring" }), ...quality(map, true));
    place.canvas.setAttribute("aria-label", `${map.title} map. Arrow keys go from photograph to photograph, Enter puts one in focus, space selects it, plus and minus zoom, 0 shows the whole, Escape clears the selection.`);
  });
}

// How many stand under a group and, where these differ, how many show it: 58 · 124.
const countsOf = ({ count, shown }) => (shown === count ? counted(count) : `${counted(count)} · ${counted(shown)}`);

const countsBoth = (groups) => groups.some(({ count, shown }) => shown !== count);

// The symbol of a group as it is drawn: all dots of a large map are circles.
const symbolIn = (state, g) => (sizeClass(state.count) === 2 ? "circle" : state.groupSymbols[g]);

function ownWords(state) {
  if (!state.own) return [];
  const about = `★ yours ${counted(state.own.header.ids.length)}: each placed where its five nearest stand; the others stay`;
  return [element("div", { className: "maps-words maps-own", textContent: about })];
}

function fillLegend(state) {
  const { colour } = state;
  if (colour.kind === "scale") return fillScale(state);
  const selected = new Map();
  for (const i of state.selected) selected.set(state.groupOf[i], (selected.get(state.groupOf[i]) || 0) + 1);
  const entries = colour.groups.map((group, g) => {
    const here = selected.get(g) || 0;
    const count = element("span", { className: "maps-count" });
    if (state.selected.size && here) count.append(element("b", { textContent: counted(here) }), ` / ${counted(group.count)}`);
    else count.textContent = countsOf(group);
    const button = element("button", { type: "button", className: here ? "here" : "" }, swatch(state.groupColours[g], symbolIn(state, g)), element("span", { textContent: group.name, className: "maps-word" }), count);
    button.title = colour.marks ? `Mark every photograph that shows ${group.name} (${counted(group.shown)}); with Shift, add them to the selection` : "Select these photographs; with Shift, add them";
    if (colour.marks) button.setAttribute("aria-pressed", String(state.marked === group.class));
    button.addEventListener("click", (event) => pressLegend(state, g, event));
    for (const [event, group] of [["pointerenter", g], ["focus", g], ["pointerleave", null], ["blur", null]]) button.addEventListener(event, () => pointOut(state, group));
    return button;
  });
  const both = countsBoth(colour.groups);
  const width = (state.leftWidth < 620 ? 116 : 148) + (both ? 12 : 0);
  const across = Math.max(1, Math.min(5, Math.floor((state.leftWidth - 24) / width)));
  const rows = Math.max(1, Math.ceil(entries.length / across));
  const list = element("div", { className: "maps-entries" }, ...entries);
  list.style.gridTemplateColumns = `repeat(${across}, minmax(0, 1fr))`;
  list.style.gridTemplateRows = `repeat(${rows}, 19px)`;
  const hint = colour.marks ? "click a class to mark all that show it" : "click to select";
  state.legend.replaceChildren(element("div", { className: "maps-words" }, element("span", { textContent: `${colour.title}${state.selected.size ? ", selected / all" : both ? " · all that show it" : ""}` }), element("span", { textContent: entries.length > 1 ? hint : "" })), list, ...ownWords(state));
}

// Show the dots of one group of the legend, while the pointer or the keyboard is there, before the others.
function pointOut(state, group) {
  if (state.pointedOut === group) return;
  state.pointedOut = group;
  state.redraw();
}

function fillScale(state) {
  const { colour } = state;
  const ramp = element("span", { className: "maps-ramp" });
  ramp.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map((t) => state.rampAt(t)).join(", ")})`;
  const numbers = element("span", { className: "maps-numbers" }, element("span", { textContent: colour.low.toFixed(2) }), element("span", { textContent: colour.high.toFixed(2) }));
  const zero = element("i", { className: "maps-zero", title: "0: above it the SVM says yes" });
  zero.style.left = `${(100 * -colour.low) / (colour.high - colour.low || 1)}%`;
  if (colour.low < 0 && colour.high > 0) ramp.append(zero);
  state.legend.replaceChildren(element("div", { className: "maps-words" }, element("span", { textContent: colour.title })), element("div", { className: "maps-scale" }, ramp, numbers, element("span", { className: "maps-words", textContent: colour.note })), ...ownWords(state));
}

// Which photographs the gallery shows: those of the marked class, those selected, else all.
function gallerySet(state) {
  if (state.marked !== null) return state.shows(state.marked);
  return state.selected.size ? [...state.selected] : state.order.filter((i) => i < state.count && state.there(i));
}

function fillGallery(state) {
  const { classes } = state.names.header;
  const set = gallerySet(state);
  const ranked = set.sort((a, b) => state.rank[a] - state.rank[b] || a - b);
  const groups = new Map();
  for (const i of ranked) {
    if (!groups.has(state.main[i])) groups.set(state.main[i], []);
    groups.get(state.main[i]).push(i);
  }
  const sorted = [...groups].sort((a, b) => (b[0] === state.marked) - (a[0] === state.marked) || b[1].length - a[1].length || a[0] - b[0]);
  const total = counted(state.count);
  const heading = state.marked !== null ? `${counted(set.length)} of ${total} show ${classes[state.marked]}` : state.selected.size ? `${counted(set.length)} of ${total} selected` : `${total} photographs`;
  const typical = element("span", { className: "maps-quiet", textContent: state.typical ? "most typical first" : "", title: "By the mean product kernel with the other photographs shown of its class" });
  const parts = [element("div", { className: "maps-heading" }, element("b", { textContent: heading, className: "status" }), typical)];
  const { across, rows } = partition(state.width, state.height);
  const w = Math.floor((state.rightWidth - 10 - 4 * (across - 1)) / across);
  const every = state.selected.size > 0 || state.marked !== null;
  const [heads, rest] = sorted.length <= 3 ? [sorted, []] : [sorted.slice(0, every ? 2 : 3), sorted.slice(every ? 2 : 3)];
  const sections = heads.map(([c, list], at) => ({ classes: [[c, list]], list, key: String(c), rows: at ? 1 : rows }));
  if (rest.length) sections.push({ classes: rest, list: rest.flatMap(([, list]) => list), key: "rest", rows: 1 });
  for (const { classes: some, list, key, rows: lines } of sections) {
    const words = some.slice(0, 5).map(([c, members]) => {
      const name = c < 0 ? "no class" : classes[c];
      const all = c < 0 ? state.mainCounts.get(-1) : state.mainCounts.get(c);
      return element("span", {}, swatch(c < 0 ? state.theme.roles.ticks : classColour(c, state.theme.dark)), element("b", { textContent: state.labelled ? name : "photographs" }), ` ${counted(members.length)} / ${counted(all)}`);
    });
    if (some.length > 5) words.push(element("span", { textContent: `and ${some.length - 5} more` }));
    parts.push(element("div", { className: "maps-class" }, ...words));
    const open = state.opened.has(key);
    const room = open ? Math.min(list.length, 600) : Math.min(list.length, lines * across);
    const shown = list.slice(0, room < list.length && !open ? room - 1 : room);
    const tiles = shown.map((i) => {
      const made = tile(state, i, w, w);
      made.style.borderBottom = `3px solid ${state.main[i] < 0 ? state.theme.roles.line : classColour(state.main[i], state.theme.dark)}`;
      return made;
    });
    if (shown.length < list.length) {
      const more = element("button", { type: "button", className: "maps-more", textContent: `+ ${counted(list.length - shown.length)}`, title: "Show more of them" });
      more.style.height = `${w}px`;
      more.addEventListener("click", () => {
        state.opened.add(key);
        fillGallery(state);
      });
      tiles.push(more);
    }
    const grid = element("div", { className: "maps-tiles" }, ...tiles);
    grid.style.gridTemplateColumns = `repeat(${across}, ${w}px)`;
    parts.push(grid);
  }
  const { scrollTop } = state.gallery;
  state.gallery.replaceChildren(...parts);
  state.gallery.scrollTop = scrollTop;
}

// Three rows of the eight nearest: forward's that the product does not keep are lost, the product's new ones gained.
function fillNear(state) {
  const { near, focus } = state;
  if (focus === null || !near || near.index !== focus) {
    state.nearest.replaceChildren(element("div", { className: "maps-heading" }, element("b", { textContent: focus === null ? "Click a photograph to see its nearest" : `Nearest to ${state.ids[focus]}` })));
    return;
  }
  const order = near.rows.length;
  const [forward, product] = [new Set(near.rows[0]), new Set(near.rows[order - 1])];
  const kept = [...product].filter((i) => forward.has(i)).length;
  const size = near.rows[0].length;
  const gap = 5;
  const label = state.rightWidth < 400 ? 58 : 84;
  const w = Math.floor((state.rightWidth - 6 - label - gap * 7) / 8);
  const h = Math.round(w * (state.height < 690 ? 0.86 : 0.95));
  const sign = (kind) => element("i", { className: `maps-sign ${kind}`, textContent: kind === "lost" ? "−" : "+", title: kind === "lost" ? "Among forward's nearest, not among the product's" : "Among the product's nearest, not among forward's" });
  const head = element(
    "div",
    { className: "maps-nearhead" },
    tile(state, focus, 40, 40),
    element(
      "div",
      {},
      element("div", { className: "maps-heading" }, element("b", { textContent: `Nearest to ${state.ids[focus]}${near.still && `, ${near.still}`}` }), state.equation),
      element("div", { className: "maps-quiet" }, `${kept} of ${size} kept from forward to product, ${size - kept} lost `, sign("lost"), ` and ${size - kept} gained `, sign("gained")),
    ),
  );
  const rows = state.maps.map((map, k) => {
    const list = near.rows[k];
    const c = mainOf(state, focus);
    const alike = c >= 0 ? list.filter((i) => state.shown(i, c)).length : null;
    const words = element("div", { className: "maps-rowname" }, element("b", { textContent: map.title, className: `maps-${map.role}` }), element("span", { textContent: alike === null ? "" : `${state.names.header.classes[c]} ${alike}\u00a0/\u00a0${list.length}` }));
    const cells = list.map((i) => {
      const signs = k === 0 && !product.has(i) ? [sign("lost")] : k === order - 1 && !forward.has(i) ? [sign("gained")] : [];
      return element("div", { className: "maps-cell" }, tile(state, i, w, h, ...signs), element("span", { textContent: near.values[k][i].toFixed(3), className: `maps-${map.role}` }));
    });
    const row = element("div", { className: "maps-row" }, words, ...cells);
    row.style.gridTemplateColumns = `${label}px repeat(8, ${w}px)`;
    return row;
  });
  state.nearest.replaceChildren(head, ...rows);
  writeEquation(state);
}

// K_fw x K_bw = K of the photograph under the pointer with the one in focus, as nodes in the colours of the roles.
function equationNodes(state, i) {
  const { near } = state;
  if (!near || near.index !== state.focus || i === null || i >= state.count || i === near.index) return [];
  const [f, b, k] = near.values.map((row) => row[i]);
  if (!Number.isFinite(k)) return [];
  const [left, right, sign, shown] = equationOf(f, b, k);
  const word = (text, role) => element("b", { textContent: text, className: `maps-${role}` });
  return [word(left, "forward"), " × ", word(right, "backward"), ` ${sign} `, word(shown, "product")];
}

function writeEquation(state) {
  const nodes = equationNodes(state, state.hovered);
  state.equation.replaceChildren(...(nodes.length ? ["hovered ", ...nodes] : [kernelSymbol("fw"), " × ", kernelSymbol("bw"), " = ", kernelSymbol(), " under the pointer"]));
}

const kernelSymbol = (index = "") => element("i", {}, "K", element("sub", { textContent: index }));
