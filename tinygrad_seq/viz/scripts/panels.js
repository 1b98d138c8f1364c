// What was computed about the net: the credit matrix, and truncated BPTT. Each is there only if its numbers are.

// Numbers beside an axis of n cells: 0, and every so many that there are at most nine.
function ticks(parent, n, side) {
  parent.replaceChildren();
  const every = [1, 2, 4, 8, 16, 32, 64].find((k) => n / k <= 9) ?? Math.ceil(n / 8);
  for (let k = 0; k < n; k += every) {
    element("span", {}, String(k), parent).style[side] = `${(100 * (k + 0.5)) / n}%`;
  }
}

function startCredit() {
  const names = Object.keys(data.credit);
  if (!names.length) return;
  const canvas = $("credit");
  const choice = $("layer");
  names.forEach((name) => element("option", { value: name }, name, choice));
  let chosen = { s: data.credit[names[0]].length - 1, t: 0 };
  const matrix = () => data.credit[choice.value];
  const label = () => {
    const [rows, columns] = [matrix().length, matrix()[0].length];
    ticks($("rows"), rows, "top");
    ticks($("columns"), columns, "left");
  };
  const say = () => {
    const x = matrix()[chosen.s][chosen.t];
    const why = x === 0 ? (chosen.t > chosen.s ? ": exactly zero, a loss cannot depend on a later state" : ": exactly zero") : "";
    $("credited").textContent = `|dL_${chosen.s}/dh_${chosen.t}| = ${short(x)}${why}`;
  };
  const show = () => {
    const share = logScale(matrix().flat());
    const [paper, heat, wash] = ["paper", "heat", "line"].map(colour);
    paint(canvas, matrix()[0].length, matrix().length, (s, t) => {
      const x = matrix()[s][t];
      return x === 0 ? wash : mixed(paper, heat, 0.05 + 0.95 * share(x));
    });
    label();
    say();
  };
  const move = (s, t) => {
    chosen = { s: Math.min(matrix().length - 1, Math.max(0, s)), t: Math.min(matrix()[0].length - 1, Math.max(0, t)) };
    say();
  };
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const part = (x, size, n) => Math.floor((x / size) * n);
    move(part(event.clientY - box.top, box.height, matrix().length), part(event.clientX - box.left, box.width, matrix()[0].length));
  });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!way) return;
    event.preventDefault();
    move(chosen.s + way[0], chosen.t + way[1]);
  });
  choice.addEventListener("change", show);
  relights.push(show);
}

function startWindows() {
  if (!data.bptt.length) return;
  const table = $("bptt");
  const k1s = [...new Set(data.bptt.map((row) => row.k1))];
  const k2s = [...new Set(data.bptt.map((row) => row.k2))];
  const head = element("tr", {}, "", table);
  element("th", { scope: "col" }, "k1 \\ k2", head);
  k2s.forEach((k2) => element("th", { scope: "col" }, k2, head));
  for (const k1 of k1s) {
    const line = element("tr", {}, "", table);
    element("th", { scope: "row" }, k1, line);
    for (const k2 of k2s) {
      const cell = element("td", {}, "", line);
      const row = data.bptt.find((own) => own.k1 === k1 && own.k2 === k2);
      if (!row) continue;
      const label = `k1=${k1}, k2=${k2}: cosine ${row.cosine.toFixed(3)}, ${row.cut.length} edges cut`;
      const button = element("button", { type: "button", "aria-pressed": "false", "aria-label": label }, row.cosine.toFixed(2), cell);
      button.style.setProperty("--share", `${100 * Math.max(0, row.cosine)}%`);
      button.addEventListener("click", () => choose(row, button));
    }
  }
}

function choose(row, button) {
  const again = button.getAttribute("aria-pressed") === "true";
  document.querySelectorAll("#bptt button").forEach((other) => other.setAttribute("aria-pressed", other === button && !again));
  view.cut = again ? [] : row.cut;
  if (again) relight();
  else showCut(row);
}

// Shows the graph with its cut edges, as near as there are to where one was, and says below it what they do.
function showCut({ k1, k2, cut, cosine }) {
  if (view.level === "layer") setLevel("cell");
  if (view.rolled) setRolled(false);
  const distance = (t) => Math.abs(t - view.centre);
  if (cut.length) view.centre = cut.reduce((best, t) => (distance(t) < distance(best) ? t : best));
  redraw();
  showStep(view.centre);
  const edges = cut.length ? `the edges into t = ${cut.join(", ")} are cut` : "no edge is cut: this is full BPTT";
  $("said").textContent = `k1 = ${k1}, k2 = ${k2}: ${edges}; the gradient keeps the direction of the full one up to a cosine of ${short(cosine)}.`;
  $("frame").scrollIntoView({ behavior: quiet ? "auto" : "smooth" });
}
