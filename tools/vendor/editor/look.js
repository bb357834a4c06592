// The editor in the page's own colours. light-dark() follows the page's color-scheme, in a shadow root as well as in the page.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const PAPER = "var(--tblr-bg-forms, light-dark(#ffffff, #1b1b1b))";
const INK = "var(--tblr-body-color, light-dark(#1f2328, #e6e6e6))";
const QUIET = "light-dark(#5d6b7c, #9aa7b8)";
const EDGE = "var(--tblr-border-color, light-dark(#dadfe5, #424242))";
const RAISED = "var(--tblr-bg-surface-secondary, light-dark(#f6f8fb, #262626))";
const CHOSEN = "light-dark(#d6e6f7, #24476b)";
const FOCUS = "var(--tblr-primary, light-dark(#066fd1, #6cb1f5))";

const theme = EditorView.theme({
  "&": { color: INK, backgroundColor: PAPER, border: `1px solid ${EDGE}`, borderRadius: "6px", fontSize: ".875rem", height: "100%" },
  "&.cm-focused": { outline: `2px solid ${FOCUS}`, outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace", lineHeight: "1.5" },
  ".cm-content": { caretColor: INK, minHeight: "12rem" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: INK },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": {
    backgroundColor: CHOSEN,
  },
  ".cm-gutters": { backgroundColor: RAISED, color: QUIET, borderRight: `1px solid ${EDGE}`, borderRadius: "6px 0 0 6px" },
  ".cm-activeLine": { backgroundColor: "light-dark(rgba(6, 111, 209, .05), rgba(108, 177, 245, .07))" },
  ".cm-activeLineGutter": { backgroundColor: CHOSEN, color: INK },
  ".cm-foldPlaceholder": { backgroundColor: RAISED, border: `1px solid ${EDGE}`, color: QUIET },
  ".cm-tooltip, .cm-panels": { backgroundColor: RAISED, color: INK, border: `1px solid ${EDGE}` },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", maxHeight: "16rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: ".25rem .5rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: CHOSEN, color: INK },
  ".cm-completionDetail": { color: QUIET, fontStyle: "normal" },
  ".cm-panel input, .cm-panel button": { fontSize: ".8125rem" },
  ".cm-panel .cm-textfield": { backgroundColor: PAPER, color: INK, border: `1px solid ${EDGE}` },
  ".cm-panel .cm-button": { backgroundImage: "none", backgroundColor: PAPER, color: INK, border: `1px solid ${EDGE}` },
  ".cm-searchMatch": { backgroundColor: "light-dark(#ffe8a3, #5c4a12)" },
  ".cm-searchMatch-selected": { backgroundColor: "light-dark(#ffc94d, #8a6d14)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: CHOSEN },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "light-dark(#fbd5d5, #6b2323)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: "light-dark(#0b5cad, #7fbcf7)" },
  { tag: tags.attributeName, color: "light-dark(#6b4a00, #e0bd6b)" },
  { tag: [tags.attributeValue, tags.string], color: "light-dark(#1c6b3a, #84d3a2)" },
  { tag: [tags.brace, tags.keyword, tags.controlKeyword, tags.definitionKeyword, tags.operatorKeyword, tags.moduleKeyword],
    color: "light-dark(#8a2b91, #dd9ae3)", fontWeight: "600" },
  { tag: [tags.variableName, tags.propertyName], color: "light-dark(#a3312b, #f0a19c)" },
  { tag: tags.function(tags.variableName), color: "light-dark(#0a6565, #76d0d0)" },
  { tag: [tags.number, tags.bool, tags.atom, tags.color, tags.unit], color: "light-dark(#9a3d00, #f2ac7a)" },
  { tag: [tags.comment, tags.documentMeta, tags.processingInstruction], color: QUIET, fontStyle: "italic" },
  { tag: tags.invalid, color: "light-dark(#b3261e, #ff9c94)", textDecoration: "underline wavy" },
]);

export const look = [theme, syntaxHighlighting(colours)];
