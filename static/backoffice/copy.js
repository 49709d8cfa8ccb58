// One-press copy: data-copy="#element" or data-copy-text="text"; data-copied is shown and spoken.
(function () {
  "use strict";
  document.documentElement.classList.add("js");

  function announce(text) {
    var place = document.getElementById("announce");
    if (!place) {
      place = document.createElement("p");
      place.id = "announce";
      place.className = "visually-hidden";
      place.setAttribute("role", "status");
      document.body.appendChild(place);
    }
    place.textContent = "";
    setTimeout(function () { place.textContent = text; }, 50);
  }

  function textFor(button) {
    if (button.dataset.copyText !== undefined) return button.dataset.copyText;
    var source = document.querySelector(button.dataset.copy);
    if (!source) return "";
    return source.value !== undefined ? source.value : source.textContent.trim();
  }

  // http:// pages on a local network have no clipboard API.
  function copyBySelection(text) {
    var box = document.createElement("textarea");
    box.value = text;
    box.className = "visually-hidden";
    box.readOnly = true;
    document.body.appendChild(box);
    box.select();
    var done = false;
    try { done = document.execCommand("copy"); } catch (error) { done = false; }
    box.remove();
    return done;
  }

  function copy(text) {
    if (!navigator.clipboard) return Promise.resolve(copyBySelection(text));
    return navigator.clipboard.writeText(text).then(
      function () { return true; },
      function () { return copyBySelection(text); }
    );
  }

  function selectSource(button) {
    var source = button.dataset.copy && document.querySelector(button.dataset.copy);
    if (source && source.select) source.select();
  }

  function confirmOn(button) {
    var label = button.querySelector("[data-label]") || (button.children.length ? null : button);
    var before = button.dataset.before || (label ? label.textContent : "");
    button.dataset.before = before;
    button.classList.add("done");
    if (label) label.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    clearTimeout(button.copyTimer);
    button.copyTimer = setTimeout(function () {
      button.classList.remove("done");
      if (label) label.textContent = before;
    }, 2500);
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy], [data-copy-text]");
    if (!button) return;
    copy(textFor(button)).then(function (done) {
      button.focus();
      if (done) confirmOn(button); else selectSource(button);
    });
  });
})();
