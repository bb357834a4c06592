// The message as it is written: each block a group that can be chosen, moved, copied and deleted, by mouse and by keyboard.
import { acceptsBlocks, draggableBlock } from "./drag.js";
import { lineEditor } from "./line.js";
import { conditionInWords, kindName } from "./names.js";
import { create, duplicate, enter, find, leave, mayAdd, remove, step, zones } from "./tree.js";
import { button, icon, make, t } from "./words.js";

export class Canvas {
  constructor(root, store, opened, hooks) {
    Object.assign(this, { root, store, fields: opened.fields, media: opened.media, reusable: opened.reusable, hooks, chosen: null });
    root.addEventListener("focusin", (event) => this.focused(event));
    root.addEventListener("keydown", (event) => this.keyed(event));
    this.draw();
  }

  get blocks() { return this.store.message.blocks; }

  draw() {
    this.root.replaceChildren(this.zone(this.blocks, null, 0));
    this.mark();
  }

  zone(list, parent, which) {
    const zone = make("div", { class: "content-zone", role: "group", "aria-label": parent ? this.zoneName(parent, which) : t("The message") });
    zone.append(...list.map((block, index) => this.block(block, index, list)));
    zone.append(make("div", { class: "content-add" }, button(t("Add a block here"), "plus", () => this.hooks.add({ parent: parent?.id || null, which }), { text: t("Add") })));
    const locate = (blocks) => {
      const owner = parent && find(blocks, parent.id).block;
      return { list: owner ? zones(owner)[which][1] : blocks, parent: owner };
    };
    acceptsBlocks(zone, { locate, store: this.store, fields: this.fields, done: (id) => { this.draw(); this.choose(id); } });
    return zone;
  }

  zoneName(parent, which) {
    if (parent.type === "columns") return t("Column {n}", { n: which + 1 });
    return which ? t("For everybody else") : t("For those it holds for");
  }

  block(block, index, list) {
    const label = t("{kind}, block {n} of {all}", { kind: kindName(block.type), n: index + 1, all: list.length });
    const element = make("section", { class: `content-block content-${block.type}`, "data-block": block.id, tabindex: "0", role: "group", "aria-label": label });
    const grip = make("span", { class: "content-grip", title: t("Drag to move"), "aria-hidden": "true" }, icon("grip-vertical"));
    draggableBlock(grip, block.id, element);
    element.append(make("div", { class: "content-tools" }, grip, make("span", { class: "content-kind" }, kindName(block.type)), ...this.tools(block)));
    element.append(this.inside(block));
    element.addEventListener("mousedown", (event) => { if (event.target.closest("[data-block]") === element) this.choose(block.id, false); });
    return element;
  }

  tools(block) {
    return [
      button(t("Settings of this block"), "adjustments", () => { this.choose(block.id, false); this.hooks.settings(); }),
      button(t("Move up"), "arrow-up", () => this.move(block.id, -1)),
      button(t("Move down"), "arrow-down", () => this.move(block.id, 1)),
      button(t("Duplicate"), "copy", () => this.copy(block.id)),
      button(t("Delete"), "trash", () => this.drop(block.id)),
    ];
  }

  inside(block) {
    const shown = make("div", { class: "content-inside" });
    const draw = { text: "paragraphs", footer: "paragraphs", heading: "line", button: "line" }[block.type];
    if (draw === "paragraphs") shown.append(this.paragraphs(block));
    if (draw === "line") shown.append(this.line(block, "line", block.type === "button" ? t("Words on the button") : t("Heading"), block.type === "button"));
    if (block.type === "products") shown.append(this.line(block, "heading", t("Heading of the list (optional)"), false));
    const more = this.picture(block);
    if (more) shown.append(more);
    for (const [which, [, list]] of zones(block).entries()) shown.append(this.part(block, which, list));
    return shown;
  }

  part(block, which, list) {
    const name = make("div", { class: "content-part" }, this.zoneName(block, which));
    return make("div", { class: "content-side" }, name, this.zone(list, block, which));
  }

  paragraphs(block) {
    const label = block.type === "footer" ? t("Small print (optional)") : t("Text");
    const change = (paragraphs) => this.write(block.id, "paragraphs", paragraphs);
    return lineEditor({ paragraphs: block.paragraphs || [[]], single: false, label, look: this.look(), onInput: change });
  }

  line(block, name, label, plain) {
    const change = ([line]) => this.write(block.id, name, line);
    const box = lineEditor({ paragraphs: [block[name] || []], single: true, label, look: this.look(), onInput: change });
    if (plain) box.dataset.plain = "1";
    if (block.type === "heading") box.classList.add(`content-h${block.level || 1}`);
    return box;
  }

  look() { return (name) => this.fields.fields.find((field) => field.name === name)?.business || name; }

  write(id, name, value) {
    this.store.change((document) => { find(document.message.blocks, id).block[name] = value; }, { key: `${id}.${name}`, quiet: true });
  }

