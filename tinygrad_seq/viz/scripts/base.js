// What every part of the graph's page uses.

// All that the reader can change. A part that changes it calls `redraw` (structure) or `relight` (colours and numbers).
const view = {
  level: data.hasTime ? "cell" : "op",
  rolled: data.start.rolled,
  show: data.start.show,
  moment: data.start.show === "value" ? data.forward : data.moments.length, // the whole story; Play begins it anew
  centre: data.steps,
  found: null,
  sort: null,
  cut: [],
};
const redraws = [];
const relights = [];
const redraw = () => { redraws.forEach((f) => f()); relight(); };
const relight = () => relights.forEach((f) => f());

// Steps come as ranges [first, last]; null is no step at all.
const inRanges = (ranges, t) => ranges !== null && ranges.some(([first, last]) => first <= t && t <= last);

// Where in the lists of a place the numbers of step t are; -1 where it does not stand at that step.
function indexAt(place, t) {
  if (!place.timed) return 0;
  if (place.t === null) return t;
  let before = 0;
  for (const [first, last] of place.t) {
    if (first <= t && t <= last) return before + t - first;
    before += last - first + 1;
  }
  return -1;
}

const at = (place, what, end, t) => place[what]?.[end][indexAt(place, t)] ?? null;

function short(x) {
  if (x === null || x === undefined) return "";
  if (typeof x !== "number") return String(x); // inf and nan come as text
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 0.01 && size < 1000) return String(Number(x.toPrecision(3)));
  return x.toExponential(1).replace("e+", "e");
}

// Norms differ by many powers of ten, so colour and width follow the logarithm: 0 for the least, 1 for the greatest.
function logScale(numbers) {
  const logs = numbers.filter((x) => Number.isFinite(x) && x > 0).map(Math.log10);
  const low = logs.reduce((a, b) => Math.min(a, b), Infinity);
  const high = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  return (x) => {
    if (!x) return 0;
    if (!Number.isFinite(x) || !(high > low)) return 1;
    return Math.min(1, Math.max(0, (Math.log10(x) - low) / (high - low)));
  };
}

// What a column is called: a decoder's first step follows the encoder's last, and is t=0 too.
const when = (t) => `t=${data.times[t] ?? t}`;

const norms = (what) => data.places.flatMap((place) => (place.timed && place[what] ? place[what].norm : []));
const shareOf = { value: logScale(norms("value")), gradient: logScale(norms("gradient")) };

// A canvas cannot read `var(--heat)`: the colours of the day or the night are asked for when it is painted.
function colour(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

const mixed = (from, to, share) => from.map((c, i) => Math.round(c + (to[i] - c) * share));

function paint(canvas, columns, rows, colourAt) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    const [r, g, b] = colourAt(Math.floor(i / columns), i % columns);
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", relight);
