// Lights: forward a box takes the colour of values, backward that of the gradient that has arrived.

function light() {
  const layout = data.levels[view.level];
  const now = data.moments[view.moment - 1];
  for (const entry of shown.boxes) {
    const box = layout.boxes[entry.b];
    const t = entry.t ?? currentStep();
    const place = speaker(box);
    const arrived = (list) => box.members.some((i) => isDone(data.places[i][list][indexAt(data.places[i], t)]));
    const sum = partSum(box);
    const gradient = sum === undefined ? arrived("back") : sum !== null;
    const value = gradient || arrived("lit") || box.members.every((i) => data.places[i].kind !== "op");
    const what = gradient ? "gradient" : "value";
    const size = sum ?? at(place, what, "norm", t);
    const rect = entry.group.firstChild;
    rect.style.setProperty("--tone", gradient ? "var(--heat)" : "var(--cold)");
    rect.style.setProperty("--share", value && size && !isLeftOut(place, t) ? `${10 + 90 * shareOf[what](size)}%` : "0%");
    entry.number.textContent = isLeftOut(place, t) ? "no ∂" : value ? numberIn(place, what, t, sum) : "";
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
    link.path.style.strokeWidth = state === "gradient" && link.delay ? 1.4 + 3.6 * shareOf.gradient(gradient) : "";
  }
}

// When all is done: an operation that no gradient has come back to.
const isLeftOut = (place, t) => view.show === "grad" && data.moments.length > data.forward && view.moment === data.moments.length
  && place.kind === "op" && at(place, "gradient", "norm", t) === null;

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
function numberIn(place, what, t, sum) {
  if (view.show === "shape") return place.shape.join("×") || "1";
  const single = place.shape.every((n) => n === 1) && place.kind !== "result";
  return short((single ? null : sum) ?? at(place, what, single ? "max" : "norm", t));
}

// How long a parameter's gradient is with the parts that have come so far: null before the first, undefined for others.
function partSum({ members: [i] }) {
  const parameter = data.parameters.find((own) => own.place === i);
  if (!parameter) return undefined;
  const k = frameOf(parameter);
  return k < 0 ? null : parameter.frames[k][1];
}

function said({ b, t }) {
  const box = data.levels[view.level].boxes[b];
  const place = speaker(box);
  const step = t ?? (speaker(box).timed ? currentStep() : null);
  const parts = [];
  if (box.members.length > 1) parts.push(`${box.path || "top level"}: ${box.members.length} operations; what it hands on:`);
  parts.push([place.kind === "op" ? place.op : place.kind, place.name].filter(Boolean).join(" "));
  if (place.path && box.members.length === 1) parts.push(`in ${place.path}`);
  if (step !== null && data.hasTime) parts.push(when(step));
  parts.push(`shape (${place.shape.join(", ")}) ${place.dtype ?? ""}`);
  for (const [what, name] of [["value", "|value|"], ["gradient", "|dL/d·|"]]) {
    const norm = at(place, what, "norm", step);
    if (norm === null) continue;
    parts.push(`${name} = ${short(norm)}, from ${short(at(place, what, "min", step))} to ${short(at(place, what, "max", step))}`);
  }
  const arrived = at(place, "gradient", "norm", step);
  if (arrived === null && place.kind === "op") parts.push("no gradient comes back here: the loss does not depend on it");
  if (arrived === 0) parts.push("exactly zero: what is read later ignores it, as after the end of a shorter sequence");
  return parts.join("  ");
}
