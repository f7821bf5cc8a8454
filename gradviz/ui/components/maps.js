// Linked maps: state, layout, and what one does with them. One map is large; a photograph is the same index in all.

const states = new WeakMap(); // by parentElement: a rerun calls the default function again without a remount

const REACH = 9; // pixels around the pointer in which a point is found
const DRAG = 4;
const SETTLED = 500; // milliseconds after which a movement of the map has ended
const HEARD_WITHIN = 4000; // milliseconds after which what the server says counts, even if it has not heard the last change

// A view that has not been told yet goes with it: of two changes that follow each other closely the first can be lost.
function send(state, change = {}) {
  clearTimeout(state.settling);
  const view = viewText(state.views[state.large]);
  const moved = view === state.toldView ? {} : { view };
  state.toldView = view;
  state.sent = Math.max(Date.now(), state.sent + 1);
  state.sentAt = Date.now();
  state.component.setTriggerValue("change", { at: state.sent, ...change, ...moved });
}

function nearestTo(state, k, w, h, x, y, accept = () => true) {
  if (!state.maps[k].points) return { point: null, distance: Infinity };
  const places = placesOf(state, k, w, h);
  let [best, least] = [null, Infinity];
  for (let i = 0; 2 * i < places.length; i++) {
    const [dx, dy] = [places[2 * i] - x, places[2 * i + 1] - y];
    const distance = Math.hypot(dx, dy) - (state.isOwn(i) ? 3 : 0);
    if (distance < least && accept(dx, dy)) [best, least] = [i, distance];
  }
  return { point: best, distance: least };
}

// Selection, focus, marked class

function setLit(state) {
  const { selected, marked } = state;
  state.some = marked !== null || selected.size > 0;
  for (let i = 0; i < state.count; i++) state.lit[i] = marked !== null ? state.shown(i, marked) : !selected.size || selected.has(i);
  for (let i = state.count; i < state.total; i++) state.lit[i] = 1;
  state.litVersion += 1;
}

function afterChange(state) {
  state.opened.clear();
  setLit(state);
  fillLegend(state);
  fillGallery(state);
  state.clear.disabled = !state.some;
  state.redraw();
}

function select(state, points, how = "new") {
  const chosen = points.filter((i) => i < state.count);
  const former = state.selected;
  if (how === "add") state.selected = new Set([...former, ...chosen]);
  else if (how === "remove") state.selected = new Set([...former].filter((i) => !chosen.includes(i)));
  else state.selected = new Set(chosen);
  state.selected = new Set([...state.selected].sort((a, b) => a - b));
  state.marked = null;
  afterChange(state);
  send(state, { ids: [...state.selected].map((i) => state.ids[i]), marked: null });
}

function focusOn(state, i) {
  if (i === null) return;
  state.focus = i;
  fillNear(state);
  state.redraw();
  send(state, state.isOwn(i) ? { own: state.ids[i] } : { focus: state.ids[i] });
}

function mark(state, c) {
  state.marked = state.marked === c ? null : c;
  afterChange(state);
  send(state, { marked: state.marked === null ? null : state.names.header.classes[state.marked] });
}

function pressLegend(state, g, event) {
  const group = state.colour.groups[g];
  const members = () => state.order.filter((i) => i < state.count && state.groupOf[i] === g && state.there(i));
  if (!state.colour.marks || group.class < 0) return select(state, members(), event.shiftKey ? "add" : event.altKey ? "remove" : "new");
  if (event.shiftKey || event.altKey) return select(state, state.shows(group.class), event.shiftKey ? "add" : "remove");
  return mark(state, group.class);
}

function clear(state) {
  if (!state.some) return;
  state.loop = null;
  select(state, []);
}

function enlarge(state, k) {
  arrange(state, k);
  fillTitles(state);
  state.redraw();
  send(state, { large: state.maps[k].role });
}

function arrange(state, k) {
  state.large = k;
  state.small = state.maps.map((_, i) => i).filter((i) => i !== k);
}

// Hover

function hover(state, i) {
  if (state.hovered === i) return;
  state.hovered = i;
  for (const lit of state.root.querySelectorAll(".maps-tile.lit")) lit.classList.remove("lit");
  if (i !== null) for (const other of state.root.querySelectorAll(`.maps-tile[data-index="${i}"]`)) other.classList.add("lit");
  if (i === null) state.tip.style.display = "none";
  else state.spoken.textContent = [state.ids[i], ...labelsOf(state, i)].join(" ");
  writeEquation(state);
  state.redraw();
}

