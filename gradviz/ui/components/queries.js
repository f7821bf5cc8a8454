// All queries: two average precisions of each as points, a table of the three kernels, and ten queries to look at.

const states = new WeakMap(); // by parentElement

const WORDS = { either: ["either way", "The largest differences of either sign"], gain: ["gain", "Product above forward"], loss: ["loss", "Product below forward"] };

function askFor(state, i) {
  state.component.setTriggerValue("query", state.header.ids[i]);
}

// Points, with the ten and the query above them.
function drawPlot(state) {
  const { header, first, second, plot, canvas } = state;
  const side = plot.clientHeight - 16;
  if (side < 20) return;
  state.side = side;
  plot.style.width = `${side + 24}px`;
  canvas.style.width = `${side}px`;
  const context = sharpContext(canvas, side, side);
  const { roles, dark } = state.look;
  context.clearRect(0, 0, side, side);
  context.strokeStyle = roles.line;
  context.strokeRect(0.5, 0.5, side - 1, side - 1);
  context.strokeStyle = roles.ticks;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(0, side);
  context.lineTo(side, 0);
  context.stroke();
  context.setLineDash([]);
  const dot = (i, radius, colour, alpha = 1, ring = false) => {
    const place = placeInPlot(first[i], second[i], side);
    if (!place) return;
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.beginPath();
    context.arc(...place, radius, 0, 2 * Math.PI);
    context.fill();
    context.globalAlpha = 1;
    if (!ring) return;
    context.strokeStyle = roles.background;
    context.lineWidth = 1.2;
    context.stroke();
    context.lineWidth = 1;
  };
  const few = first.length < 400;
  first.forEach((_, i) => dot(i, few ? 1.8 : 1.2, roles.muted, few ? 0.7 : dark ? 0.5 : 0.4));
  header.ten.forEach((i) => dot(i, 2.8, roles.right, 1, true));
  if (state.hovered >= 0) dot(state.hovered, 4, roles.accent, 1, true);
  if (header.query !== null) dot(header.query, 4.5, roles.product, 1, true);
}

function table({ lines }) {
  const head = element("tr", {}, element("td"), ...["mean", "best for", "worst for"].map((text) => element("th", { scope: "col", textContent: text })));
  const share = (value) => `${value.toFixed(0)} %`;
  const rows = lines.map(({ role, title, mean, best, worst }) =>
    element("tr", { className: role }, element("th", { scope: "row", textContent: title }), element("td", { className: "value", textContent: mean.toFixed(1) }), element("td", { textContent: share(best) }), element("td", { textContent: share(worst) })),
  );
  return element("table", { title: "Queries for which a kernel is the best or the worst of the three; where several are, they share the query" }, element("thead", {}, head), element("tbody", {}, ...rows));
}

function ten(state) {
  const { header, first, second } = state;
  const buttons = header.ten.map((i, k) => {
    const picture = state.urls[k] ? element("img", { src: state.urls[k], alt: "", decoding: "async" }) : element("span", { className: "nb-none", textContent: header.ids[i] });
    const values = element("span", { className: "nb-two" }, element("b", { className: "forward", textContent: first[i].toFixed(1) }), element("b", { className: "product", textContent: second[i].toFixed(1) }));
    const button = element("button", { type: "button", title: `${header.ids[i]}: make it the query`, onclick: () => askFor(state, i) }, picture, element("span", { className: "nb-shows", textContent: header.shows[k] }), values);
    button.setAttribute("aria-label", `${header.ids[i]}, ${header.shows[k]}: average precision forward ${first[i].toFixed(1)}, product ${second[i].toFixed(1)}; make it the query`);
    button.setAttribute("aria-pressed", String(i === header.query));
    button.onpointerenter = button.onfocus = () => point(state, i);
    button.onpointerleave = button.onblur = () => point(state, -1);
    return button;
  });
  const none = header.ten.length ? [] : [element("p", { textContent: { either: "No query differs.", gain: "No query gains.", loss: "No query loses." }[header.way] })];
  return element("div", { className: "nb-ten" }, ...buttons, ...none);
}

function point(state, i) {
  if (state.hovered === i) return;
  state.hovered = i;
  drawPlot(state);
}

