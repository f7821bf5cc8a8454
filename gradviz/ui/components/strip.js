// A row of square photographs; each is a button, so Tab and Enter work.

const states = new WeakMap(); // by parentElement

function show(state, root, { header, parts }) {
  if (state.digest !== header.digest) {
    state.digest = header.digest;
    showPictures(state, parts);
    state.buttons = header.ids.map((id, i) => {
      const about = header.shows[i] ? `${id}: ${header.shows[i]}` : id;
      const image = element("img", { src: state.urls[i], alt: about, decoding: "async" });
      return element("button", { type: "button", title: about, onclick: () => state.component.setTriggerValue("id", id) }, image);
    });
    const row = element("div", { className: "strip" }, ...state.buttons);
    row.style.gridTemplateColumns = `repeat(${header.ids.length}, 1fr)`;
    root.replaceChildren(row);
  }
  state.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(header.ids[i] === header.focus)));
}

export default function (component) {
  const state = states.get(component.parentElement) || { digest: "", urls: [], buttons: [] };
  states.set(component.parentElement, state);
  state.component = component;
  const root = component.parentElement.querySelector(".root");
  dress(root);
  show(state, root, unpack(component.data));
  return () => dropPictures(state);
}
