// Where average precisions stand in their plot: pure functions, tested by tests/js/neighbours.test.js.

// A query's place in a square plot of `side` pixels, both average precisions from 0 to 100 %; null where it has none.
function placeInPlot(first, second, side) {
  return Number.isNaN(first) || Number.isNaN(second) ? null : [(first / 100) * side, (1 - second / 100) * side];
}

// The query nearest to a place of the plot, -1 where none is within reach.
function queryAt(first, second, side, x, y, reach) {
  let [best, least] = [-1, reach];
  first.forEach((value, i) => {
    const place = placeInPlot(value, second[i], side);
    const distance = place ? Math.hypot(place[0] - x, place[1] - y) : Infinity;
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}
