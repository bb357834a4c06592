// The plan's form: only the fields of the chosen time are shown. Without this script all of them are, and it works as well.
(function () {
  "use strict";
  var form = document.getElementById("plan");
  if (!form) return;

  function show() {
    var chosen = form.querySelector("input[data-when]:checked");
    form.querySelectorAll("[data-for]").forEach(function (part) {
      part.toggleAttribute("data-hidden", !chosen || part.dataset.for !== chosen.value);
    });
  }
  form.addEventListener("change", show);
  show();

  // Leaving with something unsaved asks first.
  var changed = false;
  form.addEventListener("input", function () { changed = true; });
  form.addEventListener("submit", function () { changed = false; });
  window.addEventListener("beforeunload", function (event) { if (changed) event.preventDefault(); });
})();
