// Linked maps: state, lasso, hover, keyboard.

const states = new WeakMap(); // by parentElement: a rerun calls the default function again without a remount

const REACH = 9; // pixels around the pointer in which a point is found
const DRAG = 4;

function nearest(state, index, x, y, accept = () => true) {
  const { at } = projection(state, index);
  let [best, least] = [null, Infinity];
  for (let i = 0; i < state.header.ids.length; i++) {
    const [px, py] = at(i);
    const distance = Math.hypot(px - x, py - y) - (state.isOwn[i] ? 3 : 0);
    if (distance < least && accept(px - x, py - y)) [best, least] = [i, distance];
  }
  return { point: best, distance: least };
}

function panelAt(state, x, y) {
  return state.panels.findIndex((p) => x >= p.x && x < p.x + p.w && y >= p.y && y < p.y + p.h);
}

function pictureOf(state, i) {
  const [start, end] = [state.pictureStarts[i], state.pictureStarts[i + 1]];
  return end > start ? new Blob([new Uint8Array(state.pictures, start, end - start)], { type: "image/jpeg" }) : null;
}

function hover(state, index, point) {
  if (state.hovered !== point) {
    URL.revokeObjectURL(state.pictureUrl);
    state.hovered = point;
    state.redraw();
  }
  if (point === null) {
    state.tip.style.display = "none";
    return;
  }
  const { ids, labels } = state.header;
  const lines = [element("b", { textContent: ids[point] }), element("div", { className: "quiet", textContent: labels[point].join(", ") })];
  const picture = pictureOf(state, point);
  if (picture) {
    state.pictureUrl = URL.createObjectURL(picture);
    lines.unshift(element("img", { src: state.pictureUrl, alt: ids[point], width: 128, onload: (event) => event.target.removeAttribute("width") }));
  }
  state.tip.replaceChildren(...lines);
  state.spoken.textContent = `${ids[point]} ${labels[point].join(", ")}`;
  const [x, y] = projection(state, index).at(point);
  placeTip(state.tip, state.root, x, y + state.canvas.offsetTop);
}

function select(state, points, add) {
  state.selected = new Set(add ? [...state.selected, ...points] : points);
  showClass(state, null);
  showStatus(state);
  state.redraw();
  state.component.setStateValue("ids", [...state.selected].sort((a, b) => a - b).map((i) => state.header.ids[i]));
}

function showStatus(state) {
  const count = state.selected.size;
  const total = state.header.ids.length.toLocaleString("en");
  const hint = state.mode === "lasso" ? "draw around points to select them" : "drag to move, wheel to zoom";
  state.status.textContent = count ? `${count.toLocaleString("en")} of ${total} selected` : `${total} images · ${hint}`;
  state.clear.disabled = !count;
  for (const button of [state.lassoButton, state.moveButton]) button.setAttribute("aria-pressed", String(button.value === state.mode));
}

