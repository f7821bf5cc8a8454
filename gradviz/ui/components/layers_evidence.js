// The evidence: photographs on which the best and another one differ most, and how alike all kernels are.

function evidencePhoto(state, photo, width, height) {
  const { header } = state;
  const image = element("img", { alt: "" });
  const url = state.urls.get(photo.id);
  if (url) image.src = url;
  const box = element("span", { className: "picture" }, image);
  box.style.height = `${height}px`;
  const made = element("button", { type: "button" }, box);
  made.style.width = `${width}px`;
  made.dataset.photo = photo.id;
  if (photo.ranks) {
    const better = photo.good ? "first" : "other";
    made.classList.add(better);
    box.append(element("span", { className: "ranks" }, element("b", { className: photo.good ? "on" : "", textContent: photo.ranks[0].toLocaleString("en") }), element("b", { className: photo.good ? "" : "on", textContent: photo.ranks[1].toLocaleString("en") })));
  }
  made.append(element("span", { className: "caption" }, photo.shows ? "shows " : "no ", element("b", { textContent: photo.name })));
  const ranks = photo.ranks ? `, rank ${photo.ranks[0]} and ${photo.ranks[1]}` : "";
  made.setAttribute("aria-label", `${photo.id}: ${photo.shows ? "shows" : "no"} ${photo.name}${ranks}`);
  made.title = `Open ${photo.id} in Neighbours`;
  made.onclick = () => state.component.setTriggerValue("change", { open: photo.id, at: Date.now() });
  return made;
}

function evidencePhotos(state, layout) {
  const { header } = state;
  const made = element("section", { className: "layers-photos" });
  made.style.width = `${layout.photos}px`;
  const { evidence } = header;
  const title = element("div", { className: "layers-title" }, element("strong", { textContent: evidence.title }));
  const about = element("span", { className: "quiet" }, ...(evidence.pair ? ["ranks by ", resultName(evidence.pair[0], { network: evidence.pair[0].title !== evidence.pair[1].title }), " and ", resultName(evidence.pair[1], { network: evidence.pair[0].title !== evidence.pair[1].title }), evidence.note] : [evidence.note]));
  about.title = about.textContent;
  title.append(about);
  if (evidence.pair) {
    made.style.setProperty("--a", state.look.roles[evidence.pair[0].role]);
    made.style.setProperty("--b", state.look.roles[evidence.pair[1].role]);
    if (evidence.pair[0].role === evidence.pair[1].role) made.style.setProperty("--b", state.look.roles.muted);
  }
  const gap = 7;
  const width = Math.floor((layout.photos - 4 * gap) / 5);
  const height = Math.floor((layout.evidence - LAYERS.title - 2 * 18 - gap) / 2);
  const side = Math.min(width, Math.round((height * 4) / 3) + 34);
  const grid = element("div", { className: "layers-grid" }, ...evidence.photos.map((photo) => evidencePhoto(state, photo, side, height)));
  grid.style.gridTemplateColumns = `repeat(5, ${side}px)`;
  made.append(title, grid);
  return made;
}

function evidenceMatrix(state, layout) {
  const { matrix } = state.header;
  const made = element("section", { className: "layers-matrix" });
  made.style.width = `${layout.matrix}px`;
  made.append(element("div", { className: "layers-title" }, element("strong", { textContent: "Alignment" }), element("span", { className: "quiet", textContent: matrix ? `with the labels · with each other (CKA)${matrix.names.length < state.header.rows.length ? ` · the best ${matrix.names.length}` : ""}` : state.header.waiting })));
  if (!matrix) return made;
  const height = layout.evidence - LAYERS.title;
  const count = matrix.names.length;
  const side = matrixSide(layout.matrix, height, count);
  const [left, top] = [86, 4];
  const canvas = element("canvas", { className: "plain", width: 1, height: 1 });
  canvas.style.width = `${layout.matrix}px`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Alignment of every kernel with the labels and with each other");
  made.append(canvas);
  state.matrix = () => {
    const context = sharpContext(canvas, layout.matrix, height);
    context.clearRect(0, 0, layout.matrix, height);
    const { roles } = state.look;
    const ramp = rampThrough([roles.soft, roles.accent]);
    const most = Math.max(0.05, ...matrix.labels.filter((value) => value !== null));
    for (let i = 0; i < count; i++) {
      const y = top + i * side;
      const own = matrix.labels[i];
      if (own !== null) {
        context.fillStyle = roles[matrix.roles[i]];
        context.globalAlpha = 0.62;
        const long = (Math.max(0, own) / most) * 46;
        context.fillRect(left - 36 - long, y + 1, long, side - 2);
        context.globalAlpha = 1;
        if (side >= 8) {
          context.fillStyle = roles.text;
          context.font = `11px ${state.look.font}`;
          context.textAlign = "right";
          context.textBaseline = "middle";
          context.fillText(own.toFixed(2), left - 6, y + side / 2);
        }
      }
      for (let j = 0; j < i; j++) {
        const value = matrix.values[i][j];
        const t = value === null ? 0 : Math.max(0, Math.min(1, (value - 0.4) / 0.6)) ** 1.5;
        const at = 3 * Math.round(255 * t);
        context.fillStyle = `rgb(${ramp[at]},${ramp[at + 1]},${ramp[at + 2]})`;
        context.fillRect(left + j * side, y, side - 1, side - 1);
      }
      if (side >= 9) {
        context.fillStyle = roles[matrix.roles[i]];
        context.font = `${matrix.formulas[i] ? "italic 12px 'STIX Two Text', Cambria, 'Times New Roman', serif" : `11px ${state.look.font}`}`;
        context.textAlign = "left";
        context.textBaseline = "middle";
        context.fillText(matrix.names[i], left + i * side + 3, y + side / 2);
      }
    }
    const at = state.cell;
    if (at) {
      context.strokeStyle = roles.text;
      context.lineWidth = 2;
      context.strokeRect(left + at[1] * side - 0.5, top + at[0] * side - 0.5, side, side);
    }
  };
  const cellAt = (event) => {
    const [x, y] = pointIn(canvas, event);
    const [i, j] = [Math.floor((y - top) / side), Math.floor((x - left) / side)];
    return i >= 0 && i < count && j >= 0 && j < i ? [i, j] : null;
  };
  canvas.onpointermove = (event) => {
    state.cell = cellAt(event);
    state.matrix();
    canvas.style.cursor = state.cell ? "pointer" : "default";
    if (!state.cell) return void (state.tip.style.display = "none");
    const [i, j] = state.cell;
    const value = matrix.values[i][j];
    state.tip.replaceChildren(element("b", { textContent: `${matrix.titles[i]} and ${matrix.titles[j]}` }), element("div", { className: "value", textContent: value === null ? "one kernel is constant" : `CKA ${value.toFixed(3).replace("-", MINUS)}` }), element("div", { className: "quiet", textContent: "Click: open in Kernels" }));
    placeTip(state.tip, state.root, ...pointIn(state.root, event));
  };
  canvas.onpointerleave = () => {
    state.cell = null;
    state.matrix();
    state.tip.style.display = "none";
  };
  canvas.onclick = (event) => {
    const cell = cellAt(event);
    if (cell) state.component.setTriggerValue("change", { cell, at: Date.now() });
  };
  state.matrix();
  return made;
}
