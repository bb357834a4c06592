// window.TwainEditor: CodeMirror as the pages use it. The options are told in README.md, one folder up.
import { indentWithTab } from "@codemirror/commands";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { basicSetup } from "codemirror";

import { template } from "./language.js";
import { look } from "./look.js";
import { margin, show } from "./problems.js";
import { completing } from "./words.js";

function labelled(options) {
  const attributes = { spellcheck: "true" };
  if (options.label) attributes["aria-label"] = options.label;
  if (options.describedBy) attributes["aria-describedby"] = options.describedBy;
  return EditorView.contentAttributes.of(attributes);
}

function locked(readOnly) {
  return [EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)];
}

function extensions(options, words, lock) {
  const told = EditorView.updateListener.of((update) => {
    if (update.docChanged) options.onChange?.(update.state.doc.toString());
  });
  return [
    options.nonce ? EditorView.cspNonce.of(options.nonce) : [],
    basicSetup,
    template(options.language ?? "mjml"),
    completing(words, options.complete),
    margin(options.check, options.delay ?? 600),
    look,
    labelled(options),
    options.tabIndents ? keymap.of([indentWithTab]) : [],
    options.wrap === false ? [] : EditorView.lineWrapping,
    options.phrases ? EditorState.phrases.of(options.phrases) : [],
    lock.of(locked(Boolean(options.readOnly))),
    told,
  ];
}

// Without a nonce the editor lives in a shadow root: its styles are then made by script, which style-src does not forbid.
function ground(parent, nonce) {
  if (nonce) return { parent };
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
  return { parent: root, root };
}

function handle(view, words, lock) {
  return {
    view,
    text: () => view.state.doc.toString(),
    replace: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    insert: (text) => view.dispatch(view.state.replaceSelection(text), { scrollIntoView: true }),
    setWords: (changed) => Object.assign(words, changed),
    showProblems: (problems) => show(view, problems),
    goTo: (line) => {
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines)).from;
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    setReadOnly: (readOnly) => view.dispatch({ effects: lock.reconfigure(locked(readOnly)) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

export function mount(parent, options = {}) {
  const words = { values: [], filters: [], tags: [], ...options.words };
  const lock = new Compartment();
  const view = new EditorView({
    doc: options.text ?? "",
    extensions: extensions(options, () => words, lock),
    ...ground(parent, options.nonce),
  });
  return handle(view, words, lock);
}

// The textarea stays the form's field: hidden, always up to date, and it tells of every change with an "input" event.
export function fromTextarea(field, options = {}) {
  const parent = document.createElement("div");
  parent.className = "twain-editor";
  field.after(parent);
  field.hidden = true;
  field.required = false; // a hidden field cannot be pointed at by the browser: the server checks
  const told = (text) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    options.onChange?.(text);
  };
  const label = field.labels?.[0];
  const editor = mount(parent, {
    text: field.value,
    label: label?.textContent.trim() || field.getAttribute("aria-label") || undefined,
    readOnly: field.readOnly || field.disabled,
    ...options,
    onChange: told,
  });
  label?.addEventListener("click", editor.focus);
  return editor;
}

export { autocompletion } from "@codemirror/autocomplete";
export { html } from "@codemirror/lang-html";
export { liquid } from "@codemirror/lang-liquid";
export { lintGutter, linter, setDiagnostics } from "@codemirror/lint";
export { Compartment, EditorState } from "@codemirror/state";
export { EditorView, keymap } from "@codemirror/view";
export { basicSetup, template };
