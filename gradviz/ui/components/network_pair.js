// Two photographs, one number: the two inner products as aligned strips, and their product.

const SUMS = 180;
const SPOKEN = 3;

function buildPair(state) {
  const title = element("h2", {});
  title.append("Two photographs, one number: ", element("i", { textContent: "K" }), " = ", netFactor("fw"), " · ", netFactor("bw"));
  const sides = Object.fromEntries(["forward", "backward"].map((role) => [role, netSide(role)]));
  const places = element("div", { className: "net-places" });
  const equation = element("div", { className: "net-equation" });
  const go = (text, where) => {
    const button = element("button", { type: "button", className: "quiet", textContent: text });
    button.addEventListener("click", () => state.component.setTriggerValue("go", where));
    return button;
  };
  const [kernels, map] = [go("Open in Kernels", "kernels"), go("Find on Map", "map")];
  const own = element("div", { className: "net-own" }, element("span"), element("button", { type: "button", className: "quiet", textContent: "Choose yours as the data set" }));
  own.lastChild.addEventListener("click", () => state.component.setTriggerValue("own", true));
  const sum = element("div", { className: "net-sum" }, equation, own, kernels, map);
  const body = element("div", { className: "net-two" }, element("div", {}, sides.forward.box, sides.backward.box), places);
  const none = element("p", { className: "net-none" });
  const panel = element("section", { className: "net-panel" }, title, none, body, sum);
  return { panel, sides, places, equation, own, kernels, map, body, sum, none };
}

function netFactor(index) {
  const role = { fw: "forward", bw: "backward" }[index];
  return element("i", { className: role }, "K", element("sub", { textContent: index }));
}

function netSide(role) {
  const canvas = element("canvas", { className: "net-strips" });
  canvas.setAttribute("role", "img");
  const number = element("div", { className: `net-large ${role}` }, netFactor(role === "forward" ? "fw" : "bw"), element("span"));
  const said = element("div", { className: "net-said" });
  return { canvas, number, said, box: element("div", { className: "net-factor" }, element("div", {}, canvas, said), number) };
}

// The vector of length 1 less the mean of such vectors.
function centred(vector, mean) {
  const size = Math.sqrt(inner(vector, vector)) || 1;
  return Float64Array.from(vector, (value, i) => value / size - mean[i]);
}

// What the kernel compares of a photograph: its factors, less the mean where the kernel takes it away. None while the
// mean is that of another layer or temperature.
function comparedFactors(state, photo) {
  const factors = netFactors(state, photo);
  if (state.network.normalise !== "centred") return factors;
  const { means } = state;
  if (!means || means.layer !== state.layer || means.temperature !== state.network.temperatures[state.step]) return null;
  return factors.map((values, i) => centred(values, means.values[i]));
}

// K_fw, K_bw and K of the pair for the opened layer at the slider's temperature.
function pairValues(state, one, other) {
  const unit = state.network.normalise !== "none";
  const parts = one.map((values, i) => shares(values, other[i], unit));
  const [forward, backward] = parts.map((part) => part.reduce((sum, value) => sum + value, 0));
  return { parts, forward, backward, product: forward * backward };
}

// The equation in digits that agree: decimals for cosines, significant digits for inner products.
function equationTexts({ forward, backward, product }, unit) {
  if (unit) {
    const decimals = agreeingDecimals(forward, backward, product);
    return [fixed(forward, decimals), fixed(backward, decimals), fixed(product, 3)];
  }
  const digits = agreeing([forward, backward], (a, b) => a * b, 4);
  return [written(forward, digits), written(backward, digits), written(product, 4)];
}

function movePair(state) {
  const { pair, photos, network } = state;
  const [one, other] = [photos.A, photos.B].map((photo) => photo && comparedFactors(state, photo));
  const why = photos.B ? "Kernels are centred: the mean of the photographs is not known yet at this temperature." : "Pin a second photograph, B, with a shift-click above: K says how alike the gradients of the two are.";
  pair.none.textContent = one && other ? "" : why;
  for (const part of [pair.body, pair.sum, pair.none]) part.hidden = (part === pair.none) === Boolean(one && other);
  if (!one || !other) return;
  showPlaces(state);
  const values = pairValues(state, one, other);
  const unit = network.normalise !== "none";
  const texts = equationTexts(values, unit);
  const k = netLayer(state).number;
  ["forward", "backward"].forEach((role, i) => {
    const side = pair.sides[role];
    const vectors = [one[i], other[i]];
    side.number.lastChild.textContent = fixedOr(values[role], unit);
    paintSide(state, side, role, vectors, values.parts[i]);
    side.said.textContent = spokenShares(values.parts[i], values[role]);
    side.canvas.setAttribute("aria-label", `${role === "forward" ? `x${k - 1}` : `dE/dy${k}`} of A and B, unit by unit, and their products, which sum to ${side.number.lastChild.textContent}`);
  });
  const [forward, backward, product] = texts;
  const letters = element("i", { className: "product", textContent: "K" });
  pair.equation.replaceChildren(letters, "(A, B) = ", netSpan("forward number", forward), " × ", netSpan("backward number", backward), " = ", netSpan("product number", product));
  if (network.pooled) pair.equation.append(element("small", { textContent: "pooled approximation" }));
  const { elsewhere } = state.choices;
  pair.own.firstChild.textContent = elsewhere;
  pair.own.hidden = !elsewhere;
  pair.kernels.hidden = pair.map.hidden = Boolean(elsewhere);
}

