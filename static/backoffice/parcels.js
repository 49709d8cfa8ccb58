// The parcels of a new charge are shown while somebody types: the server works them out, as it does without script.
(function () {
  "use strict";
  var section = document.getElementById("parcels");
  if (!section) return;
  var form = section.closest("form");
  var place = document.getElementById("parcels-preview");
  var number = document.getElementById("id_instalments");
  var timer = null, asked = 0;
  document.getElementById("preview-parcels").parentNode.hidden = true;

  // A way of paying that has no parcels leaves nothing to type.
  function fit() {
    var shown = place.querySelector("[data-most]");
    number.disabled = Boolean(shown) && shown.dataset.most === "1";
  }

  async function ask() {
    var mine = ++asked;
    try {
      var answer = await fetch(section.dataset.previewUrl, { method: "POST", body: new FormData(form) });
      if (!answer.ok || mine !== asked) return;
      var html = await answer.text();
      if (mine !== asked) return;
      place.innerHTML = html;
      fit();
    } catch (error) {
      fit(); // the server shows them once more when the form is sent
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, 350);
  }

  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  window.addEventListener("pageshow", ask);
})();
