// The answer: what was chosen and how, its score, and by how much it is better than its rivals, on one axis.

// A result's name: network, formula, temperature.
function resultName(one, { network = true } = {}) {
  const made = element("span", { className: "layers-name" });
  if (network && one.title) made.append(one.title, " · ");
  made.append(symbol(one.representation, one.formula));
  if (one.approximate) made.append(" ≈");
  if (one.temperature !== null) made.append(" · τ ", tauText(one.temperature));
  return made;
}

// A difference with its interval beside zero; `x` places percents.
function differenceLine(one, x, width, height, colour) {
  const line = shape("svg", { width, height, "aria-hidden": "true" });
  line.append(shape("line", { x1: x(0), x2: x(0), y1: 0, y2: height, class: "zero" }));
  if (one.interval) line.append(shape("line", { x1: x(one.interval[0]), x2: x(one.interval[1]), y1: height / 2, y2: height / 2, class: "thick" }));
  line.append(shape("circle", { cx: x(one.value), cy: height / 2, r: 4, fill: colour }));
  return line;
}

function answerDifferences(differences, width, look) {
  const made = element("div", { className: "layers-differences" });
  const ends = differences.flatMap(({ interval, value }) => [...(interval || []), value]);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const room = (high - low || 1) * 0.06;
  const x = (value) => ((value - low + room) / (high - low + 2 * room)) * width;
  for (const one of differences) {
    const words = element("span", { className: "words" }, one.relation.before, resultName(one, { network: one.otherNetwork }), one.relation.after);
    if (!one.certain) words.append(": not told apart");
    words.title = words.textContent;
    const drawn = width ? [differenceLine(one, x, width, 16, one.certain ? look.roles.text : look.roles.muted)] : []; // where there is little room, words and numbers go first
    made.append(element("div", { className: `line${width ? "" : " bare"}` }, element("b", { textContent: signed1(one.value) }), words, ...drawn, element("span", { className: "quiet", textContent: between(one.interval) })));
  }
  return made;
}

function layersAnswer(state, layout) {
  const { answer } = state.header;
  const made = element("section", { className: "layers-answer" });
  made.style.minHeight = `${layout.answer}px`;
  if (!answer) return made;
  made.style.setProperty("--colour", state.look.roles[answer.role]);
  const tag = element("span", { className: `tag ${answer.state}` }, answer.tag);
  const head = element("div", { className: "what" }, element("span", { className: "quiet", textContent: answer.about }), element("h2", {}, resultName(answer)), element("div", {}, tag, element("span", { className: "quiet", textContent: answer.beside })));
  const score = element("div", { className: "score" }, element("b", { textContent: number1(answer.value) }), element("span", { className: "quiet" }, answer.unit, element("br"), between(answer.interval)));
  made.append(head, score, answerDifferences(answer.differences, layout.narrow ? 0 : 130, state.look));
  return made;
}