  // What a block shows that is not written in place.
  picture(block) {
    if (block.type === "image") return this.image(block);
    if (block.type === "divider") return make("hr");
    if (block.type === "footer") return make("p", { class: "content-fixed" }, `${t("Postal address")} · ${block.unsubscribe || "Unsubscribe"}`);
    if (block.type === "products") return this.list(block);
    if (block.type === "condition") return make("p", { class: "content-fixed" }, icon("route"), ` ${t("Shown when {rule}", { rule: conditionInWords(block, this.fields) })}`);
    if (block.type === "social") return make("p", { class: "content-fixed" }, block.links.map((link) => link.network).join(" · ") || t("No networks yet"));
    if (block.type === "reusable") return make("p", { class: "content-fixed" }, icon("template"), ` ${this.reusable.find((one) => one.slug === block.slug)?.name || t("Choose a reusable block")}`);
    return null;
  }

  image(block) {
    const address = block.media ? new URL(this.media).pathname + block.media : "";
    if (address) return make("img", { class: "content-image", src: address, alt: block.alt || "" });
    return make("p", { class: "content-fixed" }, icon("photo"), ` ${block.src || t("No picture yet: choose one at the right")}`);
  }

  list(block) {
    const from = this.fields.related.find((one) => one.relation === block.relation);
    const names = block.cells.map((cell) => from?.fields.find((field) => field.name === cell.field)?.business || cell.field);
    const what = t("{n} of {title}: {fields}", { n: block.limit || 3, title: from?.title || block.relation, fields: names.join(", ") });
    return make("p", { class: "content-fixed" }, icon("list"), ` ${what}`);
  }

  // ---- choosing

  focused(event) {
    const element = event.target.closest("[data-block]");
    if (element && element.dataset.block !== this.chosen) {
      this.chosen = element.dataset.block;
      this.mark();
      this.hooks.chosen(this.chosen);
    }
  }

  choose(id, focus = true) {
    this.chosen = id;
    this.mark();
    const element = this.element(id);
    if (element && focus) (element.querySelector(":scope > .content-inside > .content-line") || element).focus();
    this.hooks.chosen(id);
  }

  element(id) { return this.root.querySelector(`[data-block="${CSS.escape(id || "")}"]`); }

  mark() {
    for (const element of this.root.querySelectorAll("[data-block]")) element.classList.toggle("is-chosen", element.dataset.block === this.chosen);
  }

  // ---- changing

  act(how, keep = "group") {
    this.store.change((document) => how(document.message.blocks));
    this.draw();
    const element = this.element(this.chosen);
    if (element && keep === "group") element.focus();
    this.hooks.chosen(this.chosen);
  }

  move(id, by) { this.chosen = id; this.act((blocks) => step(blocks, id, by)); }

  copy(id) { this.act((blocks) => { this.chosen = duplicate(blocks, id); }); }

  drop(id) {
    const { list, index } = find(this.blocks, id);
    const next = list[index + 1] || list[index - 1];
    this.chosen = next ? next.id : null;
    this.act((blocks) => remove(blocks, id));
    window.twain?.say(t("Deleted. Ctrl+Z brings it back."));
  }

  add(kind, where) {
    const made = create(kind, this.fields);
    this.store.change(({ message: { blocks } }) => {
      const parent = where ? where.parent && find(blocks, where.parent).block : find(blocks, this.chosen)?.parent;
      if (!mayAdd(blocks, kind, parent)) return;
      if (where) (parent ? zones(parent)[where.which][1] : blocks).push(made);
      else this.siblings(blocks).splice(this.spot(blocks), 0, made);
    });
    this.draw();
    this.choose(made.id);
  }

  siblings(blocks) { return find(blocks, this.chosen)?.list || blocks; }

  // Behind the chosen block; else in front of the footer, or at the end.
  spot(blocks) {
    const found = find(blocks, this.chosen);
    if (found) return found.block.type === "footer" ? found.index : found.index + 1;
    const footer = blocks.findIndex((block) => block.type === "footer");
    return footer < 0 ? blocks.length : footer;
  }

  keyed(event) {
    const element = event.target.closest("[data-block]");
    if (!element) return;
    const id = element.dataset.block;
    const moves = { ArrowUp: () => this.move(id, -1), ArrowDown: () => this.move(id, 1), ArrowLeft: () => this.act((b) => leave(b, id)), ArrowRight: () => this.act((b) => enter(b, id)) };
    if (event.altKey && moves[event.key]) {
      event.preventDefault();
      event.stopPropagation();
      this.chosen = id;
      moves[event.key]();
    } else if (event.target === element) this.groupKey(event, id);
  }

  groupKey(event, id) {
    const all = [...this.root.querySelectorAll("[data-block]")];
    const at = all.indexOf(event.target);
    const keys = {
      Delete: () => this.drop(id), Backspace: () => this.drop(id), Enter: () => this.choose(id),
      ArrowDown: () => all[at + 1]?.focus(), ArrowUp: () => all[at - 1]?.focus(),
    };
    if (event.key.toLowerCase() === "d" && (event.ctrlKey || event.metaKey)) keys[event.key] = () => this.copy(id);
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }
}
