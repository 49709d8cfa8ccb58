// Who was charged before is found while the name is typed (WAI-ARIA combobox with a listbox): arrows choose,
// Enter takes, Escape closes. The form then names the row; its document never comes to this page whole.
(function () {
  "use strict";
  var section = document.getElementById("person");
  if (!section) return;
  var FILLED = ["name", "email", "phone", "language", "zip_code", "street", "street_number", "district", "city", "state"];
  var PAUSE = 250, SHORTEST = 2;
  var name = document.getElementById("id_name"), chosen = document.getElementById("id_customer");
  var list = document.getElementById("customer-options"), other = document.getElementById("someone-else");
  var hint = document.getElementById("hint-name");
  var found = [], active = -1, timer = null, asked = 0;

  name.setAttribute("role", "combobox");
  name.setAttribute("aria-autocomplete", "list");
  name.setAttribute("aria-controls", list.id);
  name.setAttribute("autocomplete", "off");
  close();

  function box(field) { return document.getElementById("id_" + field); }

  function announce(text) {
    var place = document.getElementById("announce");
    if (place) place.textContent = text;
  }

  function close() {
    list.hidden = true;
    active = -1;
    name.setAttribute("aria-expanded", "false");
    name.removeAttribute("aria-activedescendant");
  }

  function line(className, text) {
    var part = document.createElement("span");
    part.className = className;
    part.textContent = text;
    return part;
  }

  function option(customer, number) {
    var item = document.createElement("li");
    item.id = "customer-option-" + number;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.appendChild(line("option-name", customer.fields.name));
    var known = [customer.document || section.dataset.without, customer.fields.email].filter(Boolean);
    item.appendChild(line("small quiet", known.join(" · ")));
    // Pressed before the field loses the focus, so that the list is still there.
    item.addEventListener("mousedown", function (event) { event.preventDefault(); });
    item.addEventListener("click", function () { take(customer); });
    return item;
  }

  function show(answer) {
    found = answer.customers;
    list.replaceChildren.apply(list, found.map(option));
    close();
    if (!found.length) { announce(section.dataset.none); return; }
    list.hidden = false;
    name.setAttribute("aria-expanded", "true");
    announce(section.dataset.found + " " + found.length + "." + (answer.has_more ? " " + section.dataset.more : ""));
  }

  function mark(number) {
    var options = list.children;
    if (options[active]) options[active].setAttribute("aria-selected", "false");
    active = (number + options.length) % options.length;
    options[active].setAttribute("aria-selected", "true");
    options[active].scrollIntoView({ block: "nearest" });
    name.setAttribute("aria-activedescendant", options[active].id);
  }

  function fill(fields) {
    FILLED.forEach(function (field) {
      if (box(field)) box(field).value = fields[field] || "";
    });
  }

  // A readonly box shows the masked document; without a name it is not sent.
  function showDocument(masked) {
    var input = box("document"), kinds = box("document_type");
    input.readOnly = Boolean(masked);
    input.value = masked;
    if (masked) input.removeAttribute("name"); else input.setAttribute("name", "document");
    if (kinds) { kinds.disabled = Boolean(masked); kinds.value = ""; }
  }

  function rest(isChosen) {
    name.readOnly = isChosen;
    other.hidden = !isChosen;
    if (hint) hint.hidden = isChosen;
  }

  function take(customer) {
    close();
    chosen.value = customer.id;
    fill(customer.fields);
    showDocument(customer.document);
    rest(true);
    announce(section.dataset.chosen + " " + customer.fields.name);
    var next = customer.document ? (box("email").value ? box("amount") : box("email")) : box("document");
    if (next) next.focus();
    box("name").dispatchEvent(new Event("change", { bubbles: true }));
  }

  async function ask() {
    var mine = ++asked, text = name.value.trim();
    if (text.length < SHORTEST) { close(); return; }
    try {
      var answer = await fetch(section.dataset.searchUrl + "?q=" + encodeURIComponent(text), {
        credentials: "same-origin",
        headers: { Accept: "application/json" }
      });
      if (!answer.ok || mine !== asked) return;
      var said = await answer.json();
      if (mine === asked && document.activeElement === name && !name.readOnly) show(said);
    } catch (error) {
      close(); // what is typed stays a new customer
    }
  }

  name.addEventListener("input", function () {
    clearTimeout(timer);
    asked++;
    timer = setTimeout(ask, PAUSE);
  });
  name.addEventListener("blur", close);
  name.addEventListener("keydown", function (event) {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active < 0 ? found.length - 1 : active - 1);
    else if (event.key === "Enter" && active >= 0) take(found[active]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });

  // Coming back, the browser puts the values back, and nothing else.
  window.addEventListener("pageshow", function () {
    if (!chosen.value) return;
    rest(true);
    if (box("document").value.indexOf("•") >= 0) showDocument(box("document").value);
  });

  other.querySelector("a").addEventListener("click", function (event) {
    event.preventDefault();
    chosen.value = "";
    fill({});
    showDocument("");
    rest(false);
    name.focus();
  });
})();
