// Names stay in sight: those of rows at the left edge of what is seen, those of bars with their numbers at both ends.

const LETTER = 6; // as wide as one of a row's name is on average

function drawNames(svg, layout, rows) {
  const names = new Map(); // of what a module does in one go -> its name and its rows
  for (const box of layout.boxes) {
    if (!data.hasTime || !box.timed) continue;
    const name = box.path.split(".").slice(-2).join(".") || "steps";
    if (!names.has(box.go)) names.set(box.go, { name, tops: [], height: rows.height[box.y] });
    names.get(box.go).tops.push(rows.top[box.y]);
  }
  const longest = Math.max(...[...names.values()].map(({ name }) => cut(name, 16).length));
  shown.pane = drawn("g", { class: "names" }, svg);
  shown.paneWidth = names.size ? 16 + LETTER * Math.max(5, longest) : 0; // "reads" stands there too
  drawn("rect", { width: shown.paneWidth, height: shown.height, class: "pane" }, shown.pane);
  for (const { name, tops, height } of names.values()) {
    drawn("text", { x: 8, y: (Math.min(...tops) + Math.max(...tops) + height) / 2 + 4 }, shown.pane, cut(name, 16));
  }
  if (data.reads.length && hasColumns() && !view.rolled) drawn("text", { x: 8, y: shown.height - 8 }, shown.pane, "reads");
}

const cut = (name, longest) => (name.length > longest ? name.slice(0, longest - 1) + "…" : name);

function keepNames() {
  const frame = $("frame");
  const left = printing ? 0 : frame.scrollLeft / zoom;
  const right = printing ? Infinity : left + frame.clientWidth / zoom;
  shown.pane.setAttribute("transform", `translate(${left},0)`);
  shown.pane.classList.toggle("over", left > 0);
  for (const { rect, label, number } of shown.boxes) {
    if (!rect.bar) continue;
    label.setAttribute("x", Math.max(rect.x, left + shown.paneWidth) + 10);
    number.setAttribute("x", Math.min(rect.x + rect.width, right) - 10);
  }
}
