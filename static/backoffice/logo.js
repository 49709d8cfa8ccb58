// Makes a chosen logo smaller before it is sent: at most data-most-bytes. Without script the server says so.
(function () {
  "use strict";
  var SIDES = [480, 360, 280, 200, 140, 96];

  function drawn(picture, side) {
    var share = Math.min(1, side / Math.max(picture.width, picture.height));
    var canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * share));
    canvas.height = Math.max(1, Math.round(picture.height * share));
    var pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  function saved(canvas, kind) {
    return new Promise(function (done) { canvas.toBlob(done, kind, 0.85); });
  }

  async function smaller(file, most) {
    var picture = await createImageBitmap(file);
    for (var side of SIDES) {
      var canvas = drawn(picture, side);
      for (var kind of ["image/png", "image/webp"]) {
        var made = await saved(canvas, kind);
        if (made && made.type === kind && made.size <= most) return made;
      }
    }
    return null;
  }

  async function shrink(box) {
    var file = box.files[0], most = Number(box.dataset.mostBytes);
    if (!file || file.size <= most || file.type === "image/svg+xml") return;
    try {
      var made = await smaller(file, most);
      if (!made || box.files[0] !== file) return;
      var held = new DataTransfer();
      held.items.add(new File([made], "logo." + made.type.split("/")[1], { type: made.type }));
      box.files = held.files;
      box.dataset.madeSmaller = String(made.size);
    } catch (error) { /* No picture the browser can read: the server says what to do. */ }
  }

  document.addEventListener("change", function (event) {
    if (event.target.matches("input[type=file][data-most-bytes]")) shrink(event.target);
  });
})();
