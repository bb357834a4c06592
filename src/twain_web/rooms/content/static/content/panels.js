// What stands beside the message: tabs, checks with a jump to their block, the state of saving, and its conflicts.
import { ask } from "./picker.js";
import { setFallback } from "./inspector.js";
import { button, icon, make, t } from "./words.js";

export function startTabs(root, shown) {
  const tabs = [...root.querySelectorAll("[role=tab]")];
  function open(tab) {
    for (const one of tabs) {
      const chosen = one === tab;
      one.setAttribute("aria-selected", chosen ? "true" : "false");
      one.tabIndex = chosen ? 0 : -1;
      one.classList.toggle("active", chosen);
      document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
    }
    shown(tab.dataset.tab);
  }
  for (const tab of tabs) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const next = tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length];
      open(next);
      next.focus();
    });
  }
  return { open: (name) => open(tabs.find((tab) => tab.dataset.tab === name)) };
}

const LEVELS = { error: ["alert-circle", "text-danger"], warning: ["alert-triangle", "text-warning"], note: ["info-circle", "text-secondary"] };

export function showFindings(root, badge, findings, { jump, store }) {
  const bad = findings.filter((one) => one.level !== "note").length;
  badge.textContent = bad || "";
  badge.hidden = !bad;
  if (!findings.length) {
    root.replaceChildren(make("p", {}, make("span", { class: "text-success" }, icon("circle-check")), ` ${t("Nothing to complain about.")}`));
    return;
  }
  root.replaceChildren(make("ul", { class: "list-unstyled" }, ...findings.map((one) => finding(one, jump, store))));
}

function finding(one, jump, store) {
  const [symbol, colour] = LEVELS[one.level];
  const mark = make("span", { class: colour }, icon(symbol));
  const said = make("div", {}, make("strong", {}, one.text), make("div", { class: "text-secondary small" }, one.todo));
  const level = make("span", { class: "visually-hidden" }, { error: t("Must be corrected:"), warning: t("Better corrected:"), note: t("Note:") }[one.level]);
  if (one.block || one.line) said.append(button(t("Show it: {what}", { what: one.text }), "arrow-right", () => jump(one), { text: t("Show it") }));
  if (one.field && store.document.kind === "blocks") said.append(fallback(one, store));
  return make("li", { class: "d-flex gap-2 mb-3", "data-finding": one.code || one.level }, mark, level, said);
}

function fallback(one, store) {
  const write = async () => {
    const value = await ask(t("For people who have none"), t("What stands there instead?"), store.message.defaults?.[one.field] || "");
    if (value) store.change((document) => setFallback(document.message, one.field, value));
  };
  return button(t("Say what stands there instead"), "pencil", write, { text: t("Say what stands there instead"), attributes: { class: "btn btn-sm" } });
}

export function showState(element, state) {
  const shown = {
    writing: ["pencil", t("Writing …")], saving: ["refresh", t("Saving the draft …")], saved: ["check", t("Draft saved")],
    offline: ["alert-triangle", t("Not saved yet: no connection. It is kept on this device and sent again.")],
    conflict: ["alert-triangle", t("Written in two places")],
  }[state];
  element.replaceChildren(icon(shown[0]), ` ${shown[1]}`);
  element.dataset.state = state;
}

export function showConflict(root, saver, urls, csrf) {
  const mine = make("form", { method: "post", action: urls.kept }, make("input", { type: "hidden", name: "csrfmiddlewaretoken", value: csrf }),
    make("input", { type: "hidden", name: "kept", value: saver.conflict.kept }), make("button", { class: "btn btn-primary" }, t("Go on with what I wrote here")));
  const other = make("button", { type: "button", class: "btn", onclick: () => { root.replaceChildren(); saver.takeOther(); } }, t("Take the other one"));
  root.replaceChildren(make("div", { class: "alert alert-warning", role: "alert" },
    make("p", {}, make("strong", {}, t("This message has been changed in another tab or on another device.")), ` ${t("Nothing is lost: both are kept. Choose the one to go on with; you find the other under Versions.")}`),
    make("div", { class: "d-flex gap-2" }, mine, other)));
}

// Save a version. Somebody else's newer version is said, and can be saved over on purpose.
export async function saveVersion(saver, urls, csrf, over = null) {
  const note = over === null ? await ask(t("Save a version"), t("What is new in it? (optional)"), "", [], t("Save a version")) : saver.note;
  if (note === null) return;
  saver.note = note;
  if (!(await saver.save())) return;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf, "HX-Request": "true" };
  const response = await fetch(urls.version, { method: "POST", headers, body: JSON.stringify({ note, ...(over === null ? {} : { over }) }) });
  const problems = document.getElementById("problems");
  if (response.ok) {
    const { number } = await response.json();
    Object.assign(saver, { base: number, newest: number });
    problems.replaceChildren();
    window.twain?.say(t("Saved as version {n}.", { n: number }));
    document.dispatchEvent(new CustomEvent("content:version", { detail: number }));
    return;
  }
  problems.innerHTML = await response.text(); // the house's own error, made by its template
  if (response.status === 409) problems.append(button(t("Save mine on top of it"), "device-floppy", () => saveVersion(saver, urls, csrf, saver.newest), { text: t("Save mine on top of it") }));
  problems.scrollIntoView({ block: "center" });
}
