// Counts [role=timer][data-seconds] down, by the time that passes and not by this machine's clock.
(function () {
  "use strict";
  var NEARLY = 120;

  function two(number) { return String(number).padStart(2, "0"); }

  function written(left) {
    var hours = Math.floor(left / 3600), rest = two(Math.floor(left / 60) % 60) + ":" + two(left % 60);
    return hours ? hours + ":" + rest : rest;
  }

  function show(timer) {
    var passed = (performance.now() - timer.startedAt) / 1000;
    var left = Math.max(0, Math.ceil(Number(timer.dataset.seconds) - passed));
    timer.textContent = written(left);
    if (left > NEARLY || timer.isNear) return;
    timer.isNear = true;
    timer.parentElement.classList.add("nearly");
    var place = document.getElementById("announce");
    if (place && left > 0) place.textContent = timer.dataset.nearly;
  }

  function each(act) { document.querySelectorAll("[role=timer][data-seconds]").forEach(act); }

  function begin() {
    each(function (timer) { timer.startedAt = performance.now(); show(timer); });
  }

  document.addEventListener("live:swapped", begin);
  setInterval(function () { each(show); }, 1000);
  begin();
})();
