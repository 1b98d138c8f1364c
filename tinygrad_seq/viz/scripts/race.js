// The race: a surface from above, paths up to a step, and the formula of one optimizer with the numbers of that step.

const tracks = data;
const view = { track: 0, step: 0, lane: null };

const track = () => tracks[view.track];
const longest = () => Math.max(...track().lanes.map((lane) => lane.points.length)) - 1;

function short(x) {
  if (x === null || x === undefined) return "gone";
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text = size >= 0.001 && size < 10000 ? String(Number(x.toPrecision(4))) : x.toExponential(2).replace("e+", "e");
  return text.replace("-", "−");
}

// Coordinates of the surface as coordinates of the picture, whose y goes down.
function at([x, y]) {
  const { x: [left, right], y: [low, high] } = track();
  return [(1000 * (x - left)) / (right - left), (1000 * (high - y)) / (high - low)];
}

function colour(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function paintSurface() {
  const { bands } = track();
  const highest = Math.max(...bands.flat());
  const canvas = $("surface");
  canvas.height = bands.length;
  canvas.width = bands[0].length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const [low, high] = [colour("cold"), colour("paper")];
  bands.forEach((row, j) => row.forEach((band, i) => {
    const share = band / highest;
    const rgb = low.map((c, k) => Math.round(c + (high[k] - c) * share));
    image.data.set([...rgb, 255], 4 * ((bands.length - 1 - j) * canvas.width + i));
  }));
  context.putImageData(image, 0, 0);
}

function drawPaths() {
  const svg = $("paths");
  svg.replaceChildren();
  track().lanes.forEach((lane, k) => {
    const points = lane.points.slice(0, view.step + 1).map(at);
    const line = points.map((p) => p.map((c) => c.toFixed(1)).join(",")).join(" ");
    const chosen = k === view.lane ? " chosen" : "";
    drawn("polyline", { points: line, class: "lane" + chosen, stroke: lane.colour, "stroke-dasharray": lane.dashed ? "6 4" : "none" }, svg);
    const [cx, cy] = points[points.length - 1];
    drawn("circle", { cx, cy, r: chosen ? 13 : 9, fill: lane.colour }, svg);
    const grip = drawn("polyline", { points: line, class: "grip" }, svg);
    grip.addEventListener("click", (event) => choose(k, nearest(lane, event)));
  });
  for (const minimum of track().minima) {
    const [x, y] = at(minimum);
    drawn("text", { x, y: y + 12, "text-anchor": "middle", "font-size": 36, fill: "var(--ink)" }, svg, "★");
  }
  const [x, y] = at(track().lanes[0].points[0]);
  drawn("rect", { x: x - 9, y: y - 9, width: 18, height: 18, fill: "var(--ink)" }, svg);
}

// The step whose point is nearest to where the reader clicked.
function nearest(lane, event) {
  const box = $("paths").getBoundingClientRect();
  const [x, y] = [(1000 * (event.clientX - box.left)) / box.width, (1000 * (event.clientY - box.top)) / box.height];
  const far = lane.points.slice(0, view.step + 1).map(at).map(([a, b]) => (a - x) ** 2 + (b - y) ** 2);
  return far.indexOf(Math.min(...far));
}

function listLanes() {
  const list = $("lanes");
  list.replaceChildren();
  track().lanes.forEach((lane, k) => {
    const gone = view.step >= lane.points.length;
    const button = element("button", { type: "button", "aria-pressed": k === view.lane, class: gone ? "off" : "" }, "", list);
    element("span", { class: "swatch", style: `background: ${lane.colour}` }, "", button);
    element("span", {}, lane.name, button);
    element("span", { class: "soft" }, `lr ${short(lane.lr)}`, button);
    element("span", { class: "loss" }, gone ? "flew off" : short(lane.losses[view.step]), button);
    button.addEventListener("click", () => choose(k, view.step));
  });
}

// What stood under a name when line k of step t was computed, as a pair for x and y.
function known(lane, k, name, t) {
  for (let j = k - 1; j >= 0; j--) if (lane.lines[j][0] === name) return lane.made[j][t - 1];
  if (name === "p") return lane.points[t - 1];
  if (name === "g") return lane.gradients[t - 1];
  if (name === "t") return [t, t];
  if (name in lane.constants) return [lane.constants[name], lane.constants[name]];
  for (let j = lane.lines.length - 1; t > 1 && j >= 0; j--) if (lane.lines[j][0] === name) return lane.made[j][t - 2];
  return name in lane.first ? [lane.first[name], lane.first[name]] : null;
}

function filled(lane, k, t, axis) {
  return lane.lines[k][1].replace(/[A-Za-z_]\w*/g, (name) => {
    const pair = known(lane, k, name, t);
    if (pair === null) return name; // sqrt, max
    return pair[axis] < 0 ? `(${short(pair[axis])})` : short(pair[axis]);
  });
}

function showFormula() {
  const table = $("formula");
  table.replaceChildren();
  if (view.lane === null) return;
  const lane = track().lanes[view.lane];
  const t = Math.min(view.step, lane.points.length - 1);
  $("chosen").textContent = `${lane.name}, learning rate ${short(lane.lr)}`;
  const [x, y] = lane.points[t];
  $("point").textContent = `Step ${t}: p = (${short(x)}, ${short(y)}), L = ${short(lane.losses[t])}` +
    (t ? `, from the gradient g = (${lane.gradients[t - 1].map(short).join(", ")}) one step before.` : ". Its formula begins with step 1.");
  if (t === 0) return;
  const head = element("tr", {}, "", table);
  for (const text of ["", "in x", "in y"]) element("td", {}, text, head);
  lane.lines.forEach(([name, right], k) => {
    const letters = element("tr", {}, "", table);
    element("td", { colspan: 3 }, `${name} = ${right}`, letters);
    const numbers = element("tr", { class: "numbers" }, "", table);
    element("td", {}, "", numbers);
    for (const axis of [0, 1]) element("td", {}, `${filled(lane, k, t, axis)} = ${short(lane.made[k][t - 1][axis])}`, numbers);
  });
}

function redraw() {
  const { says } = track();
  $("says").textContent = says[0].toUpperCase() + says.slice(1) + ".";
  $("step").max = longest();
  $("step").value = view.step;
  const text = `step ${view.step} of ${longest()}`;
  $("when").textContent = text;
  $("step").setAttribute("aria-valuetext", text);
  drawPaths();
  listLanes();
  showFormula();
}

function setStep(step) {
  view.step = Math.min(longest(), Math.max(0, step));
  redraw();
}

function choose(k, step) {
  const before = document.activeElement?.closest("#lanes") ? [...$("lanes").children].indexOf(document.activeElement) : -1;
  view.lane = k;
  setStep(step);
  if (before >= 0) $("lanes").children[before].focus();
}

startPlaying({ at: () => view.step, end: longest, go: setStep, pace: () => Math.max(30, 9000 / longest()) });
$("step").addEventListener("input", () => { pause(); setStep(Number($("step").value)); });
const jumps = { first: () => 0, back: () => view.step - 1, next: () => view.step + 1 };
for (const [id, to] of Object.entries(jumps)) $(id).addEventListener("click", () => { pause(); setStep(to()); });
$("track").addEventListener("change", () => {
  pause();
  view.track = Number($("track").value);
  paintSurface();
  setStep(longest());
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintSurface);
paintSurface();
setStep(longest()); // the whole story; Play begins it anew