function showTip(state, i, x, y) {
  const lines = [element("b", { textContent: state.ids[i] }), element("div", { className: "quiet", textContent: labelsOf(state, i).join(", ") || "no class" })];
  if (spriteOf(state, i)) {
    const shown = tile(state, i, 112, 112);
    shown.tabIndex = -1;
    lines.unshift(shown);
  }
  const value = state.colour.kind === "scale" && i < state.count ? state.values[i] : NaN;
  if (Number.isFinite(value)) lines.push(element("div", { className: "value", textContent: `${state.colour.name} ${value.toFixed(2)}` }));
  const equation = equationNodes(state, i);
  if (equation.length) lines.push(element("div", { className: "value" }, ...equation));
  state.tip.replaceChildren(...lines);
  placeTip(state.tip, state.root, x, y);
}

// Views

function zoom(state, factor, x, y) {
  const place = state.places[0];
  const k = state.large;
  const view = state.views[k];
  const { points, frame } = state.maps[k];
  if (!points) return;
  const { scale } = projection(state, k, place.w, place.h);
  look(state, zoomedView(view, frame, scale, factor, x - (place.w - TOOLS) / 2, y - place.h / 2));
}

function move(state, from, dx, dy) {
  const { points, frame } = state.maps[state.large];
  if (!points) return;
  const { scale } = projection(state, state.large, state.places[0].w, state.places[0].h);
  look(state, movedView(from, frame, scale, dx, dy));
}

const whole = (state) => look(state, wholeMap());

// Show a part of the large map; the link has it once the movement has ended.
function look(state, view) {
  state.views[state.large] = view;
  state.redraw();
  clearTimeout(state.settling);
  state.settling = setTimeout(() => viewText(state.views[state.large]) !== state.toldView && send(state), SETTLED);
}

const mapIn = (state, slot) => (slot ? state.small[slot - 1] : state.large);

function listenToPointer(state, slot) {
  const place = state.places[slot];
  const { canvas } = place;
  let press = null;
  const found = (x, y) => {
    const photo = slot ? null : [...state.photographs].reverse().find((box) => x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h);
    if (photo) return { point: photo.index, distance: 0 };
    const stamp = slot || !state.stampsDrawn ? null : (state.stamps || []).find(({ picture: p }) => x >= p.x && x <= p.x + p.w && y >= p.y && y <= p.y + p.h);
    if (stamp) return { point: stamp.index, distance: 0 };
    return nearestTo(state, mapIn(state, slot), place.w, place.h, x, y);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const [x, y] = pointIn(canvas, event);
    press = { x, y, view: state.views[state.large], dragged: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = pointIn(canvas, event);
    if (!press) {
      const { point, distance } = found(x, y);
      const here = distance <= REACH ? point : null;
      hover(state, here);
      if (here !== null) showTip(state, here, ...pointIn(state.root, event));
      return;
    }
    if (!press.dragged && Math.hypot(x - press.x, y - press.y) < DRAG) return;
    press.dragged = true;
    hover(state, null);
    if (state.mode === "move" && !slot) return move(state, press.view, x - press.x, y - press.y);
    state.lasso ||= { map: mapIn(state, slot), path: [[press.x, press.y]] };
    state.lasso.path.push([x, y]);
    state.redraw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const how = event.shiftKey ? "add" : event.altKey ? "remove" : "new";
    if (state.lasso) endLasso(state, place, how);
    else if (press && !press.dragged) {
      const { point, distance } = found(press.x, press.y);
      if (distance > REACH) clear(state);
      else if (how === "new") focusOn(state, point);
      else select(state, [point], how);
    }
    press = state.lasso = null;
    state.redraw();
  });
  canvas.addEventListener("pointercancel", () => (press = state.lasso = null));
  canvas.addEventListener("pointerleave", () => !press && hover(state, null));
  if (slot) return;
  canvas.addEventListener("dblclick", () => whole(state));
  canvas.addEventListener("wheel", (event) => wheel(state, event), { passive: false });
}

