// Where everything stands in a line of the list of classes: pure functions, tested by tests/js/classes.test.js.

const LINE = { face: 20, number: 34, plus: 32, bar: 62, cell: [7, 14] };

// Widths of a line's columns. Cells are left out where they would be too narrow to point at; words then say what the
// class is seen with. `before` is what stands left of the cells.
function classColumns(width, count, longest) {
  const name = Math.max(48, Math.min(longest, width * 0.26));
  const room = width - LINE.face - name - LINE.number - LINE.plus;
  const side = Math.min(LINE.cell[1], Math.floor(((room - LINE.bar) / count) * 2) / 2);
  const before = width - side * count;
  if (count > 1 && side >= LINE.cell[0]) return { name, bar: room - side * count, cell: side, words: 0, before };
  const words = count > 1 ? Math.max(0, (room - LINE.bar) * 0.7) : 0;
  return { name, bar: Math.max(24, room - words), cell: 0, words, before: width };
}

// The bars of all classes on one linear scale. `parts` are lists of numbers, one list a class, of which the last is
// "only difficult". A bar more than twice the second longest is cut, so that the others stay readable.
function classBars(parts, width) {
  const totals = parts.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const [first, second] = [...totals].sort((a, b) => b - a);
  const cut = second > 0 && first > 2 * second;
  const scale = width / ((cut ? second : first) || 1);
  return parts.map((counts, i) => {
    const shrink = totals[i] * scale > width ? width / (totals[i] * scale) : 1;
    let at = 0;
    const pieces = counts.map((count) => {
      const piece = { x: at, width: count * scale * shrink };
      at += piece.width;
      return piece;
    });
    return { pieces, cut: shrink < 1 - 1e-9, end: at };
  });
}

// The largest share of a class's photographs that also show another, rounded up to a tenth: the darkest cell.
function topShare(together) {
  let top = 0;
  together.forEach((row, i) => row.forEach((count, j) => i !== j && row[i] && (top = Math.max(top, count / row[i]))));
  return Math.max(0.1, Math.ceil(top * 10 - 1e-9) / 10);
}

// The classes that share most photographs with class i: [[j, count], ...], the most first.
function seenWith(together, i, most) {
  return together[i]
    .map((count, j) => [j, count])
    .filter(([j, count]) => j !== i && count)
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, most);
}

// What the sentence under the list says of class i.
function classSentence(names, together, alone, i) {
  const shown = together[i][i];
  const number = (value) => value.toLocaleString("en");
  if (!shown) return `No photograph shows ${names[i]}.`;
  const photographs = shown === 1 ? "the only photograph" : `${number(shown)} photographs`;
  const others = seenWith(together, i, 2).map(([j, count]) => `${number(count)} also show${count === 1 ? "s" : ""} ${names[j]}`);
  return `Of ${photographs} with ${names[i]}, ${[...others, `${number(alone[i])} nothing else`].join(", ")}.`;
}
