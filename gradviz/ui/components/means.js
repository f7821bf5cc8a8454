// A minus B is their difference: means in percent with their intervals, and the lists that A and B are chosen from.

const states = new WeakMap(); // by parentElement

function picker(state, side, which) {
  const { header, component } = state;
  const choose = element("select", { ariaLabel: `${which.toUpperCase()}: ${side.name}. Choose another result`, title: "Choose another result" });
  const groups = new Map();
  for (const { key, text, group } of header.choices) {
    if (!groups.has(group)) groups.set(group, element("optgroup", { label: group }));
    groups.get(group).append(element("option", { value: key, textContent: text, selected: key === side.key }));
  }
  choose.append(...groups.values());
  choose.onchange = () => component.setTriggerValue("change", { side: which, key: choose.value, at: Date.now() });
  const dot = element("i", { className: "dot" });
  const name = element("span", { className: "name" }, dot, symbol(side.name, side.formula), side.temperature ? ` · ${side.temperature}` : "", element("i", { className: "down" }));
  return element("span", { className: "picker" }, name, choose);
}

function side(state, of, which) {
  const made = element("div", { className: `means-side ${which}` });
  made.style.setProperty("--colour", resultColour(of.role, of.place, state.look.dark));
  const lines = [picker(state, of, which), element("span", { textContent: of.interval ? `mAP, 95 %: ${between(of.interval)}` : "mAP" })];
  lines.push(of.note ? element("span", { className: "other", textContent: `other choices: ${of.note}`, title: `Made under other choices: ${of.note}` }) : element("span", { textContent: of.what }));
  made.append(element("b", { textContent: number1(of.mean) }), element("div", { className: "words" }, ...lines));
  return made;
}

// The difference's interval on an axis that holds 0.
function axis(difference, interval) {
  const [width, height] = [140, 16];
  const ends = [0, difference, ...(interval || [])];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const room = (high - low || 1) * 0.12;
  const x = (value) => 8 + ((value - low + room) / (high - low + 2 * room)) * (width - 16);
  const made = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  made.append(shape("line", { x1: 0, x2: width, y1: 8, y2: 8, class: "ground" }), shape("line", { x1: x(0), x2: x(0), y1: 2, y2: 14, class: "zero" }));
  if (interval) made.append(shape("line", { x1: x(interval[0]), x2: x(interval[1]), y1: 8, y2: 8, class: "thick" }));
  made.append(shape("circle", { cx: x(difference), cy: 8, r: 4, class: "point" }));
  return made;
}

function difference(state) {
  const { difference: value, interval, why } = state.header;
  const words = element("div", { className: "words" }, element("strong", { textContent: "difference" }));
  if (value === null) words.append(element("span", { className: "other", textContent: why ? `not paired: ${why}` : "" }));
  else words.append(element("span", { textContent: interval ? `paired, 95 %: ${between(interval)}` : "paired interval follows" }), axis(value, interval));
  return element("div", { className: "means-side difference" }, element("b", { textContent: value === null ? "\u2013" : signed1(value) }), words);
}

const operator = (text) => element("span", { className: "operator", textContent: text });

function draw(state) {
  const { header, root } = state;
  const parts = [side(state, header.a, "a")];
  if (header.b) parts.push(operator(MINUS), side(state, header.b, "b"), operator("="), difference(state));
  const value = header.b && header.difference !== null ? `, ${header.b.name} ${number1(header.b.mean)}, difference ${signed1(header.difference)}` : "";
  const whole = element("div", { className: "means", role: "group" }, ...parts);
  whole.setAttribute("aria-label", `Mean average precision in percent: ${header.a.name} ${number1(header.a.mean)}${value}`);
  root.replaceChildren(whole);
}

export default function (component) {
  const first = !states.has(component.parentElement);
  const state = states.get(component.parentElement) || {};
  states.set(component.parentElement, state);
  state.component = component;
  state.header = unpack(component.data).header;
  state.root = component.parentElement.querySelector(".root");
  state.look = dress(state.root);
  draw(state);
  if (first) watchWidth(state, () => draw(state));
  return () => {
    unwatch(state);
    states.delete(component.parentElement);
  };
}
