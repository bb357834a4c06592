// The chosen block's settings. Every input is labelled; every change goes through the store, so that it can be undone.
import { hrefParts, hrefText } from "./line.js";
import { pickPicture } from "./library.js";
import { formatName, formatsOf, kindName, opName, opsOf } from "./names.js";
import { choose } from "./picker.js";
import { find, freshCells, lines } from "./tree.js";
import { button, make, t } from "./words.js";

let serial = 0;

function labelled(label, input, hint = "") {
  serial += 1;
  input.id ||= `set-${serial}`;
  return make("div", { class: "mb-3" }, make("label", { class: "form-label", for: input.id }, label), input, hint ? make("div", { class: "form-hint" }, hint) : null);
}

function text(value, change, extra = {}) {
  const input = make("input", { class: "form-control", type: "text", ...extra });
  input.value = value ?? "";
  input.addEventListener("input", () => change(input.value));
  return input;
}

function select(options, value, change, extra = {}) {
  const input = make("select", { class: "form-select", ...extra }, ...options.map(([key, name]) => make("option", { value: key }, name)));
  input.value = value;
  input.addEventListener("change", () => change(input.value));
  return input;
}

// Other choices in the same list: the element stays, so that the keyboard stays where it is.
function refill(input, options) {
  input.replaceChildren(...options.map(([key, name]) => make("option", { value: key }, name)));
}

function valued(written, type) {
  const numeric = type === "integer" || type === "number";
  return numeric && written !== "" ? Number(written.replace(",", ".")) || 0 : written;
}

function check(label, value, change, type = "checkbox", name = "") {
  serial += 1;
  const input = make("input", { class: "form-check-input", type, id: `set-${serial}`, name });
  input.checked = Boolean(value);
  input.addEventListener("change", () => change(input.checked));
  return make("div", { class: "form-check" }, input, make("label", { class: "form-check-label", for: input.id }, label));
}

export class Inspector {
  constructor(root, store, opened, canvas, urls, csrf) {
    Object.assign(this, { root, store, fields: opened.fields, reusable: opened.reusable, media: opened.media, canvas, urls, csrf });
  }

  show(id) {
    const found = id && find(this.store.message.blocks, id);
    this.id = found ? id : null;
    if (!found) {
      this.root.replaceChildren(make("p", { class: "text-secondary" }, t("Choose a block to change its settings. Alt and the arrows move it.")));
      return;
    }
    const block = found.block;
    this.root.replaceChildren(make("h2", { class: "h3" }, kindName(block.type)), ...(this[block.type]?.(block) || []), ...this.used(block), ...this.keep(block));
  }

  current() { return find(this.store.message.blocks, this.id).block; }

  focus() { this.root.querySelector("input, select, textarea, button")?.focus(); }

  // Change the chosen block. *redraw*: what the canvas shows of it changes too.
  set(how, { key = "", again = false } = {}) {
    const id = this.id;
    this.store.change((document) => how(find(document.message.blocks, id).block), { key: key && `${id}.${key}` });
    this.canvas.draw();
    if (again) this.show(id);
  }

  align(block) {
    const names = [["left", t("Left")], ["center", t("Middle")], ["right", t("Right")]];
    return labelled(t("Position"), select(names, block.align || (block.type === "button" ? "center" : "left"), (value) => this.set((b) => { b.align = value; })));
  }

  href(block, label, fields = this.fields.fields) {
    const input = text(hrefText(block.href), (value) => this.set((b) => { b.href = hrefParts(value); }, { key: "href" }), { inputmode: "url", placeholder: "https://" });
    const insert = button(t("Insert a field into the address"), "braces", async () => {
      const field = await choose(fields);
      if (!field) return;
      input.setRangeText(`{${field.name}}`, input.selectionStart, input.selectionEnd, "end");
      input.dispatchEvent(new Event("input"));
      input.focus();
    }, { text: t("Field") });
    return [labelled(label, input, t("Begins with https://, mailto: or tel:. {field} stands for a person's data.")), make("div", { class: "mb-3" }, insert)];
  }

  text(block) { return [this.align(block)]; }

  heading(block) {
    const levels = [["1", t("Large")], ["2", t("Middle")], ["3", t("Small")]];
    return [labelled(t("Size"), select(levels, String(block.level || 1), (value) => this.set((b) => { b.level = Number(value); }))), this.align(block)];
  }

  button(block) { return [...this.href(block, t("Leads to")), this.align(block)]; }

  image(block) {
    const pick = button(t("Choose or upload a picture"), "photo", async () => {
      const picture = await pickPicture(this.urls, this.csrf, this.media);
      if (picture) this.set((b) => { b.media = picture.file; delete b.src; if (picture.alt && !b.alt) b.alt = picture.alt; }, { again: true });
    }, { text: t("Choose a picture"), attributes: { class: "btn btn-primary mb-3" } });
    const alt = text(block.alt, (value) => this.set((b) => { b.alt = value; }, { key: "alt" }), { maxlength: "300" });
    const decoration = check(t("It is decoration only"), block.alt === "", (on) => this.set((b) => { if (on) b.alt = ""; else delete b.alt; }, { again: true }));
    const width = make("input", { type: "range", class: "form-range", min: "10", max: "100", step: "5" });
    width.value = block.width || 100;
    width.addEventListener("change", () => this.set((b) => { b.width = Number(width.value); }));
    return [pick, labelled(t("What does it show?"), alt, t("For those who don't see it, and while pictures are blocked.")), decoration, make("div", { class: "mb-3" }), labelled(t("Width"), width), ...this.href(block, t("Leads to (optional)"))];
  }

