// What each layer's gradient is better by than its input and output joined, on one axis.

function layersGains(state, layout) {
  const { gains, train } = state.header;
  const made = element("section", { className: "layers-gains" });
  made.style.width = `${layout.gains}px`;
  const title = element("div", { className: "layers-title" }, element("strong", { textContent: "Gain of the product" }));
  title.title = `The gradient of a layer, at its best temperature, above its input and output joined: mAP by cross-validation on ${train}, intervals 95 %, paired by photograph`;
  made.append(title);
  const width = layout.gains - 4;
  const ends = gains.flatMap(({ interval, value }) => [...(interval || []), value]);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const x = (value) => 6 + ((value - low) / (high - low || 1)) * (width - 12);
  for (const one of gains) {
    const names = element("span", { className: "words" }, symbol(one.representation, one.formula), one.approximate ? " ≈" : "", " above ", symbol(one.above, true));
    const words = element("div", { className: "gain" }, element("b", { textContent: signed1(one.value) }), names, element("span", { className: "quiet", textContent: between(one.interval) }));
    words.title = `${names.textContent}, τ ${tauText(one.temperature)}${one.certain ? "" : ": not told apart"}`;
    made.append(words, differenceLine(one, x, width, 14, one.certain ? state.look.roles.product : state.look.roles.muted));
  }
  return made;
}
