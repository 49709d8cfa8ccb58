// A form sent twice by impatience makes one request: the button rests after the first press. The form for a
// new charge fits itself to the account chosen.
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

  // What the chosen account cannot do rests and says why; without script the server says it afterwards.
  var account = document.getElementById("id_connection");

  function eachMethod(act) { document.querySelectorAll(".choice input[type=radio]").forEach(act); }

  function say(element, text) { if (element && text) element.textContent = text; }

  function told(data, kind, method) {
    return data[kind + method.charAt(0).toUpperCase() + method.slice(1)] || "";
  }

  // Documents, telephones and amounts as in the country of the account.
  function showCountry(data) {
    var label = document.querySelector("label[for=id_document]");
    if (label && data.documentLabel) label.firstChild.textContent = data.documentLabel;
    say(document.getElementById("hint-document"), data.documentHint);
    say(document.getElementById("hint-phone"), data.phoneHint);
    say(document.getElementById("hint-amount"), data.amountHint);
    var rows = document.getElementById("item-template");
    [document].concat(rows ? [rows.content] : []).forEach(function (place) {
      place.querySelectorAll("[data-amount]").forEach(function (box) { box.placeholder = data.amountBlank || ""; });
    });
    var kinds = document.getElementById("id_document_type");
    if (!kinds) return;
    kinds.querySelectorAll("option").forEach(function (option) {
      var isElsewhere = option.value !== "" && option.value.split("-")[0] !== data.country;
      option.hidden = option.disabled = isElsewhere;
      if (isElsewhere && option.selected) kinds.value = "";
    });
    kinds.closest(".field").hidden = data.country === "BR" && !kinds.closest(".field").querySelector(".error");
  }

  function showMethods(can, data) {
    eachMethod(function (radio) {
      var choice = radio.closest(".choice");
      radio.disabled = can.indexOf(radio.value) < 0;
      choice.querySelector(".why-not").hidden = !radio.disabled;
      say(choice.querySelector(".why-not"), told(data, "why", radio.value));
      say(choice.querySelector(".ways"), told(data, "ways", radio.value));
      choice.querySelector(".ways").hidden = !told(data, "ways", radio.value);
    });
    if (document.querySelector(".choice input:checked:enabled")) return;
    var first = document.querySelector(".choice input:enabled");
    if (first) first.checked = true;
  }

  function showTerms(isTaken) {
    var section = document.getElementById("terms");
    if (!section) return;
    section.querySelector("fieldset").disabled = !isTaken;
    section.hidden = !isTaken;
  }

  // Without script the section is open; with it, it comes when it is needed, and stays while it holds something.
  function showAddress(needing) {
    var section = document.getElementById("address");
    if (!section) return;
    var chosen = document.querySelector(".choice input:checked");
    var isUsed = Array.prototype.some.call(section.querySelectorAll("input, select"), function (box) {
      return box.value;
    });
    section.hidden = !isUsed && !section.querySelector(".error") && (!chosen || needing.indexOf(chosen.value) < 0);
  }

  function fitToAccount() {
    var chosen = account.selectedOptions[0];
    if (!chosen || chosen.dataset.methods === undefined) return;
    showMethods(chosen.dataset.methods.split(" "), chosen.dataset);
    showCountry(chosen.dataset);
    showTerms(chosen.dataset.terms === "yes");
    showAddress((chosen.dataset.address || "").split(" "));
    document.getElementById("sandbox-ribbon").hidden = chosen.dataset.environment !== "sandbox";
  }

  if (account) {
    account.addEventListener("change", fitToAccount);
    eachMethod(function (radio) { radio.addEventListener("change", fitToAccount); });
    window.addEventListener("pageshow", fitToAccount);
  }

  var summary = document.getElementById("problems");
  if (summary) summary.focus();
})();
