// Items and discount of a new charge: the sums are worked out while somebody types, in whole hundredths, and a
// row comes or goes without a round trip. The server works all of it out again and insists on the same total.
(function () {
  "use strict";
  var section = document.getElementById("items");
  if (!section) return;
  var rows = document.getElementById("item-rows");
  var template = document.getElementById("item-template");
  var account = document.getElementById("id_connection");
  var amount = document.getElementById("id_amount");
  var count = document.getElementById("id_items-TOTAL_FORMS");
  var seen = document.getElementById("id_seen_total");
  var decimal = section.dataset.decimal;
  var group = section.dataset.group;
  var shape = /^(\d{1,3}(?:([.,])\d{3}(?:\2\d{3})*)|\d+)(?:([.,])(\d{1,2}))?$/;

  function items() { return Array.prototype.slice.call(rows.querySelectorAll("[data-item]")); }
  function box(row, name) { return row.querySelector('[name$="-' + name + '"]'); }

  // Hundredths of what was typed; null where it is not one amount (payments.money.parse_amount).
  function hundredths(text) {
    var found = shape.exec(text.replace(/^[A-Z]{0,2}\$|^S\/|[\s\u00a0\u202f]/g, ""));
    if (!found || (found[2] && found[2] === found[3])) return null;
    if (found[2] && !found[3] && found[2] !== (decimal === "," ? "." : ",")) return null;
    return parseInt(found[1].replace(/[.,]/g, ""), 10) * 100 + parseInt(((found[4] || "") + "00").slice(0, 2), 10);
  }

  // What is off an amount: a sum, or a percentage with halves rounded up (payments.amounts.share).
  function reduction(text, cents, smallest) {
    var typed = text.trim();
    var isPart = typed.slice(-1) === "%";
    var bare = isPart ? typed.slice(0, -1).trim() : typed;
    var number = bare ? hundredths(bare) : 0;
    if (number === null || !isPart) return number;
    if (number > 10000) return null;
    var whole = BigInt(10000 * smallest);
    var rounded = (BigInt(2) * BigInt(cents) * BigInt(number) + whole) / (BigInt(2) * whole) * BigInt(smallest);
    return Math.min(Number(rounded), cents);
  }

  function chosen() { return (account && account.selectedOptions[0] && account.selectedOptions[0].dataset) || {}; }
  function smallest() { return parseInt(chosen().smallest || "1", 10); }

  function figure(cents, isGrouped) {
    var whole = String(Math.floor(cents / 100));
    if (isGrouped) whole = whole.replace(/\B(?=(\d{3})+$)/g, group);
    return smallest() === 100 ? whole : whole + decimal + ("0" + (cents % 100)).slice(-2);
  }

  function shown(cents) {
    return cents === null ? "–" : (cents < 0 ? "-" : "") + (chosen().symbol || "") + "\u00a0" + figure(Math.abs(cents), true);
  }

  function isUsed(row) {
    return box(row, "description").value.trim() !== "" || box(row, "unit").value.trim() !== "" ||
      box(row, "discount").value.trim() !== "" || box(row, "quantity").value.trim() !== "1";
  }

  function lineTotal(row) {
    var unit = hundredths(box(row, "unit").value);
    var quantity = box(row, "quantity").value.trim();
    if (!unit || !/^\d{1,5}$/.test(quantity) || quantity === "0") return null;
    var gross = unit * parseInt(quantity, 10);
    var off = reduction(box(row, "discount").value, gross, smallest());
    return off === null || off > gross ? null : gross - off;
  }

  function subtotal(used) {
    if (!used.length) return hundredths(amount.value);
    return used.map(lineTotal).reduce(function (sum, total) {
      return sum === null || total === null ? null : sum + total;
    }, 0);
  }

  function say(name, cents) { section.querySelector('[data-sum="' + name + '"]').textContent = shown(cents); }

  function workOut() {
    var used = items().filter(isUsed);
    items().forEach(function (row) { row.querySelector("[data-line-total]").textContent = shown(lineTotal(row)); });
    var before = subtotal(used);
    var off = before === null ? null : reduction(document.getElementById("id_total_discount").value, before, smallest());
    var total = off === null || off > before ? null : before - off;
    amount.readOnly = used.length > 0;
    if (used.length) amount.value = before === null ? "" : figure(before, false);
    say("subtotal", before);
    say("discount", off ? -off : off);
    say("total", total);
    seen.value = total === null ? "" : String(total);
  }

  function renumber() {
    items().forEach(function (row, number) {
      row.querySelectorAll("[name], [id], [for], [aria-describedby]").forEach(function (part) {
        ["name", "id", "for", "aria-describedby"].forEach(function (kind) {
          var value = part.getAttribute(kind);
          if (value) part.setAttribute(kind, value.replace(/items-(\d+|__prefix__)-/, "items-" + number + "-"));
        });
      });
    });
    count.value = String(items().length);
  }

  function add() {
    if (items().length >= parseInt(section.dataset.most, 10)) return;
    var isFirst = !items().length;
    rows.appendChild(template.content.cloneNode(true));
    var row = items()[items().length - 1];
    if (isFirst) box(row, "unit").value = amount.value;
    renumber();
    workOut();
    box(row, "description").focus();
  }

  function remove(row) {
    row.remove();
    renumber();
    workOut();
    document.getElementById("add-item").focus();
  }

  section.addEventListener("click", function (event) {
    if (event.target.closest("#add-item")) {
      event.preventDefault();
      add();
    } else if (event.target.closest("[data-remove]")) {
      event.preventDefault();
      remove(event.target.closest("[data-item]"));
    }
  });
  section.addEventListener("input", workOut);
  amount.addEventListener("input", workOut);
  if (account) account.addEventListener("change", workOut);
  section.querySelector(".without-script").hidden = true;
  window.addEventListener("pageshow", workOut);
})();
