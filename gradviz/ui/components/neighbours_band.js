// The band above the rows: the query, its average precision, and the photograph under the pointer.

const JUDGED = { 1: "right", 0: "muted", "-1": "wrong" };

// A mark in as many parts as the query has classes: filled where a class is shared, hollow where not, dotted where difficult.
function markOf({ marks, judged }) {
  const mark = element("span", { className: "nb-mark" });
  mark.append(...marks.map((one) => element("i", { className: judged === 0 ? "unsure" : one === 1 ? "yes" : one === 0 ? "unsure" : "no" })));
  return mark;
}

// What a photograph has in common with the query, in words.
function judgement({ asked }, { judged, marks }) {
  if (judged === null) return "";
  if (judged === 0) return "counts neither way";
  const shared = asked.classes.filter((_, k) => marks[k] === 1);
  return judged === 1 ? `shows ${shared.join(", ")}` : asked.classes.length === 1 ? `shows no ${asked.classes[0]}` : "shares no class";
}

function framed(url, className, alt) {
  const frame = element("div", { className });
  frame.append(url ? element("img", { src: url, alt }) : element("span", { textContent: alt }));
  return frame;
}

function queryPart(state) {
  const { asked } = state.header;
  const chips = element("div", { className: "nb-chips" }, ...asked.classes.map((name) => element("b", { textContent: name })));
  if (asked.split) chips.append(element("span", { textContent: "in split " }, element("strong", { textContent: asked.split })));
  if (!asked.classes.length && !asked.split) chips.hidden = true;
  const title = element("h2", {}, "Query ", element("span", { textContent: asked.name, title: asked.name }));
  const keys = [["←", "→", "along a row"], ["↑", "↓", "follow a photograph"], ["Enter", "", "makes it the query"]].map(([a, b, text]) =>
    element("div", {}, element("kbd", { textContent: a }), ...(b ? [element("kbd", { textContent: b })] : []), text),
  );
  const words = element("div", { className: "nb-query" }, title, chips, element("p", { textContent: asked.about }), element("div", { className: "nb-keys" }, ...keys));
  return [framed(state.urls[0], "nb-photo", asked.name), words];
}

// Precision as the hits are found, in percent; the mean of each curve is the average precision beside it.
function precisionPart(state) {
  const { header } = state;
  const part = element("div", { className: "nb-precision" }, element("h2", { textContent: "Average precision", title: "Average precision of the query: how early the others that share a class with it come" }));
  if (header.rows[0].ap === null) {
    part.append(element("p", { textContent: "undefined" }));
    return part;
  }
  const hits = state.precisions[0].length;
  const plot = shape("svg", { class: "nb-curves", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const y of [0, 50, 100]) plot.append(shape("path", { d: `M0 ${y}H100`, class: "grid" }));
  header.rows.forEach(({ role }, k) => {
    const path = precisionPath([...state.precisions[k]], 100, 100);
    if (role === "product") plot.append(shape("path", { d: `${path}V100H0Z`, class: "area" }));
    plot.append(shape("path", { d: path, class: `curve ${role}` }));
  });
  const [left, below] = [element("div", { className: "nb-percent" }), element("div", { className: "nb-found" })];
  left.append(...["100 %", "50", "0"].map((text) => element("span", { textContent: text })));
  below.append(element("span", { textContent: "1st" }), element("span", { textContent: hits > 1 ? `${ordinal(hits)} found` : "found" }));
  const scores = element("div", { className: "nb-scores" });
  scores.append(...header.rows.map(({ role, title, ap }) => element("div", { className: role }, element("b", { textContent: ap.toFixed(1) }), title)));
  scores.append(element("p", { textContent: `precision as the ${hits > 1 ? hits.toLocaleString("en") : "one"} ${hits > 1 ? "are" : "is"} found; its mean is AP` }));
  part.append(element("div", { className: "nb-plot" }, left, plot, below), scores);
  return part;
}

// The photograph under the pointer, with K_fw × K_bw = K and its three ranks.
function fillCard(state) {
  const { header, photographs } = state;
  const one = photographs[state.lit.at];
  const row = (sign, { role, symbol }, value, rank) => {
    const [letter, sub] = symbol.split("_");
    const name = element("i", { textContent: letter });
    if (sub) name.append(element("sub", { textContent: sub }));
    return element("tr", { className: role }, element("td", { textContent: sign }), element("th", { scope: "row" }, name), element("td", { className: "value", textContent: withMinus(value) }), element("td", { textContent: ordinal(rank) }));
  };
  const { parts, sign } = header.unit ? equationParts(one.values, 3) : { parts: one.values.map((value) => shortValue(value, false)), sign: "≈" };
  const head = element("tr", {}, ...["", "kernel", "value", "rank"].map((text) => element("th", { scope: "col", textContent: text })));
  head.firstChild.replaceWith(element("td"));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...header.rows.map((kernel, k) => row(["", "×", sign][k], kernel, parts[k], one.ranks[k]))));
  const said = judgement(header, one);
  const about = element("div", { className: "nb-about" }, one.shows || "no class");
  const mark = one.marks.length ? [markOf(one), element("span", { textContent: said })] : [];
  const title = element("h2", {}, element("span", { textContent: one.id, title: one.id }), element("small", { textContent: state.lit.first ? " moves most" : " under the pointer" }));
  const query = element("button", { type: "button", className: "quiet", textContent: "Make it the query", onclick: () => askFor(state, one.id) });
  const pair = element("button", { type: "button", className: "quiet", textContent: "Pair", title: "Opens both in Kernels", onclick: () => openPair(state, one.id) });
  pair.disabled = header.asked.own;
  if (header.asked.own) pair.title = "Your own photograph is not part of this data set";
  const words = element("div", { className: "nb-words" }, title, about, element("div", { className: "nb-judged" }, ...mark), table, element("div", { className: "nb-buttons" }, query, pair));
  const frame = framed(one.url, `nb-photo ${one.judged === null ? "" : JUDGED[one.judged]}`, one.id);
  state.card.replaceChildren(frame, words);
  state.spoken.textContent = spokenOf(state, state.lit);
}

// What is said of a photograph in a row.
function spokenOf({ header, photographs }, { row, at }) {
  const one = photographs[at];
  const { title } = header.rows[row];
  return [`${ordinal(one.ranks[row])} in ${title}`, one.id, one.shows || "no class", `value ${withMinus(shortValue(one.values[row], header.unit))}`, judgement(header, one)].filter(Boolean).join(", ");
}
