// A gallery in rows that fill the width, with boxes drawn on the photographs. All of it can be scrolled through; only
// what is in view is in the page, and its pictures are asked for when they come into view. They, the focus and the
// selection come by a second instance of the component ("feed"), so that the layout is sent once.

const galleries = new Map(); // by digest
const feeds = new Map(); // digest -> { focus, follow, selected }
const album = new Map(); // source and id -> object URL, oldest first
const KEPT = 1200;
const GAP = 6;
const CHUNK = 24;
const BELOW = 20; // pixels between the gallery and the window's lower edge

const pictureOf = (state, i) => album.get(`${state.header.source} ${state.header.ids[i]}`);

function keep(source, ids, parts) {
  ids.forEach((id, k) => {
    const name = `${source} ${id}`;
    if (!album.has(name)) album.set(name, parts[k].byteLength ? URL.createObjectURL(new Blob([parts[k]], { type: "image/jpeg" })) : "");
  });
  for (const name of album.keys()) {
    if (album.size <= KEPT) break;
    URL.revokeObjectURL(album.get(name));
    album.delete(name);
  }
}

// Where the gallery begins on a page that is not scrolled.
function topOf(root) {
  const page = document.querySelector("[data-testid=stMain]");
  return topInWindow(root) + (page ? page.scrollTop / zoomOf(root) : 0);
}

// Height of the gallery: what the window leaves below `above`, in whole rows.
function galleryRows(window_, above, least) {
  const height = Math.max(least, window_ - above);
  const count = Math.max(2, Math.round(height / 118));
  return { height, count, row: (height - GAP * (count - 1)) / count };
}

function boxesOn(state, i, W, H) {
  const { header, sizes, first, corners, kinds, difficult } = state;
  const overlay = shape("svg", { viewBox: `0 0 ${W} ${H}`, "aria-hidden": "true" });
  const fit = fitPhotograph(sizes[2 * i], sizes[2 * i + 1], W, H, 1);
  for (let b = first[i]; b < first[i + 1]; b++) {
    const { x, y, width, height } = boxInFrame([...corners.subarray(4 * b, 4 * b + 4)], fit, W, H);
    const edges = { x, y, width, height, fill: "none" };
    overlay.append(shape("rect", { ...edges, class: "casing" }));
    const stroke = kinds[b] < header.classes.length ? classColour(kinds[b], state.look.dark) : "#8a8f98";
    overlay.append(shape("rect", { ...edges, stroke, class: difficult[b] ? "edge difficult" : "edge" }));
  }
  return overlay;
}

function item(state, i, W, H) {
  const { header } = state;
  const id = header.ids[i];
  const about = header.shows[i].map((c) => header.classes[c]).join(", ");
  const image = element("img", { alt: about ? `${id}: ${about}` : id, decoding: "async" });
  const tick = element("span", { className: "justified-tick", title: "Select (Space)" });
  const button = element("button", { type: "button", className: "justified-item", title: about ? `${id}: ${about}` : id }, image, boxesOn(state, i, W, H), tick);
  button.dataset.at = i;
  button.onclick = (event) => click(state, i, event, event.target === tick);
  button.onkeydown = (event) => press(state, i, event);
  return button;
}

function click(state, i, event, ticked) {
  const { header, component } = state;
  if (event.shiftKey && state.anchor !== undefined) {
    const [a, b] = [Math.min(state.anchor, i), Math.max(state.anchor, i)];
    component.setTriggerValue("picked", { ids: header.ids.slice(a, b + 1), add: true });
  } else if (ticked || event.shiftKey || event.ctrlKey || event.metaKey) {
    component.setTriggerValue("picked", { ids: [header.ids[i]], add: !state.selected.has(header.ids[i]) });
  } else component.setTriggerValue("focus", header.ids[i]);
  state.anchor = i;
}

function press(state, i, event) {
  if (event.key === " ") {
    event.preventDefault();
    return click(state, i, event, true);
  }
  const row = state.rows.findIndex(({ from, to }) => from <= i && i < to);
  const beside = state.rows[row + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] || 0)];
  const next = { ArrowRight: i + 1, ArrowLeft: i - 1, ArrowDown: beside && Math.min(beside.to - 1, beside.from + i - state.rows[row].from), ArrowUp: beside && Math.min(beside.to - 1, beside.from + i - state.rows[row].from), Home: 0, End: state.header.ids.length - 1 }[event.key];
  if (event.key === "Escape") return state.component.setTriggerValue("left", true);
  if (next === undefined || next < 0 || next >= state.header.ids.length) return;
  event.preventDefault();
  state.at = next;
  const there = state.rows.findIndex(({ from, to }) => from <= next && next < to);
  const [top, bottom] = [there * state.step, (there + 1) * state.step - GAP];
  if (top < state.view.scrollTop) state.view.scrollTop = top;
  if (bottom > state.view.scrollTop + state.view.clientHeight) state.view.scrollTop = bottom - state.view.clientHeight;
  fill(state);
  state.items.get(next)?.focus({ preventScroll: true });
}

