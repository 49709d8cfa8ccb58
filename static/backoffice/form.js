// A form sent twice by impatience makes one request: the button rests after the first press.
(function () {
  "use strict";
  function each(form, act) { form.querySelectorAll("button[type=submit]").forEach(act); }

  document.addEventListener("submit", function (event) {
    if (!event.target.matches("form[data-once]")) return;
    each(event.target, function (button) {
      setTimeout(function () {
        button.disabled = true;
        if (button.dataset.busy) {
          button.dataset.before = button.textContent;
          button.textContent = button.dataset.busy;
        }
      }, 0);
    });
  });

  // Coming back with the browser's back button finds the form usable again.
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-once]").forEach(function (form) {
      each(form, function (button) {
        button.disabled = false;
        if (button.dataset.before) button.textContent = button.dataset.before;
      });
    });
  });

  var summary = document.getElementById("problems");
  if (summary) summary.focus();
})();
