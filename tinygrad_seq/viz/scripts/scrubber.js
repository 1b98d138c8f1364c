// The scrubber: moments of the forward pass, left to right, then moments of the backward pass, right to left.

function setMoment(moment) {
  view.moment = Math.min(data.moments.length, Math.max(0, moment));
  $("moment").value = view.moment;
  const text = momentText();
  $("moment").setAttribute("aria-valuetext", text);
  $("when").textContent = text;
  follow();
  relight();
}

function momentText() {
  if (!view.moment) return "before the forward pass";
  const [path, t] = data.moments[view.moment - 1];
  const way = view.moment <= data.forward ? "forward" : "backward";
  const step = t === null || !data.hasTime ? "" : `, ${when(t)}`;
  return `${way}: ${path.split(".").slice(-2).join(".") || "top level"}${step}  (${view.moment} of ${data.moments.length})`;
}

function startScrubber() {
  $("moment").max = data.moments.length;
  $("moment").addEventListener("input", () => { pause(); setMoment(Number($("moment").value)); });
  const pace = Math.min(400, Math.max(40, 12000 / data.moments.length)); // a lesson's patience: 12 seconds
  startPlaying({ at: () => view.moment, end: () => data.moments.length, go: setMoment, pace: () => pace });
  const jumps = { first: () => 0, back: () => view.moment - 1, next: () => view.moment + 1, turn: () => data.forward, last: () => data.moments.length };
  for (const [id, to] of Object.entries(jumps)) $(id).addEventListener("click", () => { pause(); setMoment(to()); });
}
