// The graph: the layout of one step, drawn once per column. What is far from the moment at hand is folded away, so a
// thousand steps cost no more than thirty.

const sizes = {
  op: data.hasTime
    ? { slot: 64, row: 46, width: 56, height: 32, gap: 44, columns: 16 }
    : { slot: 104, row: 62, width: 94, height: 38, gap: 0, columns: 1 },
  cell: { slot: 92, row: 64, width: 70, height: 42, gap: 14, columns: 34 },
  layer: { slot: 92, row: 64, width: 70, height: 42, gap: 14, columns: 34 },
};
const LEFT = 116;
const BAR = 24;
const FOOT = 40;

const shown = { boxes: [], links: [], columns: [], height: 0, width: 0 };
let zoom = 1;

// Which columns are drawn: all, or the ends and a window around the centre, with gaps between.
function columnsInView() {
  if (view.rolled || view.level === "layer") return [{ t: null }];
  const all = data.steps;
  const room = sizes[view.level].columns;
  if (all <= room) return Array.from({ length: all }, (_, t) => ({ t }));
  const half = Math.floor(room / 2) - 2;
  const first = Math.max(2, Math.min(view.centre - half, all - 2 - 2 * half));
  const kept = new Set([0, 1, all - 2, all - 1]);
  for (let t = first; t < first + 2 * half; t++) kept.add(t);
  const columns = [];
  let last = -1;
  for (const t of [...kept].sort((a, b) => a - b)) {
    if (t > last + 1) columns.push({ gap: [last + 1, t - 1] });
    columns.push({ t });
    last = t;
  }
  return columns;
}

function draw() {
  const size = sizes[view.level];
  const layout = data.levels[view.level];
  const step = layout.width * size.slot + size.gap;
  const svg = $("graph");
  svg.replaceChildren();
  shown.columns = columnsInView();
  let x = LEFT;
  for (const column of shown.columns) {
    column.x = x;
    x += column.gap ? 64 : step;
  }
  const strip = Math.max(0, ...layout.boxes.filter((b) => !b.timed && b.x !== null).map((b) => b.x + 1)) * size.slot;
  const right = Math.max(x, LEFT + strip, LEFT + 200) + (view.rolled ? 70 : 12);
  const rows = rowHeights(layout, size);
  shown.height = rows.total + FOOT + 8;
  shown.width = right;
  svg.setAttribute("viewBox", `0 0 ${right} ${shown.height}`);
  const bands = drawn("g", { class: "names" }, svg);
  const links = drawn("g", { class: "links" }, svg);
  const boxes = drawn("g", { class: "boxes" }, svg);
  shown.boxes = [];
  const where = new Map(); // "box:t" -> its rectangle
  layout.boxes.forEach((box, b) => {
    const bar = box.x === null;
    const height = bar ? BAR : size.height;
    const y = rows.top[box.y] + (rows.height[box.y] - height) / 2;
    if (!box.timed) {
      const width = bar ? Math.max(170, x - LEFT - size.gap / 2) : size.width;
      const corner = bar ? LEFT : LEFT + box.x * size.slot + (size.slot - size.width) / 2;
      where.set(`${b}:`, drawBox(boxes, b, null, { x: corner, y, width, height, bar }));
      return;
    }
    for (const column of shown.columns) {
      if (column.gap || !standsAt(box, column.t)) continue;
      const corner = column.x + box.x * size.slot + (size.slot - size.width) / 2;
      where.set(`${b}:${column.t}`, drawBox(boxes, b, column.t, { x: corner, y, width: size.width, height, bar }));
    }
  });
  drawNames(bands, layout, rows);
  drawColumns(bands, step, size);
  shown.links = [];
  layout.links.forEach((link) => drawLinks(links, link, layout, where));
  resize();
}

// Rows count upwards, y grows downwards; a row that holds nothing but bars is low.
function rowHeights(layout, size) {
  const height = Array(layout.rows).fill(BAR + 8);
  for (const box of layout.boxes) if (box.x !== null) height[box.y] = size.row;
  const top = [];
  let y = 8;
  for (let row = layout.rows - 1; row >= 0; row--) {
    top[row] = y;
    y += height[row];
  }
  return { top, height, total: y };
}

