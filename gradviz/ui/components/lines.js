// A compact table for the edge of a page. A line that leads somewhere is a button.

function cellOf(header, text, k) {
  return element("span", { className: header.right.includes(k) ? "right" : "", textContent: text });
}

export default function (component) {
  const { header } = unpack(component.data);
  const root = component.parentElement.querySelector(".root");
  dress(root);
  const columns = header.columns.map((_, k) => (k ? "auto" : "minmax(0, 1fr)")).join(" ");
  const table = element("div", { className: header.folds ? "lines folds" : "lines" });
  table.style.gridTemplateColumns = `${columns} 14px`;
  table.append(element("div", { className: "lines-head" }, ...header.columns.map((text, k) => cellOf(header, text, k)), element("span")));
  for (const row of header.rows) {
    const mark = element("span", { className: row.here ? "here" : "fetch", textContent: row.here ? "●" : row.leads ? "↓" : "" });
    const line = element(row.leads ? "button" : "div", { className: `lines-row${row.here ? " here" : ""}`, title: row.about || row.cells[0] });
    line.append(...row.cells.map((text, k) => cellOf(header, text, k)), mark);
    if (row.leads) line.onclick = () => component.setTriggerValue("name", row.name);
    table.append(line);
  }
  root.replaceChildren(table);
}
