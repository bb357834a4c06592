// The builder's few own steps: Enter in the search takes the first offer, and what can be copied is copied.
(function () {
  "use strict";
  var waiting = false;

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
    waiting = !first(search); // the list still answers to fewer letters: take the first when it has caught up
  });
  document.addEventListener("input", function () { waiting = false; });
  document.addEventListener("htmx:afterSettle", function () {
    var search = document.querySelector("dialog[open] [data-picks]");
    if (waiting && search && first(search)) waiting = false;
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copies]");
    if (!button) return;
    var source = document.getElementById(button.dataset.copies);
    navigator.clipboard.writeText(source.value === undefined ? source.textContent : source.value).then(
      function () { window.twain.say("Copied."); },
      function () { window.twain.say("The browser does not allow copying here. Select the text and copy it by hand."); }
    );
  });
})();