const standsAt = (box, t) => t === null || box.members.some((i) => indexAt(data.places[i], t) >= 0);

function drawBox(parent, b, t, rect) {
  const group = drawn("g", { class: rect.bar ? "box bar" : "box", role: "button", tabindex: "-1" }, parent);
  drawn("rect", { x: rect.x, y: rect.y, width: rect.width, height: rect.height, rx: rect.bar ? 4 : 7 }, group);
  const middle = rect.bar ? rect.x + 10 : rect.x + rect.width / 2;
  const anchor = rect.bar ? "start" : "middle";
  const label = drawn("text", { x: middle, y: rect.y + (rect.bar ? 16 : rect.height / 2 - 1), "text-anchor": anchor }, group);
  const number = drawn("text", {
    class: "number",
    x: rect.bar ? rect.x + rect.width - 10 : middle,
    y: rect.y + (rect.bar ? 16 : rect.height / 2 + 11),
    "text-anchor": rect.bar ? "end" : "middle",
  }, group);
  const entry = { b, t, rect, group, number, label };
  label.textContent = nameOf(entry, Math.floor((rect.bar ? rect.width - 60 : rect.width) / 7.2));
  group.addEventListener("focus", () => describe(entry));
  group.addEventListener("pointerenter", () => describe(entry));
  shown.boxes.push(entry);
  return rect;
}

// The place that speaks for a box: what the next step reads last of it, the hidden state; else what it makes last.
function speaker(box) {
  const carried = box.members.filter((i) => i in data.lanes);
  return data.places[(carried.length ? carried : box.members).at(-1)];
}

function nameOf({ b }, longest) {
  const box = data.levels[view.level].boxes[b];
  const place = data.places[box.members[0]];
  const alone = box.members.length === 1;
  const module = box.path.split(".").at(-1) || "top level";
  const name = alone ? place.name || place.label : box.timed || view.level === "layer" ? module : `${module}, once`;
  return name.length > longest ? name.slice(0, longest - 1) + "…" : name;
}

function drawNames(parent, layout, rows) {
  const seen = new Set();
  for (const box of layout.boxes) {
    if (!data.hasTime || !box.timed || seen.has(box.path)) continue;
    seen.add(box.path);
    const own = layout.boxes.filter((other) => other.timed && other.path === box.path).map((other) => rows.top[other.y]);
    const middle = (Math.min(...own) + Math.max(...own) + rows.height[box.y]) / 2;
    const parts = box.path.split(".");
    drawn("text", { x: 8, y: middle + 4 }, parent, parts.slice(-2).join(".") || "steps");
  }
}

function drawColumns(parent, step, size) {
  const y = shown.height - FOOT + 14;
  for (const column of shown.columns) {
    const middle = column.x + (step - size.gap) / 2;
    if (column.gap) {
      const [first, last] = column.gap;
      const gap = drawn("g", { class: "gap", role: "button", tabindex: "0" }, parent);
      gap.setAttribute("aria-label", `steps ${first} to ${last} are folded: show them`);
      drawn("rect", { x: column.x, y: 8, width: 46, height: shown.height - FOOT - 12, rx: 6 }, gap);
      drawn("text", { x: column.x + 23, y: shown.height / 2, "text-anchor": "middle" }, gap, "⋯");
      drawn("text", { x: column.x + 23, y, "text-anchor": "middle" }, gap, `${last - first + 1} steps`);
      const open = () => { view.centre = Math.floor((first + last) / 2); redraw(); };
      gap.addEventListener("click", open);
      gap.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
    } else if (data.hasTime && view.level !== "layer") {
      drawn("text", { x: middle, y, "text-anchor": "middle", class: "step" }, parent, column.t === null ? "every t" : `t=${column.t}`);
      if (column.t !== null && data.reads[column.t] !== undefined) {
        drawn("text", { x: middle, y: y + 18, "text-anchor": "middle", class: "symbol" }, parent, data.reads[column.t]);
      }
    }
  }
  if (data.reads.length && !view.rolled && view.level !== "layer") drawn("text", { x: 8, y: y + 18 }, parent, "reads");
}

