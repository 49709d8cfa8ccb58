// The connection form in the admin: only the chosen gateway's secret boxes are shown. Without script all are.
// Buttons with data-confirm ask before they send their form.
(function () {
  "use strict";
  document.querySelectorAll("button[data-confirm]").forEach(function (button) {
    button.addEventListener("click", function (event) {
      if (!window.confirm(button.dataset.confirm)) event.preventDefault();
    });
  });

  var select = document.getElementById("id_gateway");
  if (!select) return;

  function show() {
    document.querySelectorAll("[data-gateway]").forEach(function (box) {
      var row = box.closest(".form-row") || box.parentElement;
      var fits = box.dataset.gateway === select.value;
      row.hidden = !fits;
      box.disabled = !fits;
    });
    document.querySelectorAll("fieldset").forEach(function (set) {
      var boxes = set.querySelectorAll("[data-gateway]");
      if (boxes.length) set.hidden = !set.querySelector("[data-gateway]:enabled");
    });
  }

  select.addEventListener("change", show);
  show();
})();
