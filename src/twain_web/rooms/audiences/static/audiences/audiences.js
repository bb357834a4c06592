// The builder's hands. Every edit goes to one address, one after the other and none is lost: what was pressed or typed is noted
// at once and sent when the edit before it has been answered. Counts are asked for when the rule has rested a moment.
(function () {
  "use strict";
  var REST = 400, LOOK = 300;
  var edits = [], busy = false, shape = 0, typing = null, enter = false;

  function ask(url, form) {
    var headers = Object.assign({ "HX-Request": "true" }, JSON.parse(document.body.getAttribute("hx-headers")));
    return fetch(url, { method: form ? "POST" : "GET", body: form || null, headers: headers }).then(function (answer) {
      if (answer.redirected) window.location.reload(); // signed out meanwhile: the draft waits on the server
      return answer.text().then(function (html) { return { html: html, around: answer.headers.get("HX-Reswap") === "none" }; });
    });
  }

  // ---- edits

  function edit(words, form) {
    var values = new FormData(form || undefined);
    Object.entries(words).forEach(function (pair) { values.set(pair[0], pair[1]); });
    edits.push({ values: values, shape: shape, anywhere: ["add", "undo", "redo", "replace"].includes(words.do) });
    next();
  }

  function next() {
    var builder = document.getElementById("builder");
    if (busy || !edits.length || !builder) return;
    var one = edits.shift();
    if (one.shape !== shape && !one.anywhere) { // its place may be another one by now
      window.twain.say(builder.dataset.moved);
      return next();
    }
    busy = true;
    one.values.set("revision", document.getElementById("revision").value);
    ask(builder.dataset.edits, one.values).then(function (answer) {
      if (!answer.around) shape += 1;
      window.htmx.swap("#tree", answer.html, { swapStyle: answer.around ? "none" : "outerHTML", swapDelay: 0, settleDelay: 0 });
    }, function () {
      edits.unshift(one);
      window.twain.say(builder.dataset.unsent);
      return new Promise(function (again) { window.setTimeout(again, 3000); });
    }).then(function () { busy = false; next(); });
  }

  function flush() {
    if (!typing) return;
    window.clearTimeout(typing.timer);
    var form = typing.form;
    typing = null;
    var values = new URLSearchParams(new FormData(form)).toString();
    if (!form.isConnected || form.sent === values) return; // leaving an input tells again what a pause has told already
    form.sent = values;
    edit(JSON.parse(form.dataset.edit), form);
  }

  document.addEventListener("input", function (event) {
    enter = false;
    var form = event.target.closest("form[data-edit]");
    if (!form || !event.target.matches("input, textarea") || form.dataset.whole) return;
    if (typing && typing.form !== form) flush();
    if (typing) window.clearTimeout(typing.timer);
    typing = { form: form, timer: window.setTimeout(flush, REST) };
  });
  document.addEventListener("change", function (event) {
    var form = event.target.closest("form[data-edit]");
    if (!form || form.dataset.whole) return;
    typing = typing || { form: form };
    flush();
  });
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("form[data-edit]")) return;
    event.preventDefault();
    event.target.sent = null; // asked for by hand: it goes even if nothing was typed since
    typing = { form: event.target };
    flush();
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-edit]");
    if (!button) return;
    flush();
    edit(JSON.parse(button.dataset.edit));
  });

  // ---- counts

  function look() {
    var panel = document.getElementById("count") || document.getElementById("overlap");
    if (!panel || panel.dataset.seen) return;
    panel.dataset.seen = "1";
    if (panel.dataset.starts) later(panel, panel.dataset.starts, new FormData(), REST);
    if (panel.dataset.looks) later(panel, panel.dataset.looks, null, LOOK);
  }

  function later(panel, url, form, after) {
    window.setTimeout(function () {
      if (!panel.isConnected) return;
      ask(url, form).then(function (answer) {
        if (panel.isConnected) window.htmx.swap(panel, answer.html, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 });
      }, function () { later(panel, url, form, 3000); });
    }, after);
  }

  document.addEventListener("DOMContentLoaded", look);
  document.addEventListener("htmx:afterSettle", look);

  // ---- the picker: Enter takes the first offer

  document.addEventListener("click", function (event) { // what was offered at another place is not offered here meanwhile
    if (event.target.closest("[data-opens=picker]")) document.getElementById("picker-body").replaceChildren();
  }, true);

  function first(search) {
    var list = document.getElementById(search.dataset.picks);
    if (!list || list.dataset.query !== search.value) return false;
    var offer = list.querySelector("button");
    if (offer) offer.click();
    return true;
  }

  document.addEventListener("keydown", function (event) {
    var search = event.target.closest && event.target.closest("[data-picks]");
    if (!search || event.key !== "Enter") return;
    event.preventDefault();
    enter = !first(search); // the list still answers to fewer letters: take the first when it has caught up
  });
  document.addEventListener("htmx:afterSettle", function () {
    var search = document.querySelector("dialog[open] [data-picks]");
    if (enter && search && first(search)) enter = false;
  });
})();
