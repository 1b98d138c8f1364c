// The arrows: upwards within a step, to the right from step to step, around at the right where it is rolled up, in arcs
// over a strip. A route is a path up to its head, where that points to, and which way.

const HEAD = 6;

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
    const around = view.rolled && delay;
    const route = isStrip(from) && isStrip(to) && a.y === b.y ? (around ? under : over)(a, b, lane)
      : around ? loop(a, b, loopLane(place))
      : delay ? onwards(a, b, delay, lane)
      : a.bar && b.bar ? besideBars(a, b)
      : upwards(a, b);
    const path = drawn("path", { d: route.d, "marker-end": "url(#head)" }, parent);
    shown.links.push({ path, source, target, place, delay, t, before });
    if (around && lane === 0) drawn("text", { ...route.label, class: "delay" }, parent, `delay ${Math.abs(delay)}`);
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

const middleOf = (rect) => [rect.x + rect.width / 2, rect.y + rect.height / 2];

function onwards(a, b, delay, lane) {
  const way = Math.sign(delay);
  const [x1, x2] = way > 0 ? [a.x + a.width, b.x - HEAD] : [a.x, b.x + b.width + HEAD];
  const side = Math.min(10, a.height / 4) * (1 - 2 * lane);
  const [y1, y2] = [middleOf(a)[1] + side, middleOf(b)[1] + (a.y === b.y ? side : 0)];
  const bend = Math.abs(y2 - y1) < 2 ? 0 : way * Math.min(40, Math.abs(x2 - x1) / 2);
  return { d: `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}` };
}

// Bar to bar: around the steps, at the left.
function besideBars(a, b) {
  const [y1, y2, x] = [middleOf(a)[1], middleOf(b)[1], a.x - 12];
  return { d: `M${a.x},${y1}L${x},${y1}L${x},${y2}L${b.x - HEAD},${y2}` };
}

function upwards(a, b) {
  const x1 = a.bar ? middleOf(b)[0] : middleOf(a)[0];
  const x2 = b.bar ? x1 : middleOf(b)[0];
  const [y1, y2] = a.y > b.y ? [a.y, b.y + b.height] : [a.y + a.height, b.y];
  const part = 1 - HEAD / Math.hypot(x2 - x1, y2 - y1);
  return { d: `M${x1},${y1}L${x1 + part * (x2 - x1)},${y1 + part * (y2 - y1)}` };
}

// Rolled up, what the next step reads goes around at the right and comes back into the same step.
const loopLane = (place) => Object.keys(data.lanes).filter((i) => data.places[i].path === data.places[place].path).indexOf(String(place));

function loop(a, b, lane) {
  const right = shown.side + 12 + 14 * lane;
  const side = a === b ? a.height / 4 + 5 * lane : 0;
  const [y1, y2] = [middleOf(a)[1] - side, middleOf(b)[1] + side];
  return {
    d: `M${a.x + a.width},${y1}L${right},${y1}L${right},${y2}L${b.x + b.width + HEAD},${y2}`,
    label: { x: shown.side + 32, y: (y1 + y2) / 2 + 4 },
  };
}

// Boxes that touch no step stand side by side: straight to the next, to others in an arc, the higher the longer it is.
const isStrip = (box) => !box.timed && box.x !== null;
const rise = (slots) => 14 + 14 * Math.sqrt(Math.abs(slots));

function over(a, b) {
  const [x1, x2, y] = [a.x + a.width, b.x, middleOf(a)[1]];
  if (0 < x2 - x1 && x2 - x1 < 20) return { d: `M${x1},${y}L${x2 - HEAD},${y}` };
  const [m1, m2] = [middleOf(a)[0] + 7, middleOf(b)[0] - 7];
  const top = a.y - rise((m2 - m1) / sizes[view.level].slot) / 0.75; // a curve goes three quarters of the way to there
  return { d: `M${m1},${a.y}C${m1},${top} ${m2},${top} ${m2},${a.y - HEAD}` };
}

// What a strip's box hands on to the next step goes around under it.
function under(a, b, lane) {
  const [m1, m2, y] = [middleOf(a)[0] + 9 + 9 * lane, middleOf(b)[0] - 9 - 9 * lane, a.y + a.height];
  const deep = rise((m2 - m1) / sizes[view.level].slot) + 12 * lane;
  return {
    d: `M${m1},${y}C${m1},${y + deep / 0.75} ${m2},${y + deep / 0.75} ${m2},${y + HEAD}`,
    label: { x: (m1 + m2) / 2, y: y + deep + 26, "text-anchor": "middle" },
  };
}
