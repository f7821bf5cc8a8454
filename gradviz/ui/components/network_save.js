// The whole drawing as one picture, twice as fine as the screen's: the canvases and photographs are painted as they are,
// and over them everything that is type, lines and boxes, which the browser itself draws from a copy of the elements.

const MARGIN = 12; // pixels around a saved picture
const CAPTION = 20; // pixels for a line of its caption
// What XML cannot hold.
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Surrogate}]/gu;
// What is there to be pressed or to say what could be pressed has no place in a picture.
const STILL = `
  button.quiet, .net-own, .net-photo.empty, .net-panel.lacking { visibility: hidden; }
  .net-switch h2 { margin: 0; font-size: 0.9286rem; font-weight: 650; }
  .net-switch .forward { color: var(--gv-forward); }
  .net-switch .backward { color: var(--gv-backward); }
  .net-still { position: relative; height: 16px; background: linear-gradient(var(--gv-line), var(--gv-line)) 0 5px / 100% 6px no-repeat; }
  .net-still i { position: absolute; left: 0; top: 5px; height: 6px; width: calc((100% - 16px) * var(--at) + 8px); background: var(--gv-accent); }
  .net-still i + i { left: calc((100% - 16px) * var(--at)); top: 0; height: 16px; width: 16px; border-radius: 50%; }
`;

function buildSave(state) {
  const save = element("button", { type: "button", className: "quiet net-save", textContent: "Save picture", title: "Save all of this as a PNG, twice as fine as it is here" });
  save.addEventListener("click", async () => {
    try {
      const about = netAbout(state, [state.photos.A, state.photos.B].filter(Boolean));
      savePicture(await netPicture(state, about), netFile("network", about));
      save.textContent = "Save picture";
    } catch {
      save.textContent = "This browser could not draw it";
    }
  });
  return save;
}

// Where the photographs are from, network, layer, temperature, pseudo-label, normalisation and photographs, as a caption
// says them.
function netAbout({ choices, layer, network, step }, photos) {
  const labels = new Set(photos.map(({ g }) => (g.every((value) => value === g[0]) ? "uniform" : network.pseudo)));
  const shown = photos.length > 1 ? `photographs A ${photos[0].id} and B ${photos[1].id}` : `photograph ${photos[0].id}`;
  return `${choices.about}, ${layer}, τ = ${network.temperatures[step]}, pseudo-label ${[...labels].join(" and ")}, normalise ${network.normalise}, ${shown}`;
}

const netFile = (what, about) => `${what}_${about.replaceAll("τ", "tau").replaceAll("★", "own").replace(/[^A-Za-z0-9.]+/g, "_")}.png`;

// A canvas at twice the screen's size with a caption and, under it, what `paint` paints in CSS pixels.
function captioned(about, width, height, theme, paint) {
  const canvas = element("canvas");
  const context = canvas.getContext("2d");
  const font = `13px ${theme.font}`;
  context.font = font;
  const lines = wrapped(context, about, width);
  const head = MARGIN + CAPTION * lines.length;
  [canvas.width, canvas.height] = [width + 2 * MARGIN, head + height + MARGIN].map((size) => Math.round(2 * size));
  context.scale(2, 2);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.font = font;
  context.fillStyle = theme.text;
  lines.forEach((line, i) => context.fillText(line, MARGIN, MARGIN + CAPTION * i + 12));
  context.translate(MARGIN, head);
  paint(context);
  return canvas;
}

async function netPicture(state, about) {
  const { root, theme } = state;
  const [width, height] = [root.clientWidth, root.clientHeight];
  // Before anything is waited for: the copy and the canvases are of one moment.
  const copy = stillCopy(root);
  let canvas;
  state.ratio = 2;
  try {
    repaint(state);
    canvas = captioned(about, width, height, theme, (context) => paintRasters(context, root));
  } finally {
    state.ratio = undefined;
    repaint(state);
  }
  const overlay = new Image();
  overlay.src = await netOverlay(root, copy, width, height);
  await overlay.decode();
  const context = canvas.getContext("2d");
  context.drawImage(overlay, -MARGIN, -MARGIN, width + 2 * MARGIN, height + 2 * MARGIN);
  return canvas;
}

