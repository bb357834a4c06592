// The field picker: type a business word, choose with the arrows. Only fields that may stand in a message are offered.
import { make, t } from "./words.js";

let counter = 0;

export function choose(fields, { title = t("Insert a field"), masked = true } = {}) {
  return new Promise((resolve) => {
    counter += 1;
    const list = make("ul", { role: "listbox", id: `picker-${counter}`, class: "content-options", "aria-label": title });
    const input = make("input", {
      class: "form-control", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": list.id,
      "aria-autocomplete": "list", "aria-label": t("Field, in your words"), placeholder: t("Type a word: name, city, points …"), autocomplete: "off",
    });
    const dialog = make("dialog", { class: "house content-picker", "aria-label": title },
      make("h2", { class: "h3" }, title), input, list,
      make("div", { class: "mt-3" }, make("button", { type: "button", class: "btn", onclick: () => dialog.close() }, t("Cancel"))));
    let shown = [];
    let active = 0;
    let chosen = null;

    function show() {
      shown = matching(fields, input.value);
      active = Math.min(active, Math.max(shown.length - 1, 0));
      list.replaceChildren(...shown.map((field, index) => option(field, index)));
      if (!shown.length) list.replaceChildren(make("li", { class: "text-secondary p-2" }, t("No field has this word. The data catalogue lists all of them, and whom to ask.")));
      point();
    }

    function option(field, index) {
      const row = make("li", { role: "option", id: `${list.id}-${index}`, "aria-selected": "false", onclick: () => take(index) },
        make("strong", {}, field.business), make("span", { class: "text-secondary small" }, ` ${field.about || ""}`));
      if (masked && field.masked) row.append(make("span", { class: "badge bg-yellow-lt ms-1" }, t("masked in previews")));
      if (field.missing) row.append(make("span", { class: "badge bg-blue-lt ms-1" }, t("can be missing")));
      return row;
    }

    function point() {
      for (const [index, row] of [...list.children].entries()) row.setAttribute("aria-selected", index === active ? "true" : "false");
      input.setAttribute("aria-activedescendant", shown.length ? `${list.id}-${active}` : "");
      list.children[active]?.scrollIntoView({ block: "nearest" });
    }

    function take(index) {
      chosen = shown[index] || null;
      dialog.close();
    }

    input.addEventListener("input", () => { active = 0; show(); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        active = (active + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % Math.max(shown.length, 1);
        point();
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (shown.length) take(active);
      }
    });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(chosen); });
    document.body.append(dialog);
    show();
    dialog.showModal();
    input.focus();
  });
}

function matching(fields, text) {
  const words = text.trim().toLowerCase();
  const scored = fields.map((field) => [score(field, words), field]).filter(([points]) => points > 0);
  return scored.sort((a, b) => b[0] - a[0]).map(([, field]) => field);
}

function score(field, words) {
  if (!words) return 1;
  const business = field.business.toLowerCase();
  if (business.startsWith(words)) return 4;
  if (business.includes(words)) return 3;
  if ((field.words || []).some((word) => word.toLowerCase().includes(words))) return 2;
  return field.name.toLowerCase().includes(words) ? 2 : 0;
}

// One question with one answer; null when it is closed.
export function ask(title, label, value = "", extra = [], does = t("Use this")) {
  return new Promise((resolve) => {
    const input = make("input", { class: "form-control", id: "content-answer", "aria-label": label });
    input.value = value;
    let answer = null;
    const form = make("form", { method: "dialog" }, make("h2", { class: "h3" }, title), make("label", { class: "form-label", for: "content-answer" }, label), input, ...extra,
      make("div", { class: "mt-3 d-flex gap-2" }, make("button", { class: "btn btn-primary", type: "submit" }, does), make("button", { class: "btn", type: "button", onclick: () => dialog.close() }, t("Cancel"))));
    const dialog = make("dialog", { class: "house", "aria-label": title }, form);
    form.addEventListener("submit", () => { answer = input.value; });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
    document.body.append(dialog);
    dialog.showModal();
    input.select();
  });
}
