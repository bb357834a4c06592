// The live page is swapped every two seconds. What the reader has opened stays open; the focus is kept by htmx, by the buttons' ids.
(function () {
  "use strict";
  var open = [];

  function key(details) { return details.dataset.key || details.textContent.trim().slice(0, 60); }

  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.target.id !== "live") return;
    open = Array.from(event.target.querySelectorAll("details[open]")).map(key);
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.id !== "live") return;
    event.target.querySelectorAll("details").forEach(function (details) {
      if (open.indexOf(key(details)) >= 0) details.open = true;
    });
  });
})();
