// A form that the server checks while it is filled in: what is wrong with a box is said under it once somebody
// has left it, goes as soon as it is right, and what the form comes to is shown meanwhile. Nothing is stored by
// that; without script, or without an answer, all of it is said when the form is sent.
(function () {
  "use strict";
  var form = document.querySelector("form[data-check-url]");
  var pattern = document.getElementById("wrong-line");
  if (!form || !pattern) return;
  var parcels = document.getElementById("parcels");
  var number = document.getElementById("id_instalments");
  var typed = {}, left = {}, previewed = {}, timer = null, asked = 0;

  function boxOf(name) {
    return Array.prototype.find.call(form.elements, function (box) {
      return box.name === name && box.type !== "hidden";
    }) || document.getElementById("id_" + name);
  }

  function label(place) {
    var found = place.querySelector("label, .label");
    return found && found.firstChild ? found.firstChild.textContent.trim() : "";
  }

  function describe(box, place, id) {
    var hint = place.querySelector(".hint[id]");
    var ids = [hint && !hint.hidden ? hint.id : "", id].filter(Boolean).join(" ");
    if (ids) box.setAttribute("aria-describedby", ids); else box.removeAttribute("aria-describedby");
  }

  function clear(box, place, name) {
    var old = document.getElementById("error-" + name);
    if (old) old.remove();
    box.removeAttribute("aria-invalid");
    describe(box, place, "");
  }

  function tell(box, place, name, texts) {
    var old = document.getElementById("error-" + name);
    if (old && old.textContent.trim() === texts.join("")) return;
    if (!old && document.activeElement === box) return; // not while somebody is still at it
    clear(box, place, name);
    var fresh = document.createElement("div");
    fresh.id = "error-" + name;
    texts.forEach(function (text) {
      var line = pattern.content.cloneNode(true);
      line.querySelector("span").textContent = text;
      fresh.appendChild(line);
    });
    place.appendChild(fresh);
    box.setAttribute("aria-invalid", "true");
    describe(box, place, fresh.id);
    document.getElementById("announce").textContent = label(place) + ": " + texts.join(" ");
  }

  function show(problems) {
    Object.keys(left).forEach(function (name) {
      var box = boxOf(name), place = box && box.closest(".field");
      if (!place) return;
      var texts = box.disabled ? [] : problems[name] || [];
      if (texts.length) tell(box, place, name, texts); else clear(box, place, name);
    });
  }

  // A way of paying that has no parcels shows nothing of them; true where that is otherwise than before.
  function fitParcels() {
    var shown = parcels && parcels.querySelector("[data-most]");
    if (!shown) return false;
    var was = number.disabled;
    number.disabled = shown.dataset.most === "1";
    parcels.hidden = number.disabled && !parcels.querySelector(".error");
    return was !== number.disabled;
  }

  async function ask() {
    var mine = ++asked;
    clearTimeout(timer);
    try {
      var answer = await fetch(form.dataset.checkUrl, { method: "POST", body: new FormData(form) });
      if (!answer.ok || mine !== asked) return;
      var told = await answer.json();
      if (mine !== asked) return;
      Object.keys(told.previews).forEach(function (id) {
        var place = document.getElementById(id);
        // Read out where it is otherwise than before, not after each letter.
        if (place && previewed[id] !== told.previews[id]) place.innerHTML = previewed[id] = told.previews[id];
      });
      if (fitParcels()) { ask(); return; } // asked with a number too many, or too few
      show(told.problems);
      fitParcels(); // what was wrong there may be gone
    } catch (error) {
      fitParcels();
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, 350);
  }

  form.querySelectorAll("[aria-invalid]").forEach(function (box) { left[box.name] = true; });
  form.addEventListener("input", function (event) { typed[event.target.name] = true; soon(); });
  form.addEventListener("change", function (event) {
    typed[event.target.name] = true;
    if (event.target.matches("select, [type=radio]")) left[event.target.name] = true;
    soon();
  });
  form.addEventListener("focusout", function (event) {
    var name = event.target.name, next = event.relatedTarget;
    if (!name || !typed[name]) return;
    left[name] = true;
    if (next && next.type === "submit") return; // nothing moves under a press
    ask();
  });
  if (parcels) parcels.querySelector(".without-script").hidden = true;
  window.addEventListener("pageshow", function () { fitParcels(); if (parcels) ask(); });
  fitParcels();
})();
