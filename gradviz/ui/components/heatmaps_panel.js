// The panel beside the figure: both photographs, the numbers of their pair, its place among all, the lens.

const LENS = { none: 60, least: 110 }; // pixels of room from which on it is drawn, and how high it is at least

function buildAside(state) {
  const photo = (letter) => {
    const image = element("img", { hidden: true, decoding: "async" });
    const canvas = element("canvas", { className: "plain", width: 10, height: 10 });
    const caption = element("figcaption");
    const figure = element("figure", {}, element("div", { className: "frame" }, canvas, image, element("b", { textContent: letter })), caption);
    return { image, canvas, caption, figure };
  };
  state.photos = [photo("A"), photo("B")];
  state.asideTitle = element("h4");
  state.numbers = element("table");
  state.placeLine = element("p", { className: "quiet" });
  state.lensTitle = element("h4");
  state.lens = element("canvas", { className: "lens" });
  state.lens.setAttribute("role", "img");
  state.aside = element(
    "div",
    { className: "pairbox" },
    element("div", { className: "bar" }, state.asideTitle, state.whole, state.save),
    element("div", { className: "two" }, ...state.photos.map(({ figure }) => figure)),
    element("div", { className: "counted" }, state.numbers, state.placeLine),
    element("div", { className: "around" }, state.lensTitle, state.lens),
  );
  listenToLens(state);
}

function showAside(state) {
  const pair = state.cursor || state.marked;
  for (const part of [...state.aside.children].slice(1)) part.hidden = !pair;
  if (!pair) return;
  const ids = [state.rows.ids[pair.row], state.cols.ids[pair.col]];
  state.asideTitle.textContent = state.cursor ? "The pair under the pointer" : "The pair";
  state.photos.forEach((photo, i) => showPhoto(state, photo, ids[i], [state.rows, state.cols][i], [pair.row, pair.col][i], ["row", "column"][i]));
  showNumbers(state, pair);
  const large = state.panels[state.large];
  state.lensTitle.replaceChildren(element("span", { textContent: large.title.split(" ")[0], style: `color: var(--gv-${large.role})` }), " around it, pair by pair");
  state.lens.setAttribute("aria-label", `${large.title} of ${ids[0]} and ${ids[1]} and the photographs beside them; the numbers above are this pair's`);
  const room = state.high - (state.lens.offsetTop - state.aside.offsetTop) - 2;
  // In a presentation on a low window the pair and its numbers are what is seen, and the list of pairs below.
  state.lens.parentElement.hidden = room < LENS.none;
  state.lensHigh = Math.max(LENS.least, room);
  if (room >= LENS.none) drawLens(state);
}

function showPhoto(state, photo, id, axis, index, side) {
  const url = bus.pictures.has(id) ? `${bus.pictures.get(id)}` : "";
  const labels = shownBy(state, axis, index);
  photo.image.hidden = !url;
  photo.canvas.hidden = Boolean(url) || !bus.sprite;
  photo.figure.querySelector(".frame").hidden = !url && !bus.sprite;
  if (url && photo.image.getAttribute("src") !== url) photo.image.src = url;
  photo.image.alt = labels ? `${id}: ${labels}` : id;
  if (!url && bus.sprite) {
    const side = bus.sprite.side;
    [photo.canvas.width, photo.canvas.height] = [side, side];
    drawThumb(photo.canvas.getContext("2d"), state, id, 0, 0, side, side);
  }
  const text = `${id}\u0000${side}\u0000${labels}`;
  if (photo.said === text) return;
  photo.said = text;
  photo.caption.replaceChildren(
    element("div", { className: "line", title: id }, element("b", { textContent: id }), element("span", { className: "quiet", textContent: ` ${side}` })),
    element("div", { className: "line", textContent: labels || "no class", title: labels }),
  );
}

// One row a kernel: this pair, the mean of its block, the median of all.
function showNumbers(state, pair) {
  const values = pairValues(state, pair.row, pair.col);
  const usual = usualDecimals(state);
  state.values = values;
  const equal = state.product && values ? equationParts(values, usual) : null;
  const head = element("tr", {}, element("th"), element("th", { textContent: "this pair" }), element("th", { textContent: "block mean" }), element("th", { textContent: "median of all" }));
  const rows = state.panels.map((panel, i) => {
    const sign = state.product ? ["", "× ", `${equal ? equal.sign : "="} `][i] : "";
    const mean = blockMean(state, panel, pair.row, pair.col);
    const value = equal ? equal.parts[i] : values ? number(values[i], usual) : `${number(meanValues(state, pair.row, pair.col)[i], usual)}`;
    const name = element("th", { scope: "row" }, element("span", { className: "quiet", textContent: sign }), `${panel.role} `, symbolOf(panel));
    const main = element("td", { className: values ? "value" : "value waiting", textContent: withMinus(value), style: `color: var(--gv-${panel.role})` });
    return element("tr", {}, name, main, element("td", { textContent: mean === null ? "–" : withMinus(number(mean, usual)) }), element("td", { textContent: withMinus(number(panel.median, usual)) }));
  });
  state.numbers.replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  state.placeLine.textContent = values ? placeText(state, pair, values[values.length - 1]) : "the mean of the cell; the pair comes when the pointer rests";
}

// K with its small letters below: K_fw.
function symbolOf(panel) {
  const [letter, below] = panel.symbol.split("_");
  return element("i", { style: `color: var(--gv-${panel.role})` }, letter, ...(below ? [element("sub", { textContent: below })] : []));
}

function placeText(state, pair, value) {
  const panel = state.panels[state.panels.length - 1];
  if (state.rows.ids[pair.row] === state.cols.ids[pair.col]) return "one photograph with itself";
  const told = state.told;
  const pinned = told && told.place && told.row === pair.row && told.col === pair.col;
  const { place, exact } = pinned ? { place: told.place, exact: true } : placeAmong(panel, value);
  return `Place ${exact ? "" : "about "}${grouped(place)} of ${grouped(panel.count)} pairs`;
}
