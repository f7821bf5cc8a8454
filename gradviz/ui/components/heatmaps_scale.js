// From a kernel's value to a place on its ramp. Pure functions, tested by tests/js/scale.test.js.

const KNEE = 0.84; // the share of the ramp up to the upper limit; what lies above gets the rest, more slowly

// What colours are made from: one kernel's own limits and quantiles, or those of all kernels together.
function scaleFor(panels, index, shared) {
  if (!shared) return { limits: panels[index].limits, quantiles: panels[index].quantiles };
  const limits = [Math.min, Math.max, Math.max].map((pick, i) => pick(...panels.map((panel) => panel.limits[i])));
  const all = Float32Array.from(panels.flatMap((panel) => [...panel.quantiles])).sort();
  const count = panels[index].quantiles.length;
  const quantiles = Float32Array.from({ length: count }, (_, i) => all[Math.round((i / (count - 1)) * (all.length - 1))]);
  return { limits, quantiles };
}

// The share of values below one, between quantiles that are equally far apart.
function shareBelow(quantiles, value) {
  let [from, to] = [0, quantiles.length - 1];
  if (value <= quantiles[from]) return 0;
  if (value >= quantiles[to]) return 1;
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (quantiles[middle] <= value) from = middle;
    else to = middle;
  }
  const gap = quantiles[to] - quantiles[from];
  return (from + (gap > 0 ? (value - quantiles[from]) / gap : 0)) / (quantiles.length - 1);
}

// The place of a value on the ramp, 0 to 1: "linear" between the limits, "root" with more room for small values, "rank"
// by the share of pairs below.
function rampPlace({ limits, quantiles }, way, value) {
  if (way === "rank") return shareBelow(quantiles, value);
  const [low, high, top] = limits;
  if (value <= low) return 0;
  if (value >= high) return top > high ? KNEE + (1 - KNEE) * Math.min(1, (value - high) / (top - high)) : value > high ? 1 : KNEE;
  const share = (value - low) / (high - low);
  return KNEE * (way === "root" ? Math.sqrt(share) : share);
}

// Colours as 32-bit pixels for all 65,536 values between two extremes.
function pixelsOf(least, greatest, scale, way, table) {
  const pixels = new Uint32Array(65536);
  for (let i = 0; i < 65536; i++) {
    const at = 3 * Math.round(255 * rampPlace(scale, way, least + ((greatest - least) * i) / 65535));
    pixels[i] = 0xff000000 | (table[at + 2] << 16) | (table[at + 1] << 8) | table[at];
  }
  return pixels;
}

function colourAt(scale, way, table, value) {
  const at = 3 * Math.round(255 * rampPlace(scale, way, value));
  return [table[at], table[at + 1], table[at + 2]];
}

// What the bar says about its colours, from all of it to what is said where there is hardly room.
function scaleWords(way, shared) {
  const [whole, brief] = way === "rank" ? ["by rank among pairs", "by rank"] : [`${way === "root" ? "√" : "linear"}, 2–98 % of pairs`, "2–98 %"];
  const more = way === "rank" ? "" : "; slower above";
  if (!shared) return [whole + more, whole, brief];
  return [`${whole}, all three kernels${more}`, `${whole}, all three kernels`, `${brief}, all three kernels`, `${brief}, all three`, "all three", "all 3"];
}

// The place of a value among all pairs, 1 for the largest, from those kept one by one; a rounded one further down.
function placeAmong(panel, value) {
  const { largest, quantiles, count } = panel;
  if (value > largest[largest.length - 1] || largest.length === count) {
    let [from, to] = [0, largest.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (largest[middle] > value) from = middle + 1;
      else to = middle;
    }
    return { place: from + 1, exact: true };
  }
  const place = Math.max(1, Math.round(count * (1 - shareBelow(quantiles, value))));
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(place)) - 1);
  return { place: Math.round(place / digits) * digits, exact: false };
}
