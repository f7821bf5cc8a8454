// Precision over recall under A and B, with a ring on each curve where the photograph under the pointer is ranked.

function scoresCurve(state, width, height) {
  const { detail } = state.header;
  const [left, bottom, top] = [24, 16, 20];
  const x = (recall) => left + recall * (width - left - 6);
  const y = (precision) => top + (1 - precision) * (height - top - bottom);
  const made = shape("svg", { width, height, class: "scores-curve", role: "img", "aria-label": `Precision over recall of ${detail.name}` });
  const text = (content, attributes) => {
    const label = shape("text", attributes);
    label.textContent = content;
    made.append(label);
  };
  for (const value of [0, 0.5, 1]) {
    made.append(shape("line", { x1: left, x2: width - 6, y1: y(value), y2: y(value), class: "grid" }));
    text(String(value), { x: left - 5, y: y(value) + 3.5, "text-anchor": "end" });
  }
  text("precision", { x: 0, y: 9 });
  text("0", { x: left, y: height - 3, "text-anchor": "middle" });
  text("recall", { x: (left + width) / 2, y: height - 3, "text-anchor": "middle" });
  text("1", { x: width - 6, y: height - 3, "text-anchor": "middle" });
  const points = detail.curves.map((curve) => curvePoints(curve, x, y));
  const path = (list) => list.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
  if (points.length > 1 && points[0].length && points[1].length) made.append(shape("path", { d: `${path([...points[0], ...[...points[1]].reverse()])}Z`, class: "area" }));
  [...points].reverse().forEach((list, k) => made.append(shape("path", { d: path(list), class: `line ${"ab"[points.length - 1 - k]}` })));
  [...detail.curves].reverse().forEach((curve, k) => curve.tenths.forEach((precision, i) => made.append(shape("circle", { cx: x(i / 10), cy: y(precision), r: 1.7, class: "ab"[detail.curves.length - 1 - k] }))));
  const photo = detail.photos[state.shown];
  if (photo) {
    const [recall, precision] = photo.cuts[0];
    made.append(shape("line", { x1: x(recall), x2: x(recall), y1: y(precision), y2: y(0), class: "drop" }));
    photo.cuts.map((cut, k) => [cut, k]).reverse().forEach(([cut, k]) => made.append(shape("circle", { cx: x(cut[0]), cy: y(cut[1]), r: 4.6, class: `ring ${"ab"[k]}` })));
  }
  return made;
}