// A link is drawn at every step at which it is used, from the column of its source to that of its target.
function drawLinks(parent, link, layout, where) {
  const [source, target, place, delay, steps] = link;
  const [from, to] = [layout.boxes[source], layout.boxes[target]];
  const times = from.timed || to.timed ? shown.columns.filter((c) => !c.gap).map((c) => c.t) : [null];
  for (const t of times) {
    if (t !== null && !inRanges(steps, t)) continue;
    if (source === target && !from.timed && !view.rolled) continue; // a layer's own past is inside its box
    const before = delay && t !== null ? t - delay : t;
    const a = where.get(from.timed ? `${source}:${before}` : `${source}:`) ?? nearest(where, source, before, delay);
    const b = where.get(to.timed ? `${target}:${t}` : `${target}:`);
    if (!a || !b) continue;
    const lane = laneOf(source, place, layout);
    const path = drawn("path", { d: view.rolled && delay ? loop(a, b, place) : curve(a, b, delay, lane) }, parent);
    shown.links.push({ path, source, target, place, delay, t, before, a, b, timed: to.timed });
    if (view.rolled && delay && lane === 0) {
      drawn("text", { x: loopSide(a, b, place) + 6, y: (a.y + b.y + b.height) / 2 + 4, class: "delay" }, parent, `delay ${Math.abs(delay)}`);
    }
  }
}

// Across a gap an arrow starts at the last column before it.
function nearest(where, source, before, delay) {
  if (!delay || before === null) return undefined;
  const gap = shown.columns.findIndex((c) => c.gap && c.gap[0] <= before && before <= c.gap[1]);
  if (gap < 0) return undefined;
  return where.get(`${source}:${shown.columns[gap - Math.sign(delay)]?.t}`);
}

// A module may hand on several things (h and c): each has its own height on the side of the box.
function laneOf(source, place, layout) {
  const lanes = layout.boxes[source].members.filter((i) => i in data.lanes);
  return Math.max(0, lanes.length - 1 - lanes.indexOf(place));
}

function curve(a, b, delay, lane) {
  if (delay) {
    const [x1, x2] = delay > 0 ? [a.x + a.width, b.x] : [a.x, b.x + b.width];
    const side = Math.min(10, a.height / 4);
    const [y1, y2] = [a.y + a.height / 2 + side - 2 * side * lane, b.y + b.height / 2 + (a.y === b.y ? side - 2 * side * lane : 0)];
    const bend = Math.abs(y2 - y1) < 2 ? 0 : Math.min(40, Math.abs(x2 - x1) / 2);
    return `M${x1},${y1}C${x1 + Math.sign(delay) * bend},${y1} ${x2 - Math.sign(delay) * bend},${y2} ${x2},${y2}`;
  }
  if (a.y === b.y) { // side by side in a strip: straight to the next, in an arc to others
    const [x1, x2, y] = [a.x + a.width, b.x, a.y + a.height / 2];
    if (Math.abs(x2 - x1) < 20) return `M${x1},${y}L${x2},${y}`;
    const [m1, m2, top] = [a.x + a.width / 2, b.x + b.width / 2, a.y - 10];
    return `M${m1},${a.y}C${m1},${top} ${m2},${top} ${m2},${a.y}`;
  }
  const x1 = a.bar ? b.x + b.width / 2 : a.x + a.width / 2;
  const x2 = b.bar ? x1 : b.x + b.width / 2;
  const [y1, y2] = a.y > b.y ? [a.y, b.y + b.height] : [a.y + a.height, b.y];
  if (a.bar && b.bar) { // around the steps, at the left
    const [y3, y4, x] = [a.y + a.height / 2, b.y + b.height / 2, a.x - 10];
    return `M${a.x},${y3}L${x},${y3}L${x},${y4}L${b.x},${y4}`;
  }
  return `M${x1},${y1}L${x2},${y2}`;
}

