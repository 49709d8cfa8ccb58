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
// Keeps #live up to date: asks data-live-url every three seconds; a new mark fetches the page and swaps #live.
// Rests while the page is hidden, ends without data-live-url (the state is final), waits longer after errors.
(function () {
  "use strict";
  var EVERY = 3000, LONGEST = 60000;
  var wait = EVERY, timer = null, isAsking = false;

  function current() { return document.getElementById("live"); }

  function later() {
    clearTimeout(timer);
    var live = current();
    if (live && live.dataset.liveUrl && !document.hidden) timer = setTimeout(ask, wait);
  }

  function openParts(live) {
    return Array.from(live.querySelectorAll("details[open][id]"), function (part) { return part.id; });
  }

  function swap(html) {
    var old = current();
    var fresh = new DOMParser().parseFromString(html, "text/html").getElementById("live");
    if (!fresh) { location.reload(); return; }
    var focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    var open = openParts(old);
    old.replaceWith(document.adoptNode(fresh));
    open.forEach(function (id) { var part = document.getElementById(id); if (part) part.open = true; });
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
    var place = document.getElementById("announce");
    if (place) place.textContent = fresh.dataset.announce || "";
    document.dispatchEvent(new CustomEvent("live:swapped", { detail: { before: old.dataset.status } }));
  }


  async function ask() {
    if (isAsking) return;
    isAsking = true;
    try {
      var live = current();
      var answer = await fetch(live.dataset.liveUrl, { headers: { Accept: "application/json" } });
      if (answer.status === 404) { location.reload(); return; }
      if (answer.status === 403) { delete live.dataset.liveUrl; return; }
      if (!answer.ok) throw new Error(answer.status);
      if ((await answer.json()).mark !== live.dataset.mark) {
        var page = await fetch(location.href);
        if (!page.ok) throw new Error(page.status);
        swap(await page.text());
      }
      wait = EVERY;
    } catch (error) {
      wait = Math.min(wait * 2, LONGEST);
    } finally {
      isAsking = false;
      later();
    }
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) { clearTimeout(timer); return; }
    var live = current();
    if (live && live.dataset.liveUrl) { wait = EVERY; ask(); }
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });
  later();
})();
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
