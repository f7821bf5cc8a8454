// The panel: the class in focus with its curve, the photograph under the pointer, and rows of photographs.

const MAIN = 24; // pixels of a tag

function scoresPhoto(state, width, height) {
  const id = state.shown;
  const picture = state.bank.photos?.get(id);
  const made = shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "scores-photo", role: "img", "aria-label": id ? `Photograph ${id}` : "" });
  made.append(shape("rect", { width, height, class: "ground" }));
  if (!picture?.url) return made;
  const fit = fitPhotograph(picture.size[0], picture.size[1], width, height, 0.3);
  made.append(shape("image", { href: picture.url, x: fit.x, y: fit.y, width: picture.size[0] * fit.scale, height: picture.size[1] * fit.scale, preserveAspectRatio: "none" }));
  for (const [xmin, ymin, xmax, ymax, name, difficult] of picture.boxes) {
    const box = boxInFrame([xmin, ymin, xmax, ymax], fit, width, height);
    const at = state.header.lines.find((line) => line.name === name);
    const stroke = at ? classColour(at.colour, state.look.dark) : "#8a8f98";
    made.append(shape("rect", { ...box, class: "casing" }), shape("rect", { ...box, class: difficult ? "edge difficult" : "edge", stroke }));
    if (box.width > 46 && box.height > MAIN) {
      const label = shape("text", { x: box.x + 5, y: box.y + 12, class: "tag" });
      label.textContent = name.length * 6 > box.width - 8 ? `${name.slice(0, Math.max(1, Math.floor(box.width / 6) - 2))}…` : name;
      made.append(label);
    }
  }
  return made;
}

// What the photograph is for the class: right or missed where it shows it, else wrong.
function scoresVerdict({ label, shows }, name, positives, rank) {
  const others = shows.filter((other) => other !== name);
  if (label < 0) return { kind: "wrong", text: `No ${name}${others.length ? `: ${others.slice(0, 3).join(", ")}` : ", and no other class"}` };
  return rank > positives ? { kind: "missed", text: `Missed: ${name}` } : { kind: "right", text: `Right: ${name}` };
}

function scoresFacts(state, width) {
  const { header } = state;
  const photo = header.detail.photos[state.shown];
  const made = element("div", { className: "scores-facts" });
  made.style.width = `${width}px`;
  if (!photo) return made;
  const line = header.lines.find(({ name }) => name === header.detail.name);
  const verdict = scoresVerdict(photo, header.detail.name, line ? line.positives : 0, photo.ranks[0]);
  const table = element("div", { className: "scores-ranks" }, element("span"), element("span", { textContent: "rank" }), element("span", { textContent: "score" }));
  [header.a, header.b].forEach((side, k) => {
    if (!side || photo.ranks[k] === undefined) return;
    const name = symbol(side.name, side.formula);
    table.append(name, element("b", { className: "ab"[k], textContent: photo.ranks[k].toLocaleString("en") }), element("b", { className: "ab"[k], textContent: photo.scores[k].toFixed(2).replace("-", MINUS) }));
  });
  const [recall, precision] = photo.cuts[0];
  made.append(element("strong", { className: verdict.kind, textContent: verdict.text, title: photo.shows.join(", ") }), table, element("span", { textContent: `Cut here: precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}.` }), element("span", { className: "quiet", textContent: state.shown, title: state.shown }));
  return made;
}

function scoresCaption(state, kind, id) {
  const photo = state.header.detail.photos[id];
  const [rank, other] = photo.ranks;
  if (kind.startsWith("moved")) {
    const good = photo.label > 0 ? rank < other : rank > other;
    return [element("span", { className: "b", textContent: other.toLocaleString("en") }), element("i", { className: good ? "right" : "wrong", textContent: "→" }), element("b", { className: "a", textContent: rank.toLocaleString("en") })];
  }
  const main = photo.shows.find((name) => name !== "person") || photo.shows[0] || "no class";
  const text = kind === "wrong" ? main : photo.scores[0].toFixed(state.narrow ? 1 : 2).replace("-", MINUS);
  return [element("b", { textContent: rank.toLocaleString("en") }), element("span", { textContent: kind !== "wrong" && photo.scores[0] > 0 ? `+${text}` : text })];
}

