// A network as slabs for what comes first and a bar for each fully connected layer.

const SLABS = 5;

// Where everything stands in a picture of this width: slabs shrink and grow deeper, bars are as high as log(outputs).
function bodyLayout(layers, width, height) {
  const room = width / (SLABS * 0.62 + layers.length);
  const slabs = Array.from({ length: SLABS }, (_, i) => {
    const side = height * (0.86 - 0.12 * i);
    return { x: i * room * 0.62, y: (height - side) / 2, width: room * 0.24, height: side, depth: room * (0.1 + 0.05 * i) };
  });
  const tallest = Math.max(...layers.map((layer) => Math.log2(Math.max(2, layer.outputs))));
  const bars = layers.map((layer, i) => {
    const tall = height * 0.94 * Math.max(0.3, Math.log2(Math.max(2, layer.outputs)) / tallest);
    return { x: SLABS * room * 0.62 + i * room, y: (height - tall) / 2, width: room, height: tall, bar: Math.min(14, room * 0.42) };
  });
  return { slabs, bars };
}

function slab({ x, y, width, height, depth }) {
  const skew = depth * 0.5;
  const front = `M${x} ${y + skew}l${width} ${-skew}v${height - skew}l${-width} ${skew}z`;
  const side = `M${x + width} ${y}l${depth} 0v${height - skew}l${-depth} 0z`;
  return shape("path", { d: `${front}${side}`, class: "slab" });
}

// The slabs and bars as elements of a picture, for each bar its layer.
function bodyShapes(layers, width, height) {
  const { slabs, bars } = bodyLayout(layers, width, height);
  const drawn = bars.map(({ x, y, width: room, height: tall, bar }) => shape("rect", { x: x + (room - bar) / 2, y, width: bar, height: tall, rx: 1.5, class: "bar" }));
  return { slabs: slabs.map(slab), drawn, bars };
}
