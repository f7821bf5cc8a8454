// Arrays as pictures on the page's own ground: zero is the soft background, size is saturation.

const NET_POWER = 0.6;
const netTables = new Map();

// 511 colours from the most negative to the most positive value.
function netTable(positive, theme) {
  const key = `${positive} ${theme.dark}`;
  if (!netTables.has(key)) {
    const table = new Uint8ClampedArray(511 * 3);
    const power = positive === "product" ? 0.5 : NET_POWER;
    for (let i = 0; i < 511; i++) table.set(signedColour((i - 255) / 255, positive, "accent", theme.roles, power), 3 * i);
    netTables.set(key, table);
  }
  return netTables.get(key);
}

const netIndex = (value, largest) => (largest > 0 ? Math.max(0, Math.min(510, Math.round(255 + (255 * value) / largest))) : 255);

function netFill(context, table, value, largest, x, y, width, height) {
  const at = 3 * netIndex(value, largest);
  context.fillStyle = `rgb(${table[at]}, ${table[at + 1]}, ${table[at + 2]})`;
  context.fillRect(x, y, width, height);
}

// A strip of runs of units, each with its value of largest size, from top to bottom or from left to right.
function paintStrip(context, values, largest, role, theme, { x, y, width, height, across = false }) {
  const table = netTable(role, theme);
  const length = across ? width : height;
  const places = largestOfRuns(values, Math.max(1, Math.round(length / 2)));
  const step = length / places.length;
  places.forEach((place, run) => {
    const [from, to] = [Math.round(run * step), Math.round((run + 1) * step)];
    if (across) netFill(context, table, values[place], largest, x + from, y, to - from, height);
    else netFill(context, table, values[place], largest, x, y + from, width, to - from);
  });
}

// Mean activations as an image of side x side.
function netImage(values, side, largest, role, theme) {
  const table = netTable(role, theme);
  const image = new OffscreenCanvas(side, side);
  const pixels = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    const at = 3 * netIndex(values[i], largest);
    pixels.data.set([table[at], table[at + 1], table[at + 2], 255], 4 * i);
  }
  image.getContext("2d").putImageData(pixels, 0, 0);
  return image;
}

// One slab: its front a sheared image, its side for the channels.
function paintSlab(context, image, slab, theme) {
  const { x, y, width, height, depth } = slab;
  const skew = Math.min(width * 0.35, height * 0.14);
  context.save();
  context.imageSmoothingEnabled = false;
  const ratio = context.getTransform().a;
  context.setTransform((ratio * width) / image.width, (-ratio * skew) / image.width, 0, (ratio * (height - skew)) / image.height, ratio * x, ratio * (y + skew));
  context.drawImage(image, 0, 0);
  context.restore();
  context.strokeStyle = theme.roles.ticks;
  context.fillStyle = theme.roles.soft;
  context.lineWidth = 1;
  context.beginPath();
  context.rect(x + width, y, depth, height - skew);
  context.fill();
  context.moveTo(x, y + skew);
  context.lineTo(x + width, y);
  context.lineTo(x + width, y + height - skew);
  context.lineTo(x, y + height);
  context.closePath();
  context.stroke();
}