// Rolled up, what the next step reads goes around at the right and comes back into the same step.
function loopSide(a, b, place) {
  const lane = Object.keys(data.lanes).filter((i) => data.places[i].path === data.places[place].path).indexOf(String(place));
  return Math.max(a.x + a.width, b.x + b.width, LEFT + data.levels[view.level].width * sizes[view.level].slot) + 12 + 14 * lane;
}

function loop(a, b, place) {
  const right = loopSide(a, b, place);
  const side = a === b ? a.height / 4 : 0;
  const [y1, y2] = [a.y + a.height / 2 - side, b.y + b.height / 2 + side];
  return `M${a.x + a.width},${y1}L${right},${y1}L${right},${y2}L${b.x + b.width},${y2}`;
}

// Lights: forward a box takes the colour of values, backward that of the gradient that has arrived.

function light() {
  const layout = data.levels[view.level];
  const now = data.moments[view.moment - 1];
  for (const entry of shown.boxes) {
    const box = layout.boxes[entry.b];
    const t = entry.t ?? currentStep();
    const place = speaker(box);
    const arrived = (list) => box.members.some((i) => isDone(data.places[i][list][indexAt(data.places[i], t)]));
    const gradient = arrived("back");
    const value = gradient || arrived("lit") || box.members.every((i) => data.places[i].kind !== "op");
    const what = gradient ? "gradient" : "value";
    const size = at(place, what, "norm", t);
    const rect = entry.group.firstChild;
    rect.style.setProperty("--tone", gradient ? "var(--heat)" : "var(--cold)");
    rect.style.setProperty("--share", value && size ? `${10 + 90 * shareOf[what](size)}%` : "0%");
    entry.number.textContent = value ? numberIn(place, what, t) : "";
    if (!data.hasTime && gradient) entry.number.textContent = `${numberIn(place, "value", t)}  ∂ ${numberIn(place, what, t)}`;
    const classes = entry.group.classList;
    classes.toggle("lit", value);
    classes.toggle("now", Boolean(now) && box.members.some((i) => isNow(data.places[i], t)));
    classes.toggle("dim", view.found !== null && !box.members.some((i) => view.found.has(i)));
    showSort(entry, box, classes);
    entry.group.setAttribute("aria-label", said(entry));
  }
  for (const link of shown.links) {
    const place = data.places[link.place];
    const before = link.before ?? currentStep();
    const sent = layout.boxes[link.target].members.some((i) => {
      const target = data.places[i];
      return isDone(target.back[indexAt(target, link.t ?? currentStep())]);
    });
    const gradient = sent && at(place, "gradient", "norm", before);
    const lit = isDone(place.lit[indexAt(place, before)]);
    const state = sent && gradient ? "gradient" : lit ? "value" : "plain";
    const isCut = view.cut.includes(link.t) && link.delay > 0 && !view.rolled;
    link.path.setAttribute("class", isCut ? "cut" : state);
    link.path.style.strokeWidth = state === "gradient" && link.delay ? 1.4 + 4.6 * shareOf.gradient(gradient) : "";
  }
  keepOneTabStop();
}

const isDone = (moment) => moment !== null && moment !== undefined && moment <= view.moment;
const isNow = (place, t) => {
  const i = indexAt(place, t);
  return view.moment > 0 && (place.lit[i] === view.moment || place.back[i] === view.moment);
};

// The rolled graph stands for the step of the moment at hand.
function currentStep() {
  const t = data.moments[view.moment - 1]?.[1];
  if (t !== null && t !== undefined) return t;
  return view.moment > data.forward ? 0 : Math.max(0, data.steps - 1) * (view.moment > 1 ? 1 : 0);
}

