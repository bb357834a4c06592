// <button data-copies="id" data-copied="…"> puts what stands in that field on the clipboard; without one, it selects it.
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copies]");
    if (!button) return;
    var source = document.getElementById(button.dataset.copies);
    if (!navigator.clipboard) { source.select(); return; }
    navigator.clipboard.writeText(source.value).then(
      function () { window.twain.say(button.dataset.copied); },
      function () { source.select(); }
    );
  });
})();
