// All layers as small kernels beside each other, with their alignment to the labels; a click chooses the layer.

function receiveLayers(component, { header, parts }) {
  const root = component.parentElement.querySelector(".root");
  const theme = dress(root);
  const state = partsOf(root, "layers");
  state.component = component;
  const digest = `${header.digest} ${theme.dark}`;
  if (state.digest === digest) return;
  state.digest = digest;
  const { layers, chosen } = header;
  const aligned = layers.some((layer) => layer.alignment);
  const best = [0, 1, 2].map((row) => Math.max(...layers.map((layer) => (layer.alignment ? layer.alignment[row] : -Infinity))));
  const most = Math.max(0.05, ...best.filter(Number.isFinite));
  const rows = ["forward", "backward", "product"];
  const names = rows.map((role) => element("div", { className: "role", textContent: role, style: `color: var(--gv-${role})` }));
  let at = 0;
  const columns = layers.map((layer) => {
    const cells = rows.map((role, row) => {
      const table = rampOf(role, theme.dark);
      const scale = { limits: layer.limits[row], quantiles: [] };
      const pixels = pixelsOf(...layer.ranges[row], scale, "linear", table);
      const image = colourImage(new Uint16Array(parts[at++]), layer.side, layer.side, pixels);
      image.className = "plain";
      const lines = [element("span", { className: "quiet", textContent: layer.triple[row] + (row === 2 && layer.pooled ? " ≈" : "") })];
      if (aligned) {
        const value = layer.alignment ? layer.alignment[row] : NaN;
        lines.push(element("span", { className: value === best[row] && layers.length > 1 ? "best" : "", textContent: withMinus(number(value, 3)) }));
        lines.push(element("i", { style: `width: ${Math.max(0, (100 * value) / most)}%; background: var(--gv-${role})` }));
      }
      return element("div", { className: "mini" }, image, element("div", { className: "words" }, ...lines));
    });
    const about = layer.alignment ? `: alignment with the labels ${rows.map((role, i) => `${role} ${withMinus(number(layer.alignment[i], 3))}`).join(", ")}` : "";
    const button = element("button", { type: "button", className: "layer", onclick: () => tell(component, "chosen", layer.name) }, element("b", { textContent: layer.name }), ...cells);
    button.setAttribute("aria-label", `Layer ${layer.name}${about}`);
    button.setAttribute("aria-pressed", String(layer.name === chosen));
    return button;
  });
  const title = element("h4", {}, "Layers", element("span", { className: "quiet", textContent: aligned ? " and their alignment with the labels" : "" }));
  const note = element("span", { className: "quiet note", textContent: header.note, title: header.note });
  const strip = element("div", { className: "filmstrip" }, element("div", { className: "roles" }, ...names), ...columns);
  root.replaceChildren(element("div", { className: "heading" }, title, note), strip);
  strip.classList.toggle("slim", root.clientWidth < 420);
  const pressed = strip.querySelector('[aria-pressed="true"]');
  if (pressed) strip.scrollLeft = pressed.offsetLeft + pressed.offsetWidth - strip.clientWidth;
}
