// A line of facts: large numbers with a few words, and small columns.

function columnsOf(fact, look) {
  const tall = Math.max(...fact.columns.map(([, count]) => count));
  return fact.columns.map(([name, count]) => {
    const bar = element("i");
    bar.style.height = `${Math.max(1, 15 * Math.sqrt(count / tall))}px`;
    bar.style.background = look.roles.accent;
    return element("span", { className: "facts-column" }, element("span", { textContent: count.toLocaleString("en") }), bar, element("span", { textContent: name }));
  });
}

export default function (component) {
  const { header } = unpack(component.data);
  const root = component.parentElement.querySelector(".root");
  const look = dress(root);
  const line = element("div", { className: "facts" });
  for (const fact of header.facts) {
    const part = element("div", { className: "facts-part", title: fact.about || "" });
    if (fact.number !== undefined) part.append(element("b", { textContent: fact.number.toLocaleString("en") }));
    const words = element("div", { className: "facts-words" });
    words.append(...fact.lines.map((text) => element("span", { textContent: text })));
    part.append(words);
    if (fact.columns) part.append(...columnsOf(fact, look));
    line.append(part);
  }
  root.replaceChildren(line);
}
