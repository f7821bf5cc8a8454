// A row of photographs to send through the network: a click is A, a shift-click or the other mode is B.

const states = new WeakMap(); // by parentElement

function pick(state, id, shift) {
  state.component.setTriggerValue("pick", { id, role: shift ? "B" : state.role });
}

function show(state, root, { header, parts }) {
  if (state.digest !== header.digest) {
    state.digest = header.digest;
    showPictures(state, parts);
    state.buttons = header.ids.map((id, i) => {
      const about = header.shows[i] ? `${id}: ${header.shows[i]}` : id;
      const image = element("img", { src: state.urls[i], alt: about, decoding: "async" });
      return element("button", { type: "button", title: about, onclick: (event) => pick(state, id, event.shiftKey) }, image, element("b"));
    });
    state.modes = ["A", "B"].map((role) => {
      const mode = element("button", { type: "button", className: "quiet", textContent: role, title: `A click chooses ${role}` });
      mode.addEventListener("click", () => {
        state.role = role;
        mark(state, header);
      });
      return mode;
    });
    const row = element("div", { className: "ten" }, ...state.buttons);
    const switchable = element("div", { className: "modes", role: "group" }, ...state.modes);
    switchable.setAttribute("aria-label", "A click chooses");
    root.replaceChildren(element("div", { className: "ten-row" }, switchable, row));
  }
  mark(state, header);
}

function mark(state, header) {
  state.buttons.forEach((button, i) => {
    const role = header.ids[i] === header.a ? "A" : header.ids[i] === header.b ? "B" : "";
    const selected = header.selected.includes(header.ids[i]);
    const about = header.shows[i] ? `${header.ids[i]}: ${header.shows[i]}` : header.ids[i];
    button.className = [role && "chosen", selected && "selected"].filter(Boolean).join(" ");
    button.title = selected ? `${about}; selected` : about;
    button.firstChild.alt = button.title;
    button.lastChild.textContent = role;
    button.setAttribute("aria-pressed", String(Boolean(role)));
  });
  state.modes.forEach((mode) => mode.setAttribute("aria-pressed", String(mode.textContent === state.role)));
}

export default function (component) {
  const state = states.get(component.parentElement) || { digest: "", urls: [], buttons: [], role: "A" };
  states.set(component.parentElement, state);
  state.component = component;
  const root = component.parentElement.querySelector(".root");
  dress(root);
  show(state, root, unpack(component.data));
  return () => dropPictures(state);
}
