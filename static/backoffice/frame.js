// Rows of links that scroll sideways on a phone: the one where the reader is stands in sight.
(function () {
  "use strict";
  document.querySelectorAll(".nav, .tabs").forEach(function (row) {
    var here = row.querySelector("[aria-current]");
    if (!here || row.scrollWidth <= row.clientWidth) return;
    var from = row.getBoundingClientRect(), to = here.getBoundingClientRect();
    row.scrollLeft += to.left + to.width / 2 - from.left - from.width / 2;
  });
})();
