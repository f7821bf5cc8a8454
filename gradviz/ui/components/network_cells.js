// What the cells of the opened gradient show: of each block its entry of largest size, or its mean.

const BLOCKS = 96;
const CELLS = {
  largest: { label: "Largest", title: "Each cell shows the entry of largest size in its block", file: "largest entries" },
  means: { label: "Block means", title: "Each cell shows the mean of its block: the mean of x times the mean of dE/dy", file: "block means" },
};

// One factor in runs of units, and what is shown of each: its value of largest size, or its mean. The mean of an outer
// product over a block is the product of the two means, and its entry of largest size that of the two values of largest
// size, so the cells of both are products of what is shown.
function outerSide(values, cells) {
  const places = largestOfRuns(values, BLOCKS);
  const runs = Array.from(places, (_, run) => runEdges(values.length, places.length, run));
  const shown = cells === "means" ? meansOfRuns(values, BLOCKS) : Float64Array.from(places, (place) => values[place]);
  return { cells, places, runs, shown, units: values.length, most: largestSize(shown) };
}

// Whether a run stands for several units by their mean.
const averaged = ({ cells, runs }, run) => cells === "means" && runs[run][1] - runs[run][0] > 1;

// The units behind a run, as they are named beside the picture.
function unitsOf(side, run) {
  const [from, to] = side.runs[run];
  return averaged(side, run) ? `units ${whole(from)} to ${whole(to - 1)}` : `unit ${whole(side.places[run])}`;
}

// Whether every cell is one entry, so that there is nothing to choose.
const singleEntries = (rows, cols) => rows.units === rows.runs.length && cols.units === cols.runs.length;

// What the words under the picture say of a cell.
function cellsWords(rows, cols) {
  if (singleEntries(rows, cols)) return "each cell: one entry";
  const each = [rows, cols].map(({ units, runs }) => units / runs.length);
  const block = `${each.every(Number.isInteger) ? "" : "about "}${each.map(Math.round).join(" × ")}`;
  return rows.cells === "means" ? `each cell: the mean of ${block} entries` : `each cell: the largest entry of ${block}`;
}

// What one cell is made of: both factors and their product, in digits that agree.
function cellParts(rows, cols, row, col) {
  const [a, b] = [rows.shown[row], cols.shown[col]];
  const power = thousands(cols.most);
  const scaled = b * 10 ** power;
  const [digits, result] = factorDigits(a, scaled);
  return { power, a: written(a, digits), b: written(scaled, digits), product: written(a * scaled, result) };
}
