// What could be fetched or chosen, each as a row with a picture, a few words, its state and one button.

const states = new WeakMap(); // by parentElement
const DRAWN = [92, 40]; // a drawing of layers, in pixels

function layersPicture({ layers }) {
  const { slabs, drawn } = bodyShapes(layers, ...DRAWN);
  return shape("svg", { viewBox: `0 0 ${DRAWN[0]} ${DRAWN[1]}`, width: DRAWN[0], height: DRAWN[1], class: "body", "aria-hidden": "true" }, ...slabs, ...drawn);
}

// Photographs; where they are not here yet, the outlines of as many.
function photographsPicture(urls, of) {
  const places = Array.from({ length: of }, (_, i) => (urls[i] ? element("img", { src: urls[i], alt: "", decoding: "async" }) : element("i", { className: "outline" })));
  return element("div", { className: "cards-photographs" }, ...places);
}

function card(state, one, urls) {
  const picture = one.layers.length ? layersPicture(one) : photographsPicture(urls, state.header.photographs);
  const name = element("div", { className: "cards-title" }, element("b", { textContent: one.title, title: one.title }), element("span", { className: "cards-name", textContent: one.title === one.name ? "" : one.name }));
  const words = element("div", { className: "cards-words" }, name, ...one.lines.map((text) => element("span", { textContent: text, title: text })));
  // A button to fetch says by itself that it is missing.
  const standing = one.here || !one.action ? [element("span", { className: "cards-state", textContent: one.state }), " · "] : [];
  const said = element("span", {}, ...standing, one.size);
  const side = element("div", { className: "cards-side" }, said);
  if (one.action) {
    const button = element("button", { type: "button", textContent: one.action, className: one.here ? "" : "fetch" });
    button.setAttribute("aria-label", `${one.action}: ${one.title}`);
    button.addEventListener("click", () => state.component.setTriggerValue("name", one.name));
    side.append(button);
  }
  const made = element("div", { className: `cards-card${one.here ? " here" : ""}${one.chosen ? " chosen" : ""}` }, element("div", { className: "cards-picture" }, picture), words, side);
  made.dataset.name = one.name;
  return made;
}

function show(state, root, { header, parts }) {
  if (state.digest === header.digest) return;
  Object.assign(state, { digest: header.digest, header });
  showPictures(state, parts);
  let at = 0;
  const made = header.cards.flatMap((one, i) => {
    const heading = one.group && one.group !== header.cards[i - 1]?.group ? [element("h4", { textContent: one.group })] : [];
    return [...heading, card(state, one, state.urls.slice(at, (at += one.pictures)))];
  });
  const list = element("div", { className: header.photographs ? "cards wide" : "cards" }, ...made);
  root.replaceChildren(list);
}

export default function (component) {
  const state = states.get(component.parentElement) || { digest: "", urls: [] };
  states.set(component.parentElement, state);
  state.component = component;
  const root = component.parentElement.querySelector(".root");
  dress(root);
  show(state, root, unpack(component.data));
  return () => dropPictures(state);
}
