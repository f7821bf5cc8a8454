// What the components share. Text from the data is put into the page with textContent and fillText only.

function unpack(data) {
  const size = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + size)));
  let at = data.byteOffset + 4 + size;
  const parts = header.parts.map((length) => data.buffer.slice(at, (at += length)));
  return { header, parts };
}

function themeOf(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
  return {
    text: read("text-color", "#222"),
    background: read("background-color", "#fff"),
    surface: read("secondary-background-color", "#f4f4f4"),
    border: read("border-color", "#ccc"),
    primary: read("primary-color", "#2f6f9f"),
    font: read("font", "sans-serif"),
    dark: isDark(read("background-color", "#ffffff")),
    presenting: Number(style.getPropertyValue("--gv-scale")) > 1,
  };
}

// How much a presentation enlarges what is inside an element; its own pixels are that much larger than the window's.
function zoomOf(element) {
  const root = element.closest(".root");
  return (root && Number(getComputedStyle(root).zoom)) || 1;
}

// The window's height in the element's own pixels.
const windowHeight = (element) => innerHeight / zoomOf(element);

// How far below the window's upper edge an element begins, in its own pixels.
const topInWindow = (element) => element.getBoundingClientRect().top / zoomOf(element);

// Where the pointer is on an element, in the element's own pixels.
function pointIn(element, event) {
  const [box, zoom] = [element.getBoundingClientRect(), zoomOf(element)];
  return [(event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom];
}

// Set the colours of the roles as --gv-forward, --gv-muted ... for the component's CSS, and return them with the theme.
// Call it in every call of the component: the theme may have changed.
function dress(root) {
  const theme = themeOf(root);
  const roles = rolesOf(theme.dark);
  for (const [role, colour] of Object.entries(roles)) root.style.setProperty(`--gv-${role}`, role === "muted" ? `var(--gv-quiet, ${colour})` : colour);
  // A presentation has no grey type; it may begin between two calls, so whoever draws on a canvas calls this then too.
  if (theme.presenting) roles.muted = roles.text;
  return { ...theme, roles };
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// An SVG element; its text is set with textContent.
const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Give the canvas as many device pixels as it covers, or `ratio` for each CSS pixel; drawing stays in CSS pixels.
function sharpContext(canvas, width, height, ratio = (window.devicePixelRatio || 1) * zoomOf(canvas)) {
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function shorten(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let keep = text.length;
  while (keep > 1 && context.measureText(`${text.slice(0, keep)}…`).width > width) keep -= 1;
  return keep > 1 ? `${text.slice(0, keep)}…` : "";
}

// Text in lines no wider than the room, broken between words.
function wrapped(context, text, room) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (lines.at(-1) && context.measureText(longer).width > room) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function savePicture(canvas, name) {
  canvas.toBlob((blob) => {
    const link = element("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

// Let go of the former pictures of a component and give these addresses.
function showPictures(state, jpegs) {
  dropPictures(state);
  state.urls = jpegs.map((jpeg) => URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" })));
}

function dropPictures(state) {
  state.urls.forEach((url) => URL.revokeObjectURL(url));
}

// Draw again when the width changes, or the window does, or a presentation begins or ends; `unwatch` ends it.
function watchWidth(state, draw) {
  state.redraw = scheduler(() => {
    state.look = dress(state.root);
    draw();
  });
  state.watch = new ResizeObserver(([entry]) => {
    if (entry.contentRect.width !== state.width) state.redraw();
    state.width = entry.contentRect.width;
  });
  state.watch.observe(state.root);
  addEventListener("resize", state.redraw);
}

function unwatch(state) {
  state.watch?.disconnect();
  removeEventListener("resize", state.redraw);
}

// Put the tip beside the pointer, inside the root.
function placeTip(tip, root, x, y) {
  tip.style.display = "block";
  const left = x + 18 + tip.offsetWidth > root.clientWidth ? x - tip.offsetWidth - 14 : x + 18;
  const top = y + 18 + tip.offsetHeight > root.clientHeight ? y - tip.offsetHeight - 12 : y + 18;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${Math.max(0, top)}px`;
}

// Redraw at most once per frame.
function scheduler(draw) {
  let waiting = 0;
  return () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      draw();
    });
  };
}
