// Completion inside {{ … }} and {% … %}: the sender's own words, the filters and the tags that the page says exist.
import { autocompletion } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";

const REACH = 2000; // characters before the cursor in which an opening brace is looked for
const WORD = /[\p{L}\p{N}_.-]*$/u;

// → {kind: "value" | "filter" | "tag", word, from, close} or null outside of Liquid.
export function place(state, pos) {
  const start = Math.max(0, pos - REACH);
  const before = state.sliceDoc(start, pos);
  const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  if (open < 0) return null;
  const inside = before.slice(open + 2);
  if (/\}\}|%\}/.test(inside)) return null;
  const word = inside.match(WORD)[0];
  const ahead = inside.slice(0, inside.length - word.length).trimEnd();
  const output = before.startsWith("{{", open);
  return { kind: kindOf(output, ahead), word, from: pos - word.length, close: output ? "}}" : "%}" };
}

function kindOf(output, ahead) {
  if (ahead.endsWith("|")) return "filter";
  return !output && /^-?$/.test(ahead) ? "tag" : "value";
}

// A word is found by its technical name, by its business name, and by any part of either.
function fits(option, word) {
  const sought = word.toLocaleLowerCase();
  return [option.name, option.label ?? "", ...(option.also ?? [])].some((text) => text.toLocaleLowerCase().includes(sought));
}

// The braces that the editor closed while they were typed stay; missing ones come along, and the cursor goes behind them.
function ending(follows, close) {
  if (!close) return { text: "", behind: 0 };
  if (follows.startsWith(close)) return { text: " ", behind: 0 };
  return /^[^{]*?(\}\}|%\})/.test(follows) ? { text: "", behind: 0 } : { text: ` ${close}`, behind: close.length + 1 };
}

function insertion(text, close) {
  return (view, completion, from, to) => {
    const end = ending(view.state.sliceDoc(to, to + 40), close);
    const changes = { from, to, insert: text + end.text };
    view.dispatch({ changes, selection: { anchor: from + text.length + end.behind }, userEvent: "input.complete" });
  };
}

const TYPES = { value: "variable", filter: "function", tag: "keyword" };

function shown(option, kind, text, close) {
  return {
    label: option.name,
    displayLabel: option.label ?? option.name,
    detail: option.label && option.label !== option.name ? option.name : option.detail,
    info: option.info,
    section: option.section,
    type: TYPES[kind],
    apply: insertion(text, close),
  };
}

function entries(list) {
  return (list ?? []).map((entry) => (typeof entry === "string" ? { name: entry } : entry));
}

function inLiquid(words, at) {
  const list = { value: words.values, filter: words.filters, tag: words.tags }[at.kind];
  const options = entries(list).filter((option) => fits(option, at.word));
  return options.map((option) => shown(option, at.kind, option.name, at.kind === "value" ? at.close : ""));
}

// Asked for outside of Liquid (Ctrl-Space in running text), a value brings its braces along.
function inText(words, context) {
  if (context.matchBefore(/<[^<>]*$/)) return null; // inside a tag the markup's own completion speaks
  const typed = context.matchBefore(/[\p{L}\p{N}_]*$/u);
  const options = entries(words.values).filter((option) => fits(option, typed.text));
  return { from: typed.from, options: options.map((option) => shown(option, "value", `{{ ${option.name} }}`, "")), filter: false };
}

// words() gives {values, filters, tags}; more(place) may give further values, at once or later.
export function source(words, more) {
  return async (context) => {
    const at = place(context.state, context.pos);
    if (!at) return context.explicit ? inText(words(), context) : null;
    const asked = more ? entries(await more({ ...at, text: context.state.doc.toString(), pos: context.pos })) : [];
    if (context.aborted) return null;
    const further = asked.filter((option) => fits(option, at.word)).map((option) => shown(option, at.kind, option.name, ""));
    return { from: at.from, options: [...inLiquid(words(), at), ...further], filter: false };
  };
}

// For every position, whichever of the mixed languages it belongs to.
export function completing(words, more) {
  const offered = [{ autocomplete: source(words, more) }];
  return [autocompletion({ icons: false, maxRenderedOptions: 60 }), EditorState.languageData.of(() => offered)];
}
