// The shared parameters: their gradient after each moment, as a length and, where it is small, as a picture.

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;

// Which of its frames a parameter shows at the moment at hand; -1 before the first part has arrived.
const frameOf = (parameter) => parameter.frames.findLastIndex(([moment]) => moment <= view.moment);

// The matrices of a parameter: the last as it is, those before as products to add up, or as levels of colour.
function matricesOf({ matrix, frames }, [columns, rows]) {
  const size = rows * columns;
  const last = matrix.dtype === "float64" ? new Float64Array(bytesOf(matrix.last)) : new Float32Array(bytesOf(matrix.last));
  const factors = matrix.factors && new Float32Array(bytesOf(matrix.factors));
  const levels = matrix.levels && new Int8Array(bytesOf(matrix.levels));
  let sum = new Float32Array(size); // of the products up to frame `added`
  let added = -1;
  let used = 0;
  const addProduct = () => {
    const [column, row] = [used * (rows + columns), used * (rows + columns) + rows];
    for (let i = 0; i < size; i++) sum[i] += factors[column + Math.floor(i / columns)] * factors[row + (i % columns)];
    used += 1;
  };
  const summed = (k) => {
    if (k < added) [sum, added, used] = [new Float32Array(size), -1, 0];
    while (added < k) for (let n = matrix.terms[++added]; n > 0; n--) addProduct();
    return sum;
  };
  const before = levels
    ? (k) => Float32Array.from(levels.subarray(k * size, (k + 1) * size), (q) => Math.sign(q) * (q / 127) ** 2)
    : summed;
  return {
    last,
    // Shares of the largest entry of all.
    shares: (k) => (k === frames.length - 1 ? Float32Array.from(last, (x) => x / (matrix.largest || 1)) : before(k)),
  };
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
    if (parameter.matrix === null) continue;
    const columns = place.shape.at(-1) ?? 1;
    const rows = place.shape.slice(0, -1).reduce((a, b) => a * b, 1);
    parameter.size = [columns, rows];
    parameter.matrices = matricesOf(parameter, parameter.size);
    parameter.canvas = element("canvas", { role: "img" }, "", row);
    parameter.canvas.style.width = `${Math.min(240, Math.max(columns * 5, 24))}px`;
    parameter.canvas.style.height = `${Math.min(160, Math.max(rows * 5, 10))}px`;
  }
  relights.push(lightParameters);
}

function lightParameters() {
  const [paper, hot, cool] = ["paper", "hot", "cool"].map(colour);
  for (const parameter of data.parameters) {
    const k = frameOf(parameter);
    const norm = k < 0 ? 0 : parameter.frames[k][1];
    parameter.fill.style.width = `${parameter.most ? (100 * norm) / parameter.most : 0}%`;
    parameter.said.textContent = `|gradient| = ${short(norm)} after ${k + 1} of ${parts(parameter.frames.length)}`;
    if (!parameter.canvas) continue;
    const shares = k < 0 ? [] : parameter.matrices.shares(k);
    const [columns, rows] = parameter.size;
    paint(parameter.canvas, columns, rows, (r, c) => {
      const x = shares[r * columns + c] ?? 0;
      return mixed(paper, x < 0 ? cool : hot, Math.sqrt(Math.abs(x))); // the root: small entries are to be seen too
    });
    parameter.canvas.setAttribute("aria-label", `gradient of ${data.places[parameter.place].name}, ${parameter.said.textContent}`);
  }
}