// Put what is in view, and a little around it, into the page; ask for the pictures that are missing.
function fill(state) {
  const { rows, step, view, stage } = state;
  const [from, to] = [Math.floor(view.scrollTop / step) - 1, Math.ceil((view.scrollTop + view.clientHeight) / step) + 1];
  const near = new Set();
  for (let r = Math.max(0, from); r < Math.min(rows.length, to); r++) {
    let x = 0;
    rows[r].widths.forEach((width, k) => {
      const i = rows[r].from + k;
      near.add(i);
      let made = state.items.get(i);
      if (!made) {
        made = item(state, i, width, step - GAP);
        made.style.cssText = `left: ${x}px; top: ${r * step}px; width: ${width}px; height: ${step - GAP}px`;
        state.items.set(i, made);
        stage.append(made);
      }
      x += width + GAP;
    });
  }
  for (const [i, made] of state.items) {
    if (near.has(i)) continue;
    made.remove();
    state.items.delete(i);
  }
  refresh(state);
  const missing = [...near].filter((i) => pictureOf(state, i) === undefined);
  if (missing.length) ask(state, Math.min(...missing), Math.max(...missing));
}

function ask(state, from, to) {
  const start = Math.floor(from / CHUNK) * CHUNK;
  const wanted = { digest: state.header.digest, from: start, to: Math.min(state.header.ids.length, Math.max(start + CHUNK, to + 1)) };
  if (JSON.stringify(wanted) === state.asked) return;
  clearTimeout(state.asking);
  state.asking = setTimeout(() => {
    state.asked = JSON.stringify(wanted);
    state.component.setStateValue("wanted", wanted);
  }, 90);
}

// Show the pictures that have come, the focus and the selection.
function refresh(state) {
  const feed = feeds.get(state.header.digest) || { focus: null, follow: null, selected: [] };
  state.selected = new Set(feed.selected);
  for (const [i, made] of state.items) {
    const [image, url] = [made.querySelector("img"), pictureOf(state, i)];
    if (url && image.getAttribute("src") !== url) image.src = url;
    made.classList.toggle("focus", state.header.ids[i] === feed.focus);
    made.classList.toggle("selected", state.selected.has(state.header.ids[i]));
    made.setAttribute("aria-pressed", String(state.selected.has(state.header.ids[i])));
    made.tabIndex = i === (state.at ?? 0) || state.header.ids[i] === feed.focus ? 0 : -1;
  }
  if (state.showFocus !== feed.follow) {
    state.showFocus = feed.follow;
    const at = state.header.ids.indexOf(feed.follow);
    const row = state.rows.findIndex(({ from, to }) => from <= at && at < to);
    const [top, bottom] = [row * state.step, (row + 1) * state.step - GAP];
    if (row >= 0 && (top < state.view.scrollTop - 1 || bottom > state.view.scrollTop + state.view.clientHeight + 1)) state.view.scrollTop = top;
  }
}

function draw(state) {
  const { root, header } = state;
  const width = root.clientWidth - 8; // the scroll bar
  state.top = topOf(root);
  if (width < 40) return;
  const { height, row } = galleryRows(windowHeight(root), state.top + BELOW, header.least);
  const ratios = header.ids.map((_, i) => state.sizes[2 * i] / state.sizes[2 * i + 1]);
  state.rows = justifiedRows(ratios, width, row, GAP);
  state.step = row + GAP;
  const scroll = state.view?.scrollTop || 0;
  state.items = new Map();
  state.stage = element("div", { className: "justified-stage" });
  state.stage.style.height = `${state.rows.length * state.step - GAP}px`;
  state.view = element("div", { className: "justified-view" }, state.stage);
  state.view.style.height = `${Math.min(height, state.rows.length * state.step)}px`;
  state.view.setAttribute("role", "group");
  state.view.setAttribute("aria-label", "Photographs");
  root.replaceChildren(state.view);
  state.view.scrollTop = scroll;
  state.view.onscroll = scheduler(() => fill(state));
  fill(state);
}

function take(state, component) {
  const { header, parts } = unpack(component.data);
  state.component = component;
  if (state.header?.digest === header.digest) return false;
  galleries.delete(state.header?.digest);
  galleries.set(header.digest, state);
  const [sizes, first, corners, kinds, difficult] = parts;
  Object.assign(state, { header, sizes: new Uint16Array(sizes), first: new Uint32Array(first), corners: new Uint16Array(corners), kinds: new Uint16Array(kinds), difficult: new Uint8Array(difficult) });
  Object.assign(state, { at: undefined, anchor: undefined, asked: "", showFocus: undefined });
  if (state.view) state.view.scrollTop = 0;
  return true;
}

const states = new WeakMap(); // by parentElement

export default function (component) {
  const root = component.parentElement.querySelector(".root");
  const { header, parts } = unpack(component.data);
  if (header.feed) {
    keep(header.source, header.ids, parts);
    feeds.set(header.feed, { focus: header.focus, follow: header.follow, selected: header.selected });
    const state = galleries.get(header.feed);
    if (state?.items) fill(state);
    return;
  }
  const known = states.get(component.parentElement);
  const state = known || { root };
  states.set(component.parentElement, state);
  root.classList.add("justified");
  const dark = state.look?.dark;
  state.look = dress(root);
  if (take(state, component) || dark !== state.look.dark) draw(state);
  if (!known) {
    watchWidth(state, () => draw(state));
    // What stands above may come, and grow, later.
    state.clock = setInterval(() => root.isConnected && Math.abs(topOf(root) - state.top) > 6 && state.redraw(), 400);
  }
  return () => {
    unwatch(state);
    clearInterval(state.clock);
    galleries.delete(state.header.digest);
    states.delete(component.parentElement);
  };
}
