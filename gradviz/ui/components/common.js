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
  };
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Give the canvas as many device pixels as it covers; drawing stays in CSS pixels.
function sharpContext(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
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

function savePicture(canvas, name) {
  canvas.toBlob((blob) => {
    const link = element("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
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
