// The arithmetic that the Network page writes out: runs of units, probabilities, products, and digits that agree.

// For each of `runs` runs of consecutive values the place of the value of largest size; fewer runs where there are fewer
// values.
function largestOfRuns(values, runs) {
  const count = Math.min(runs, values.length);
  const places = new Int32Array(count);
  for (let run = 0; run < count; run++) {
    const [from, to] = runEdges(values.length, count, run);
    let best = from;
    for (let i = from + 1; i < to; i++) if (Math.abs(values[i]) > Math.abs(values[best])) best = i;
    places[run] = best;
  }
  return places;
}

const runEdges = (length, runs, run) => [Math.floor((run * length) / runs), Math.floor(((run + 1) * length) / runs)];

function sumsOfRuns(values, runs) {
  const count = Math.min(runs, values.length);
  return Float64Array.from({ length: count }, (_, run) => {
    const [from, to] = runEdges(values.length, count, run);
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i];
    return sum;
  });
}

function meansOfRuns(values, runs) {
  const sums = sumsOfRuns(values, runs);
  return sums.map((sum, run) => {
    const [from, to] = runEdges(values.length, sums.length, run);
    return sum / (to - from);
  });
}

function largestSize(...arrays) {
  let largest = 0;
  for (const values of arrays) for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest;
}

const inner = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

// What each unit adds to the kernel of two vectors: they sum to the cosine, or to the inner product where `unit` is false.
function shares(a, b, unit) {
  const size = unit ? Math.sqrt(inner(a, a)) * Math.sqrt(inner(b, b)) || 1 : 1;
  return Float64Array.from(a, (value, i) => (value * b[i]) / size);
}

// Places of the largest values, the largest first.
const largestPlaces = (values, count) =>
  Array.from(values.keys())
    .sort((a, b) => values[b] - values[a])
    .slice(0, count);

// exp(y_c / tau), the sum of all exp(y / tau), and their quotient p.
function softmaxParts(y, tau, c) {
  let sum = 0;
  for (const value of y) sum += Math.exp(value / tau);
  const own = Math.exp(y[c] / tau);
  if (Number.isFinite(sum) && own > 0) return { own, sum, p: own / sum, less: 0 };
  // Too large for a number: the same with the largest logit taken away from all.
  const less = Math.max(...y);
  let shifted = 0;
  for (const value of y) shifted += Math.exp((value - less) / tau);
  const part = Math.exp((y[c] - less) / tau);
  return { own: part, sum: shifted, p: part / shifted, less };
}

// Decimals for probabilities that stand below each other: two digits of the largest, three decimals at least.
const chanceDecimals = (chances) => Math.min(5, Math.max(3, 1 - Math.floor(Math.log10(Math.max(...chances)))));

const rounded = (value, digits) => (value === 0 || !Number.isFinite(value) ? value : Number(value.toPrecision(digits)));

// A number with so many significant digits: 0.0159, 205.5, 1.07·10¹³.
function written(value, digits = 3) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${mantissa.replace("-", "−")} · 10${superscript(Number(exponent))}`;
  }
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded(value, digits)))));
  return value.toFixed(decimals).replace("-", "−");
}

const superscript = (number) => String(number).replace(/./g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)]));

const fixed = (value, decimals) => {
  const text = value.toFixed(decimals);
  return (Number(text) === 0 ? (0).toFixed(decimals) : text).replace("-", "−");
};

const whole = (count) => count.toLocaleString("en");

// 2,097,152 as "2.1 million", 16,384 as it is.
function millions(count) {
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} million` : whole(count);
}

// How many significant digits the operands need, from `digits` on, so that what is printed on the left makes what is
// printed on the right: `make` computes the result from the operands.
function agreeing(operands, make, digits = 3, most = 9) {
  const result = rounded(make(...operands), digits);
  for (let more = digits; more <= most; more++) {
    if (rounded(make(...operands.map((value) => rounded(value, more))), digits) === result) return more;
  }
  return most;
}

// Digits for two factors and for their product, four each where that agrees.
function factorDigits(a, b, most = 9) {
  for (let more = 4; more <= most; more++) {
    for (const result of [4, 3]) if (rounded(rounded(a, more) * rounded(b, more), result) === rounded(a * b, result)) return [more, result];
  }
  return [most, 3];
}

// The same with decimals: two factors and their product.
function agreeingDecimals(a, b, product, decimals = 3, most = 8) {
  for (let more = decimals; more <= most; more++) {
    if ((Number(a.toFixed(more)) * Number(b.toFixed(more))).toFixed(decimals) === product.toFixed(decimals)) return more;
  }
  return most;
}

// How many decimals p and g need for their difference, divided by tau, to make what is printed with three digits.
function agreeingDifference(p, g, tau) {
  const size = Math.max(Math.abs(p), Math.abs(g)) || 1;
  const first = Math.max(3, 2 - Math.floor(Math.log10(size)));
  const result = rounded((p - g) / tau, 3);
  for (let more = first; more < 15; more++) {
    if (rounded((Number(p.toFixed(more)) - Number(g.toFixed(more))) / tau, 3) === result) return more;
  }
  return 15;
}

// A power of ten, a multiple of three, that brings the largest value to between 0.1 and 100: 3 for 0.0021 and for 0.0006.
function thousands(largest) {
  return largest > 0 && largest < 0.1 ? 3 * Math.ceil((-1 - Math.log10(largest)) / 3 - 1e-12) : 0;
}
