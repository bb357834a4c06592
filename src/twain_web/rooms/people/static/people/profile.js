// What is chosen here holds on every device; a choice made by the moon button on this one gives way to it.
(function () {
  "use strict";
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("[data-forgets-theme]")) return;
    try { localStorage.removeItem("twain-theme"); } catch (e) { /* storage may be closed: then nothing is kept there either */ }
  });
})();
