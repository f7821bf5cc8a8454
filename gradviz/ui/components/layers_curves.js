// Mean average precision over the temperature, a panel a network: what has no temperature is a flat line.

const CURVES = { bottom: 20, top: 20, names: 62, axis: 26 };

function curvePanel(state, panel, range, width, height) {
  const { look } = state;
  const made = shape("svg", { width, height, class: "layers-panel", role: "img", "aria-label": `Cross-validated mAP of ${panel.title} over the temperature` });
  const [left, right] = [CURVES.axis + 42, width - CURVES.names];
  const y = (value) => CURVES.top + ((range[1] - value) / (range[1] - range[0])) * (height - CURVES.top - CURVES.bottom);
  const text = (content, attributes) => {
    const label = shape("text", attributes);
    label.textContent = content;
    made.append(label);
    return label;
  };
  text(panel.title, { x: 0, y: 11, class: "title" });
  for (const tick of roundTicks(...range, 4)) {
    made.append(shape("line", { x1: CURVES.axis, x2: right, y1: y(tick), y2: y(tick), class: "grid" }));
    text(String(tick), { x: CURVES.axis - 5, y: y(tick) + 4, "text-anchor": "end" });
  }
  const places = temperaturePlaces(panel.temperatures, left, right - 4);
  for (const [tau, x] of places) text(tauText(tau), { x, y: height - 4, "text-anchor": "middle", class: "tick" });
  if (places.size) text("τ", { x: left - 16, y: height - 4, "text-anchor": "middle", class: "symbol" });
  const flats = panel.lines.filter((line) => line.flat);
  const curves = panel.lines.filter((line) => !line.flat);
  for (const line of flats) made.append(shape("line", { x1: left - 6, x2: right, y1: y(line.points[0].mean), y2: y(line.points[0].mean), class: `flat${line.joined ? " joined" : ""}`, stroke: look.roles[line.role] }));
  for (const line of curves) {
    const at = line.points.map(({ temperature, mean }) => [places.get(temperature), y(mean), temperature]);
    const path = (list) => list.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
    const finite = at.filter(([, , tau]) => tau !== "inf");
    made.append(shape("path", { d: path(finite), class: "curve", stroke: look.roles[line.role] }));
    const endless = at.find(([, , tau]) => tau === "inf");
    if (endless && finite.length) made.append(shape("path", { d: path([finite.at(-1), endless]), class: "curve beyond", stroke: look.roles[line.role] }));
    at.forEach(([px, py, tau]) => made.append(shape("circle", { cx: px, cy: py, r: tau === line.best ? 4.4 : 2, class: tau === line.best ? "best" : "", fill: tau === line.best ? look.roles.background : look.roles[line.role], stroke: look.roles[line.role] })));
  }
  const names = (lines, places, x, anchor, leader) => {
    const apart = spreadApart(places, LAYERS.label, CURVES.top + 4, height - CURVES.bottom - 4);
    lines.forEach((line, k) => {
      const label = shape("text", { x, y: apart[k] + 4, "text-anchor": anchor, class: line.formula ? "symbol" : "", style: `fill: ${look.roles[line.role]}` });
      for (const { text: letters, sub } of symbolParts(line.representation, line.formula)) {
        label.append(letters);
        if (sub) {
          const below = shape("tspan", { dy: 3, class: "sub" });
          below.textContent = sub;
          label.append(below, Object.assign(shape("tspan", { dy: -3 }), { textContent: "\u200b" }));
        }
      }
      made.append(label, shape("path", { d: leader(places[k], apart[k]), class: "leader" }));
    });
  };
  names(flats, flats.map((line) => y(line.points[0].mean)), left - 20, "end", (from, to) => `M${left - 7} ${from}L${left - 17} ${to}`);
  const ends = curves.map((line) => [places.get(line.points.at(-1).temperature), y(line.points.at(-1).mean)]);
  names(curves, ends.map(([, py]) => py), right + 16, "start", (from, to) => `M${right + 2} ${from}L${right + 13} ${to}`);
  panel.x = places;
  return hoverOf(state, panel, made, places, y, height);
}

// Under the pointer: the nearest temperature as a line, and what every curve reaches there.
function hoverOf(state, panel, made, places, y, height) {
  const line = shape("line", { y1: CURVES.top - 4, y2: height - CURVES.bottom + 4, class: "hair", visibility: "hidden" });
  made.append(line);
  made.onpointermove = (event) => {
    const [px] = pointIn(made, event);
    const near = [...places].sort((a, b) => Math.abs(a[1] - px) - Math.abs(b[1] - px))[0];
    if (!near || Math.abs(near[1] - px) > 40) return leave();
    for (const [key, value] of [["x1", near[1]], ["x2", near[1]], ["visibility", "visible"]]) line.setAttribute(key, value);
    const lines = panel.lines.map((one) => [one, one.flat ? one.points[0] : one.points.find(({ temperature }) => temperature === near[0])]).filter(([, point]) => point).sort((a, b) => b[1].mean - a[1].mean);
    const rows = lines.map(([one, point]) => {
      const row = element("div", { className: "layers-at" }, symbol(one.representation, one.formula), element("b", { textContent: number1(point.mean) }), element("span", { className: "quiet", textContent: between(point.interval) }));
      row.style.color = state.look.roles[one.role];
      return row;
    });
    state.tip.replaceChildren(element("b", { textContent: `τ ${tauText(near[0])}, by cross-validation` }), ...rows);
    placeTip(state.tip, state.root, ...pointIn(state.root, event));
  };
  const leave = () => {
    line.setAttribute("visibility", "hidden");
    state.tip.style.display = "none";
  };
  made.onpointerleave = leave;
  return made;
}

function layersCurves(state, layout) {
  const { header } = state;
  const made = element("section", { className: "layers-curves" });
  made.style.width = `${layout.curves}px`;
  const shown = header.panels.slice(0, layout.curves < 400 ? 1 : 2);
  const more = header.panels.length - shown.length;
  const about = more > 0 ? `the best ${shown.length} of ${header.panels.length} networks` : "flat: no temperature · ○ best τ";
  made.append(element("div", { className: "layers-title" }, element("strong", { textContent: "mAP by temperature" }), element("span", { className: "quiet", textContent: about, title: about }), element("span", { className: "tag chosen", textContent: "cv on " + header.train })));
  const height = layout.middle - LAYERS.title - 4;
  const ranges = commonRanges(shown.map((panel) => panel.lines.flatMap((line) => line.points.map(({ mean }) => mean))));
  const width = Math.floor((layout.curves - (shown.length - 1) * 10) / Math.max(1, shown.length));
  const row = element("div", { className: "layers-panels" }, ...shown.map((panel, k) => curvePanel(state, panel, ranges[k], width, height)));
  made.append(row);
  return made;
}
