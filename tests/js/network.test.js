import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.js";

const names = "largestOfRuns runEdges sumsOfRuns meansOfRuns shares softmaxParts written fixed agreeing agreeingDecimals agreeingDifference factorDigits rounded thousands millions superscript largestPlaces inner chanceDecimals";
const { largestOfRuns, runEdges, sumsOfRuns, meansOfRuns, shares, softmaxParts, written, fixed, agreeing, agreeingDecimals, agreeingDifference, factorDigits, rounded, thousands, millions, superscript, largestPlaces, inner, chanceDecimals } = load(["network_numbers.js"], names.split(" "));
const { netHeights, netLayout, netOuter, stripAt } = load(["network_layout.js"], ["netHeights", "netLayout", "netOuter", "stripAt"]);
const { outerSide, unitsOf, averaged, singleEntries, cellsWords, cellParts } = load(["network_numbers.js", "network_cells.js"], "outerSide unitsOf averaged singleEntries cellsWords cellParts".split(" "));
const { netAbout, netFile, wrapped } = load(["common.js", "network_save.js"], ["netAbout", "netFile", "wrapped"]);
const { equationTexts, spokenShares } = load(["network_numbers.js", "network_pair.js"], ["equationTexts", "spokenShares"]);

// Mulberry32: the same numbers every time.
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const numbers = (count, seed, least = -1) => {
  const next = random(seed);
  return Float32Array.from({ length: count }, () => least + next() * (1 - least));
};

test("every value is in one run, and each run shows its value of largest size", () => {
  for (const [length, runs] of [[2048, 96], [200, 75], [10, 75], [97, 96], [1, 5]]) {
    const values = numbers(length, length);
    const places = largestOfRuns(values, runs);
    assert.equal(places.length, Math.min(length, runs));
    let seen = 0;
    places.forEach((place, run) => {
      const [from, to] = runEdges(length, places.length, run);
      assert.equal(from, seen);
      seen = to;
      for (let i = from; i < to; i++) {
        assert.ok(Math.abs(values[i]) <= Math.abs(values[place]));
      }
    });
    assert.equal(seen, length);
  }
});

test("bars are sums: together they are the kernel", () => {
  const [a, b] = [numbers(1024, 1, 0), numbers(1024, 2, 0)];
  const part = shares(a, b, true);
  const cosine = inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b));
  const total = sumsOfRuns(part, 180).reduce((sum, value) => sum + value, 0);
  assert.ok(Math.abs(total - cosine) < 1e-12);
  assert.ok(Math.abs(shares(a, b, false).reduce((sum, value) => sum + value, 0) - inner(a, b)) < 1e-9);
});

test("a softmax is written with its numbers, and with the largest taken away where they are too large", () => {
  const y = [9.49, 7.11, 5.53, -3];
  const { own, sum, p, less } = softmaxParts(y, 8, 0);
  assert.equal(less, 0);
  assert.ok(Math.abs(own - Math.exp(9.49 / 8)) < 1e-12 && Math.abs(p - own / sum) < 1e-15);
  const large = softmaxParts([400, 399, 0], 0.25, 1);
  assert.equal(large.less, 400);
  assert.ok(Math.abs(large.p - Math.exp(-4) / (1 + Math.exp(-4))) < 1e-12);
});

test("what is printed on the left makes what is printed on the right", () => {
  const next = random(3);
  for (let i = 0; i < 2000; i++) {
    const [a, b] = [Math.exp(8 * next() - 4), Math.exp(8 * next() - 4)];
    const digits = agreeing([a, b], (one, other) => one / other);
    assert.equal(rounded(rounded(a, digits) / rounded(b, digits), 3), rounded(a / b, 3));
    const [forward, backward] = [2 * next() - 1, 2 * next() - 1];
    const decimals = agreeingDecimals(forward, backward, forward * backward);
    assert.equal((Number(forward.toFixed(decimals)) * Number(backward.toFixed(decimals))).toFixed(3), (forward * backward).toFixed(3));
    const [more, result] = factorDigits(a, -b);
    assert.equal(rounded(rounded(a, more) * rounded(-b, more), result), rounded(-a * b, result));
    const [p, g, tau] = [next() * 0.1, 1 / 200, 8];
    const places = agreeingDifference(p, g, tau);
    assert.equal(rounded((Number(p.toFixed(places)) - Number(g.toFixed(places))) / tau, 3), rounded((p - g) / tau, 3));
  }
  assert.equal(agreeingDifference(0.005, 0.005, 8), 5);
});