  columns(block) {
    const many = select([["2", "2"], ["3", "3"], ["4", "4"]], String(block.columns.length), (value) => this.set((b) => resized(b, Number(value))));
    return [labelled(t("How many"), many, t("Blocks of a column that goes move into the last one."))];
  }

  social(block) {
    const rows = block.links.map((link, index) => make("div", { class: "d-flex gap-2 mb-2" },
      text(link.network, (value) => this.set((b) => { b.links[index].network = value; }, { key: `network${index}` }), { "aria-label": t("Name of network {n}", { n: index + 1 }) }),
      text(link.url, (value) => this.set((b) => { b.links[index].url = value; }, { key: `url${index}` }), { "aria-label": t("Address of network {n}", { n: index + 1 }), placeholder: "https://" }),
      button(t("Remove network {n}", { n: index + 1 }), "x", () => this.set((b) => b.links.splice(index, 1), { again: true }))));
    return [...rows, button(t("Add a network"), "plus", () => this.set((b) => b.links.push({ network: "", url: "https://" }), { again: true }), { text: t("Add a network") })];
  }

  footer(block) {
    const words = text(block.unsubscribe || "", (value) => this.set((b) => { b.unsubscribe = value; }, { key: "unsubscribe" }));
    return [labelled(t("Words of the unsubscribe link"), words), make("p", { class: "text-secondary small" }, t("The postal address of the brand kit and the unsubscribe link always stand here."))];
  }

  reusable(block) {
    const options = [["", t("Choose …")], ...this.reusable.map((one) => [one.slug, one.name])];
    return [labelled(t("Which"), select(options, block.slug, (value) => this.set((b) => { b.slug = value; })), t("A saved version keeps the copy that it was saved with."))];
  }

  products(block) {
    const feed = () => this.fields.related.find((one) => one.relation === this.current().relation) || this.fields.related[0];
    if (!feed()) return [make("p", {}, t("No other feed belongs to this one."))];
    const rest = make("div");
    const fill = () => {
      const [now, from] = [this.current(), feed()];
      rest.replaceChildren(...this.cells(now, from), ...this.order(now, from), ...this.where(now, from), ...this.href(now, t("First field leads to (optional)"), from.fields));
    };
    const relation = select(this.fields.related.map((one) => [one.relation, one.title]), block.relation, (value) => { this.set((b) => restarted(b, this.fields, value)); fill(); });
    fill();
    return [labelled(t("Rows of"), relation), rest];
  }

  cells(block, from) {
    const rows = block.cells.map((cell, index) => this.cell(cell, index, from));
    const more = block.cells.length < 4 ? [button(t("Add a field"), "plus", () => this.set((b) => b.cells.push({ field: from.fields[0].name }), { again: true }), { text: t("Add a field"), attributes: { class: "btn btn-sm mb-3" } })] : [];
    return [make("div", { class: "form-label" }, t("Shows")), ...rows, ...more];
  }

  cell(cell, index, from) {
    const forms = (name) => formatsOf(from.fields.find((field) => field.name === name)?.type).map((f) => [f, formatName(f)]);
    const format = select(forms(cell.field), cell.format || "", (value) => this.set((b) => { b.cells[index].format = value; }), { "aria-label": t("Form of field {n}", { n: index + 1 }) });
    const name = select(from.fields.map((field) => [field.name, field.business]), cell.field, (value) => {
      this.set((b) => { b.cells[index] = { field: value }; });
      refill(format, forms(value));
    }, { "aria-label": t("Field {n}", { n: index + 1 }) });
    const gone = button(t("Remove field {n}", { n: index + 1 }), "x", () => this.set((b) => { if (b.cells.length > 1) b.cells.splice(index, 1); }, { again: true }));
    return make("div", { class: "d-flex gap-2 mb-2" }, name, format, gone);
  }

  order(block, from) {
    const options = [["", t("no order")], ...from.filters.flatMap((field) => [[`-${field.name}`, t("{field}, newest or largest first", { field: field.business })], [field.name, t("{field}, oldest or smallest first", { field: field.business })]])];
    const limit = make("input", { type: "number", class: "form-control", min: "1", max: "20" });
    limit.value = block.limit || 3;
    limit.addEventListener("change", () => this.set((b) => { b.limit = Math.min(20, Math.max(1, Number(limit.value) || 3)); }));
    return [labelled(t("Order"), select(options, block.order || "", (value) => this.set((b) => { b.order = value; }))), labelled(t("At most"), limit)];
  }

