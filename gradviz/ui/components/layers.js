// The Layers page: the answer, curves over the temperature, the board, photographs and the alignment of all kernels.

const states = new WeakMap(); // by parentElement

function takePhotographs(state, { header, parts }) {
  const known = state.urls;
  state.urls = new Map();
  header.photographs.forEach((id, k) => {
    if (parts[k].byteLength) state.urls.set(id, known.get(id) || URL.createObjectURL(new Blob([parts[k]], { type: "image/jpeg" })));
  });
  for (const [id, url] of known) if (!state.urls.has(id)) URL.revokeObjectURL(url);
}

function draw(state) {
  const { header, root } = state;
  const width = root.clientWidth;
  if (!width) return;
  state.drawnAt = topInWindow(root);
  const height = Math.max(520, windowHeight(root) - state.drawnAt - 10);
  const layout = layersLayout(width, height, header.rows.length, header.answer?.differences.length, header.gains.length);
  const scroll = root.querySelector(".layers-lines")?.scrollTop || 0;
  const focused = root.getRootNode().activeElement?.dataset?.key;
  const middle = element("div", { className: "layers-middle" }, layersCurves(state, layout), layersBoard(state, layout));
  middle.style.height = `${layout.middle}px`;
  const evidence = element("div", { className: "layers-evidence" }, evidencePhotos(state, layout), ...(layout.gains ? [layersGains(state, layout)] : []), evidenceMatrix(state, layout));
  root.replaceChildren(layersAnswer(state, layout), middle, evidence, state.tip);
  state.matrix?.();
  root.querySelector(".layers-lines").scrollTop = scroll;
  state.tip.style.display = "none";
  if (focused) [...root.querySelectorAll(".layers-line")].find(({ dataset }) => dataset.key === focused)?.focus({ preventScroll: true });
}

export default function (component) {
  const message = unpack(component.data);
  const first = !states.has(component.parentElement);
  const state = first ? { urls: new Map(), cell: null } : states.get(component.parentElement);
  states.set(component.parentElement, state);
  state.component = component;
  state.header = message.header;
  state.matrix = null;
  state.root = component.parentElement.querySelector(".root");
  state.root.classList.add("layers");
  state.look = dress(state.root);
  state.tip ||= element("div", { className: "tip" });
  takePhotographs(state, message);
  draw(state);
  if (first) {
    watchWidth(state, () => draw(state));
    // Drawn again when what stands above has become higher or lower: the height of all is what the window leaves.
    const block = state.root.getRootNode().host?.closest("[data-testid=stVerticalBlock]") || state.root;
    state.above = new ResizeObserver(() => Math.abs(topInWindow(state.root) - state.drawnAt) > 1 && state.redraw());
    state.above.observe(block);
  }
  return () => {
    unwatch(state);
    state.above?.disconnect();
    state.urls.forEach((url) => URL.revokeObjectURL(url));
    states.delete(component.parentElement);
  };
}