function endLasso(state, place, how) {
  const { map: k, path } = state.lasso;
  const places = placesOf(state, k, place.w, place.h);
  const points = [];
  for (let i = 0; i < state.count; i++) if (inside(path, places[2 * i], places[2 * i + 1])) points.push(i);
  const { back } = projection(state, k, place.w, place.h);
  select(state, points, how);
  state.loop = how === "new" && points.length ? { map: k, path: path.map(([x, y]) => back(x, y)), digest: mapKey(state, k), size: state.selected.size } : null;
}

function wheel(state, event) {
  if (event.deltaY > 0 && state.views[state.large].zoom === 1) return; // nothing to zoom out of: the page scrolls
  event.preventDefault();
  zoom(state, Math.exp(-Math.max(-120, Math.min(120, event.deltaY)) * 0.0022), ...pointIn(state.places[0].canvas, event));
}

// Arrow keys hop to the next point in that direction.
function hop(state, place, k, [right, down]) {
  const places = placesOf(state, k, place.w, place.h);
  const from = state.hovered ?? state.focus;
  const [x, y] = from === null ? [place.w / 2, place.h / 2] : [places[2 * from], places[2 * from + 1]];
  const ahead = (dx, dy) => dx * right + dy * down > 0.5 && Math.abs(dx * down) + Math.abs(dy * right) <= dx * right + dy * down;
  const { point } = nearestTo(state, k, place.w, place.h, x, y, from === null ? undefined : ahead);
  if (point === null) return;
  hover(state, point);
  const { left, top } = place.canvas.getBoundingClientRect();
  const [ownX, ownY] = pointIn(state.root, { clientX: left, clientY: top });
  showTip(state, point, places[2 * point] + ownX, places[2 * point + 1] + ownY);
}

function listenToKeys(state, slot) {
  const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const place = state.places[slot];
  place.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { hovered } = state;
    const middle = [(place.w - TOOLS) / 2, place.h / 2];
    if (arrows[event.key] && event.shiftKey && !slot) move(state, state.views[state.large], ...arrows[event.key].map((side) => side * -40));
    else if (arrows[event.key]) hop(state, place, mapIn(state, slot), arrows[event.key]);
    else if ((event.key === "+" || event.key === "=") && !slot) zoom(state, 1.5, ...middle);
    else if (event.key === "-" && !slot) zoom(state, 1 / 1.5, ...middle);
    else if (event.key === "0" && !slot) whole(state);
    else if (event.key === "Enter" && hovered !== null) focusOn(state, hovered);
    else if (event.key === " " && hovered !== null) select(state, [hovered], state.selected.has(hovered) ? "remove" : "add");
    else if (event.key === "Escape") clear(state);
    else return;
    event.preventDefault();
  });
}

// Layout and drawing

function layOut(state) {
  const { root } = state;
  if (!root.clientWidth) return false; // not on the page just now: what was laid out stays
  state.width = root.clientWidth;
  const host = root.getRootNode().host || root; // the component's own tree ends there
  const top = topInWindow(root) + (host.closest("[data-testid=stMain]")?.scrollTop || 0) / zoomOf(root);
  state.height = Math.max(480, Math.round(windowHeight(root) - top - 10));
  const { right, left, small } = partition(state.width, state.height);
  [state.rightWidth, state.leftWidth] = [right, left];
  root.style.height = `${state.height}px`;
  root.style.gridTemplateColumns = `${left}px ${right}px`;
  root.classList.toggle("narrow", left < 620);
  root.classList.toggle("low", state.height < LOW);
  for (const place of state.places.slice(1)) place.box.style.height = `${small}px`;
  return true;
}

function draw(state) {
  if (!state.maps || !layOut(state)) return;
  const shape = `${state.width} ${state.height}`;
  if (shape !== state.shape) {
    state.shape = shape;
    fillLegend(state);
    fillGallery(state);
    fillNear(state);
  }
  state.places.forEach((place, slot) => {
    const k = mapIn(state, slot);
    place.box.style.display = k === undefined ? "none" : "";
    if (k === undefined) return;
    [place.w, place.h] = [place.stage.clientWidth, place.stage.clientHeight];
    const context = sharpContext(place.canvas, place.w, place.h);
    context.clearRect(0, 0, place.w, place.h);
    const card = slot ? null : cardBox(state, place);
    const found = drawMap(context, state, k, place.w, place.h, { card });
    place.canvas.dataset.panels = `0 0 ${place.w} ${place.h}`;
    place.canvas.dataset.role = state.maps[k].role;
    place.canvas.dataset.version = state.maps[k].former ? "" : state.maps[k].digest;
    if (slot) return;
    const { points } = state.maps[k];
    state.empty.style.display = points && !anyInside(placesOf(state, k, place.w, place.h), place.w, place.h) ? "" : "none";
    place.canvas.dataset.view = viewText(state.views[k]) || "whole";
    state.photographs = found;
    state.stampsDrawn = state.showStamps && share(state, k) === 0;
    place.canvas.dataset.photographs = found.length;
    place.canvas.dataset.stamps = state.stampsDrawn ? (state.stamps || []).length : 0;
  });
}

