// Runs before anything is painted, so that no page flashes in the wrong theme.
(function () {
  "use strict";
  var root = document.documentElement;
  function wanted() {
    var chosen = null;
    try { chosen = localStorage.getItem("twain-theme"); } catch (e) { /* storage may be closed */ }
    chosen = chosen || root.dataset.theme || "auto";
    if (chosen === "light" || chosen === "dark") return chosen;
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.setAttribute("data-bs-theme", wanted());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
    root.setAttribute("data-bs-theme", wanted());
  });
})();