function inside(path, x, y) {
  let within = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [[ax, ay], [bx, by]] = [path[i], path[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

function lassoed(state, { index, path }) {
  const { at } = projection(state, index);
  return state.header.ids.map((_, i) => i).filter((i) => inside(path, ...at(i)));
}

function zoom(state, index, factor, x, y) {
  const [view, panel] = [state.views[index], state.panels[index]];
  const wanted = Math.max(1, Math.min(60, view.zoom * factor));
  const { scale } = projection(state, index);
  // The point under the pointer stays there; back at the whole, the map is centred again.
  const [dx, dy] = [x - (panel.x + panel.w / 2), y - (panel.y + panel.h / 2)];
  const keep = (1 / scale) * (1 - view.zoom / wanted);
  state.views[index] = wanted === 1 ? { x: 0, y: 0, zoom: 1 } : { x: view.x + dx * keep, y: view.y - dy * keep, zoom: wanted };
  state.redraw();
}

function move(state, index, from, dx, dy) {
  const { scale } = projection(state, index);
  state.views[index] = { ...from, x: from.x - dx / scale, y: from.y + dy / scale };
  state.redraw();
}

function whole(state, index) {
  state.views[index] = { x: 0, y: 0, zoom: 1 };
  state.redraw();
}

function listenToPointer(state) {
  const { canvas } = state;
  let press = null;
  canvas.addEventListener("pointerdown", (event) => {
    const index = panelAt(state, event.offsetX, event.offsetY);
    if (index < 0 || event.button) return;
    state.active = index;
    press = { index, x: event.offsetX, y: event.offsetY, view: state.views[index], dragged: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = [event.offsetX, event.offsetY];
    if (!press) {
      const index = panelAt(state, x, y);
      const found = index < 0 ? { distance: Infinity } : nearest(state, index, x, y);
      return hover(state, index, found.distance <= REACH ? found.point : null);
    }
    if (!press.dragged && Math.hypot(x - press.x, y - press.y) < DRAG) return;
    press.dragged = true;
    hover(state, press.index, null);
    if (state.mode === "move") return move(state, press.index, press.view, x - press.x, y - press.y);
    state.lasso ||= { index: press.index, path: [[press.x, press.y]] };
    state.lasso.path.push([x, y]);
    state.redraw();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (state.lasso) select(state, lassoed(state, state.lasso), event.shiftKey);
    else if (press && !press.dragged) {
      const { point, distance } = nearest(state, press.index, press.x, press.y);
      if (distance <= REACH) select(state, [point], event.shiftKey);
      else if (state.selected.size) select(state, [], false);
    }
    press = state.lasso = null;
    state.redraw();
  });
  canvas.addEventListener("pointercancel", () => (press = state.lasso = null));
  canvas.addEventListener("pointerleave", () => !press && hover(state, 0, null));
  canvas.addEventListener("dblclick", (event) => {
    const index = panelAt(state, event.offsetX, event.offsetY);
    if (index >= 0) whole(state, index);
  });
  canvas.addEventListener("wheel", (event) => wheel(state, event), { passive: false });
}

function wheel(state, event) {
  const [x, y] = [event.offsetX, event.offsetY];
  const index = panelAt(state, x, y);
  if (index < 0 || (event.deltaY > 0 && state.views[index].zoom === 1)) return; // nothing to zoom out of: the page scrolls
  event.preventDefault();
  zoom(state, index, Math.exp(-Math.max(-120, Math.min(120, event.deltaY)) * 0.0022), x, y);
}

// Arrow keys hop to the next point in that direction.
function hop(state, [right, down]) {
  const panel = state.panels[state.active];
  const { at } = projection(state, state.active);
  const [x, y] = state.hovered === null ? [panel.x + panel.w / 2, panel.y + panel.h / 2] : at(state.hovered);
  const ahead = (dx, dy) => dx * right + dy * down > 0.5 && Math.abs(dx * down) + Math.abs(dy * right) <= dx * right + dy * down;
  const { point } = nearest(state, state.active, x, y, state.hovered === null ? undefined : ahead);
  if (point !== null) hover(state, state.active, point);
}

function listenToKeys(state) {
  const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  state.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { active } = state;
    const panel = state.panels[active];
    const middle = state.hovered === null ? [panel.x + panel.w / 2, panel.y + panel.h / 2] : projection(state, active).at(state.hovered);
    if (arrows[event.key] && event.shiftKey) move(state, active, state.views[active], ...arrows[event.key].map((side) => side * -40));
    else if (arrows[event.key]) hop(state, arrows[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(state, active, 1.5, ...middle);
    else if (event.key === "-") zoom(state, active, 1 / 1.5, ...middle);
    else if (event.key === "0") whole(state, active);
    else if (event.key === "Enter" && state.hovered !== null) select(state, [state.hovered], event.shiftKey);
    else if (event.key === "Escape" && state.selected.size) select(state, [], false);
    else return;
    event.preventDefault();
  });
}

function showClass(state, index) {
  state.shown = index;
  [...state.legend.children].forEach((entry, i) => entry.setAttribute("aria-pressed", String(i === index)));
  state.redraw();
}

function fillLegend(state) {
  const entries = state.header.classes.map(({ name, colour, symbol }, i) => {
    const mark = element("i", { className: symbol });
    mark.style.background = colour;
    const button = element("button", { className: "quiet", type: "button" }, mark, name);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => showClass(state, state.shown === i ? null : i));
    return button;
  });
  state.legend.replaceChildren(...entries);
}

function receive(state, { header, parts }) {
  if (state.header?.digest === header.digest) return;
  const kept = new Set([...state.selected].map((i) => state.header.ids[i]));
  state.header = header;
  state.points = header.maps.map((_, i) => new Float32Array(parts[i]));
  state.frames = state.points.map(frameOf);
  state.views = header.maps.map(() => ({ x: 0, y: 0, zoom: 1 }));
  state.active = Math.min(state.active, header.maps.length - 1);
  state.pictures = parts[parts.length - 1];
  state.pictureStarts = [0];
  for (const size of header.picture_bytes) state.pictureStarts.push(state.pictureStarts.at(-1) + size);
  state.isOwn = new Uint8Array(header.ids.length);
  for (const i of header.own) state.isOwn[i] = 1;
  state.radius = header.ids.length > 1500 ? 2.6 : header.ids.length > 400 ? 3.4 : 4.6;
  state.selected = new Set(header.ids.map((_, i) => i).filter((i) => kept.has(header.ids[i])));
  if (state.selected.size !== kept.size) select(state, [...state.selected], false);
  state.hovered = state.shown = null;
  state.laidOut = 0;
  state.canvas.setAttribute("aria-label", `Maps: ${header.maps.map((map) => map.title).join("; ")}. Arrow keys go from image to image, Enter selects, plus and minus zoom, 0 shows the whole, Escape clears the selection.`);
  fillLegend(state);
  showStatus(state);
}

function button(text, title, act, properties = {}) {
  return element("button", { className: "quiet", type: "button", textContent: text, title, onclick: act, ...properties });
}

function build(component) {
  const root = component.parentElement.querySelector(".root");
  const canvas = element("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  const state = { component, root, canvas, mode: "lasso", active: 0, selected: new Set(), hovered: null, shown: null, lasso: null, pictureUrl: "" };
  const setMode = (event) => {
    state.mode = event.currentTarget.value;
    showStatus(state);
  };
  state.status = element("span", { className: "status" });
  state.lassoButton = button("Lasso", "Drag around points to select them; with Shift, add to the selection", setMode, { value: "lasso" });
  state.moveButton = button("Move", "Drag to move a map", setMode, { value: "move" });
  state.clear = button("Clear", "Select nothing (key Escape)", () => select(state, [], false));
  const all = button("Whole", "Show the whole of every map (double click for one)", () => state.views.forEach((_, i) => whole(state, i)));
  const save = button("PNG", "Save this picture", () => {
    draw(state, true);
    savePicture(canvas, "maps.png");
    state.redraw();
  });
  state.tip = element("div", { className: "tip" });
  state.spoken = element("div", { className: "spoken" });
  state.spoken.setAttribute("aria-live", "polite");
  state.legend = element("div", { className: "legend" });
  root.replaceChildren(element("div", { className: "bar" }, state.status, state.lassoButton, state.moveButton, state.clear, all, save), canvas, state.legend, state.tip, state.spoken);
  state.redraw = scheduler(() => draw(state));
  state.observer = new ResizeObserver(() => state.redraw());
  state.observer.observe(canvas);
  listenToPointer(state);
  listenToKeys(state);
  return state;
}

export default function (component) {
  const state = states.get(component.parentElement) || build(component);
  states.set(component.parentElement, state);
  state.component = component;
  state.theme = themeOf(state.root);
  receive(state, unpack(component.data));
  draw(state);
  return () => {
    state.observer.disconnect();
    URL.revokeObjectURL(state.pictureUrl);
  };
}