const fixedOr = (value, unit) => (unit ? fixed(value, 3) : written(value, 4));

// Which units add most, and how much of the sum a few of them make.
function spokenShares(part, sum) {
  const few = Math.min(20, part.length);
  const order = largestPlaces(part, few);
  const names = order.slice(0, SPOKEN).map((unit) => whole(unit));
  const share = order.reduce((total, unit) => total + part[unit], 0) / sum;
  const most = `units ${names.join(", ")} add most`;
  return sum > 0 && share <= 1 ? `${most}; ${few} of ${whole(part.length)} units make ${Math.round(100 * share)} %` : most;
}

function paintSide(state, side, role, vectors, part) {
  const { theme } = state;
  const width = Math.max(120, side.canvas.parentElement.clientWidth);
  const room = state.rooms.pair;
  const band = room > 240 ? 16 : room > 150 ? 13 : 10;
  const bars = Math.max(14, Math.min(64, room / 2 - 2 * band - 40));
  const context = sharpContext(side.canvas, width, 2 * band + 4 + bars + 4, state.ratio);
  context.clearRect(0, 0, width, 200);
  const left = 26 * state.scale;
  context.font = `bold ${11 * state.scale}px ${theme.font}`;
  context.textBaseline = "middle";
  vectors.forEach((values, n) => {
    context.fillStyle = theme.text;
    context.fillText("AB"[n], 8 * state.scale, n * (band + 3) + band / 2 + 1);
    // Unit vectors where the kernel compares those: each photograph has a scale of its own.
    const most = state.network.normalise === "none" ? largestSize(...vectors) : largestSize(values);
    paintStrip(context, values, most, role, theme, { x: left, y: n * (band + 3), width: width - left, height: band, across: true });
  });
  const sums = sumsOfRuns(part, SUMS);
  const [up, down] = [Math.max(0, ...sums), Math.max(0, ...sums.map((value) => -value))];
  const top = 2 * band + 8;
  const zero = top + (bars * up) / (up + down || 1);
  const step = (width - left) / sums.length;
  sums.forEach((value, run) => {
    const height = (bars * Math.abs(value)) / (up + down || 1);
    context.fillStyle = value < 0 ? theme.roles.accent : theme.roles[role];
    context.fillRect(left + run * step, value < 0 ? zero : zero - height, Math.max(1, step - 0.6), height);
  });
  context.fillStyle = theme.roles.line;
  context.fillRect(left, zero, width - left, 1);
  context.fillStyle = theme.roles.muted;
  context.font = `${11 * state.scale}px ${theme.font}`;
  context.fillText("A·B", 2, zero - 5);
}

// Where in the photographs the forward similarity comes from: places that add little are veiled.
function showPlaces(state) {
  const { pair, shares: found, photos, choices, network } = state;
  const first = netLayer(state).number === network.layers[0].number;
  const there = first && found && found.ids[0] === photos.A.id && found.ids[1] === photos.B.id;
  const title = element("div", { className: "forward", textContent: "where it is from" });
  if (!there) {
    pair.places.replaceChildren(...(first && choices.nowhere ? [element("p", { className: "net-said", textContent: choices.nowhere })] : []));
    return;
  }
  const most = largestSize(...found.values);
  const veiled = [photos.A, photos.B].map((photo, n) => {
    const side = found.side;
    const canvas = element("canvas", { width: side, height: side });
    const context = canvas.getContext("2d");
    const ground = rgbOf(state.theme.roles.background).join(", ");
    found.values[n].forEach((value, i) => {
      context.fillStyle = `rgba(${ground}, ${0.88 * (1 - Math.max(0, value) / (most || 1))})`;
      context.fillRect(i % side, Math.floor(i / side), 1, 1);
    });
    const picture = element("img", { src: photo.url, alt: `Where in ${"AB"[n]} the forward similarity comes from` });
    return element("div", { className: "net-veil" }, picture, canvas);
  });
  title.title = `The ${found.side} × ${found.side} places add up to K_fw`;
  pair.places.replaceChildren(title, ...veiled);
}
