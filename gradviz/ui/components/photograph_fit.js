// How a photograph lies in a frame, and rows of photographs: pure functions, tested by tests/js/justified.test.js.

// Scale and offset of a picture of w x h in a frame of W x H. It covers the frame where that cuts off little (a share of
// at most `loss`), else it lies inside as a whole.
function fitPhotograph(w, h, W, H, loss = 0.16) {
  const cover = Math.max(W / w, H / h);
  const whole = (W * H) / (w * h * cover * cover) < 1 - loss;
  const scale = whole ? Math.min(W / w, H / h) : cover;
  return { scale, x: (W - w * scale) / 2, y: (H - h * scale) / 2 };
}

// The part of a 1-based, inclusive box that shows in the frame: left, top, width and height in the frame's pixels.
function boxInFrame([xmin, ymin, xmax, ymax], { scale, x, y }, W, H) {
  const inside = (value, most) => Math.max(1, Math.min(most - 1, value));
  const [left, right] = [inside(x + (xmin - 1) * scale, W), inside(x + xmax * scale, W)];
  const [top, bottom] = [inside(y + (ymin - 1) * scale, H), inside(y + ymax * scale, H)];
  return { x: left, y: top, width: Math.max(2, right - left), height: Math.max(2, bottom - top) };
}

// A place for the tag of each box: { x, y, width, text }. `widths` has for each box what may be written, the longest text
// first. A tag stands above its box, else inside at the top, at the right, below; the first place that no earlier tag
// holds is taken, with a shorter text rather than upon another tag. Where all are held, the least covered one is taken.
function placeTags(boxes, widths, W, H, tall) {
  const placed = [];
  const covered = (one) =>
    placed.reduce((sum, other) => {
      const wide = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
      const high = Math.min(one.y, other.y) + tall - Math.max(one.y, other.y);
      return sum + Math.max(0, wide) * Math.max(0, high);
    }, 0);
  boxes.forEach((box, k) => {
    const places = widths[k].flatMap(({ text, width }) => {
      const [left, right] = [box.x - 1, box.x + box.width + 1 - width];
      const [above, top, bottom, below] = [box.y - tall, box.y, box.y + box.height - tall, box.y + box.height];
      const wanted = [[left, above], [left, top], [right, above], [right, top], [left, bottom], [right, bottom], [left, below], [right, below]];
      return wanted.filter(([, y]) => y >= 0 && y + tall <= H).map(([x, y]) => ({ x: Math.max(0, Math.min(W - width, x)), y, width, text }));
    });
    let best = null;
    for (const place of places) {
      const over = covered(place);
      if (!best || over < best.over) best = { place, over };
      if (!over) break;
    }
    placed.push(best ? best.place : { x: 0, y: 0, ...widths[k].at(-1) });
  });
  return placed;
}

// Rows of one height for pictures with these ratios of width to height: [{ from, to, widths }]. A row is broken where
// its pictures come nearest to filling the width; they are then stretched to fill it, those of the last row are not
// (beyond a tenth).
function justifiedRows(ratios, width, height, gap) {
  const rows = [];
  let from = 0;
  const clamped = ratios.map((ratio) => Math.max(0.5, Math.min(2.6, ratio || 4 / 3)));
  const close = (to, last) => {
    const sum = clamped.slice(from, to).reduce((a, b) => a + b, 0) * height;
    const room = width - gap * (to - from - 1);
    const stretch = last && room / sum > 1.1 ? 1 : room / sum;
    rows.push({ from, to, widths: clamped.slice(from, to).map((ratio) => ratio * height * stretch) });
    from = to;
  };
  let sum = 0;
  for (let i = 0; i < clamped.length; i++) {
    const before = sum;
    sum += clamped[i] * height;
    const stretch = (total, count) => Math.abs(Math.log(Math.max(1, width - gap * (count - 1)) / total));
    if (i > from && stretch(before, i - from) < stretch(sum, i - from + 1)) {
      close(i, false);
      sum = clamped[i] * height;
    }
  }
  if (from < clamped.length) close(clamped.length, true);
  return rows;
}
