// What is being written, with its past and future. Undo reaches back over a reload; a journal outlives a lost connection.
const MOST = 60;
const LARGEST = 1_500_000;

export class Store {
  constructor(opened) {
    this.key = `twain-content:${opened.slug}:${opened.person}`;
    this.document = opened.document;
    this.past = [];
    this.future = [];
    this.listeners = [];
    this.merging = { key: "", at: 0 };
    this.recall();
  }

  get message() { return this.document.message; }

  listen(listener) { this.listeners.push(listener); }

  // Change the document. With the same *key* within a second, it is one step of undo (typing).
  change(how, { key = "", quiet = false } = {}) {
    const before = JSON.stringify(this.document);
    how(this.document);
    const after = JSON.stringify(this.document);
    if (before === after) return false;
    const now = Date.now();
    const goesOn = key && key === this.merging.key && now - this.merging.at < 1000 && this.past.length;
    if (!goesOn) this.past.push(before);
    this.merging = { key, at: now };
    this.future = [];
    this.trim();
    this.told(quiet);
    return true;
  }

  undo() { return this.travel(this.past, this.future); }

  redo() { return this.travel(this.future, this.past); }

  travel(from, to) {
    if (!from.length) return false;
    to.push(JSON.stringify(this.document));
    this.document = JSON.parse(from.pop());
    this.merging = { key: "", at: 0 };
    this.told(false);
    return true;
  }

  // Another document altogether: the other tab's, or a restored one.
  replace(document) {
    this.past.push(JSON.stringify(this.document));
    this.document = document;
    this.told(false);
  }

  // What this device still holds of the same writing, and its past where that is known.
  resume(document) {
    const before = JSON.stringify(this.document);
    this.document = document;
    if (!this.recall()) this.past.push(before);
    this.told(false);
  }

  told(quiet) {
    this.remember();
    for (const listener of this.listeners) listener(quiet);
  }

  trim() {
    while (this.past.length > MOST) this.past.shift();
  }

  remember() {
    const state = { present: JSON.stringify(this.document), past: this.past, future: this.future };
    while (state.past.length && JSON.stringify(state).length > LARGEST) state.past.shift();
    put(`${this.key}:undo`, state);
  }

  recall() {
    const kept = take(`${this.key}:undo`);
    if (!kept || kept.present !== JSON.stringify(this.document)) return false;
    this.past = kept.past || [];
    this.future = kept.future || [];
    return true;
  }
}

export function put(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // The storage may be full or closed: the server has it, or soon will.
  }
}

export function take(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

export function drop(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Nothing was kept then.
  }
}
