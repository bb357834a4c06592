// The editor's page: puts its parts together. The message is JSON in the store; everything else shows it or changes it.
import { Canvas } from "./canvas.js";
import { startCode } from "./code.js";
import { draggableKind } from "./drag.js";
import { Inspector } from "./inspector.js";
import { hrefParts, hrefText, insertField, insertWords, lineEditor, linkAt, remember, setLink, style } from "./line.js";
import { kindName, SYMBOLS } from "./names.js";
import { saveVersion, showConflict, showFindings, showState, startTabs } from "./panels.js";
import { ask, choose } from "./picker.js";
import { startPreview } from "./preview.js";
import { Saver } from "./save.js";
import { Store } from "./store.js";
import { find, KINDS } from "./tree.js";
import { button, icon, make, setWords, t } from "./words.js";

const page = document.querySelector("[data-editor]");
const opened = JSON.parse(document.getElementById("opened").textContent);
const urls = { ...page.dataset };
const csrf = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const byId = (id) => document.getElementById(id);

setWords(opened.words);
const store = new Store(opened);
const byHand = store.document.kind !== "blocks";
const saver = new Saver(store, opened, urls, csrf);
const preview = startPreview();
let openTab = "block";
let editing = null;

const tabs = startTabs(byId("panels"), (name) => {
  openTab = name;
  if (name === "preview") saver.save().then(preview.show);
});

if (byHand) tabs.open("checks");
if (byHand) startByHand();
else startBlocks();

// ---- writing

function startByHand() {
  const code = startCode(byId("canvas"), store, opened);
  editing = { jump: (finding) => code.jump(finding), problems: (findings) => code.problems(findings) };
}

