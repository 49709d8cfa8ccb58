// The connection form in the admin: only the chosen gateway's part is shown (without script all are), and a
// key that begins wrongly is spoken of while it is typed. Buttons with data-confirm ask before they send.
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-confirm]");
    if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
  });

  function chosen(name) {
    var one = document.querySelector('input[name="' + name + '"]:checked');
    return one ? one.value : "";
  }

  function show() {
    var gateway = chosen("gateway");
    document.querySelectorAll("[data-for]").forEach(function (part) {
      var fits = part.dataset.for === gateway;
      part.hidden = !fits;
      part.querySelectorAll("input").forEach(function (box) { box.disabled = !fits; });
    });
    document.querySelectorAll("[data-until-chosen]").forEach(function (part) { part.hidden = Boolean(gateway); });
  }

  function fitting(box) {
    var environment = chosen("environment"), typed = box.value.trimStart();
    return JSON.parse(box.dataset.hints).find(function (hint) {
      return typed.startsWith(hint.begins) && (!hint.environment || hint.environment === environment);
    });
  }

  function warn(box) {
    var place = document.getElementById(box.id + "_warning");
    if (!place) {
      place = document.createElement("p");
      place.id = box.id + "_warning";
      place.className = "typed-warning";
      place.setAttribute("role", "status");
      box.insertAdjacentElement("afterend", place);
    }
    var hint = fitting(box);
    var text = hint ? "! " + hint.text : "";
    if (place.textContent !== text) place.textContent = text;
  }

  function warnAll() { document.querySelectorAll("[data-hints]").forEach(warn); }

  document.addEventListener("input", function (event) {
    if (event.target.matches("[data-hints]")) warn(event.target);
  });
  document.addEventListener("change", function (event) {
    if (event.target.name === "gateway") show();
    if (event.target.name === "environment") warnAll();
  });
  if (document.querySelector("input[name=gateway]")) show();
  warnAll();
})();
