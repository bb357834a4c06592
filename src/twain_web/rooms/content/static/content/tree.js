// Blocks as data: finding, adding, moving, copying. Nothing here knows of the page.

export function newId() {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => letters[n % letters.length]).join("");
}

export const KINDS = ["text", "heading", "image", "button", "columns", "products", "condition", "divider", "social", "footer", "reusable"];

const FRESH = {
  text: () => ({ paragraphs: [[]] }),
  heading: () => ({ line: [], level: 2 }),
  image: () => ({}),
  button: () => ({ line: [], href: [] }),
  columns: () => ({ columns: [[], []] }),
  products: (fields) => freshList(fields),
  condition: (fields) => ({ all: true, tests: [freshTest(fields)], then: [], otherwise: [] }),
  divider: () => ({}),
  social: () => ({ links: [] }),
  footer: () => ({ paragraphs: [], unsubscribe: "Unsubscribe" }),
  reusable: () => ({ slug: "" }),
};

function freshList(fields) {
  const from = [...fields.related].sort((a, b) => richness(b) - richness(a))[0] || { relation: "", fields: [], filters: [] };
  const dated = from.filters.find((f) => f.type === "timestamp" || f.type === "date");
  return { relation: from.relation, cells: freshCells(from.fields), heading: [], limit: 3, order: dated ? `-${dated.name}` : "" };
}

// A name and an amount, where there are such fields.
export function freshCells(fields) {
  const named = fields.find((field) => field.type === "string") || fields[0];
  const amount = fields.find((field) => field.type === "number") || fields.find((field) => field !== named);
  return [named, amount].filter(Boolean).map((field) => ({ field: field.name }));
}

// A feed with dates and amounts (orders) is what lists are mostly made of.
function richness(feed) { return new Set(feed.fields.map((field) => field.type)).size; }

function freshTest(fields) {
  const first = fields.fields.find((f) => f.type === "string") || fields.fields[0];
  return { field: first ? first.name : "", op: "is", value: "" };
}

export function create(kind, fields) {
  return { id: newId(), type: kind, ...FRESH[kind](fields) };
}

// The lists of blocks that a block holds, each with its name.
export function zones(block) {
  if (block.type === "condition") return [["then", (block.then ||= [])], ["otherwise", (block.otherwise ||= [])]];
  if (block.type === "columns") return block.columns.map((list, index) => [`column ${index + 1}`, list]);
  return [];
}

export function* walk(blocks) {
  for (const block of blocks) {
    yield block;
    for (const [, list] of zones(block)) yield* walk(list);
  }
}

// Where a block is: its list, its index there, and the block around it.
export function find(blocks, id, parent = null) {
  for (const [index, block] of blocks.entries()) {
    if (block.id === id) return { block, index, list: blocks, parent };
    for (const [, list] of zones(block)) {
      const found = find(list, id, block);
      if (found) return found;
    }
  }
  return null;
}

export function remove(blocks, id) {
  const found = find(blocks, id);
  return found ? found.list.splice(found.index, 1)[0] : null;
}

export function duplicate(blocks, id) {
  const found = find(blocks, id);
  const copy = structuredClone(found.block);
  for (const block of walk([copy])) block.id = newId();
  found.list.splice(found.index + 1, 0, copy);
  return copy.id;
}

function mayHold(parent, blocks, block) {
  if (!parent) return true;
  if (block.type === "columns" && insideColumns(blocks, parent.id)) return false;
  return ![...walk([block])].some((inner) => inner.id === parent.id) && !(parent.type === "columns" && hasColumns(block));
}

function hasColumns(block) { return [...walk([block])].some((inner) => inner.type === "columns"); }

function insideColumns(blocks, id) {
  for (let at = find(blocks, id); at; at = at.parent ? find(blocks, at.parent.id) : null) {
    if (at.block.type === "columns") return true;
  }
  return false;
}

// Put a block into a list; refused (false) where it would hold itself or columns would hold columns.
export function place(blocks, id, list, index, parent) {
  const found = find(blocks, id);
  if (!found || !mayHold(parent, blocks, found.block)) return false;
  const same = found.list === list && found.index < index;
  found.list.splice(found.index, 1);
  list.splice(same ? index - 1 : index, 0, found.block);
  return true;
}

export function mayAdd(blocks, kind, parent) {
  return kind !== "columns" || !parent || !insideColumns(blocks, parent.id);
}

// One step up or down; at the edge of a condition or a column, out of it.
export function step(blocks, id, by) {
  const found = find(blocks, id);
  const next = found.index + by;
  if (next >= 0 && next < found.list.length) {
    found.list.splice(found.index, 1);
    found.list.splice(next, 0, found.block);
    return true;
  }
  return found.parent ? leave(blocks, id, by > 0) : false;
}

export function leave(blocks, id, after = true) {
  const found = find(blocks, id);
  if (!found.parent) return false;
  const outer = find(blocks, found.parent.id);
  return place(blocks, id, outer.list, outer.index + (after ? 1 : 0), outer.parent);
}

// Into the condition or column that stands above it.
export function enter(blocks, id) {
  const found = find(blocks, id);
  const above = found.list[found.index - 1];
  const zone = above && zones(above)[0];
  return zone ? place(blocks, id, zone[1], zone[1].length, above) : false;
}

// The lines of a block that are written in place: [path, line].
export function lines(block) {
  const found = [];
  if (block.line) found.push(block.line);
  if (block.heading) found.push(block.heading);
  for (const paragraph of block.paragraphs || []) found.push(paragraph);
  return found;
}
