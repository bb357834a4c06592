// Drag and drop of blocks, old and new. Everything that it does can be done by keyboard as well.
import { create, find, mayAdd, place } from "./tree.js";

const BLOCK = "application/x-twain-block";
const KIND = "application/x-twain-kind";

export function carries(event) { return event.dataTransfer.types.some((type) => type === BLOCK || type === KIND); }

export function draggableBlock(handle, id, element) {
  handle.draggable = true;
  handle.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData(BLOCK, id);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(element, 20, 20);
    requestAnimationFrame(() => element.classList.add("is-dragged"));
  });
  handle.addEventListener("dragend", () => element.classList.remove("is-dragged"));
}

export function draggableKind(button, kind) {
  button.draggable = true;
  button.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData(KIND, kind);
    event.dataTransfer.effectAllowed = "copy";
  });
}

// A zone accepts blocks; *list* and *parent* are looked up when something is dropped, because the document changes.
export function acceptsBlocks(zone, { locate, store, fields, done }) {
  const mark = document.createElement("div");
  mark.className = "content-drop";
  zone.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.stopPropagation();
    zone.insertBefore(mark, behind(zone, event.clientY));
  });
  zone.addEventListener("dragleave", (event) => { if (!zone.contains(event.relatedTarget)) mark.remove(); });
  zone.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.stopPropagation();
    const index = [...zone.children].filter((child) => child.matches("[data-block]") && isBefore(child, mark)).length;
    mark.remove();
    dropped(event, index, { locate, store, fields, done });
  });
}

function isBefore(child, mark) { return Boolean(child.compareDocumentPosition(mark) & Node.DOCUMENT_POSITION_FOLLOWING); }

function behind(zone, y) {
  const blocks = [...zone.children].filter((child) => child.matches("[data-block]"));
  return blocks.find((block) => { const box = block.getBoundingClientRect(); return y < box.top + box.height / 2; }) || zone.querySelector(":scope > .content-add");
}

function dropped(event, index, { locate, store, fields, done }) {
  const id = event.dataTransfer.getData(BLOCK);
  const kind = event.dataTransfer.getData(KIND);
  let chosen = id;
  store.change((document) => {
    const blocks = document.message.blocks;
    const { list, parent } = locate(blocks);
    if (id && find(blocks, id)) place(blocks, id, list, index, parent);
    else if (kind && mayAdd(blocks, kind, parent)) {
      const made = create(kind, fields);
      list.splice(index, 0, made);
      chosen = made.id;
    }
  });
  done(chosen);
}
