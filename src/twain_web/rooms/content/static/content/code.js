// A message as code: CodeMirror over MJML or HTML, its fields completed by business word, its problems in the margin.
import { make, t } from "./words.js";

export function startCode(root, store, opened) {
  const message = store.message;
  const line = (name, label) => {
    const input = make("input", { class: "form-control font-monospace", id: `code-${name}` });
    input.value = message[name] || "";
    input.addEventListener("input", () => store.change((document) => { document.message[name] = input.value; }, { key: name, quiet: true }));
    return make("div", { class: "mb-2" }, make("label", { class: "form-label", for: input.id }, label), input);
  };
  const place = make("div", { class: "content-code" });
  root.replaceChildren(line("subject", t("Subject")), line("preheader", t("Preview line")), make("div", { class: "form-label" }, t("Message")), place);
  const editor = window.TwainEditor.mount(place, {
    text: message.body, language: store.document.kind, label: t("Message as code"),
    words: { values: opened.fields.fields.map(completion) },
    onChange: (text) => store.change((document) => { document.message.body = text; }, { key: "body", quiet: true }),
  });
  store.listen((quiet) => {
    if (quiet) return;
    if (editor.text() !== store.message.body) editor.replace(store.message.body);
    for (const name of ["subject", "preheader"]) root.querySelector(`#code-${name}`).value = store.message[name];
  });
  return {
    problems: (findings) => editor.showProblems(findings.filter((one) => one.line).map(problem)),
    jump: (finding) => { if (finding.line) editor.goTo(finding.line); else root.querySelector(`#code-${finding.block}`)?.focus(); },
  };
}

function completion(field) {
  return { name: field.name, label: field.business, info: field.about, also: field.words };
}

function problem(finding) {
  return { line: finding.line, severity: finding.level === "note" ? "info" : finding.level, message: `${finding.text} ${finding.todo}` };
}
