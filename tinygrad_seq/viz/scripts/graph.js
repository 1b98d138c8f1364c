// The graph: the layout of one step, drawn once per column. What is far from the moment at hand is folded away, so a
// thousand steps cost no more than thirty.

const sizes = {
  op: data.hasTime
    ? { slot: 64, row: 46, width: 56, height: 32, gap: 44, columns: 16 }
    : { slot: 104, row: 62, width: 94, height: 38, gap: 0, columns: 1 },
  cell: { slot: 92, row: 64, width: 70, height: 42, gap: 14, columns: 34 },
  layer: { slot: 92, row: 64, width: 70, height: 42, gap: 14, columns: 34 },
};
const LEFT = data.hasTime ? 116 : 12; // names of rows stand there
const BAR = 24;
const GAP = 64;

const shown = { boxes: [], links: [], columns: [], height: 0, width: 0, side: 0, pane: null, paneWidth: 0 };
let zoom = 1;

// Which columns are drawn: all, or the ends and a window around the centre, with gaps between.
function columnsInView() {
  if (view.rolled || view.level === "layer") return [{ t: null }];
  const all = data.steps;
  const room = printing ? Math.max(3, Math.floor((PAPER - LEFT - 2 * GAP) / stepWidth())) : sizes[view.level].columns;
  if (all <= room) return Array.from({ length: all }, (_, t) => ({ t }));
  const ends = room < 7 ? 1 : 2;
  const middle = room - 2 * ends;
  const first = Math.max(ends, Math.min(view.centre - Math.floor(middle / 2), all - ends - middle));
  const kept = new Set();
  for (let t = 0; t < ends; t++) kept.add(t).add(all - 1 - t);
  for (let t = first; t < first + middle; t++) kept.add(t);
  const columns = [];
  let last = -1;
  for (const t of [...kept].sort((a, b) => a - b)) {
    if (t > last + 1) columns.push({ gap: [last + 1, t - 1] });
    columns.push({ t });
    last = t;
  }
  return columns;
}

const stepWidth = () => data.levels[view.level].width * sizes[view.level].slot + sizes[view.level].gap;

const hasColumns = () => data.hasTime && view.level !== "layer";

function draw() {
  const size = sizes[view.level];
  const layout = data.levels[view.level];
  const step = stepWidth();
  const svg = $("graph");
  svg.replaceChildren();
  shown.columns = columnsInView();
  let x = LEFT;
  for (const column of shown.columns) {
    column.x = x;
    x += column.gap ? GAP : step;
  }
  const strip = Math.max(0, ...layout.boxes.filter(isStrip).map((b) => b.x + 1)) * size.slot;
  const bars = Math.max(170, x - LEFT - size.gap / 2);
  shown.side = LEFT + bars; // loops go around there
  const right = Math.max(x, LEFT + strip, LEFT + 200, view.rolled && view.level !== "layer" ? shown.side + 86 : 0) + 12;
  const rows = rowHeights(layout, size);
  shown.height = rows.total + (hasColumns() ? 48 : 8);
  shown.width = right;
  svg.setAttribute("viewBox", `0 0 ${right} ${shown.height}`);
  drawHead(svg);
  const columns = drawn("g", { class: "columns" }, svg);
  const links = drawn("g", { class: "links" }, svg);
  const boxes = drawn("g", { class: "boxes" }, svg);
  shown.boxes = [];
  const where = new Map(); // "box:t" -> its rectangle
  layout.boxes.forEach((box, b) => {
    const bar = box.x === null;
    const height = bar ? BAR : size.height;
    const y = rows.top[box.y] + (rows.height[box.y] - height) / 2;
    if (!box.timed) {
      const width = bar ? bars : Math.max(size.width, size.slot - 8); // names are long here
      const corner = bar ? LEFT : LEFT + box.x * size.slot + (size.slot - width) / 2;
      where.set(`${b}:`, drawBox(boxes, b, null, { x: corner, y, width, height, bar }));
      return;
    }
    for (const column of shown.columns) {
      if (column.gap || !standsAt(box, column.t)) continue;
      const corner = column.x + box.x * size.slot + (size.slot - size.width) / 2;
      where.set(`${b}:${column.t}`, drawBox(boxes, b, column.t, { x: corner, y, width: size.width, height, bar }));
    }
  });
  drawColumns(columns, step, size);
  drawNames(svg, layout, rows);
  shown.links = [];
  layout.links.forEach((link) => drawLinks(links, link, layout, where));
  shown.boxes[0]?.group.setAttribute("tabindex", "0"); // arrow keys go on from there
  if (whole && !printing) fit();
  else resize();
}