// A single number is shown as it is, anything larger by its norm, or by its shape if the reader asks for that.
function numberIn(place, what, t) {
  if (view.show === "shape") return place.shape.join("×") || "1";
  const single = place.shape.every((n) => n === 1) && place.kind !== "result";
  return short(at(place, what, single ? "max" : "norm", t));
}

function said({ b, t }) {
  const box = data.levels[view.level].boxes[b];
  const place = speaker(box);
  const step = t ?? (speaker(box).timed ? currentStep() : null);
  const parts = [];
  if (box.members.length > 1) parts.push(`${box.path || "top level"}: ${box.members.length} operations; what it hands on:`);
  parts.push([place.kind === "op" ? place.op : place.kind, place.name].filter(Boolean).join(" "));
  if (place.path && box.members.length === 1) parts.push(`in ${place.path}`);
  if (step !== null && data.hasTime) parts.push(`t=${step}`);
  parts.push(`shape (${place.shape.join(", ")}) ${place.dtype ?? ""}`);
  for (const [what, name] of [["value", "|value|"], ["gradient", "|dL/d·|"]]) {
    const norm = at(place, what, "norm", step);
    if (norm === null) continue;
    parts.push(`${name} = ${short(norm)}, from ${short(at(place, what, "min", step))} to ${short(at(place, what, "max", step))}`);
  }
  if (place.gradient === null && place.kind === "op") parts.push("no gradient arrives here");
  return parts.join("  ");
}

function describe(entry) {
  $("said").textContent = said(entry);
}

// Keyboard: one box is in the tab order, arrow keys go to the next one over or above.
function keepOneTabStop() {
  if (!shown.boxes.some((entry) => entry.group.tabIndex === 0)) shown.boxes[0]?.group.setAttribute("tabindex", "0");
}

const middleOf = ({ rect }) => [rect.x + rect.width / 2, rect.y + rect.height / 2];

function moveFocus(event) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const here = shown.boxes.find((entry) => entry.group === document.activeElement);
  if (!way || !here) return;
  event.preventDefault();
  const [x, y] = middleOf(here);
  let best = null;
  let least = Infinity;
  for (const entry of shown.boxes) {
    const [ex, ey] = middleOf(entry);
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
}

function setZoom(wanted) {
  const frame = $("frame");
  const middle = (frame.scrollLeft + frame.clientWidth / 2) / zoom;
  zoom = Math.min(4, Math.max(0.15, wanted));
  resize();
  frame.scrollLeft = middle * zoom - frame.clientWidth / 2;
}

function follow() {
  const t = data.moments[view.moment - 1]?.[1];
  if (t === null || t === undefined || view.rolled || view.level === "layer") return;
  view.centre = t;
  if (!shown.columns.some((column) => column.t === t)) draw();
  const column = shown.columns.find((c) => c.t === t);
  const frame = $("frame");
  const x = column.x * zoom;
  if (x < frame.scrollLeft + LEFT || x > frame.scrollLeft + frame.clientWidth - 120) {
    frame.scrollTo({ left: x - frame.clientWidth / 2, behavior: quiet ? "auto" : "smooth" });
  }
}

function startGraph() {
  const frame = $("frame");
  $("graph").addEventListener("keydown", moveFocus);
  $("closer").addEventListener("click", () => setZoom(zoom * 1.25));
  $("farther").addEventListener("click", () => setZoom(zoom / 1.25));
  $("whole").addEventListener("click", () => setZoom((frame.clientWidth - 4) / shown.width));
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    setZoom(zoom * Math.exp(-event.deltaY / 300));
  }, { passive: false });
  let grip = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") grip = [event.clientX + frame.scrollLeft, event.clientY + frame.scrollTop];
  });
  addEventListener("pointermove", (event) => {
    if (grip) frame.scrollTo(grip[0] - event.clientX, grip[1] - event.clientY);
  });
  addEventListener("pointerup", () => { grip = null; });
  for (const button of document.querySelectorAll("input[name=level]")) {
    button.checked = button.value === view.level;
    button.addEventListener("change", () => { view.level = button.value; redraw(); });
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