test("numbers are written for people", () => {
  assert.equal(written(0.015941), "0.0159");
  assert.equal(written(205.49), "205");
  assert.equal(written(205.49, 4), "205.5");
  assert.equal(written(-0.00137), "−0.00137");
  assert.equal(written(1.0686e13), "1.07 · 10¹³");
  assert.equal(written(5.8e-10, 2), "5.8 · 10⁻¹⁰");
  assert.equal(written(0), "0");
  assert.equal(written(9.999), "10.0");
  assert.equal(fixed(-0.0001, 3), "0.000");
  assert.equal(fixed(-1.5, 2), "−1.50");
  assert.equal(millions(2048 * 1024), "2.1 million");
  assert.equal(millions(16384), "16,384");
  assert.equal(superscript(-12), "⁻¹²");
  assert.deepEqual([0.0021, 0.000619, 0.0999, 0.1, 0.5, 3, 0, 1e-4, 9.9e-5, 1e-9].map(thousands), [3, 3, 3, 0, 0, 0, 0, 3, 6, 9]);
});

for (const cells of ["largest", "means"]) {
  test(`one cell, ${cells}: two factors and their product agree`, () => {
    const [rows, cols] = [outerSide(numbers(640, 5, 0), cells), outerSide(numbers(320, 6).map((value) => value * 0.002), cells)];
    for (let i = 0; i < 96; i++) {
      const { a, b, product, power } = cellParts(rows, cols, i, 95 - i);
      assert.equal(power, cells === "means" ? 3 * Math.ceil((-1 - Math.log10(cols.most)) / 3) : 3);
      const [one, other, both] = [a, b, product].map((text) => Number(text.replace("−", "-")));
      if ([a, b, product].some((text) => text.includes("·"))) continue;
      const digits = product.replace(/^−?0\.0*|[^\d]/g, "").length;
      assert.equal(rounded(one * other, digits), both);
      assert.ok(Math.abs(both - rows.shown[i] * cols.shown[95 - i] * 10 ** power) <= 5.1e-3 * Math.abs(both));
    }
  });
}

test("a cell is its block's entry of largest size, or its mean", () => {
  const [x, dy] = [numbers(200, 7), numbers(130, 8)];
  const sides = (cells) => [outerSide(x, cells), outerSide(dy, cells)];
  const [[rows, cols], [meanRows, meanCols]] = [sides("largest"), sides("means")];
  for (const [r, c] of [[0, 0], [17, 95], [50, 3], [95, 40]]) {
    const [[top, bottom], [left, right]] = [rows.runs[r], cols.runs[c]];
    let [sum, largest] = [0, 0];
    for (let i = top; i < bottom; i++) {
      for (let j = left; j < right; j++) {
        const entry = x[i] * dy[j];
        sum += entry;
        if (Math.abs(entry) > Math.abs(largest)) largest = entry;
      }
    }
    assert.equal(rows.shown[r] * cols.shown[c], largest);
    const mean = sum / ((bottom - top) * (right - left));
    assert.ok(Math.abs(meanRows.shown[r] * meanCols.shown[c] - mean) < 1e-12);
  }
  assert.deepEqual([...meansOfRuns([1, 2, 6, -1, 5], 2)], [1.5, 10 / 3]);
  assert.equal(meanRows.most, Math.max(...meanRows.shown.map(Math.abs)));
});

test("words and read-out say what a cell is", () => {
  const [rows, cols] = [numbers(2048, 1), numbers(1024, 2)].map((values) => outerSide(values, "means"));
  assert.equal(unitsOf(rows, 0), "units 0 to 20");
  assert.equal(unitsOf(rows, 95), "units 2,026 to 2,047");
  assert.equal(cellsWords(rows, cols), "each cell: the mean of about 21 × 11 entries");
  const even = outerSide(numbers(960, 3), "largest");
  assert.equal(cellsWords(even, even), "each cell: the largest entry of 10 × 10");
  assert.equal(unitsOf(even, 2), `unit ${even.places[2]}`);
  assert.ok(!averaged(even, 2) && averaged(rows, 0) && !singleEntries(rows, cols));
  const few = outerSide(numbers(20, 4), "means");
  assert.equal(unitsOf(few, 5), "unit 5");
  assert.ok(!averaged(few, 5) && singleEntries(few, few));
  assert.equal(cellsWords(few, few), "each cell: one entry");
  assert.equal(cellsWords(few, cols), "each cell: the mean of about 1 × 11 entries");
});

test("probabilities below each other have decimals enough for the largest", () => {
  assert.deepEqual([[0.97, 0.01], [0.02, 0.01], [0.0013, 0.0012], [1e-9]].map(chanceDecimals), [3, 3, 4, 5]);
});