function buildPlot(state) {
  state.canvas = element("canvas", { className: "plain" });
  state.canvas.setAttribute("role", "img");
  state.canvas.setAttribute("aria-label", `Average precision of ${state.header.counted.toLocaleString("en")} queries, forward against product`);
  state.tip = element("div", { className: "tip" });
  const axis = (role, text, className) => element("span", { className: `${className} ${role}`, textContent: text });
  const mark = (text, className) => element("span", { className, textContent: text });
  state.plot = element("div", { className: "nb-scatter" }, state.canvas, axis("product", "product", "side"), axis("forward", "forward", "below"), mark("100", "top"), mark("0", "zero"), mark("100", "end"));
  const at = (event) => queryAt(state.first, state.second, state.side, ...pointIn(state.canvas, event), 12);
  state.canvas.onpointermove = (event) => {
    const i = at(event);
    point(state, i);
    state.canvas.style.cursor = i < 0 ? "default" : "pointer";
    if (i < 0) state.tip.style.display = "none";
    else {
      state.tip.textContent = `${state.header.ids[i]}: forward ${state.first[i].toFixed(1)}, product ${state.second[i].toFixed(1)}`;
      placeTip(state.tip, state.root, ...pointIn(state.root, event));
    }
  };
  state.canvas.onpointerleave = () => {
    state.tip.style.display = "none";
    point(state, -1);
  };
  state.canvas.onclick = (event) => {
    const i = at(event);
    if (i >= 0) askFor(state, i);
  };
}

function build(state) {
  const { header } = state;
  const foot = element("div", { className: "nb-foot" });
  foot.classList.toggle("stale", header.stale);
  state.root.replaceChildren(foot);
  if (header.said) {
    foot.append(element("p", { textContent: header.said }));
    return;
  }
  buildPlot(state);
  const few = header.counted < header.ids.length ? `; the other ${(header.ids.length - header.counted).toLocaleString("en")} share a class with none` : "";
  const all = element("div", { className: "nb-all" }, element("h2", { textContent: `AP of all ${header.counted.toLocaleString("en")} queries`, title: `Each photograph is the query once${few}` }), table(header));
  const words = element("span", {}, "between ", element("span", { className: "forward", textContent: "forward" }), " and ", element("span", { className: "product", textContent: "product" }));
  const ways = element("div", { className: "nb-ways", role: "group" });
  ways.setAttribute("aria-label", "Which way");
  ways.append(
    ...header.ways.map((way) => {
      const button = element("button", { type: "button", className: "quiet", textContent: WORDS[way][0], title: WORDS[way][1], onclick: () => state.component.setTriggerValue("way", way) });
      button.setAttribute("aria-pressed", String(way === header.way));
      return button;
    }),
  );
  const count = header.ten.length === 1 ? "One that differs most" : `${header.ten.length === 10 ? "Ten" : header.ten.length || "Those"} that differ most`;
  const strip = element("div", { className: "nb-differ" }, element("div", { className: "nb-line" }, element("h2", { textContent: count }), words, ways), ten(state));
  foot.append(state.plot, all, strip, state.tip);
  arrange(state);
}

function arrange(state) {
  state.root.firstChild?.classList.toggle("narrow", state.root.clientWidth < 900);
  if (state.plot?.isConnected) drawPlot(state);
}

export default function (component) {
  const first = !states.has(component.parentElement);
  const state = states.get(component.parentElement) || { urls: [], hovered: -1 };
  states.set(component.parentElement, state);
  state.component = component;
  state.root = component.parentElement.querySelector(".root");
  state.look = dress(state.root);
  const { header, parts } = unpack(component.data);
  state.header = header;
  [state.first, state.second] = parts.slice(0, 2).map((part) => new Float32Array(part));
  if (state.pictured !== header.pictured) {
    state.pictured = header.pictured;
    showPictures(state, parts.slice(2));
    parts.slice(2).forEach((part, k) => {
      if (!part.byteLength) state.urls[k] = "";
    });
  }
  state.hovered = -1;
  build(state);
  if (first) watchWidth(state, () => arrange(state));
  return () => {
    unwatch(state);
    dropPictures(state);
    states.delete(component.parentElement);
  };
}
