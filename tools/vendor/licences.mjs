// A licence text for every package that ends in a file of ours.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { MIT_HOLDERS } from "./assets.mjs";

const MIT = readFileSync("mit.txt", "utf8");

export function metadata(name) {
  const path = join("node_modules", name, "package.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { name, license: "MIT" };
}

function texts(name) {
  const folder = join("node_modules", name);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copyright)/i.test(file)) : [];
  const found = files.filter((file) => !/^licenses$/.test(file)).map((file) => readFileSync(join(folder, file), "utf8").trim());
  if (found.length) return found;
  if (MIT_HOLDERS[name]) return [`MIT License\n\n${MIT_HOLDERS[name]}\n\n${MIT.trim()}`];
  throw new Error(`${name} has no licence file: name its holder in assets.mjs`);
}

// The parts of ECharts that came from elsewhere have their licences in a folder of their own.
function further(name) {
  const folder = join("node_modules", name, "licenses");
  return existsSync(folder) ? readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8").trim()) : [];
}

export function licenceText(names) {
  const line = "=".repeat(100);
  return names
    .map((name) => {
      const { version, license } = metadata(name);
      const title = [name, version, `(${license})`].filter(Boolean).join(" ");
      return [`${line}\n${title}\n${line}`, ...texts(name), ...further(name)].join("\n\n");
    })
    .join("\n\n\n")
    .replace(/[ \t]+$/gm, "")
    .replace(/\r\n?/g, "\n") + "\n";
}
