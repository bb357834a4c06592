// Make src/twain_web/static/vendor: node build.mjs OUTPUT_FOLDER, in a folder where `npm ci` has run (see build.sh).
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { build } from "esbuild";

import { ASSETS } from "./assets.mjs";
import { licenceText, metadata } from "./licences.mjs";

const MAKES_CODE = /\beval\s*\(|\bnew Function\b|(?<![\w.$])Function\s*\(/;
const SOURCE_MAP = /\s*(\/\/[#@] sourceMappingURL=\S+|\/\*[#@] sourceMappingURL=[^*]*\*\/)\s*$/;
const ICON_SHELL = /^<svg[^>]*>|<\/svg>\s*$|<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/g;
const LOCK = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;

function copied(name, from) {
  const text = readFileSync(join("node_modules", name, from), "utf8");
  return { text: text.replace(SOURCE_MAP, ""), names: [name] };
}

function packageOf(path) {
  return path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];
}

async function bundled(entry, global, title) {
  const result = await build({
    entryPoints: [entry], bundle: true, minify: true, write: false, metafile: true, format: "iife", globalName: global,
    target: "es2020", legalComments: "none", logLevel: "warning", define: { "process.env.NODE_ENV": '"production"' },
    banner: { js: `/*! ${title}. Licences: LICENSE.txt beside this file. */` },
  });
  const inside = Object.values(result.metafile.outputs)[0].inputs;
  const used = Object.keys(inside).filter((path) => inside[path].bytesInOutput > 0);
  return { text: result.outputFiles[0].text, names: used.map(packageOf).filter(Boolean) };
}

// The stroke's width stays with the page: symbols carry everything else, so that an icon without a class is still a line drawing.
function symbol(name, icon) {
  const body = readFileSync(join("node_modules", name, "icons/outline", `${icon}.svg`), "utf8")
    .replace(/\s+/g, " ").replace(ICON_SHELL, "").replace(/> </g, "><").trim();
  const look = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="tabler-${icon}" viewBox="0 0 24 24" ${look}>${body}</symbol>`;
}

function sprite(name, listed) {
  const icons = readFileSync(listed, "utf8").split(/\s+/).filter(Boolean).sort();
  const text = `<svg xmlns="http://www.w3.org/2000/svg">\n${icons.map((icon) => symbol(name, icon)).join("\n")}\n</svg>\n`;
  return { text, names: [name] };
}

async function outputs(asset) {
  const title = `${asset.name} ${metadata(asset.name).version}`;
  const copies = Object.entries(asset.copy ?? {}).map(([from, to]) => [to, copied(asset.name, from)]);
  const sprites = Object.entries(asset.sprite ?? {}).map(([from, to]) => [to, sprite(asset.name, from)]);
  const bundles = Object.entries(asset.bundle ?? {}).map(async ([from, to]) => [to, await bundled(from, asset.global, title)]);
  return [...copies, ...sprites, ...(await Promise.all(bundles))];
}

function described(text, file) {
  const bytes = Buffer.from(text, "utf8");
  const facts = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
  return file.endsWith(".js") ? { ...facts, eval: MAKES_CODE.test(text) } : facts;
}

function entry(asset, files, others) {
  const { version, license } = metadata(asset.name);
  const source = `https://registry.npmjs.org/${asset.name}/-/${asset.name.split("/").pop()}-${version}.tgz`;
  const integrity = LOCK[`node_modules/${asset.name}`].integrity;
  const within = others.map((name) => ({ name, version: metadata(name).version ?? null, licence: metadata(name).license }));
  return {
    name: asset.name, version, licence: license, licence_file: `${asset.folder}/LICENSE.txt`, source, integrity,
    ...(asset.because ? { eval_because: asset.because } : {}), within, files,
  };
}

async function vendor(asset, out) {
  mkdirSync(join(out, asset.folder), { recursive: true });
  const made = await outputs(asset);
  const names = new Set([asset.name, ...(asset.within ?? []), ...made.flatMap(([, one]) => one.names)]);
  const others = [...names].filter((name) => name !== asset.name).sort();
  const files = {};
  for (const [file, { text }] of [...made, ["LICENSE.txt", { text: licenceText([asset.name, ...others]) }]]) {
    writeFileSync(join(out, asset.folder, file), text);
    files[`${asset.folder}/${file}`] = described(text, file);
  }
  return entry(asset, files, others);
}

const out = process.argv[2];
const only = process.argv.slice(3);
const chosen = ASSETS.filter((asset) => !only.length || only.includes(asset.folder));
for (const asset of chosen) rmSync(join(out, asset.folder), { recursive: true, force: true });
const entries = [];
for (const asset of chosen) entries.push(await vendor(asset, out));
writeFileSync(join(out, "manifest.json"), JSON.stringify({ assets: entries }, null, 2) + "\n");
const total = entries.flatMap((one) => Object.values(one.files)).reduce((sum, file) => sum + file.bytes, 0);
console.log(`${entries.length} assets, ${(total / 1024).toFixed(0)} KiB in ${out}`);
