// The picture of an outer product: a band for each factor, the cells, the scale of colours, and where the pointer is.

function paintOuter(state) {
  const { outer } = state;
  const { width, height } = state.rooms.outer;
  const place = (outer.place = netOuter(width, height, state.scale));
  const all = place.x + Math.max(place.width, 236);
  const below = place.y + place.height + UNDER;
  outer.canvas.style.width = `${all}px`;
  const context = sharpContext(outer.canvas, all, below, state.ratio);
  context.clearRect(0, 0, all, below);
  paintProduct(state, context);
  const most = written(outer.rows.most * outer.cols.most);
  outer.canvas.setAttribute("aria-label", `Gradient of ${state.layer}, ${cellsWords(outer.rows, outer.cols)}, colours from −${most} to ${most}`);
}

// The picture at twice the screen's size, with what it shows written above it, and the same in the file's name.
function saveOuter(state) {
  const { outer, theme, photos } = state;
  const { x, y, width, height } = outer.place;
  const shows = singleEntries(outer.rows, outer.cols) ? "single entries" : CELLS[state.bus.cells].file;
  const about = `${netAbout(state, [photos.A])}, ${shows}`;
  const canvas = captioned(about, x + Math.max(width, 420), y + height + UNDER, theme, (context) => paintProduct(state, context));
  savePicture(canvas, netFile("outer", about));
}

function paintProduct(state, context) {
  const { outer, theme } = state;
  const { place, rows, cols } = outer;
  const band = ({ shown, most }, role, across) => {
    const table = netTable(role, theme);
    shown.forEach((value, i) => {
      const length = across ? place.width : place.height;
      const [from, to] = [Math.round((i * length) / shown.length), Math.round(((i + 1) * length) / shown.length)];
      if (across) netFill(context, table, value, most, place.x + from, place.y - place.band - 4, to - from, place.band);
      else netFill(context, table, value, most, place.x - place.band - 4, place.y + from, place.band, to - from);
    });
  };
  band(rows, "forward", false);
  band(cols, "backward", true);
  const [high, wide] = [rows.shown.length, cols.shown.length];
  const image = new OffscreenCanvas(wide, high);
  const pixels = new ImageData(wide, high);
  const table = netTable("product", theme);
  rows.shown.forEach((one, r) =>
    cols.shown.forEach((other, c) => {
      const at = 3 * netIndex(one * other, rows.most * cols.most);
      pixels.data.set([table[at], table[at + 1], table[at + 2], 255], 4 * (r * wide + c));
    }),
  );
  image.getContext("2d").putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, place.x, place.y, place.width, place.height);
  paintCross(state, context);
  const serif = `italic ${14 * state.scale}px ${NET_SERIF}`;
  context.textBaseline = "alphabetic";
  netLabel(context, "x", netLayer(state).number - 1, 4, place.y + place.height / 2, serif, theme.roles.forward);
  netLabel(context, "dE/dy", netLayer(state).number, place.x, 13, serif, theme.roles.backward);
  context.font = `${11 * state.scale}px ${theme.font}`;
  context.fillStyle = theme.roles.muted;
  context.fillText(cellsWords(rows, cols), place.x, place.y + place.height + 14);
  paintScale(state, context);
}

// The scale of colours: from the largest cell below zero to the largest above it.
function paintScale(state, context) {
  const { place, rows, cols } = state.outer;
  const [x, y, wide, high] = [place.x, place.y + place.height + 30, 90, 8];
  const most = written(rows.most * cols.most);
  const table = netTable("product", state.theme);
  const low = `−${most}`;
  const left = Math.round(x + context.measureText(low).width + 6);
  context.fillText(low, x, y);
  for (let at = 0; at < wide; at++) netFill(context, table, at + 0.5 - wide / 2, wide / 2, left + at, y - high, 1, high);
  context.fillStyle = state.theme.roles.muted;
  context.fillText(most, left + wide + 6, y);
}

const NET_SERIF = '"STIX Two Text", "Latin Modern Math", Cambria, "Times New Roman", serif';

function netLabel(context, letter, index, x, y, font, colour) {
  context.font = font;
  context.fillStyle = colour;
  context.fillText(letter, x, y);
  const width = context.measureText(letter).width;
  context.font = font.replace(/[\d.]+px/, (size) => `${0.72 * parseFloat(size)}px`);
  context.fillText(index, x + width + 1, y + 3);
}

function paintCross(state, context) {
  const { rows, cols, at, place } = state.outer;
  const [height, width] = [place.height / rows.runs.length, place.width / cols.runs.length];
  const [x, y] = [place.x + (at[1] + 0.5) * width, place.y + (at[0] + 0.5) * height];
  context.strokeStyle = state.theme.text;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, place.y - place.band - 4);
  context.lineTo(x, y - 4);
  context.moveTo(place.x - place.band - 4, y);
  context.lineTo(x - 4, y);
  context.rect(x - 3.5, y - 3.5, 7, 7);
  context.stroke();
}
