// The arrows: upwards within a step, to the right from step to step, around at the right where it is rolled up.

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
    shown.links.push({ path, source, target, place, delay, t, before });
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
