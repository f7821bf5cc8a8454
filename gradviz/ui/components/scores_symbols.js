// How results are written: formulas as in the paper, a colour for each, numbers that agree in digits. Pure functions but
// for `symbol`; tested by tests/js/scores.test.js.

// A name in pieces: [{ text, sub }], such as dW with 10 below it. An array's own name is one piece.
function symbolParts(name, formula) {
  if (!formula) return [{ text: name, sub: "" }];
  return name.split("+").map((part, k) => {
    const [, letters, digits] = /^(\D+)(\d+)$/.exec(part) || ["", part, ""];
    return { text: (k ? "+" : "") + letters, sub: digits };
  });
}

function symbol(name, formula) {
  const made = element("span", { className: formula ? "formula" : "formula plain" });
  for (const { text, sub } of symbolParts(name, formula)) {
    made.append(text);
    if (sub) made.append(element("sub", { textContent: sub }));
  }
  return made;
}

const fraction = (value) => value - Math.floor(value);

// The colour of the result that is number `place` of its role: the role's own first, then others around its hue, of which
// no two are alike.
function resultColour(role, place, dark) {
  const own = ROLES[role][dark ? 1 : 0];
  if (!place) return own;
  const [L, a, b] = oklab(rgbOf(own));
  const hue = Math.atan2(b, a) + (fraction(place * 0.7548776662 + 0.2) - 0.5) * 0.5;
  const [low, high] = dark ? [0.6, 0.9] : [0.36, 0.66];
  // As far from the role's own lightness as the theme allows, so that the first two are told apart at a glance.
  const middle = place % 2 ? (dark ? low : high) : dark ? high : low;
  const lightness = middle + (fraction(place * 0.6180339887) - 0.5) * 0.08 + (place > 2 ? (L - middle) * fraction(place * 0.3) * 0.5 : 0);
  const chroma = Math.min(Math.hypot(a, b), 0.95 * mostChroma(lightness, hue));
  return hexOf(fromOklab([lightness, chroma * Math.cos(hue), chroma * Math.sin(hue)]));
}

const MINUS = "\u2212";
const number1 = (value) => (value === null || value === undefined ? "\u2013" : value.toFixed(1).replace("-", MINUS));
const signed1 = (value) => (value === null || value === undefined ? "\u2013" : `${value > 0 && value.toFixed(1) !== "0.0" ? "+" : ""}${value.toFixed(1) === "-0.0" ? "0.0" : number1(value)}`);
const between = (bounds) => (bounds ? `${number1(bounds[0])} to ${number1(bounds[1])}` : "");