// Canvases and photographs at their places.
function paintRasters(context, root) {
  const from = root.getBoundingClientRect();
  for (const raster of root.querySelectorAll("canvas, img")) {
    const { left, top, width, height } = raster.getBoundingClientRect();
    if (!width || !height) continue;
    const { borderRadius, imageRendering } = getComputedStyle(raster);
    context.save();
    for (let part = raster; part !== root; part = part.parentElement) context.globalAlpha *= getComputedStyle(part).opacity;
    context.beginPath();
    context.roundRect(left - from.left, top - from.top, width, height, parseFloat(borderRadius) || 0);
    context.clip();
    context.imageSmoothingEnabled = imageRendering !== "pixelated";
    context.imageSmoothingQuality = "high";
    context.drawImage(raster, left - from.left, top - from.top, width, height);
    context.restore();
  }
}

// The elements as they stand, with nothing in the place of what has been painted.
function stillCopy(root) {
  const copy = root.cloneNode(true);
  // Browsers draw their own controls on the screen alone.
  const slider = element("div", { className: "net-still" }, element("i"), element("i"));
  const { value, max } = root.querySelector("input");
  slider.style.setProperty("--at", value / max);
  copy.querySelector("input").replaceWith(slider);
  for (const image of copy.querySelectorAll("img")) {
    image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
    image.style.background = "none";
  }
  for (const part of copy.querySelectorAll("[hidden], .tip")) part.remove();
  // Where one panel is shown its title takes the place of the buttons that choose it.
  copy.querySelector(".net-switch").replaceChildren(copy.querySelector(".net-panel h2").cloneNode(true));
  for (const none of copy.querySelectorAll(".net-none")) none.parentElement.classList.add("lacking");
  return copy;
}

// The copy as an SVG picture that holds all it needs: style sheets, the page's variables, the fonts.
async function netOverlay(root, copy, width, height) {
  const inherited = getComputedStyle(root);
  const rules = rulesOf([...root.getRootNode().styleSheets, ...root.getRootNode().adoptedStyleSheets]).map((rule) => rule.cssText);
  const css = [...rules, ...(await embeddedFonts(inherited.fontFamily)), STILL].join("\n");
  for (const name of new Set(css.match(/--(st|gv)-[\w-]+/g))) copy.style.setProperty(name, inherited.getPropertyValue(name));
  for (const name of ["font-weight", "letter-spacing"]) copy.style.setProperty(name, inherited.getPropertyValue(name));
  // As a number, which every element multiplies with its own size.
  copy.style.lineHeight = parseFloat(inherited.lineHeight) / parseFloat(inherited.fontSize) || "normal";
  Object.assign(copy.style, { position: "absolute", left: `${MARGIN}px`, top: `${MARGIN}px`, width: `${width}px`, height: `${height}px` });
  const [wide, high] = [width + 2 * MARGIN, height + 2 * MARGIN];
  const page = shape("foreignObject", { width: wide, height: high }, element("style", { textContent: css }), copy);
  // Sizes in rem are those of the outermost element.
  const size = getComputedStyle(document.documentElement).fontSize;
  const svg = shape("svg", { width: 2 * wide, height: 2 * high, viewBox: `0 0 ${wide} ${high}`, style: `font-size: ${size}` }, page);
  const text = new XMLSerializer().serializeToString(svg).replace(UNWRITABLE, "");
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}

// The rules of those sheets that may be read: those of other sites may not.
function rulesOf(sheets) {
  return sheets.flatMap((sheet) => {
    try {
      return [...sheet.cssRules];
    } catch {
      return [];
    }
  });
}

// The page's own faces of these families, each with its file inside; one that cannot be had is drawn in the next family.
async function embeddedFonts(families) {
  const wanted = new Set(families.split(",").map((family) => family.trim().replace(/["']/g, "")));
  const faces = rulesOf([...document.styleSheets]).filter((rule) => rule instanceof CSSFontFaceRule && wanted.has(rule.style.getPropertyValue("font-family").replace(/["']/g, "")));
  const made = faces.map(async (face) => {
    const [whole, address] = face.style.getPropertyValue("src").match(/url\("?([^")]+)"?\)/) || [];
    try {
      const file = await (await fetch(new URL(address, face.parentStyleSheet.href || document.baseURI))).blob();
      return face.cssText.replace(whole, `url("${await dataAddress(file)}")`);
    } catch {
      return "";
    }
  });
  return Promise.all(made);
}

function dataAddress(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
