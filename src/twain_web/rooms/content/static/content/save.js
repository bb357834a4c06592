// Autosave: every pause, every leaving. What could not be sent stays in a journal on this device and is sent again.
import { drop, put, take } from "./store.js";
import { newId } from "./tree.js";

const PAUSE = 700;
const AGAIN = 4000;
const KEEPALIVE = 60_000; // browsers refuse larger bodies that outlive their page

export class Saver {
  constructor(store, opened, urls, csrf) {
    Object.assign(this, { store, urls, csrf, revision: opened.revision, base: opened.base, newest: opened.newest });
    this.tab = newId();
    this.sequence = 0;
    this.sent = JSON.stringify(opened.document);
    this.listeners = [];
    this.timer = null;
    this.busy = false;
    this.conflict = null;
    this.replay();
    store.listen(() => this.changed());
    this.leaving();
  }

  get journal() { return `${this.store.key}:journal`; }

  get dirty() { return JSON.stringify(this.store.document) !== this.sent; }

  listen(listener) { this.listeners.push(listener); }

  tell(state, detail = {}) { for (const listener of this.listeners) listener(state, detail); }

  // A journal that is left from last time goes on as if the page had never closed.
  replay() {
    const kept = take(this.journal);
    if (!kept) return;
    if (JSON.stringify(kept.document) === this.sent) {
      drop(this.journal);
      return;
    }
    this.tab = kept.tab;
    this.sequence = kept.sequence;
    this.revision = kept.revision;
    this.store.resume(kept.document);
    this.schedule(0);
  }

  changed() {
    if (!this.dirty) return;
    this.sequence += 1;
    put(this.journal, { document: this.store.document, revision: this.revision, tab: this.tab, sequence: this.sequence });
    if (this.conflict) return;
    this.tell("writing");
    this.schedule(PAUSE);
  }

  schedule(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  body() {
    return JSON.stringify({ document: this.store.document, revision: this.revision, tab: this.tab, sequence: this.sequence });
  }

  request(body, keepalive = false) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.csrf };
    return fetch(this.urls.save, { method: "POST", headers, body, keepalive, credentials: "same-origin" });
  }

  // Save now; resolves when the server has what is written at this moment, or has said why not.
  async save() {
    clearTimeout(this.timer);
    if (this.conflict) return false;
    if (this.busy) return this.busy.then(() => this.save());
    if (!this.dirty) return true;
    this.busy = this.exchange(JSON.stringify(this.store.document));
    const done = await this.busy;
    this.busy = false;
    if (done && this.dirty) this.schedule(PAUSE);
    return done;
  }

  async exchange(written) {
    this.tell("saving");
    try {
      const response = await this.request(this.body());
      const answer = response.headers.get("Content-Type")?.includes("json") ? await response.json() : null;
      if (response.status === 409 && answer) return this.collided(answer);
      if (!response.ok || !answer) throw new Error(String(response.status));
      return this.kept(written, answer);
    } catch {
      this.tell("offline");
      this.schedule(AGAIN);
      return false;
    }
  }

  kept(written, answer) {
    Object.assign(this, { sent: written, revision: answer.revision, base: answer.base, newest: answer.newest });
    if (!this.dirty) drop(this.journal);
    this.tell(this.dirty ? "writing" : "saved", answer);
    return true;
  }

  collided(answer) {
    this.conflict = answer;
    drop(this.journal);
    this.tell("conflict", answer);
    return false;
  }

  // Go on with the other tab's; what was written here is among the kept ones.
  takeOther() {
    const { other, revision } = this.conflict;
    this.conflict = null;
    this.revision = revision;
    this.sent = JSON.stringify(other);
    this.store.replace(other);
    this.tell("saved", {});
  }

  leaving() {
    const flush = () => {
      if (!this.dirty || this.conflict) return;
      const body = this.body();
      if (body.length < KEEPALIVE) this.request(body, true).then((response) => this.flushed(response)).catch(() => {});
      else this.save();
    };
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") flush(); });
    window.addEventListener("pagehide", flush);
    window.addEventListener("beforeunload", flush);
    window.addEventListener("online", () => this.save());
    document.addEventListener("focusout", (event) => { if (event.target.isContentEditable) this.schedule(0); });
  }

  async flushed(response) {
    if (response.ok) this.schedule(0); // still here after all: the usual way learns the new revision
  }
}
