// Liquid on top of MJML, HTML or plain text: the outer language is Liquid, so that {{ … }} is seen in attributes and styles too.
import { html } from "@codemirror/lang-html";
import { closePercentBrace, liquid } from "@codemirror/lang-liquid";
import { LanguageSupport, StreamLanguage } from "@codemirror/language";

import { MJML } from "./mjml.js";

const PLAIN = new LanguageSupport(
  StreamLanguage.define({ name: "plain", token: (stream) => (stream.skipToEnd(), null) }),
);

function markup(kind) {
  return html({ selfClosingTags: kind === "mjml", extraTags: kind === "mjml" ? MJML : {} });
}

// Liquid's own completions offer tags that Twain refuses (render, tablerow …): the support is put together without them.
export function template(kind) {
  const base = kind === "text" ? PLAIN : markup(kind);
  const { language } = liquid({ base });
  const braces = base.language.data.of({ closeBrackets: { brackets: ["{"] } });
  return new LanguageSupport(language, [base.support, braces, closePercentBrace]);
}
