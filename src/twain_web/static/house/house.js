// What every page shares: the theme's button, the menu on a phone, dialogs, confirmations. No framework, no inline handlers.
(function () {
  "use strict";
  var root = document.documentElement;

  function on(selector, handler) {
    document.addEventListener("click", function (event) {
      var found = event.target.closest(selector);
      if (found) handler(found, event);
    });
  }

  on("[data-theme-next]", function () {
    var next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    root.setAttribute("data-bs-theme", next);
    try { localStorage.setItem("twain-theme", next); } catch (e) { /* it lasts for this page then */ }
  });

  on("[data-toggles]", function (button) {
    var shown = document.getElementById(button.dataset.toggles).classList.toggle("show");
    button.setAttribute("aria-expanded", shown ? "true" : "false");
  });

  // <button data-opens="id"> opens <dialog id="id">; <button data-closes> inside closes it. The browser keeps the focus.
  on("[data-opens]", function (button) { document.getElementById(button.dataset.opens).showModal(); });
  on("dialog [data-closes]", function (button) { button.closest("dialog").close(); });

  // <button data-copies="id" data-copied="…"> puts what stands there on the clipboard; where that may not be, it is selected.
  on("[data-copies]", function (button) {
    var source = document.getElementById(button.dataset.copies);
    function choose() { if (source.select) source.select(); else window.getSelection().selectAllChildren(source); }
    if (!navigator.clipboard) { choose(); return; }
    navigator.clipboard.writeText(source.value === undefined ? source.textContent : source.value).then(
      function () { window.twain.say(button.dataset.copied); }, choose
    );
  });

  // <form data-confirm="…"> asks first.
  document.addEventListener("submit", function (event) {
    var words = event.target.dataset && event.target.dataset.confirm;
    if (words && !window.confirm(words)) event.preventDefault();
  });

  // <select data-submits>: choosing is enough.
  document.addEventListener("change", function (event) {
    if (event.target.closest("[data-submits]") && event.target.form) event.target.form.requestSubmit();
  });

  // After a swap the focus goes to what says data-focus, so that the keyboard never falls off the page. Once: a later answer
  // that changes only what is around it must not take the focus back from where the person has gone since.
  document.addEventListener("htmx:afterSettle", function (event) {
    var next = event.target.querySelector && event.target.querySelector("[data-focus]");
    if (!next) return;
    next.removeAttribute("data-focus");
    next.focus();
  });

  // An answer that could not be had at all is said, not swallowed.
  document.addEventListener("htmx:sendError", function () { say("No connection. What you typed is still here; try again."); });
  document.addEventListener("htmx:timeout", function () { say("That took too long. Try again."); });

  function say(words) {
    var box = document.createElement("div");
    box.className = "toast show align-items-center";
    box.setAttribute("role", "alert");
    var body = document.createElement("div");
    body.className = "toast-body";
    body.textContent = words;
    box.appendChild(body);
    document.getElementById("toasts").appendChild(box);
    window.setTimeout(function () { box.remove(); }, 8000);
  }
  window.twain = { say: say };
})();
