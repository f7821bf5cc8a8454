// The SVM page below its equation: a list of classes, and beside it one class's photographs. Photographs come in calls of
// their own, each under its kind, and are shared by all calls of one `bus`.

const states = new Map(); // by bus
const banks = new Map(); // by bus: { faces, squares, photos }
const held = new WeakMap(); // by parentElement: what a call holds, { digest, drop }
const MOST = 160; // photographs that are kept, some of classes that were in focus before

function bankOf(bus) {
  if (!banks.has(bus)) banks.set(bus, { photos: new Map() });
  return banks.get(bus);
}

const urlOf = (part) => (part?.byteLength ? URL.createObjectURL(new Blob([part], { type: "image/jpeg" })) : "");
const forget = (urls) => urls.forEach((url) => url && URL.revokeObjectURL(url));

// Take in a call that holds photographs, unless it holds the same as before. What was there stays until others come.
function takeIn(place, { header, parts }) {
  const bank = bankOf(header.bus);
  if (held.get(place)?.digest === header.digest) return;
  held.set(place, { digest: header.digest, bank, kind: header.kind });
  let former = [];
  if (header.kind === "faces" && header.names.length) {
    former = [...(bank.faces?.values() || [])];
    bank.faces = new Map(header.names.map((name, k) => [name, urlOf(parts[k])]));
  }
  if (header.kind === "squares" && header.ids.length) {
    former = [bank.squares?.url];
    bank.squares = { places: new Map(header.ids.map((id, k) => [id, k])), across: header.across, url: urlOf(parts[0]) };
  }
  if (header.kind === "photos") former = keepPhotos(bank.photos, header, parts);
  const state = states.get(header.bus);
  if (state) draw(state);
  forget(former);
}

// Add photographs to those that are there; return the addresses of those that have to go.
function keepPhotos(photos, header, parts) {
  header.ids.forEach((id, k) => {
    const photo = photos.get(id) || { url: urlOf(parts[k]), size: header.sizes[k], boxes: header.boxes[k] };
    photos.delete(id);
    photos.set(id, photo);
  });
  const gone = [...photos.keys()].slice(0, Math.max(0, photos.size - Math.max(MOST, header.ids.length)));
  return gone.map((id) => {
    const { url } = photos.get(id);
    photos.delete(id);
    return url;
  });
}

function letGo(place) {
  const { bank, kind } = held.get(place) || {};
  held.delete(place);
  if (!bank) return;
  if (kind === "faces") forget([...(bank.faces?.values() || [])]);
  if (kind === "squares") forget([bank.squares?.url]);
  if (kind === "photos") forget([...bank.photos.values()].map(({ url }) => url));
  if (kind === "photos") bank.photos.clear();
  else bank[kind] = undefined;
}

function textWidth(texts, font) {
  const context = document.createElement("canvas").getContext("2d");
  context.font = font;
  return Math.ceil(Math.max(0, ...texts.map((text) => context.measureText(text).width)));
}

function draw(state) {
  const { header, root } = state;
  const width = root.clientWidth;
  if (!width) return;
  state.drawnAt = topInWindow(root);
  const height = Math.max(400, windowHeight(root) - state.drawnAt - 8);
  const layout = scoresLayout(width, height, header.lines.length, textWidth(header.lines.map(({ name }) => name), `13px ${state.look.font}`) + 8, Boolean(header.b), Boolean(header.unseen));
  const photos = header.detail?.photos || {};
  const first = (kind) => header.detail?.strips.find(([of, , , ids]) => of === kind && ids.length)?.[3][0];
  state.shown = [state.hovered, header.shown, first("wrong"), first("right")].find((id) => id && id in photos) || null;
  root.style.setProperty("--a", resultColour(header.a.role, header.a.place, state.look.dark));
  root.style.setProperty("--b", header.b ? resultColour(header.b.role, header.b.place, state.look.dark) : "transparent");
  root.classList.toggle("former", header.former);
  const scroll = root.querySelector(".scores-lines")?.scrollTop || 0;
  const inside = root.getRootNode().activeElement;
  const taken = state.takeFocus || inside?.classList?.contains("scores-line");
  state.takeFocus = false;
  root.replaceChildren(scoresList(state, layout), scoresPanel(state, layout, height), state.tip);
  root.querySelector(".scores-lines").scrollTop = scroll;
  state.tip.style.display = "none";
  const chosen = state.rows.find((row) => row.getAttribute("aria-pressed") === "true");
  if (taken) chosen?.focus({ preventScroll: !layout.scrolls });
}

// Draw again when what stands above has become higher or lower: the height of all is what the window leaves.
function watchTop(state) {
  const block = state.root.getRootNode().host?.closest("[data-testid=stVerticalBlock]") || state.root;
  state.above = new ResizeObserver(() => Math.abs(topInWindow(state.root) - state.drawnAt) > 1 && state.redraw());
  state.above.observe(block);
}

export default function (component) {
  const message = unpack(component.data);
  const { header } = message;
  if (header.kind !== "view") {
    takeIn(component.parentElement, message);
    return () => letGo(component.parentElement);
  }
  const first = !states.has(header.bus) || states.get(header.bus).place !== component.parentElement;
  const state = first ? { place: component.parentElement, hovered: null } : states.get(header.bus);
  states.set(header.bus, state);
  if (state.header?.detail?.name !== header.detail?.name && state.hovered && !(state.hovered in (header.detail?.photos || {}))) state.hovered = null;
  state.component = component;
  state.header = header;
  state.bank = bankOf(header.bus);
  state.root = component.parentElement.querySelector(".root");
  state.root.classList.add("scores");
  state.look = dress(state.root);
  state.tip ||= element("div", { className: "tip" });
  draw(state);
  if (first) {
    watchWidth(state, () => draw(state));
    watchTop(state);
  }
  return () => {
    unwatch(state);
    state.above.disconnect();
    if (states.get(header.bus) === state) states.delete(header.bus);
  };
}
