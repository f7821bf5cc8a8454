// The likeliest classes of A with logit, probability and gradient, one of them written out, and the temperature.

const LIKELIEST = 10;

function buildClasses(state) {
  const list = element("div", { className: "net-classes", role: "list" });
  list.setAttribute("aria-label", "The likeliest classes of photograph A");
  const head = element("div", { className: "net-head" });
  const foot = element("div", { className: "net-foot" });
  const sums = element("div", { className: "net-sums" });
  sums.setAttribute("aria-live", "polite");
  const slider = element("input", { type: "range", min: 0, step: 1 });
  slider.setAttribute("aria-label", "Temperature τ");
  const value = element("output", { className: "net-tau" });
  const ticks = element("div", { className: "net-ticks" });
  const control = element("div", { className: "net-slider" }, element("i", { textContent: "τ" }), element("div", {}, slider, ticks), value);
  slider.addEventListener("input", () => state.move(Number(slider.value)));
  slider.addEventListener("change", () => state.component.setTriggerValue("temperature", state.network.temperatures[state.step]));
  const panel = element("div", { className: "net-side" }, head, list, foot, sums, control);
  return { panel, head, list, foot, sums, slider, value, ticks };
}

// Which classes of A stand in the list: they stay as the temperature moves, since it keeps their order.
function likeliest(photo) {
  return largestPlaces(photo.y[photo.last], LIKELIEST);
}

function listClasses(state) {
  const { classes, network, photos } = state;
  const last = network.layers.at(-1).number;
  const shown = likeliest(photos.A);
  classes.rows = shown.map((c) => {
    const name = element("span", { className: "name", textContent: network.classes[c].split(",")[0], title: network.classes[c] });
    const row = { c, logit: element("span", { className: "logit" }), p: element("span", { className: "bar forward" }, element("i")), chance: element("span", { className: "chance" }), d: element("span", { className: "bar backward" }, element("i")), number: element("span", { className: "size" }) };
    row.button = element("button", { type: "button", className: "net-class" }, name, row.logit, row.p, row.chance, row.d, row.number);
    row.item = element("div", { role: "listitem" }, row.button);
    for (const event of ["pointerenter", "focus", "click"]) row.button.addEventListener(event, () => state.speakOf(c));
    return row;
  });
  classes.list.replaceChildren(...classes.rows.map((row) => row.item));
  const of = element("span", { className: "name", textContent: `A, its ${shown.length} likeliest` });
  const y = element("i", { className: "logit forward" }, "y", element("sub", { textContent: last }));
  classes.p = element("span", { className: "bar forward" });
  classes.d = element("span", { className: "bar backward size" });
  classes.head.replaceChildren(of, y, classes.p, classes.d);
  classes.slider.max = network.temperatures.length - 1;
  classes.ticks.replaceChildren(...network.temperatures.map((tau) => element("span", { textContent: tau < 1 ? String(tau).replace("0.", ".") : tau })));
  if (!shown.includes(state.hovered)) state.hovered = shown[0];
}

// Bars and numbers at the temperature that the slider shows.
function moveClasses(state) {
  const { classes, network, photos, step } = state;
  const tau = network.temperatures[step];
  const [p, g, y] = [photos.A.p[step], photos.A.g, photos.A.y[photos.A.last]];
  const gradients = classes.rows.map(({ c }) => (p[c] - g[c]) / tau);
  const power = thousands(largestSize(gradients));
  const decimals = largestSize(gradients) * 10 ** power < 1 ? 3 : 2;
  const places = chanceDecimals(classes.rows.map(({ c }) => p[c]));
  const [most, steepest] = [Math.max(...classes.rows.map(({ c }) => Math.max(p[c], Math.min(1, 1.15 * g[c])))), largestSize(gradients)];
  classes.p.replaceChildren(element("i", { textContent: "p" }), ` at τ = ${tau}`);
  classes.d.replaceChildren(element("i", { textContent: "(p − g)/τ" }), power ? ` · 10${superscript(power)}` : "");
  classes.rows.forEach((row, i) => {
    const { c } = row;
    row.logit.textContent = fixed(y[c], 2);
    row.p.firstChild.style.width = `${(100 * p[c]) / most}%`;
    row.p.style.setProperty("--g", `${(100 * g[c]) / most}%`);
    row.chance.textContent = fixed(p[c], places);
    row.d.firstChild.style.width = `${(100 * Math.abs(gradients[i])) / steepest}%`;
    row.d.classList.toggle("negative", gradients[i] < 0);
    row.number.textContent = fixed(gradients[i] * 10 ** power, decimals);
    row.button.setAttribute("aria-label", `${network.classes[c]}: logit ${fixed(y[c], 2)}, p ${written(p[c])}, (p − g)/τ ${written(gradients[i])}`);
    row.button.classList.toggle("hovered", c === state.hovered);
  });
  const rest = p.length - classes.rows.length;
  const uniform = g.every((value) => value === g[0]);
  const label = uniform ? `g = 1/${whole(g.length)}` : `g: ${network.pseudo}`;
  classes.foot.replaceChildren(element("span", { textContent: rest > 0 ? `${whole(rest)} more` : "" }), element("i", { className: "backward", textContent: label, title: "The pseudo-label g: what the network is asked for" }));
  classes.slider.value = step;
  classes.slider.setAttribute("aria-valuetext", String(tau));
  classes.value.textContent = tau;
  writeClass(state);
}

const netSpan = (className, text) => element("span", { className, textContent: text });

// The probability and the gradient of one class with their numbers; what is printed on the left makes what is on the right.
function writeClass(state) {
  const { classes, network, photos, step, hovered: c } = state;
  const tau = network.temperatures[step];
  const [p, g, y] = [photos.A.p[step][c], photos.A.g[c], photos.A.y[photos.A.last]];
  const title = element("b", { textContent: network.classes[c] });
  const letter = (className, text) => element("i", { className, textContent: text });
  const first = element("div", {}, letter("forward", "p"));
  if (photos.A.crops > 1) first.append(` = mean of ${photos.A.crops} crops = `, netSpan("forward number", written(p)));
  else {
    const parts = softmaxParts(y, tau, c);
    const digits = agreeing([parts.own, parts.sum], (own, sum) => own / sum);
    const own = netSpan("forward", fixed(y[c], 2));
    const raised = parts.less ? ["(", own, ` − ${fixed(parts.less, 2)})/${tau}`] : [own, `/${tau}`];
    const exponent = parts.less ? ["(", letter("forward", "y"), " − max)/τ"] : [letter("forward", "y"), "/τ"];
    first.append(" = e", element("sup", {}, ...raised), " / Σ e", element("sup", {}, element("i", {}, ...exponent)), " = ");
    first.append(netSpan("forward", written(parts.own, digits)), " / ", netSpan("forward", written(parts.sum, digits)), " = ", netSpan("forward number", written(parts.p)));
  }
  const gradient = (p - g) / tau;
  const decimals = agreeingDifference(p, g, tau);
  const second = element("div", {}, letter("backward", "(p − g)/τ"), " = (", netSpan("forward", fixed(p, decimals)), ` − ${fixed(g, decimals)}) / ${tau} = `, netSpan("backward number", written(gradient)));
  classes.sums.replaceChildren(title, first, second);
}
