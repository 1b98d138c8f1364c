// The shared parameters: their gradient after each moment, as a length and, where it is small, as a picture.

function decoded(parameter) {
  const bytes = Uint8Array.from(atob(parameter.data), (c) => c.charCodeAt(0));
  return parameter.dtype === "float64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

// Which of its frames a parameter shows at the moment at hand; -1 before the first part has arrived.
const frameOf = (parameter) => parameter.frames.findLastIndex(([moment]) => moment <= view.moment);

function gradientOf(parameter) {
  const k = frameOf(parameter);
  const n = parameter.numbers.length / parameter.frames.length;
  return k < 0 ? [] : parameter.numbers.subarray(k * n, (k + 1) * n);
}

const parts = (n) => (n === 1 ? "1 part" : `${n} parts`);

function startParameters() {
  for (const parameter of data.parameters) {
    const place = data.places[parameter.place];
    const row = element("div", { class: "parameter" }, "", $("parameters"));
    element("h3", {}, place.name || "parameter", row);
    element("p", { class: "soft" }, `(${place.shape.join(", ")})  ${parts(parameter.frames.length)}`, row);
    const track = element("div", { class: "track" }, "", row);
    parameter.fill = element("div", { class: "fill" }, "", track);
    parameter.said = element("output", {}, "", row);
    parameter.most = Math.max(...parameter.frames.map(([, norm]) => (Number.isFinite(norm) ? norm : 0)));
    if (parameter.data === null) continue;
    parameter.numbers = decoded(parameter);
    parameter.largest = parameter.numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const columns = place.shape.at(-1) ?? 1;
    const rows = parameter.numbers.length / parameter.frames.length / columns;
    parameter.size = [columns, rows];
    parameter.canvas = element("canvas", { role: "img" }, "", row);
    parameter.canvas.style.width = `${Math.min(240, Math.max(columns * 5, 24))}px`;
    parameter.canvas.style.height = `${Math.min(160, Math.max(rows * 5, 10))}px`;
  }
  relights.push(lightParameters);
}

function lightParameters() {
  const [paper, heat, cold] = ["paper", "heat", "cold"].map(colour);
  for (const parameter of data.parameters) {
    const k = frameOf(parameter);
    const norm = k < 0 ? 0 : parameter.frames[k][1];
    parameter.fill.style.width = `${parameter.most ? (100 * norm) / parameter.most : 0}%`;
    parameter.said.textContent = `|gradient| = ${short(norm)} after ${k + 1} of ${parts(parameter.frames.length)}`;
    if (!parameter.canvas) continue;
    const numbers = gradientOf(parameter);
    const [columns, rows] = parameter.size;
    paint(parameter.canvas, columns, rows, (r, c) => {
      const x = (numbers[r * columns + c] ?? 0) / (parameter.largest || 1);
      return mixed(paper, x < 0 ? cold : heat, Math.sqrt(Math.abs(x))); // the root: small entries are to be seen too
    });
    parameter.canvas.setAttribute("aria-label", `gradient of ${data.places[parameter.place].name}, ${parameter.said.textContent}`);
  }
}