// The photograph in focus as a card where it covers least; placed again when the map or the focus changes.
function cardBox(state, { w, h }) {
  const { near, focus, card } = state;
  const show = near && near.photo && near.index === focus && state.showStamps && w > 380 && state.maps[state.large].points;
  const places = show ? placesOf(state, state.large, w, h) : [];
  const inView = show && anyInside(places.subarray(2 * focus, 2 * focus + 2), w, h);
  card.style.display = inView ? "" : "none";
  if (!inView) return null;
  const [cw, ch] = h < 420 || w < 520 ? CARD.low : CARD.large;
  const view = state.views[state.large];
  const key = [mapKey(state, state.large), focus, view.x, view.y, view.zoom, w, h].join("|");
  if (state.cardKey !== key) {
    const dots = Array.from({ length: state.count }, (_, i) => [places[2 * i], places[2 * i + 1]]).filter(([x]) => x > -1e6);
    state.cardKey = key;
    state.cardAt = cardPlace(cw, ch, w - TOOLS, h, dots, places[2 * focus], places[2 * focus + 1]);
  }
  const box = state.cardAt;
  Object.assign(card.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${cw}px`, height: `${ch}px` });
  return { x: box.x, y: box.y, w: cw, h: ch };
}

function fillCard(state) {
  const { near, card } = state;
  if (!near?.photo) return;
  const c = mainOf(state, near.index);
  const image = element("img", { src: near.photo, alt: `${state.ids[near.index]}: ${labelsOf(state, near.index).join(", ")}` });
  const name = c < 0 ? "" : state.names.header.classes[c];
  const words = element("div", {}, ...(c < 0 ? [] : [swatch(classColour(c, state.theme.dark))]), element("b", { textContent: name }), ` ${state.ids[near.index]}${near.split ? ` · ${near.split}` : ""}`);
  card.replaceChildren(image, words);
}

function build(component) {
  const root = component.parentElement.querySelector(".root");
  root.classList.add("maps-page");
  const state = { component, root, mode: "lasso", large: 2, small: [0, 1], selected: new Set(), marked: null, focus: null, hovered: null };
  Object.assign(state, { lasso: null, loop: null, pointedOut: null, slider: 0, wash: false, showStamps: true, opened: new Set(), photographs: [], litVersion: 0 });
  Object.assign(state, { sent: 0, sentAt: 0, sheets: [], ownSheets: [], order: [], shape: "", equation: element("span", { className: "maps-equation" }) });
  buildPage(state);
  state.redraw = scheduler(() => draw(state));
  state.refresh = () => state.header && receive(state, state.header);
  waiting.add(state);
  state.resized = () => {
    state.theme = dress(root);
    state.redraw();
  };
  state.observer = new ResizeObserver(state.resized);
  state.observer.observe(root);
  window.addEventListener("resize", state.resized);
  state.places.forEach((_, slot) => {
    listenToPointer(state, slot);
    listenToKeys(state, slot);
  });
  return state;
}

export default function (component) {
  const unpacked = unpack(component.data);
  if (unpacked.header.kind !== "view") {
    takeIn(component.parentElement, unpacked);
    return () => letGo(component.parentElement);
  }
  const state = states.get(component.parentElement) || build(component);
  states.set(component.parentElement, state);
  state.component = component;
  const dark = state.theme?.dark;
  state.theme = dress(state.root);
  if (dark !== state.theme.dark) state.colourKey = state.nameWidths = null;
  receive(state, unpacked.header);
  return () => {
    state.observer.disconnect();
    window.removeEventListener("resize", state.resized);
    waiting.delete(state);
    clearTimeout(state.settling);
    clearTimeout(state.saying);
  };
}
