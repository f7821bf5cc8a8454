// The page of maps: its boxes and buttons, and what comes for it from the server.

// Paths on a grid of 16.
const ICONS = {
  Lasso: ["M8 2.5c3.3 0 6 1.8 6 4.1s-2.7 4.1-6 4.1-6-1.8-6-4.1 2.7-4.1 6-4.1z", "M5 10.3c-1.300 .7-.9 2.500 .6 2.300 1.300-.2.9 1.400-.3 1.700"],
  Move: ["M8 1.800v12.400M1.800 8h12.400", "M6.200 3.600 8 1.800l1.800 1.800M6.200 12.400 8 14.200l1.800-1.800M3.600 6.200 1.800 8l1.800 1.800M12.400 6.200 14.200 8l-1.800 1.800"],
  Whole: ["M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10"],
  Photographs: ["M2 3h12v10H2z", "M2.500 11.500 6 8l2.500 2.500 2-2 3 3", "M10.500 5.500h1v1h-1z"],
  Density: ["M8 6.500a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3z", "M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13z"],
  Clear: ["M3.500 3.500l9 9M12.500 3.500l-9 9"],
  PNG: ["M8 2v8M4.800 7 8 10.200 11.200 7M2.500 13.500h11"],
};

function control(name, about, act, properties = {}) {
  const lines = ICONS[name].map((d) => shape("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 1.3, "stroke-linecap": "round", "stroke-linejoin": "round" }));
  const made = element("button", { type: "button", title: `${name}: ${about}`, onclick: act, ...properties }, shape("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, ...lines));
  made.setAttribute("aria-label", name);
  return made;
}

function mapBox(large) {
  const canvas = element("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  const still = element("div", { className: "maps-still" });
  const place = { canvas, still, title: element("div", { className: "maps-title" }), stage: element("div", { className: "maps-stage" }, canvas, still), w: 1, h: 1 };
  place.box = element("div", { className: large ? "maps-box large" : "maps-box" }, place.title, place.stage);
  return place;
}

function buildPage(state) {
  state.places = [mapBox(true), mapBox(false), mapBox(false)];
  const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));
  const modes = { Lasso: "drag around points to select them; Shift adds, Alt removes", Move: "drag to move the map, wheel to zoom" };
  const buttons = Object.entries(modes).map(([name, about]) => {
    const made = control(name, about, () => {
      state.mode = name.toLowerCase();
      buttons.forEach((other) => pressed(other, other === made));
    });
    pressed(made, name.toLowerCase() === state.mode);
    return made;
  });
  const switched = (name, about, field) => {
    const made = control(name, about, () => {
      state[field] = !state[field];
      pressed(made, state[field]);
      state.redraw();
    });
    pressed(made, state[field]);
    return made;
  };
  state.clear = control("Clear", "select nothing (key Escape)", () => clear(state), { disabled: true });
  const tools = element(
    "div",
    { className: "maps-tools" },
    ...buttons,
    control("Whole", "show the whole map (double click, key 0)", () => whole(state)),
    switched("Photographs", "one with its name for each class, and the one in focus", "showStamps"),
    switched("Density", "a wash where photographs of a class are dense", "wash"),
    state.clear,
    control("PNG", "save this picture at twice the resolution", () => save(state)),
  );
  state.card = element("div", { className: "maps-card" });
  state.card.style.display = "none";
  state.said = element("div", { className: "maps-said" });
  state.said.setAttribute("role", "status");
  const back = element("button", { type: "button", textContent: "Whole", onclick: () => whole(state) });
  state.empty = element("div", { className: "maps-empty" }, "No photograph in this part of the map", back);
  state.empty.style.display = "none";
  state.places[0].stage.append(state.card, state.empty, state.said, tools);
  const slider = element("input", { type: "range", min: 0, max: 100, value: 0, title: "How much of the map is photographs" });
  slider.setAttribute("aria-label", "From dots to photographs");
  slider.addEventListener("input", () => {
    state.slider = slider.value / 100;
    state.redraw();
  });
  state.footnote = element("span", { className: "maps-quiet", title: "The small maps are turned onto the large one, so that a photograph lies in about the same direction on all" });
  const foot = element("div", { className: "maps-foot" }, element("label", {}, "dots ", slider, " photographs"), state.footnote);
  state.legend = element("div", { className: "maps-legend" });
  state.gallery = element("div", { className: "maps-gallery", tabIndex: 0 });
  state.gallery.setAttribute("role", "region");
  state.gallery.setAttribute("aria-label", "Photographs selected");
  state.nearest = element("div", { className: "maps-near" });
  state.tip = element("div", { className: "tip maps-tip" });
  state.spoken = element("div", { className: "spoken" });
  state.spoken.setAttribute("aria-live", "polite");
  state.places[0].box.append(foot, state.legend);
  state.root.replaceChildren(
    state.places[0].box,
    element("div", { className: "maps-right" }, element("div", { className: "maps-smalls" }, state.places[1].box, state.places[2].box), state.gallery, state.nearest),
    state.tip,
    state.spoken,
  );
}

// Take what the server says, once all parts of it are here; until then the former page stays.
function receive(state, header) {
  state.header = header;
  const names = bank.get(header.names);
  const points = header.maps.map((map) => (map.points ? bank.get(map.points) : null));
  if (!names || points.some((entry, k) => header.maps[k].points && !entry)) return;
  const first = !state.maps;
  if (state.names !== names) takeNames(state, names);
  takeMaps(state, header, points);
  takeSheets(state, header);
  takeColour(state, header.colour);
  takeNear(state, header);
  takeChosen(state, header.chosen, first);
  state.rank = new Float64Array(state.total).fill(1e9);
  header.typical.forEach((i, rank) => (state.rank[i] = rank));
  state.typical = header.typical.length > 0;
  state.about = header.about;
  state.footnote.textContent = header.footnote;
  setLit(state);
  layOut(state);
  fillTitles(state);
  fillLegend(state);
  fillGallery(state);
  fillNear(state);
  fillCard(state);
  state.clear.disabled = !state.some;
  state.redraw();
}

function takeNames(state, names) {
  const { header } = names;
  const kept = new Set([...state.selected].map((i) => state.ids[i]));
  const focus = state.focus === null ? null : state.ids[state.focus];
  state.names = names;
  state.count = header.ids.length;
  state.main = header.main;
  state.labelled = header.classes.length > 0;
  const sets = header.labels.map((list) => new Set(list));
  state.shown = (i, c) => i < state.count && sets[i].has(c);
  state.shows = (c) => sets.flatMap((set, i) => (set.has(c) && state.there(i) ? [i] : []));
  state.mainCounts = new Map();
  for (const c of header.main) state.mainCounts.set(c, (state.mainCounts.get(c) || 0) + 1);
  state.ids = header.ids;
  state.selected = new Set(header.ids.flatMap((id, i) => (kept.has(id) ? [i] : [])));
  state.focus = focus === null ? null : header.ids.indexOf(focus);
  if (state.focus === -1) state.focus = null;
  if (state.near?.photo) URL.revokeObjectURL(state.near.photo);
  state.hovered = state.near = state.loop = state.nameWidths = state.colourKey = null;
  state.pictures = header.pictures;
}

function takeMaps(state, header, points) {
  state.own = header.own ? bank.get(header.own) || null : null;
  const own = state.own;
  state.total = state.count + (own ? own.header.ids.length : 0);
  state.ids = [...state.names.header.ids, ...(own ? own.header.ids : [])];
  state.isOwn = (i) => i >= state.count;
  const former = state.maps || [];
  state.maps = header.maps.map((map, k) => {
    const digest = `${map.points} ${header.own || ""}`;
    const same = former[k]?.digest === digest && former[k].own === own;
    if (same || !map.points) return { ...(same ? former[k] : {}), ...map, points: same ? former[k].points : null, digest, own };
    const all = new Float32Array(2 * state.total).fill(NaN);
    all.set(new Float32Array(points[k].parts[0]).subarray(0, 2 * state.count));
    if (own) all.set(new Float32Array(own.parts[k]), 2 * state.count);
    const there = all.subarray(0, 2 * state.count).filter(Number.isFinite);
    return { ...map, points: all, frame: frameOf(there), digest, own };
  });
  state.there = (i) => state.maps.some((map) => map.points && Number.isFinite(map.points[2 * i]));
  if (state.views?.length !== state.maps.length) state.views = state.maps.map(wholeMap);
  if (state.order.length !== state.total) state.order = shuffled(state.total, 11);
  if (state.lit?.length !== state.total) state.lit = new Uint8Array(state.total);
}

function takeSheets(state, header) {
  const ready = () => {
    state.sheetsHere += 1;
    state.redraw();
  };
  state.sheetsHere ||= 0;
  const found = (digests) =>
    digests.flatMap((digest) => {
      const entry = bank.get(digest);
      return entry ? [{ entry: pictureOf(entry, entry.parts.length - 1, ready), start: entry.header.start }] : [];
    });
  state.sheets = found(header.sheets);
  state.ownSheets = state.own ? found([header.own]) : [];
}

function takeColour(state, colour) {
  const key = `${colour.digest} ${state.theme.dark} ${state.total}`;
  if (state.colourKey === key) return;
  state.colourKey = key;
  state.colour = colour;
  state.pointedOut = null;
  const { roles, dark } = state.theme;
  const ramp = rampThrough([dark ? "#3a4654" : "#cfd6de", roles.accent, dark ? "#eafaff" : "#082c3a"]);
  state.rampAt = (t) => hexOf([...ramp.subarray(3 * Math.round(255 * t), 3 * Math.round(255 * t) + 3)]);
  // A visitor's own photographs keep the text's colour: no class has it.
  state.colours = new Array(state.total).fill(roles.text);
  state.symbols = new Array(state.total).fill("circle");
  if (colour.kind === "scale") {
    state.values = colour.values.map((value) => (value === null ? NaN : value));
    const span = colour.high - colour.low || 1;
    state.values.forEach((value, i) => (state.colours[i] = Number.isFinite(value) ? state.rampAt(Math.max(0, Math.min(1, (value - colour.low) / span))) : roles.line));
    return;
  }
  state.groupOf = colour.of;
  state.groupColours = colour.groups.map(({ paint }) => (typeof paint === "number" ? classColour(paint, dark) : paint.startsWith("ramp ") ? state.rampAt(Number(paint.slice(5))) : roles[paint]));
  state.groupSymbols = colour.groups.map(({ symbol }) => symbol || "circle");
  colour.of.forEach((g, i) => ([state.colours[i], state.symbols[i]] = [state.groupColours[g], state.groupSymbols[g]]));
}

function takeNear(state, header) {
  const entry = header.near ? bank.get(header.near) : null;
  if (header.near && !entry) return; // it is on its way
  if (state.near?.entry === (entry || undefined)) return;
  // An address of its own: the photograph stays on the page until the next one is there, longer than the bank keeps it.
  if (state.near?.photo) URL.revokeObjectURL(state.near.photo);
  state.near = null;
  if (!entry) return;
  const { index, rows, split, fits, still } = entry.header;
  const values = rows.map((_, k) => new Float32Array(entry.parts[k]));
  const bytes = entry.parts[rows.length];
  const photo = bytes.byteLength ? URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) : null;
  state.near = { entry, index, rows, values, split, fits, still, photo };
}

// A change that the server has not heard of yet is newer than what it says.
function takeChosen(state, chosen, first) {
  if (!first && chosen.heard < state.sent && Date.now() - state.sentAt < HEARD_WITHIN) return;
  state.selected = new Set(chosen.selected);
  state.marked = chosen.marked;
  state.focus = chosen.focus < state.total ? chosen.focus : null; // one's own may still be on the way
  const large = state.maps.findIndex((map) => map.role === chosen.large);
  arrange(state, large < 0 ? state.maps.length - 1 : large);
  // What the link says, or was told before; a movement that is not told yet stays.
  if (chosen.view !== state.toldView) state.views[state.large] = viewOf(chosen.view);
  state.toldView = chosen.view;
}

// A picture says under which choices it was made: none is made while a map is of former ones, or not there.
const unfinished = (state) => state.maps.some((map) => map.former || !map.points);

function save(state) {
  if (unfinished(state)) return tell(state, "No picture yet: not all maps are of the present choices");
  return savePicture(...exported(state));
}

// Say something over the large map for a few seconds.
function tell(state, text) {
  state.said.textContent = text;
  clearTimeout(state.saying);
  state.saying = setTimeout(() => (state.said.textContent = ""), 6000);
}

// What is marked, selected and in focus on a saved picture, in words.
function explained(state) {
  const { classes, rule } = state.names.header;
  const said = [];
  if (state.marked !== null) {
    const shows = state.shows(state.marked);
    const main = shows.filter((i) => state.main[i] === state.marked).length;
    said.push(`${classes[state.marked]} marked: ${shows.length === 1 ? "1 photograph shows" : `${counted(shows.length)} photographs show`} it${rule ? `, ${counted(main)} of them as the ${rule}` : ""}`);
  } else if (state.selected.size) said.push(`${counted(state.selected.size)} of ${counted(state.count)} selected`);
  if (state.some) said.push("the others are grey");
  const nearest = nearestIn(state, state.large).length;
  if (nearest) said.push(`lines and rings: the ${nearest} nearest to ${state.ids[state.focus]} under each kernel`);
  return said.join("; ");
}

// The three maps on one sheet that says what it shows: canvas and file name.
function exported(state) {
  const [wide, high, gap, head, entry] = [900, 640, 20, 84, 190];
  const side = Math.floor((high - gap - 40) / 2);
  const canvas = element("canvas");
  const context = canvas.getContext("2d");
  const groups = state.colour.kind === "groups" ? state.colour.groups : [];
  const legend = groups.map((group, g) => [group.name, countsOf(group), state.groupColours[g], symbolIn(state, g)]);
  if (state.own) legend.push(["yours", counted(state.own.header.ids.length), state.theme.roles.text, "star"]);
  const across = Math.floor((wide + side + gap) / entry);
  const lines = 1 + Math.ceil(legend.length / across);
  const [width, height] = [wide + gap + Math.round(side * 1.35) + 40, head + high + 34 + 22 * lines];
  [canvas.width, canvas.height] = [2 * width, 2 * height];
  context.scale(2, 2);
  const { roles, font } = state.theme;
  const write = (text, x, y, style = "13px", colour = roles.text) => {
    context.font = `${style} ${font}`;
    context.fillStyle = colour;
    context.fillText(text, x, y);
  };
  context.fillStyle = roles.background;
  context.fillRect(0, 0, width, height);
  write(state.about.title, 20, 26, "600 17px");
  write(state.about.line, 20, 47, "13px", roles.muted);
  write(explained(state), 20, 67, "13px", roles.text);
  const small = Math.round(side * 1.35);
  const places = [[state.large, 20, head + 20, wide, high - 20], ...state.small.map((k, at) => [k, 20 + wide + gap, head + 20 + at * (side + 40), small, side])];
  for (const [k, x, y, w, h] of places) {
    const map = state.maps[k];
    const words = [`${map.title} ${map.symbol}${map.sub}`, ...(map.approximate ? ["pooled approximation"] : [])];
    if (map.purity !== null) words.push(`purity ${map.purity.toFixed(3)} (chance ${map.chance.toFixed(3)})`);
    if (map.trust !== null) words.push(`trustworthiness ${map.trust.toFixed(3)}`);
    write(words[0], x, y - 6, "600 13px", roles[map.role]);
    const offset = context.measureText(words[0]).width + 12;
    write(words.slice(1).join(", "), x + offset, y - 6, "12px", roles.muted);
    context.save();
    context.translate(x, y);
    [state.stampKey, state.washKey] = [null, null];
    drawMap(context, state, k, w, h, { plain: true });
    context.restore();
    context.strokeStyle = roles.line;
    context.strokeRect(x, y, w, h);
  }
  [state.stampKey, state.washKey] = [null, null];
  const top = head + high + 26;
  const own = state.own ? "; ★ yours, each placed where its five nearest stand" : "";
  write(`Colours: ${state.colour.title}${countsBoth(groups) ? " · all that show it" : ""}${own}`, 20, top, "12px", roles.muted);
  legend.forEach(([name, counts, colour, symbol], place) => {
    const [x, y] = [20 + (place % across) * entry, top + 20 + Math.floor(place / across) * 20];
    context.beginPath();
    trace(context, symbol, x + 5, y - 4, symbol === "star" ? 3.5 : 5);
    context.fillStyle = colour;
    context.fill();
    context.font = `12px ${font}`;
    write(`${shorten(context, name, entry - 26 - context.measureText(` ${counts}`).width)} ${counts}`, x + 16, y, "12px");
  });
  state.redraw();
  return [canvas, state.about.file];
}
