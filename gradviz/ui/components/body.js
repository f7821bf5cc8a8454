// A network as a picture of its layers. The picture is for the pointer: the page has the same choice as a row of buttons
// beneath it, for keyboard and screen reader.

export default function (component) {
  const { header } = unpack(component.data);
  const root = component.parentElement.querySelector(".root");
  dress(root);
  const [width, height] = [200, 52];
  const { slabs, drawn, bars } = bodyShapes(header.layers, width, height);
  const picture = shape("svg", { viewBox: `0 0 ${width} ${height + 12}`, class: "body", "aria-hidden": "true" }, ...slabs);
  header.layers.forEach((layer, i) => {
    const { x, width: room } = bars[i];
    const chosen = layer.name === header.chosen ? " chosen" : "";
    const title = shape("title", {}, `${layer.name}: ${layer.inputs.toLocaleString("en")} → ${layer.outputs.toLocaleString("en")}`);
    const part = shape("g", { class: `layer${chosen}` }, title, shape("rect", { x, y: 0, width: room, height: height + 12, class: "ground" }));
    part.append(drawn[i]);
    part.addEventListener("click", () => component.setTriggerValue("layer", layer.name));
    picture.append(part);
  });
  const label = shape("text", { x: 0, y: height + 10, class: "caption" });
  label.textContent = header.within;
  picture.append(label);
  root.replaceChildren(picture);
}
