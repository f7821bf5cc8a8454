// A grid of thumbnails; each is a button, so Tab and Enter work.

const states = new WeakMap(); // by parentElement

function show(state, { header, parts }) {
  if (state.digest === header.digest) return;
  state.digest = header.digest;
  showPictures(state, parts);
  const buttons = header.ids.map((id, i) => {
    const caption = header.captions[i];
    const image = element("img", { src: state.urls[i], alt: caption ? `${id}: ${caption}` : id, loading: "lazy", decoding: "async" });
    const choose = () => state.component.setTriggerValue("id", id);
    return element("button", { type: "button", title: caption || id, onclick: choose }, image, element("span", { textContent: caption || id }));
  });
  const grid = element("div", { className: "grid" }, ...buttons);
  grid.style.gridTemplateColumns = `repeat(auto-fill, minmax(${Number(header.width)}px, 1fr))`;
  state.component.parentElement.querySelector(".root").replaceChildren(grid);
}

export default function (component) {
  const state = states.get(component.parentElement) || { digest: "", urls: [] };
  states.set(component.parentElement, state);
  state.component = component;
  show(state, unpack(component.data));
  return () => dropPictures(state);
}
