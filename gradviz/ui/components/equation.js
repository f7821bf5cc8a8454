// How the numbers of an equation are written: pure functions, tested by tests/js/pairs.test.js.

function number(value, decimals) {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : text;
}

// A number as it is read, with the sign of a subtraction.
const withMinus = (text) => text.replaceAll("-", "−");

// The three numbers of an equation with equally many decimals: as few as it takes, from the usual ones on, for the printed
// product to be that of the printed factors; where no number of decimals does, `sign` is ≈.
// The same as `equation` in widgets.py; tests/browser/test_canvas.py compares them.
function equationParts([a, b, k], usual, tries = 4) {
  for (let decimals = usual; decimals < usual + tries; decimals++) {
    const parts = [number(a, decimals), number(b, decimals), number(k, decimals)];
    if (number(Number(parts[0]) * Number(parts[1]), decimals) === parts[2]) return { parts, sign: "=" };
  }
  return { parts: [a, b, k].map((value) => number(value, usual)), sign: "≈" };
}
