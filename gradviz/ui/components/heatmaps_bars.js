// The colour bars: an axis shared by all kernels, with the histogram of all single pairs and a mark for this pair.

function drawBar(context, state, index) {
  const [box, panel, { roles }] = [state.layout.panels[index], state.panels[index], state.theme];
  const [from, to] = state.unit ? [Math.min(...state.panels.map((p) => p.axis[0])), Math.max(...state.panels.map((p) => p.axis[1]))] : panel.axis;
  const [x, width, y] = [box.x, box.w, box.y + box.h + 22];
  const at = (value) => x + ((value - from) / (to - from)) * width;
  drawHistogram(context, panel, at, y, roles[panel.role]);
  const colours = context.createLinearGradient(x, 0, x + width, 0);
  for (let i = 0; i <= 64; i++) {
    const value = from + ((to - from) * i) / 64;
    colours.addColorStop(i / 64, `rgb(${colourAt(panel.scale, state.how.colour, panel.table, value)})`);
  }
  context.fillStyle = colours;
  context.fillRect(x, y, width, 5);
  context.strokeStyle = roles.line;
  context.lineWidth = 1;
  context.strokeRect(x - 0.5, y - 0.5, width + 1, 6);
  drawTicks(context, state, panel, at, { x, y, width, small: box.small });
  const value = state.values && state.values[index];
  if (value !== undefined && value !== null) drawValue(context, state, panel, at(value), { x, y, width }, value);
}

function drawHistogram(context, panel, at, y, colour) {
  const [from, to] = panel.axis;
  const bins = panel.histogram;
  const most = Math.max(1, ...bins);
  context.beginPath();
  context.moveTo(at(from), y);
  bins.forEach((count, i) => context.lineTo(at(from + ((i + 0.5) * (to - from)) / bins.length), y - 16 * (count / most)));
  context.lineTo(at(to), y);
  context.closePath();
  context.globalAlpha = 0.28;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
}

function drawTicks(context, state, panel, at, { x, y, width, small }) {
  const { roles } = state.theme;
  const [low, high] = panel.scale.limits;
  const decimals = Math.max(0, usualDecimals(state) - 1);
  const wanted = state.how.colour === "rank" ? [0] : [low, high];
  if (panel.below > 0.01 && state.how.colour !== "rank") wanted.push(0);
  context.font = fontOf(state, 11);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  let free = -Infinity;
  for (const tick of wanted.sort((a, b) => a - b)) {
    const label = tick === 0 ? "0" : withMinus(number(tick, decimals));
    const wide = context.measureText(label).width;
    const start = Math.max(x, Math.min(x + width - wide, at(tick) - wide / 2));
    if (start < free) continue;
    context.fillStyle = roles.ticks;
    context.fillRect(Math.round(at(tick)) - 0.5, y + 5, 1, 4);
    context.fillStyle = roles.muted;
    context.fillText(label, start, y + 19);
    free = start + wide + 6;
  }
  const words = scaleWords(state.how.colour, state.how.shared);
  const fits = words.slice(small ? 1 : 0).find((said) => context.measureText(said).width <= x + width - free);
  if (fits) {
    context.fillStyle = roles.muted;
    context.textAlign = "right";
    context.fillText(fits, x + width, y + 19);
  }
}

function drawValue(context, state, panel, at, { x, y, width }, value) {
  const { roles } = state.theme;
  context.fillStyle = roles.text;
  context.fillRect(at - 1, y - 3, 2, 11);
  const text = withMinus(number(value, usualDecimals(state)));
  context.font = fontOf(state, 11.5, 650);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  const wide = context.measureText(text).width;
  const start = Math.max(x, Math.min(x + width - wide, at - wide / 2));
  context.fillStyle = roles.background;
  context.globalAlpha = 0.75;
  context.fillRect(start - 2, y - 16, wide + 4, 12);
  context.globalAlpha = 1;
  context.fillStyle = roles[panel.role];
  context.fillText(text, start, y - 6);
}

function drawBars(context, state, plain) {
  const kept = state.values;
  if (plain && !state.marked) state.values = null;
  state.panels.forEach((_, i) => drawBar(context, state, i));
  state.values = kept;
}
