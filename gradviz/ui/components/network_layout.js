// Where everything on the Network page stands: pure functions of the room there is.

const ROOMY = 640; // from this height on both panels stand side by side

// The heights of the drawing and of the panels below it, and whether only one of the two panels fits.
function netHeights(height, scale = 1) {
  const single = height < ROOMY;
  const drawing = Math.round(single ? Math.min(326 * scale, Math.max(288 * scale, height * 0.53)) : Math.min(400, Math.max(334 * scale, height * 0.48)));
  return { drawing, panels: Math.max(196, height - drawing - 13), single };
}

// The drawing: photographs, slabs, strips and weights, classes. Everything in pixels from its upper left corner.
function netLayout(width, height, stages, layers, scale = 1) {
  const classes = { width: Math.min(290 * scale, Math.max(262 * scale, width * 0.26)) };
  classes.x = width - classes.width;
  // The arrow from the classes to the last gradient needs more than its head.
  const room = classes.x - (classes.x < 560 * scale ? 26 : 34);
  const caption = 17;
  const side = Math.min((height - 2 * caption - 8) / 2, room * 0.17, 150);
  const step = side + caption + (height - 2 * (side + caption)) / 2;
  const photos = [0, step].map((y) => ({ x: 0, y, side, caption: y + side + 13 }));
  // The head takes what its strips and weights need, the slabs what is left.
  const narrow = room < 620;
  const strip = narrow ? 8 : room < 800 ? 11 : 14;
  const linear = Math.max(4, Math.round(strip * 0.45));
  const arrow = narrow ? 8 : 15;
  const weight = narrow ? 24 : room < 800 ? 30 : 40;
  const pair = (one) => 2 * one + 2;
  const need = pair(strip) + layers * (2 * arrow + weight + pair(linear) + 3 + pair(strip));
  const body = { x: side + 22, width: Math.max(0, room - side - 22 - need - 26) };
  const slabs = photos.map((photo) => netSlabs(stages, body, photo));
  const top = { y: 22, height: Math.round(height * 0.45) };
  const low = { y: Math.round(height * 0.655), height: Math.round(height * 0.345) - 24 };
  const spare = Math.max(0, room - (body.x + body.width + 26) - need) / Math.max(1, 2 * layers);
  const columns = netColumns(body.x + body.width + 26, layers, { strip, linear, arrow: arrow + spare, weight });
  return { classes, photos, slabs, body, top, low, strip, linear, columns };
}

// Slabs shrink from left to right and grow deeper.
function netSlabs(stages, body, photo) {
  const room = stages ? body.width / stages : 0;
  return Array.from({ length: stages }, (_, i) => {
    const height = photo.side * (0.76 - (0.38 * i) / Math.max(4, stages - 1));
    const depth = Math.min(room * 0.24, 2.5 + 2 * i);
    return { x: body.x + i * room, y: photo.y + (photo.side - height) / 2 + 4, width: Math.max(4, room * 0.8 - depth) * (0.9 - 0.05 * i), height, depth };
  });
}

// For each layer its weights and the strips after them; the first column is the head's input.
function netColumns(left, layers, { strip, linear, arrow, weight }) {
  let x = left;
  const columns = [{ x: [x, x + strip + 2], end: x + 2 * strip + 2 }];
  for (let i = 0; i < layers; i++) {
    const at = columns[i].end + arrow;
    x = at + weight + arrow;
    const y = [x, x + linear + 2];
    const after = x + 2 * linear + 2 + 3;
    columns.push({ weight: { x: at, width: weight }, y, x: [after, after + strip + 2], end: after + 2 * strip + 2 });
  }
  return columns;
}

const WORDS = 222; // pixels for what is said beside the outer product

// The strip at a place of the drawing: its column, which vector it is (x, y or dy), whose, and how far down.
function stripAt({ columns, top, low, strip, linear }, x, y) {
  for (const [column, { x: wide, y: narrow }] of columns.entries()) {
    for (const n of [0, 1]) {
      const inside = (left, width, rows) => x >= left && x < left + width && y >= rows.y && y < rows.y + rows.height;
      if (inside(wide[n], strip, top)) return { column, kind: "x", n, share: (y - top.y) / top.height };
      if (column && inside(wide[n], strip, low)) return { column, kind: "dy", n, share: (y - low.y) / low.height };
      if (column && inside(narrow[n], linear, top)) return { column, kind: "y", n, share: (y - top.y) / top.height };
    }
  }
  return null;
}

const UNDER = 36; // pixels for the words and the scale of colours under the outer product

// The outer product, with a strip above and one to its left.
function netOuter(width, height, scale = 1) {
  const band = 14;
  const label = 30;
  const [x, y] = [label + band + 4, 18 + band + 4];
  const tall = Math.max(90, height - y - UNDER);
  return { band, x, y, height: tall, width: Math.max(96, Math.min(width - x - WORDS * scale, tall * 2)) };
}
