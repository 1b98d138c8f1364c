// A text coloured by one unit. All that the reader can change is in `view`; `show` draws it.

const view = { stretch: 0, channel: data.channels[0].name, unit: 0, label: "", guesses: false, at: -1 };
const MIDDLE = 127; // the level of nothing; 0 and 254 are the ends

const stretch = () => data.stretches[view.stretch];
const channel = () => data.channels.find((c) => c.name === view.channel);
const units = () => stretch().units[view.channel];
const decoded = new Map();

function levelsOf(index, name) {
  const key = `${index} ${name}`;
  if (!decoded.has(key)) {
    decoded.set(key, Uint8Array.from(atob(data.stretches[index].units[name].levels), (c) => c.charCodeAt(0)));
  }
  return decoded.get(key);
}

function levelAt(i) {
  return levelsOf(view.stretch, view.channel)[view.unit * stretch().text.length + i];
}

function valueAt(i) {
  const { low, high } = channel();
  return (low + ((high - low) * levelAt(i)) / (2 * MIDDLE)).toFixed(2);
}

const strength = (level) => Math.round((100 * Math.abs(level - MIDDLE)) / MIDDLE);

// A newline shows as a sign and then ends the line; it has a colour as every other symbol has.
const sign = (symbol) => (symbol === "\n" ? "↵" : symbol);

function draw() {
  const box = $("text");
  box.replaceChildren();
  box.classList.toggle("guessing", view.guesses);
  const marks = stretch().labels[view.label];
  stretch().text.forEach((symbol, i) => {
    const cell = element("span", { class: "cell" }, "", box);
    cell.dataset.at = i;
    const top = element("span", { class: "symbol" }, sign(symbol), cell);
    if (symbol === "\n") cell.classList.add("newline");
    if (marks && marks[i] === "1") cell.classList.add("marked");
    if (view.guesses) {
      for (const [guess, p] of stretch().guesses[i]) {
        const below = element("span", { class: "guess" }, sign(guess), cell);
        below.style.setProperty("--share", `${Math.round(100 * p)}%`);
      }
    }
    if (symbol === "\n") element("br", {}, "", box);
    top.dataset.at = i;
  });
  colour();
}

function colour() {
  for (const cell of $("text").querySelectorAll(".cell")) {
    const level = levelAt(Number(cell.dataset.at));
    const symbol = cell.firstChild;
    symbol.style.setProperty("--tone", level < MIDDLE ? "var(--cold)" : "var(--heat)");
    symbol.style.setProperty("--share", `${strength(level)}%`);
  }
  const count = units().count;
  $("unit").max = count - 1;
  $("count").textContent = `of ${count}, from 0`;
  $("unit").value = view.unit;
  $("channel").value = view.channel;
  $("stretch").value = view.stretch;
  $("mark").value = view.label;
  $("which").textContent = `Unit ${view.unit}, ${view.channel}`;
  const { low, high } = channel();
  $("low").textContent = low;
  $("high").textContent = high;
  for (const button of document.querySelectorAll("button[data-row]")) {
    const row = data.rows[Number(button.dataset.row)];
    const isShown = row.channel === view.channel && row.unit === view.unit && row.label === view.label;
    button.closest("tr").classList.toggle("shown", isShown);
    button.setAttribute("aria-pressed", isShown);
  }
}

function change(changes) {
  Object.assign(view, changes);
  if (!(view.channel in stretch().units)) view.channel = Object.keys(stretch().units)[0];
  view.unit = Math.min(Math.max(0, view.unit || 0), units().count - 1);
  if ("stretch" in changes || "label" in changes || "guesses" in changes) draw();
  else colour();
  say();
}

// The symbol under the pointer, or under the cursor that arrow keys move.
function say() {
  for (const cell of $("text").querySelectorAll(".here")) cell.classList.remove("here");
  if (view.at < 0 || view.at >= stretch().text.length) {
    $("said").textContent = "Point at a character, or click the text and use the arrow keys.";
    return;
  }
  const cell = $("text").querySelectorAll(".cell")[view.at];
  cell.classList.add("here");
  const symbol = (s) => (s === " " ? "␣" : sign(s));
  const next = stretch().guesses[view.at].map(([s, p]) => `${symbol(s)} ${p.toFixed(2)}`).join("   ");
  $("said").textContent = `${symbol(stretch().text[view.at])}  ${valueAt(view.at)}   then: ${next}`;
}

function moveCursor(event) {
  const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const line = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!way && !line) return;
  event.preventDefault();
  const last = stretch().text.length - 1;
  let at = view.at;
  if (way) at += way;
  else {
    const cells = $("text").querySelectorAll(".cell");
    const here = cells[Math.max(at, 0)].getBoundingClientRect();
    for (let i = Math.max(at, 0); i >= 0 && i <= last; i += line) {
      const there = cells[i].getBoundingClientRect();
      const lines = (line * (there.top - here.top)) / here.height; // a sign for a newline stands a little lower
      const isPast = lines > 0.6 && line * (there.left - here.left) >= -1;
      if (isPast) { at = i; break; }
    }
  }
  view.at = Math.min(last, Math.max(0, at));
  say();
}

data.stretches.forEach((s, i) => element("option", { value: i }, s.name, $("stretch")));
data.channels.forEach((c) => element("option", { value: c.name }, c.name, $("channel")));
const names = [...new Set(data.stretches.flatMap((s) => Object.keys(s.labels)))];
element("option", { value: "" }, "nothing", $("mark"));
names.forEach((name) => element("option", { value: name }, name, $("mark")));

$("stretch").addEventListener("change", () => change({ stretch: Number($("stretch").value), at: -1 }));
$("channel").addEventListener("change", () => change({ channel: $("channel").value }));
$("mark").addEventListener("change", () => change({ label: $("mark").value }));
$("unit").addEventListener("input", () => { if ($("unit").value !== "") change({ unit: Number($("unit").value) }); });
$("before").addEventListener("click", () => change({ unit: view.unit - 1 }));
$("after").addEventListener("click", () => change({ unit: view.unit + 1 }));
$("guesses").addEventListener("change", () => change({ guesses: $("guesses").checked }));
$("text").addEventListener("keydown", moveCursor);
$("text").addEventListener("pointermove", (event) => {
  const at = event.target.closest?.(".cell")?.dataset.at;
  if (at === undefined || Number(at) === view.at) return;
  view.at = Number(at);
  say();
});
for (const button of document.querySelectorAll("button[data-row]")) {
  button.addEventListener("click", () => {
    change({ ...data.rows[Number(button.dataset.row)], at: -1 });
    $("view").scrollIntoView({ behavior: quiet ? "auto" : "smooth", block: "start" });
  });
}
change(data.rows.length ? { ...data.rows[0] } : { stretch: 0 });
