// One photograph with the boxes of its objects, and a table of them; what is under the pointer lights up in both.

const states = new WeakMap(); // by parentElement
const TAG = 15;

const frameHeight = (root) => Math.max(210, Math.min(290, (windowHeight(root) - (innerWidth <= 1150 ? 480 : 404)) * 0.62));
const textSize = (text, font) => {
  const context = document.createElement("canvas").getContext("2d");
  context.font = `600 11px ${font}`;
  return context.measureText(text).width;
};
const inkOn = (colour) => (oklab(rgbOf(colour))[0] > 0.66 ? "#10151c" : "#ffffff");

function objectColour(object, dark) {
  return object.colour < 0 ? "#8a8f98" : classColour(object.colour, dark);
}

// The number and the name of an object, or the number alone where the object is small or there is no room for more.
function tags(state, boxes, W, H) {
  const { objects } = state.header;
  const widths = boxes.map(({ i, share }) => {
    const texts = [...(share >= 0.02 ? [`${i + 1} ${objects[i].name}`] : []), String(i + 1)];
    return texts.map((text) => ({ text, width: Math.min(W, 10 + textSize(text, state.look.font)) }));
  });
  return placeTags(boxes, widths, W, H, TAG).map(({ x, y, width, text }, k) => {
    const { i, colour } = boxes[k];
    const label = shape("text", { x: x + 5, y: y + 11.2, fill: inkOn(colour), class: "annotated-tag" });
    label.textContent = text;
    const ground = shape("rect", { x, y, width, height: TAG, fill: colour, rx: 2 });
    return shape("g", { class: "annotated-label", "data-object": i }, ground, label);
  });
}

function picture(state, W, H) {
  const { header } = state;
  const [w, h] = header.size;
  const fit = fitPhotograph(w, h, W, H);
  const drawn = shape("svg", { width: W, height: H, viewBox: `0 0 ${W} ${H}`, class: "annotated-picture", role: "img", "aria-label": `${header.id}: ${header.about}` });
  drawn.append(shape("rect", { width: W, height: H, class: "ground" }));
  drawn.append(shape("image", { href: state.url, x: fit.x, y: fit.y, width: w * fit.scale, height: h * fit.scale, preserveAspectRatio: "none" }));
  const boxed = header.boxed ? header.objects : [];
  const order = boxed.map((_, i) => i).sort((a, b) => header.objects[b].area - header.objects[a].area);
  const boxes = [];
  for (const i of order) {
    const object = header.objects[i];
    const box = { ...boxInFrame(object.corners, fit, W, H), share: object.area };
    const colour = objectColour(object, state.look.dark);
    const edges = { x: box.x, y: box.y, width: box.width, height: box.height, fill: "none" };
    const part = shape("g", { class: "annotated-box", "data-object": i });
    part.append(shape("rect", { ...edges, class: "casing" }));
    part.append(shape("rect", { ...edges, class: object.difficult ? "edge difficult" : "edge", stroke: colour }));
    part.append(shape("rect", { ...edges, class: "area", style: `--colour: ${colour}` }));
    drawn.append(part);
    boxes.push({ ...box, i, colour });
  }
  drawn.append(...tags(state, boxes, W, H));
  drawn.onmousemove = (event) => light(state, event.target.closest?.("[data-object]")?.dataset.object);
  drawn.onmouseleave = () => light(state, undefined);
  return drawn;
}

function light(state, object) {
  for (const part of state.root.querySelectorAll("[data-object]")) part.classList.toggle("lit", part.dataset.object === String(object));
}

function swatch(object, dark) {
  const mark = element("i", { className: "annotated-swatch" });
  mark.style.background = objectColour(object, dark);
  return mark;
}

// What an annotator remarked; where both do not fit, the second one is left to the tip.
function note({ difficult, truncated }, width) {
  const said = [difficult && "difficult", truncated && "cut off"].filter(Boolean);
  return element("span", { className: "note", textContent: (width < 330 ? said.slice(0, 1) : said).join(", "), title: said.join(", ") });
}

function table(state) {
  const { header } = state;
  const cell = (text, className = "") => element("span", { className, textContent: text });
  const head = header.boxed ? ["#", "class", "box", "area", "note"] : ["", "class", "photographs", "", "note"];
  const rows = header.objects.map((object, i) => {
    const cells = header.boxed
      ? [cell(object.extent, "right"), cell(`${(100 * object.area).toFixed(1)} %`, "right"), note(object, state.root.clientWidth)]
      : [cell(object.count.toLocaleString("en"), "right"), cell(""), cell(object.difficult ? "only difficult" : "", "note")];
    const name = element("span", { className: "annotated-name" }, swatch(object, state.look.dark), cell(object.name));
    const row = element("button", { type: "button", className: "annotated-row", title: `${object.name}: choose this class` }, cell(header.boxed ? String(i + 1) : "", "right"), name, ...cells);
    row.dataset.object = i;
    row.disabled = object.colour < 0;
    row.onmouseenter = row.onfocus = () => light(state, i);
    row.onmouseleave = row.onblur = () => light(state, undefined);
    row.onclick = () => state.component.setTriggerValue("chosen", object.name);
    return row;
  });
  const list = element("div", { className: "annotated-rows" }, ...rows);
  const none = rows.length ? [] : [element("div", { className: "annotated-none", textContent: header.none })];
  return [element("div", { className: "annotated-row head" }, ...head.map((text, k) => cell(text, k === 2 || k === 3 ? "right" : ""))), list, ...none];
}

function draw(state) {
  const { header, root } = state;
  const W = root.clientWidth;
  if (!W) return;
  const H = Math.round(frameHeight(root));
  const line = element("div", { className: "annotated-caption" }, element("b", { textContent: header.id, title: header.id }), element("span", { textContent: header.facts, title: header.facts }));
  const parts = state.url ? [picture(state, W, H)] : [];
  root.replaceChildren(...parts, line, ...(header.objects.length || header.none ? table(state) : []));
}

export default function (component) {
  const first = !states.has(component.parentElement);
  const state = states.get(component.parentElement) || { digest: "", url: "" };
  states.set(component.parentElement, state);
  state.component = component;
  const { header, parts } = unpack(component.data);
  if (state.digest !== header.digest) {
    if (state.url) URL.revokeObjectURL(state.url);
    state.url = parts[0].byteLength ? URL.createObjectURL(new Blob([parts[0]], { type: "image/jpeg" })) : "";
    state.digest = header.digest;
  }
  state.header = header;
  state.root = component.parentElement.querySelector(".root");
  state.root.classList.add("annotated");
  state.look = dress(state.root);
  draw(state);
  if (first) watchWidth(state, () => draw(state));
  return () => {
    unwatch(state);
    if (state.url) URL.revokeObjectURL(state.url);
    states.delete(component.parentElement);
  };
}
