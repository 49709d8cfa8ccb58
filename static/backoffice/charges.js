// The list of charges: its totals come after the page, and what is ticked is counted.
(function () {
  "use strict";
  var place = document.getElementById("totals");

  async function fetchTotals() {
    var answer = await fetch(place.dataset.totalsUrl);
    if (!answer.ok) return;
    var fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("totals");
    if (fresh) place.replaceWith(document.adoptNode(fresh));
  }

  // What cannot be had stays a link.
  if (place && place.dataset.totalsUrl) fetchTotals().catch(function () {});

  var several = document.getElementById("several");
  if (!several) return;

  function boxes() { return Array.from(document.querySelectorAll("input[name=chosen][type=checkbox]")); }

  function count() {
    var number = boxes().filter(function (box) { return box.checked; }).length;
    var told = document.getElementById("chosen-number");
    told.textContent = number ? number + " " + (number === 1 ? told.dataset.one : told.dataset.many) : "";
    ["cancel-chosen", "export-chosen"].forEach(function (id) {
      var button = document.getElementById(id);
      if (button) button.disabled = !number;
    });
    if (number) several.open = true;
  }

  document.addEventListener("change", function (event) {
    if (event.target.name === "chosen") count();
  });
  document.getElementById("choose-page").addEventListener("click", function () {
    var all = boxes();
    var isAll = all.every(function (box) { return box.checked; });
    all.forEach(function (box) { box.checked = !isAll; });
    count();
  });
  window.addEventListener("pageshow", count);
})();
