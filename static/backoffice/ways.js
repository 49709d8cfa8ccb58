// Makes the list of ways to pay a row of tabs (arrow keys, Home, End); without script all of them are open.
(function () {
  "use strict";
  var chosen = "";

  function tabs() { return Array.from(document.querySelectorAll("#ways a")); }

  function panel(tab) { return document.querySelector(tab.hash); }

  function choose(tab, isFocused) {
    tabs().forEach(function (other) {
      var isIt = other === tab;
      other.setAttribute("aria-selected", String(isIt));
      other.tabIndex = isIt ? 0 : -1;
      panel(other).hidden = !isIt;
    });
    chosen = tab.hash;
    if (isFocused) tab.focus();
  }

  function dress() {
    var all = tabs();
    if (!all.length) return;
    document.getElementById("ways").setAttribute("role", "tablist");
    all.forEach(function (tab) {
      tab.parentElement.setAttribute("role", "presentation");
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", tab.hash.slice(1));
      panel(tab).setAttribute("role", "tabpanel");
    });
    choose(all.find(function (tab) { return tab.hash === chosen; }) || all[0], false);
  }

  function step(event) {
    var all = tabs(), at = all.indexOf(event.target.closest("#ways a"));
    var to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    choose(all[(to + all.length) % all.length], true);
  }

  document.addEventListener("click", function (event) {
    var tab = event.target.closest("#ways a");
    if (!tab) return;
    event.preventDefault();
    choose(tab, true);
  });
  document.addEventListener("keydown", step);
  document.addEventListener("live:swapped", function (event) {
    dress();
    var live = document.getElementById("live");
    if (live.dataset.status !== event.detail.before) live.scrollIntoView({ block: "start" });
  });
  dress();
})();