test("a saved picture says what it is of", () => {
  const state = { choices: { about: "voc, AlexNet-64" }, layer: "fc6", step: 1, network: { temperatures: [1, 0.5], pseudo: "predicted", normalise: "l2" } };
  const [one, other] = [{ id: "000012", g: [0.5, 0.5] }, { id: "b c", g: [1, 0] }];
  assert.equal(netAbout(state, [one]), "voc, AlexNet-64, fc6, τ = 0.5, pseudo-label uniform, normalise l2, photograph 000012");
  const both = netAbout(state, [other, other]);
  assert.match(both, /pseudo-label predicted, normalise l2, photographs A b c and B b c$/);
  assert.equal(netFile("network", both), "network_voc_AlexNet_64_fc6_tau_0.5_pseudo_label_predicted_normalise_l2_photographs_A_b_c_and_B_b_c.png");
  assert.match(netFile("network", netAbout(state, [{ id: "★ 7.jpg", g: [0.5, 0.5] }])), /photograph_own_7\.jpg\.png$/);
  const context = { measureText: (text) => ({ width: text.length }) };
  assert.deepEqual(wrapped(context, "one two three averylongword x", 9), ["one two", "three", "averylongword", "x"]);
});

test("the equation agrees, and units are named by what they add", () => {
  assert.deepEqual(equationTexts({ forward: 0.70925, backward: 0.75466, product: 0.53524 }, true), ["0.709", "0.755", "0.535"]);
  const raw = equationTexts({ forward: 304.62, backward: 0.0001234, product: 304.62 * 0.0001234 }, false);
  assert.equal(raw.length, 3);
  const part = Float64Array.from({ length: 40 }, (_, i) => (i === 7 ? 0.3 : i === 3 ? 0.2 : 0.01));
  const sum = part.reduce((total, value) => total + value, 0);
  assert.match(spokenShares(part, sum), /^units 7, 3, 0 add most; 20 of 40 units make 77 %$/);
  assert.equal(spokenShares(part, -1), "units 7, 3, 0 add most");
  assert.deepEqual(largestPlaces([1, 5, 3], 2), [1, 2]);
});

test("the pointer finds the strip that is drawn under it", () => {
  const layout = netLayout(1152, 350, 5, 3);
  const { columns, top, low, strip } = layout;
  assert.deepEqual(stripAt(layout, columns[0].x[0] + 1, top.y), { column: 0, kind: "x", n: 0, share: 0 });
  assert.deepEqual(stripAt(layout, columns[2].x[1] + strip - 1, low.y + low.height / 2), { column: 2, kind: "dy", n: 1, share: 0.5 });
  assert.equal(stripAt(layout, columns[3].y[0] + 1, top.y + 5).kind, "y");
  assert.equal(stripAt(layout, columns[0].x[0] + 1, low.y + 5), null);
  assert.equal(stripAt(layout, 3, 3), null);
});

const PRESENTED = 17 / 14;
for (const [width, height, scale = 1] of [[1152, 753], [992, 574], [746, 622], [700, 540], [1900, 1200], [1155, 740, PRESENTED], [995, 600, PRESENTED], [995, 565, PRESENTED], [739, 608, PRESENTED]]) {
  test(`everything has its place in ${width} x ${height}, type ${scale.toFixed(2)} times as large`, () => {
    const { drawing, panels, single } = netHeights(height, scale);
    assert.ok(drawing + panels <= height || height < 560);
    assert.equal(single, height < 640);
    for (const layers of [1, 2, 3]) {
      for (const stages of [0, 3, 5]) {
        const { classes, photos, slabs, columns, top, low, strip } = netLayout(width, drawing, stages, layers, scale);
        assert.equal(columns.length, layers + 1);
        assert.equal(slabs[0].length, stages);
        assert.ok(photos[1].y > photos[0].caption && photos[1].caption <= drawing);
        for (const row of slabs) {
          row.forEach((slab, i) => {
            assert.ok(slab.x >= photos[0].side && slab.width > 0 && slab.depth >= 0);
            assert.ok(slab.x + slab.width + slab.depth <= columns[0].x[0]);
            if (i) assert.ok(slab.height < row[i - 1].height && slab.x >= row[i - 1].x + row[i - 1].width + row[i - 1].depth - 0.5);
          });
        }
        columns.slice(1).forEach((column, i) => {
          assert.ok(column.weight.x > columns[i].end);
          assert.ok(column.y[0] > column.weight.x + column.weight.width);
          assert.ok(column.x[0] > column.y[1]);
          assert.equal(column.end, column.x[1] + strip);
        });
        assert.ok(classes.x - columns.at(-1).end >= 26, "the arrow from the classes to the last gradient has a line, not a head alone");
        assert.ok(columns.at(-1).end < classes.x, `strips end at ${columns.at(-1).end}, classes begin at ${classes.x}`);
        assert.ok(classes.x + classes.width <= width + 1e-9);
        assert.ok(top.y + top.height + 26 < low.y && low.y + low.height + 16 <= drawing);
      }
    }
    const outer = netOuter(width * (single ? 0.72 : 0.47), panels - 30, scale);
    assert.ok(outer.x + outer.width <= width && outer.y + outer.height + 31 <= panels - 30 || panels < 190);
  });
}
