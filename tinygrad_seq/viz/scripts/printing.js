// On paper nothing scrolls: as many columns as can be read there, and afterwards all as it was.

const PAPER = 900; // so wide that text can still be read when it is brought down to the width of a sheet
let printing = false;

function startPrinting() {
  let before = null;
  addEventListener("beforeprint", () => {
    before = { zoom, left: $("frame").scrollLeft };
    printing = true;
    zoom = 1;
    redraw();
  });
  addEventListener("afterprint", () => {
    printing = false;
    zoom = before.zoom;
    redraw();
    $("frame").scrollLeft = before.left;
  });
}
