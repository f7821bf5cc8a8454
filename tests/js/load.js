// Components are scripts that Streamlit joins, not modules: evaluate some and hand back the names asked for.
import { readFileSync } from "node:fs";

export const folder = new URL("../../gradviz/ui/components/", import.meta.url);

export function load(files, names, evaluate = (source) => new Function(source)()) {
  const source = files.map((file) => readFileSync(new URL(file, folder), "utf8").replace(/^export default function \(/gm, "function main(")).join("\n");
  return evaluate(`${source}\nreturn { ${names.join(", ")} };`);
}