function scoresThumbnail(state, kind, id, side) {
  const picture = state.bank.photos?.get(id);
  const image = element("img", { alt: "" });
  if (picture?.url) image.src = picture.url;
  const box = element("span", { className: "scores-thumbnail" }, image);
  const made = element("button", { type: "button", className: id === state.shown ? "shown" : "" }, box, element("span", { className: "scores-caption" }, ...scoresCaption(state, kind, id)));
  made.style.width = `${side}px`;
  box.style.height = `${side}px`;
  const photo = state.header.detail.photos[id];
  made.setAttribute("aria-label", `${id}, rank ${photo.ranks.join(" and ")}, shows ${photo.shows.join(", ") || "no class"}`);
  made.title = `Open ${id} in Neighbours`;
  made.dataset.photo = id;
  made.onmouseenter = made.onfocus = () => scoresShow(state, id);
  made.onclick = () => state.component.setTriggerValue("change", { open: id, at: Date.now() });
  return made;
}

function scoresShow(state, id) {
  if (state.shown === id) return;
  state.hovered = state.shown = id;
  scoresHero(state);
  for (const made of state.root.querySelectorAll("[data-photo]")) made.classList.toggle("shown", made.dataset.photo === id);
  for (const made of state.root.querySelectorAll("[data-id]")) made.classList.toggle("shown", made.dataset.id === id);
}

function scoresHero(state) {
  const { curve, hero, photo, facts } = state.panel;
  state.hero.replaceChildren(scoresCurve(state, curve, hero), scoresPhoto(state, photo, hero), scoresFacts(state, facts));
}

function scoresStrip(state, [kind, title, about, ids], layout, count) {
  const head = element("div", { className: "scores-title" }, element("strong", { className: kind, textContent: title, title }), element("span", { textContent: about, title: about }));
  const shown = ids.slice(0, count);
  const row = element("div", { className: "scores-row" }, ...shown.map((id) => scoresThumbnail(state, kind, id, layout.side)));
  if (!shown.length) row.append(element("span", { className: "none", textContent: kind.startsWith("moved") ? "" : "none" }));
  return element("div", { className: "scores-strip" }, head, row);
}

// The three groups of photographs that moved share a row.
function scoresMoved(state, groups, layout) {
  const counts = shares(layout.across, groups.map((group) => group[3].length));
  const there = groups.map((group, k) => [group, counts[k]]).filter(([, count]) => count);
  if (!there.length) return scoresStrip(state, ["moved", "Rank moved most", "no rank moved among the first 100", []], layout, 0);
  const made = element("div", { className: "scores-groups" });
  there.forEach(([group, count]) => {
    const strip = scoresStrip(state, group, layout, count);
    strip.style.width = `${count * (layout.side + PANEL.gap) - PANEL.gap}px`;
    made.append(strip);
  });
  return made;
}

function scoresPanel(state, layout, height) {
  const { header } = state;
  const made = element("section", { className: "scores-panel" });
  made.style.width = `${layout.panel}px`;
  made.style.height = `${height}px`;
  const { detail } = header;
  if (!detail) return made;
  const moved = detail.strips.filter(([kind]) => kind.startsWith("moved"));
  const rows = detail.strips.length - moved.length + (moved.length ? 1 : 0);
  state.panel = panelLayout(layout.panel, height, rows);
  state.narrow = state.panel.side < 66;
  const line = header.lines.find(({ name }) => name === detail.name);
  const title = element("div", { className: "scores-panel-head" }, element("h2", { textContent: detail.name, title: detail.name }));
  const numbers = element("span", { className: "numbers" }, element("b", { className: "a", textContent: number1(line.a) }));
  if (line.b !== null) numbers.append(" against ", element("b", { className: "b", textContent: number1(line.b) }), ": ", element("b", { textContent: signed1(line.difference) }), line.alone ? ` (${between(line.alone)})` : "");
  const step = (text, by, title) => {
    const button = element("button", { type: "button", textContent: text, title });
    button.onclick = () => scoresStep(state, by, false);
    return button;
  };
  title.append(numbers);
  if (layout.panel >= 420) title.append(element("span", { className: "quiet", textContent: `${line.positives.toLocaleString("en")} of ${detail.counted.toLocaleString("en")} show one` }));
  title.append(element("span", { className: "steps" }, step("↑", -1, "The class above"), step("↓", 1, "The class below")));
  state.hero = element("div", { className: "scores-hero" });
  state.hero.style.height = `${state.panel.hero}px`;
  made.append(title, state.hero, ...detail.strips.filter(([kind]) => !kind.startsWith("moved")).map((strip) => scoresStrip(state, strip, state.panel, state.panel.across)));
  if (moved.length) made.append(scoresMoved(state, moved, state.panel));
  if (header.focus !== detail.name) made.classList.add("awaiting");
  scoresHero(state);
  return made;
}
