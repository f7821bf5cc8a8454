// Mount the figures of a report: what Streamlit does for a page, without a server. What a figure would tell the server
// goes nowhere.

const { css, pages } = JSON.parse(document.getElementById("gv-report").textContent);
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

const functions = new Map();
const redraws = [];

function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function mount(place, { key, component, data }) {
  if (!functions.has(component)) functions.set(component, COMPONENTS[component]());
  const host = document.createElement("div");
  host.dataset.key = key;
  place.append(host);
  const parentElement = host.attachShadow({ mode: "open" });
  parentElement.adoptedStyleSheets = [sheet];
  const root = document.createElement("div");
  root.className = "root";
  parentElement.append(root);
  const given = { key, name: component, data: bytesOf(data), parentElement, setStateValue() {}, setTriggerValue() {} };
  const draw = () => functions.get(component)(given);
  draw();
  redraws.push(draw);
}

// One page at a time, as in the dashboard: figures take their height from the window, and those not opened cost nothing.
const sections = [...document.querySelectorAll("section")];
const opened = new Set();

function open() {
  const shown = sections.find(({ id }) => `#${id}` === location.hash) || sections[0];
  for (const section of sections) section.hidden = section !== shown;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${shown.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.querySelector("main").scrollTop = 0;
  if (opened.has(shown)) return;
  opened.add(shown);
  for (const figure of pages[sections.indexOf(shown)]) mount(shown.querySelector(".figures"), figure);
}

addEventListener("hashchange", open);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraws.forEach((draw) => draw()));

for (const button of document.querySelectorAll(".command button")) {
  button.onclick = async () => {
    const line = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(line.textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    } catch {
      getSelection().selectAllChildren(line); // a browser that does not let a file write there
    }
  };
}

open();