  where(block, from) {
    const rule = block.where?.all?.[0] || { field: "", value: "" };
    const keep = (change) => this.set((b) => { b.where = narrowed(Object.assign(rule, change), from); }, { key: "where" });
    const names = [["", t("all rows")], ...from.filters.filter((f) => f.type === "string").map((f) => [f.name, f.business])];
    const value = labelled(t("is"), text(rule.value, (written) => keep({ value: written })));
    value.hidden = !rule.field;
    const field = select(names, rule.field, (name) => { keep({ field: name }); value.hidden = !name; });
    return [labelled(t("Only where"), field), value];
  }

  condition(block) {
    const every = [check(t("all of these hold"), block.all, () => this.set((b) => { b.all = true; }), "radio", "every"), check(t("any of these holds"), !block.all, () => this.set((b) => { b.all = false; }), "radio", "every")];
    const rows = block.tests.map((test, index) => this.test(test, index, block.tests.length));
    const more = button(t("Add a comparison"), "plus", () => this.set((b) => b.tests.push({ ...b.tests.at(-1), value: "" }), { again: true }), { text: t("Add a comparison") });
    return [make("div", { class: "form-label" }, t("Shown when")), ...every, make("div", { class: "mb-2" }), ...rows, more];
  }

  test(test, index, many) {
    const typeOf = (name) => this.fields.fields.find((one) => one.name === name)?.type;
    const options = (name) => opsOf(typeOf(name)).map((op) => [op, opName(op)]);
    const change = (how, key = "") => this.set((b) => how(b.tests[index]), { key });
    const value = text(test.value, (written) => change((one) => { one.value = valued(written, typeOf(one.field)); }, `test${index}`), { "aria-label": t("Value {n}", { n: index + 1 }) });
    const shown = (op) => { value.hidden = op === "present" || op === "missing"; };
    const op = select(options(test.field), test.op, (chosen) => { change((one) => { one.op = chosen; }); shown(chosen); }, { "aria-label": t("Comparison {n}", { n: index + 1 }) });
    const name = select(this.fields.fields.map((one) => [one.name, one.business]), test.field, (field) => {
      const first = opsOf(typeOf(field))[0];
      change((one) => Object.assign(one, { field, op: first, value: "" }));
      refill(op, options(field));
      value.value = "";
      shown(first);
    }, { "aria-label": t("Field of comparison {n}", { n: index + 1 }) });
    shown(test.op);
    return make("div", { class: "content-test mb-2" }, name, op, value,
      many > 1 ? button(t("Remove comparison {n}", { n: index + 1 }), "x", () => this.set((b) => b.tests.splice(index, 1), { again: true })) : null);
  }

  // The fields in this block's words: how each is shown, and what stands there for people who have none.
  used(block) {
    const names = [...new Set(lines(block).flat().filter((span) => span.field).map((span) => span.field))];
    return names.length ? [make("h3", { class: "h4 mt-3" }, t("Fields in this block")), ...names.map((name) => this.field(name, block))] : [];
  }

  field(name, block) {
    const field = this.fields.fields.find((one) => one.name === name) || { business: name, type: "string" };
    const span = lines(block).flat().find((one) => one.field === name);
    const format = select(formatsOf(field.type).map((f) => [f, formatName(f)]), span.format || "", (value) => this.set((b) => { for (const one of lines(b).flat()) if (one.field === name) one.format = value; }), { "aria-label": t("How {field} is shown", { field: field.business }) });
    return make("div", { class: "mb-3" }, make("div", { class: "form-label" }, field.business), format, field.missing ? this.fallback(name, field) : null);
  }

  fallback(name, field) {
    const change = (value) => this.store.change((document) => { setFallback(document.message, name, value); }, { key: `default.${name}` });
    return labelled(t("Instead, for people who have none (in the whole message)"), text(this.store.message.defaults?.[name], change, { "data-fallback": name, "aria-label": t("Instead of a missing {field}", { field: field.business }) }));
  }

  keep(block) {
    if (block.type === "reusable") return [];
    const save = button(t("Keep as a reusable block"), "template", () => this.canvas.hooks.keep(block), { text: t("Keep as a reusable block"), attributes: { class: "btn btn-sm btn-ghost-secondary mt-3" } });
    return [make("div", {}, save)];
  }
}

export function setFallback(message, name, value) {
  message.defaults ||= {};
  if (value) message.defaults[name] = value;
  else delete message.defaults[name];
}

function resized(block, many) {
  while (block.columns.length > many) block.columns.at(-2).push(...block.columns.pop());
  while (block.columns.length < many) block.columns.push([]);
}

function restarted(block, fields, relation) {
  const from = fields.related.find((one) => one.relation === relation);
  Object.assign(block, { relation, cells: freshCells(from.fields), order: "", href: [] });
  delete block.where;
}

function narrowed(rule, from) {
  if (!rule.field || !from.filters.some((field) => field.name === rule.field)) return null;
  return { all: [{ field: rule.field, op: "eq", value: rule.value }] };
}
