// One line or some paragraphs, written in place: words, bold, italic, links, and fields as chips. Nothing else can get in:
// what is pasted or dropped arrives as plain words, and what is read back is spans, never markup.
import { make, t } from "./words.js";

export function businessName(fields, name) {
  const own = fields.fields.find((field) => field.name === name);
  return own ? own.business : name;
}

export function chip(span, label) {
  return make("span", { class: "content-chip", contenteditable: "false", "data-field": span.field, "data-format": span.format || "" }, label);
}

// *look*: field name → the word shown in its chip.
export function lineEditor({ paragraphs, single, label, look, onInput }) {
  const box = make("div", {
    class: "content-line", contenteditable: "true", role: "textbox", "aria-multiline": single ? "false" : "true",
    "aria-label": label, "data-placeholder": label, spellcheck: "true",
  });
  fill(box, paragraphs, single, look);
  box.addEventListener("input", () => { tidy(box, single); onInput(read(box, single)); });
  box.addEventListener("beforeinput", (event) => { if (event.inputType.startsWith("history")) event.preventDefault(); });
  box.addEventListener("paste", (event) => pasted(event, event.clipboardData, single));
  box.addEventListener("drop", (event) => pasted(event, event.dataTransfer, single));
  box.addEventListener("keydown", (event) => { if (event.key === "Enter" && single) event.preventDefault(); });
  box.addEventListener("focus", () => document.execCommand("defaultParagraphSeparator", false, "p"));
  box.said = () => onInput(read(box, single));
  return box;
}

function fill(box, paragraphs, single, look) {
  const lines = paragraphs.length ? paragraphs : [[]];
  box.replaceChildren(...(single ? lines[0].map((span) => node(span, look)) : lines.map((line) => paragraph(line, look))));
}

function paragraph(line, look) {
  const made = make("p", {}, ...line.map((span) => node(span, look)));
  if (!line.length) made.append(make("br"));
  return made;
}

function node(span, look) {
  let made = span.field ? chip(span, look(span.field)) : document.createTextNode(span.text);
  if (span.bold) made = make("b", {}, made);
  if (span.italic) made = make("i", {}, made);
  if (span.href && span.href.length) made = make("a", { "data-href": JSON.stringify(span.href), title: hrefText(span.href) }, made);
  return made;
}

function pasted(event, data, single) {
  event.preventDefault();
  const text = data.getData("text/plain");
  document.execCommand("insertText", false, single ? text.replace(/\s+/g, " ") : text);
}

function tidy(box, single) {
  if (!single && !box.querySelector("p")) {
    const inside = make("p", {}, ...box.childNodes);
    if (!inside.childNodes.length) inside.append(make("br"));
    box.replaceChildren(inside);
    getSelection().setPosition(inside, inside.childNodes.length);
  }
}

export function read(box, single) {
  if (single) return [spans(box)];
  const blocks = [...box.children].filter((child) => child.tagName === "P" || child.tagName === "DIV");
  return blocks.map(spans);
}

function spans(element) {
  const found = [];
  collect(element, {}, found);
  return found.filter((span) => span.field || span.text);
}

function collect(element, style, found) {
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) append(found, { text: child.data.replace(/\u00a0/g, " "), ...style });
    else if (child.dataset?.field) append(found, { field: child.dataset.field, ...(child.dataset.format ? { format: child.dataset.format } : {}), ...style });
    else if (child.tagName === "BR") { if (child.nextSibling) append(found, { text: "\n", ...style }); }
    else collect(child, { ...style, ...styleOf(child) }, found);
  }
}

function styleOf(element) {
  if (element.tagName === "B" || element.tagName === "STRONG") return { bold: true };
  if (element.tagName === "I" || element.tagName === "EM") return { italic: true };
  if (element.tagName === "A" && element.dataset.href) return { href: JSON.parse(element.dataset.href) };
  return {};
}

function append(found, span) {
  const last = found.at(-1);
  const alike = last && "text" in last && "text" in span && JSON.stringify({ ...last, text: "" }) === JSON.stringify({ ...span, text: "" });
  if (alike) last.text += span.text;
  else found.push(span);
}

// Links in words: {field} stands for a field.
export function hrefText(href) { return (href || []).map((part) => (part.field ? `{${part.field}}` : part.text)).join(""); }

export function hrefParts(text) {
  const parts = [];
  for (const [index, piece] of text.trim().split(/\{([A-Za-z]\w*)\}/).entries()) {
    if (piece) parts.push(index % 2 ? { field: piece } : { text: piece });
  }
  return parts;
}

// ---- commands at the cursor

export function currentBox() {
  const at = getSelection().anchorNode;
  const element = at && (at.nodeType === Node.ELEMENT_NODE ? at : at.parentElement);
  return element?.closest(".content-line") || null;
}

export function style(command) {
  const box = currentBox();
  if (!box || box.dataset.plain) return;
  document.execCommand("styleWithCSS", false, false);
  document.execCommand(command);
  box.said();
}

export function remember() {
  const selection = getSelection();
  const box = currentBox();
  return box && selection.rangeCount ? { box, range: selection.getRangeAt(0).cloneRange() } : null;
}

export function insertField(where, span, label) {
  const made = chip(span, label);
  putIn(where, made);
}

export function insertWords(where, text) { putIn(where, document.createTextNode(text)); }

// Put a node at a remembered place, and the cursor behind it.
function putIn({ box, range }, made) {
  box.focus();
  range.deleteContents();
  range.insertNode(made);
  const behind = document.createRange();
  behind.setStartAfter(made);
  behind.collapse(true);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(behind);
  box.said();
}

export function linkAt(where) {
  const node = where.range.startContainer;
  const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
  return element.closest("a[data-href]");
}

export function setLink(where, parts) {
  const known = linkAt(where);
  if (known && !parts.length) known.replaceWith(...known.childNodes);
  else if (known) Object.assign(known.dataset, { href: JSON.stringify(parts) });
  else if (parts.length) wrap(where.range, parts);
  where.box.said();
}

function wrap(range, parts) {
  const link = make("a", { "data-href": JSON.stringify(parts), title: hrefText(parts) });
  const inside = range.extractContents();
  for (const old of inside.querySelectorAll("a")) old.replaceWith(...old.childNodes);
  link.append(inside);
  if (!link.textContent) link.append(hrefText(parts) || t("Link"));
  range.insertNode(link);
}
