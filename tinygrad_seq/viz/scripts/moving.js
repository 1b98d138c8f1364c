// Ways through the graph: from box to box by keys, zoom and pan, search.

// One box is in the tab order; arrow keys go to the nearest one over, under or beside it.

function moveFocus(event) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const here = shown.boxes.find((entry) => entry.group === document.activeElement);
  if (!way || !here) return;
  event.preventDefault();
  const [x, y] = middleOf(here.rect);
  let best = null;
  let least = Infinity;
  for (const entry of shown.boxes) {
    const [ex, ey] = middleOf(entry.rect);
    const along = (ex - x) * way[0] + (ey - y) * way[1];
    const across = Math.abs((ex - x) * way[1]) + Math.abs((ey - y) * way[0]);
    if (along > 1 && along + 3 * across < least) [best, least] = [entry, along + 3 * across];
  }
  if (best) focusOn(best);
}

function focusOn(entry) {
  shown.boxes.forEach((other) => other.group.setAttribute("tabindex", "-1"));
  entry.group.setAttribute("tabindex", "0");
  entry.group.focus();
}

// Zoom by size, pan by scrolling: both work with keyboard, wheel, touch and screen readers as any page does.
function resize() {
  const svg = $("graph");
  svg.setAttribute("width", shown.width * zoom);
  svg.setAttribute("height", shown.height * zoom);
  keepNames();
}

function setZoom(wanted) {
  const frame = $("frame");
  const middle = (frame.scrollLeft + frame.clientWidth / 2) / zoom;
  zoom = Math.min(4, Math.max(0.15, wanted));
  resize();
  frame.scrollLeft = middle * zoom - frame.clientWidth / 2;
}

let whole = false; // whether the zoom goes by what there is to see

function fit() {
  setZoom(Math.min(($("frame").clientWidth - 4) / shown.width, (0.78 * innerHeight - 4) / shown.height)); // 78vh: its CSS
}

function zoomBy(factor) {
  whole = false;
  setZoom(zoom * factor);
}

function setLevel(level) {
  view.level = level;
  for (const button of document.querySelectorAll("input[name=level]")) button.checked = button.value === level;
}

function follow() {
  const t = data.moments[view.moment - 1]?.[1];
  if (t !== null && t !== undefined) showStep(t);
}

// After a switch, what one wants to see is in sight: a loop where there is one, or the step of the moment at hand.
function redrawThere() {
  redraw();
  const loop = $("graph").querySelector(".delay");
  if (loop) $("frame").scrollLeft = loop.getBBox().x * zoom - $("frame").clientWidth / 2;
  else follow();
}

function showStep(t) {
  if (view.rolled || view.level === "layer") return;
  view.centre = t;
  if (!shown.columns.some((column) => column.t === t)) redraw();
  const column = shown.columns.find((c) => c.t === t);
  const frame = $("frame");
  const x = column.x * zoom;
  if (x < frame.scrollLeft + LEFT * zoom || x > frame.scrollLeft + frame.clientWidth - 120) {
    frame.scrollTo({ left: x - frame.clientWidth / 2, behavior: quiet ? "auto" : "smooth" });
  }
}

function startGraph() {
  const frame = $("frame");
  $("graph").addEventListener("keydown", moveFocus);
  $("closer").addEventListener("click", () => zoomBy(1.25));
  $("farther").addEventListener("click", () => zoomBy(1 / 1.25));
  $("whole").addEventListener("click", () => { whole = true; fit(); });
  addEventListener("resize", () => (whole ? fit() : keepNames()));
  frame.addEventListener("scroll", keepNames);
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY / 300));
  }, { passive: false });
  let grip = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") grip = [event.clientX + frame.scrollLeft, event.clientY + frame.scrollTop];
  });
  addEventListener("pointermove", (event) => {
    if (grip) frame.scrollTo(grip[0] - event.clientX, grip[1] - event.clientY);
  });
  addEventListener("pointerup", () => { grip = null; });
  setLevel(view.level);
  for (const button of document.querySelectorAll("input[name=level]")) {
    button.addEventListener("change", () => { setLevel(button.value); redrawThere(); });
  }
  $("search").addEventListener("input", search);
  $("show").value = view.show;
  $("show").addEventListener("change", () => {
    view.show = $("show").value;
    setMoment(view.show === "value" ? data.forward : data.moments.length);
  });
  redraws.push(draw);
  relights.push(light);
}

function search() {
  const wanted = $("search").value.trim().toLowerCase();
  const matches = (place) => [place.name, place.path, place.op, place.label].some((s) => s.toLowerCase().includes(wanted));
  view.found = wanted ? new Set(data.places.flatMap((place, i) => (matches(place) ? [i] : []))) : null;
  $("said").textContent = wanted ? `${view.found.size} of ${data.places.length} operations and leaves match.` : "";
  relight();
}