function startBlocks() {
  const canvas = new Canvas(byId("canvas"), store, opened, { add: (where) => menu(where), chosen: (id) => chosen(id), keep: (block) => keep(block), settings: () => settings() });
  const inspector = new Inspector(byId("inspector"), store, opened, canvas, urls, csrf);
  headlines();
  palette(canvas);
  wireTools();
  inspector.show(null);
  store.listen((quiet) => {
    if (quiet) return;
    headlines();
    if (!byId("inspector").contains(document.activeElement)) {
      canvas.draw();
      inspector.show(canvas.chosen);
    }
  });
  // The keyboard's way to the settings and back.
  function settings() {
    tabs.open("block");
    inspector.focus();
  }
  byId("inspector").addEventListener("keydown", (event) => { if (event.key === "Escape" && canvas.chosen) canvas.element(canvas.chosen)?.focus(); });
  function chosen(id) {
    inspector.show(id);
    for (const input of document.querySelectorAll("[data-chosen-block]")) input.value = id || "";
  }
  function menu(where) {
    const options = KINDS.map((kind) => make("button", { type: "button", class: "btn", onclick: () => { dialog.close(); canvas.add(kind, where); } }, icon(SYMBOLS[kind]), ` ${kindName(kind)}`));
    const dialog = make("dialog", { class: "house", "aria-label": t("Add a block") }, make("h2", { class: "h3" }, t("Add a block")), make("div", { class: "content-menu" }, ...options),
      make("button", { type: "button", class: "btn mt-3", onclick: () => dialog.close() }, t("Cancel")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
  editing = { jump: (finding) => jump(canvas, finding.block), problems: () => {}, refresh: () => inspector.show(canvas.chosen) };
}

function jump(canvas, id) {
  const line = byId(`line-${id}`);
  if (line) line.focus();
  else if (find(store.message.blocks, id)) {
    canvas.choose(id);
    canvas.element(id).scrollIntoView({ block: "center" });
    tabs.open("block");
  }
}

// Subject and preview line: words and fields, nothing bold.
function headlines() {
  for (const [name, label] of [["subject", t("Subject")], ["preheader", t("Preview line")]]) {
    const place = byId(`head-${name}`);
    if (place.contains(document.activeElement) && place.firstChild) continue;
    const look = (field) => opened.fields.fields.find((one) => one.name === field)?.business || field;
    const change = ([line]) => store.change((document) => { document.message[name] = line; }, { key: name, quiet: true });
    const box = lineEditor({ paragraphs: [store.message[name] || []], single: true, label, look, onInput: change });
    box.id = `line-${name}`;
    box.dataset.plain = "1";
    place.replaceChildren(box);
  }
}

function palette(canvas) {
  byId("palette").replaceChildren(...KINDS.map((kind) => {
    const made = button(t("Add: {kind}", { kind: kindName(kind) }), SYMBOLS[kind], () => canvas.add(kind), { text: kindName(kind), attributes: { "data-add": kind } });
    draggableKind(made, kind);
    return made;
  }));
}

// ---- words: bold, italic, link, field

function wireTools() {
  let place = null;
  document.addEventListener("selectionchange", () => { place = remember() || place; });
  const keepFocus = (event) => event.preventDefault();
  const acts = {
    bold: () => style("bold"),
    italic: () => style("italic"),
    field: () => field(place),
    link: () => link(place),
  };
  for (const control of document.querySelectorAll("[data-act]")) {
    control.addEventListener("mousedown", keepFocus);
    control.addEventListener("click", () => acts[control.dataset.act]?.());
  }
  document.addEventListener("keydown", (event) => {
    const inLine = event.target.closest?.(".content-line");
    if (!inLine) return;
    const ctrl = event.ctrlKey || event.metaKey;
    const wanted = ctrl ? { b: "bold", i: "italic", k: "link" }[event.key.toLowerCase()] : event.key === "{" ? "field" : null;
    if (!wanted) return;
    event.preventDefault();
    place = remember() || place;
    if (event.key === "{") field(place, "{");
    else acts[wanted]();
  });
}

// *typed*: what stands there when no field is chosen after all.
async function field(place, typed = "") {
  if (!place || !place.box.isConnected) return window.twain?.say(t("First put the cursor where the field shall stand."));
  const found = await choose(opened.fields.fields);
  place.box.focus();
  if (found) {
    insertField(place, { field: found.name }, found.business);
    editing.refresh();
  } else if (typed) insertWords(place, typed);
  return null;
}

async function link(place) {
  if (!place || !place.box.isConnected || place.box.dataset.plain) return;
  const known = linkAt(place);
  const answer = await ask(t("Link"), t("Address. {field} stands for a person's data; empty removes the link."), known ? hrefText(JSON.parse(known.dataset.href)) : "https://");
  place.box.focus();
  if (answer !== null) setLink(place, answer.trim() === "https://" ? [] : hrefParts(answer));
}

async function keep(block) {
  const name = await ask(t("Keep as a reusable block"), t("Under which name? One that is taken is changed; saved versions keep their copy."));
  if (!name) return;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf, "HX-Request": "true" };
  const response = await fetch(urls.keep, { method: "POST", headers, body: JSON.stringify({ name, blocks: [block] }) });
  if (!response.ok) {
    byId("problems").innerHTML = await response.text(); // the house's own error, made by its template
    return;
  }
  const kept = await response.json();
  if (!opened.reusable.some((one) => one.slug === kept.slug)) opened.reusable.push(kept);
  window.twain?.say(t("Kept. You find it under Reusable block."));
}

// ---- saving, undoing, checking

saver.listen((state, detail) => {
  showState(byId("state"), state);
  if (state === "conflict") showConflict(byId("conflict"), saver, urls, csrf);
  if (state === "saved" && detail.findings) findingsCame(detail.findings);
});

function findingsCame(findings) {
  showFindings(byId("findings"), byId("findings-count"), findings, { jump: (finding) => editing.jump(finding), store });
  editing.problems(findings);
  if (openTab === "preview") preview.show();
}

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey)) return;
  const key = event.key.toLowerCase();
  const inPlainInput = event.target.matches?.("input, textarea, select");
  if (key === "s") { event.preventDefault(); saveVersion(saver, urls, csrf); }
  if (byHand || inPlainInput) return;
  if (key === "z" && !event.shiftKey) { event.preventDefault(); travel("undo"); }
  if (key === "y" || (key === "z" && event.shiftKey)) { event.preventDefault(); travel("redo"); }
});

function travel(how) {
  document.activeElement?.blur?.();
  if (!store[how]()) window.twain?.say(how === "undo" ? t("There is nothing to undo.") : t("There is nothing to redo."));
}

for (const name of ["undo", "redo"]) byId(name).addEventListener("click", () => travel(name));
byId("save-version").addEventListener("click", () => saveVersion(saver, urls, csrf));
document.addEventListener("content:version", () => window.htmx?.trigger("#versions", "refresh"));
document.addEventListener("click", (event) => {
  const where = event.target.closest("[data-jump]");
  if (where) editing.jump({ block: where.dataset.jump });
});
// Forms that take the draft elsewhere wait for it.
document.addEventListener("submit", (event) => {
  if (!event.target.closest("[data-waits]") || !saver.dirty) return;
  event.preventDefault();
  saver.save().then((done) => { if (done) event.target.submit(); });
});
document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.closest?.("#test-send") && event.detail.verb === "post" && saver.dirty) {
    event.preventDefault();
    saver.save().then((done) => { if (done) event.target.requestSubmit(); });
  }
});
fetch(urls.findings).then((response) => response.json()).then((answer) => findingsCame(answer.findings));
