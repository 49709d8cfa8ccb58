// What is copied or opened to be sent is told to the server, so that the story of the charge knows of it.
// data-sent-url on a block holds the address; data-how on what is pressed says what was taken.
(function () {
  "use strict";
  var TOKEN = "input[name=csrfmiddlewaretoken]";

  document.addEventListener("click", function (event) {
    var pressed = event.target.closest("[data-how]");
    var block = pressed && pressed.closest("[data-sent-url]");
    if (!block) return;
    var token = block.querySelector(TOKEN) || document.querySelector(TOKEN);
    fetch(block.dataset.sentUrl, {
      method: "POST",
      credentials: "same-origin",
      keepalive: true,
      headers: { "X-CSRFToken": token ? token.value : "" },
      body: new URLSearchParams({ how: pressed.dataset.how })
    }).catch(function () {});
  });
})();
