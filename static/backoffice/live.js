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