// The head of an arrow, in the colour of its line and of one size, however wide that is.
function drawHead(svg) {
  const shape = { id: "head", viewBox: "0 0 6 8", markerWidth: HEAD, markerHeight: 8, refY: 4, orient: "auto", markerUnits: "userSpaceOnUse" };
  drawn("path", { d: "M0,0L6,4L0,8z" }, drawn("marker", shape, drawn("defs", {}, svg)));
}

// Rows count upwards, y grows downwards; a row that holds nothing but bars is low, one with arcs leaves room for them.
function rowHeights(layout, size) {
  const height = Array(layout.rows).fill(BAR + 8);
  for (const box of layout.boxes) if (box.x !== null) height[box.y] = size.row;
  const [above, below] = [Array(layout.rows).fill(0), Array(layout.rows).fill(0)];
  for (const [source, target, , delay] of layout.links) {
    const [a, b] = [layout.boxes[source], layout.boxes[target]];
    if (!isStrip(a) || !isStrip(b) || a.y !== b.y || b.x - a.x === 1) continue;
    const [side, room] = view.rolled && delay ? [below, 40] : [above, 0];
    side[a.y] = Math.max(side[a.y], rise(b.x - a.x) + room);
  }
  const top = [];
  let y = 8;
  for (let row = layout.rows - 1; row >= 0; row--) {
    top[row] = y + above[row];
    y = top[row] + height[row] + below[row];
  }
  return { top, height, total: y };
}

const standsAt = (box, t) => t === null || box.members.some((i) => indexAt(data.places[i], t) >= 0);

function drawBox(parent, b, t, rect) {
  const group = drawn("g", { class: rect.bar ? "box bar" : "box", role: "img", tabindex: "-1" }, parent);
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
  const entry = { b, t, rect, group, label, number };
  label.textContent = nameOf(entry, Math.floor((rect.width - (rect.bar ? 60 : 6)) / 7));
  const describe = () => { $("said").textContent = said(entry); };
  group.addEventListener("focus", describe);
  group.addEventListener("pointerenter", describe);
  shown.boxes.push(entry);
  return rect;
}

// The place that speaks for a box: what the next step reads last of it, the hidden state; else what it makes last, of
// what a gradient comes back to if it does to any.
function speaker(box) {
  const carried = box.members.filter((i) => i in data.lanes);
  const reached = box.members.filter((i) => data.places[i].gradient !== null);
  return data.places[[box.members, reached, carried].findLast((found) => found.length).at(-1)];
}

function nameOf({ b }, longest) {
  const box = data.levels[view.level].boxes[b];
  const place = data.places[box.members[0]];
  const alone = box.members.length === 1;
  const module = box.path.split(".").at(-1) || "top level";
  const isWhole = box.timed || view.level === "layer" || box.path === "";
  const name = alone ? place.name || place.label : isWhole ? module : `${module}, once`;
  return cut(name, longest);
}

function drawColumns(parent, step, size) {
  const y = shown.height - 26;
  for (const column of shown.columns) {
    const middle = column.x + (step - size.gap) / 2;
    if (column.gap) {
      const [first, last] = column.gap;
      const gap = drawn("g", { class: "gap", role: "button", tabindex: "0" }, parent);
      gap.setAttribute("aria-label", `steps ${first} to ${last} are folded: show them`);
      drawn("rect", { x: column.x, y: 8, width: 46, height: y - 26, rx: 6 }, gap);
      drawn("text", { x: column.x + 23, y: shown.height / 2, "text-anchor": "middle" }, gap, "⋯");
      drawn("text", { x: column.x + 23, y, "text-anchor": "middle" }, gap, `${last - first + 1} steps`);
      const open = () => { view.centre = Math.floor((first + last) / 2); redraw(); };
      gap.addEventListener("click", open);
      gap.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
    } else if (hasColumns()) {
      drawn("text", { x: middle, y, "text-anchor": "middle", class: "step" }, parent, column.t === null ? "every t" : when(column.t));
      if (column.t !== null && data.reads[column.t] !== undefined) {
        drawn("text", { x: middle, y: y + 18, "text-anchor": "middle", class: "symbol" }, parent, data.reads[column.t]);
      }
    }
  }
}
