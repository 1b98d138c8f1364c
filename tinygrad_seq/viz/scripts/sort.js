// Rolled or unrolled, and the question of the lecture: can one sort the nodes so that all edges lead onwards?

// Kahn, 1962: take a node that waits for no other, cross out its edges, repeat. What is left waits in a circle.
function topologicalOrder(n, edges) {
  const waits = Array(n).fill(0);
  const after = Array.from({ length: n }, () => []);
  for (const [source, target] of edges) {
    waits[target] += 1;
    after[source].push(target);
  }
  const order = [];
  for (let i = 0; i < n; i++) if (!waits[i]) order.push(i);
  for (let k = 0; k < order.length; k++) {
    for (const target of after[order[k]]) if (!(waits[target] -= 1)) order.push(target);
  }
  return { order, cycle: findCycle(edges, new Set(waits.flatMap((w, i) => (w ? [i] : [])))) };
}

function findCycle(edges, left) {
  if (!left.size) return [];
  const before = new Map();
  for (const [source, target] of edges) if (left.has(source) && left.has(target)) before.set(target, source);
  const path = [];
  let i = Math.min(...left);
  for (; !path.includes(i); i = before.get(i)) path.push(i);
  const found = path.slice(path.indexOf(i)).reverse();
  const first = found.indexOf(Math.min(...found));
  return [...found.slice(first), ...found.slice(0, first)];
}

// The edge list as drawn: of the rolled graph, or of every step.
function graphToSort() {
  if (view.rolled) return { keys: data.places.map((_, i) => `${i}:`), edges: data.edges.map(([a, b]) => [a, b]) };
  const keys = [];
  const number = new Map();
  const name = (i, t) => `${i}:${data.places[i].timed ? t : ""}`;
  data.places.forEach((place, i) => {
    for (const t of place.timed ? Array(data.steps).keys() : [null]) {
      if (indexAt(place, t) < 0) continue;
      number.set(name(i, t), keys.length);
      keys.push(name(i, t));
    }
  });
  const edges = [];
  for (const [a, b, delay, steps] of data.edges) {
    for (const [first, last] of steps ?? [[null, null]]) {
      for (let t = first; t <= last; t++) {
        edges.push([number.get(name(a, delay ? t - delay : t)), number.get(name(b, t))]);
        if (t === null) break;
      }
    }
  }
  return { keys, edges };
}

let sorting = null;

function sort() {
  clearInterval(sorting);
  const { keys, edges } = graphToSort();
  const { order, cycle } = topologicalOrder(keys.length, edges);
  view.sort = { place: new Map(), done: 0, total: keys.length, cycle: new Set() };
  const finish = () => {
    view.sort.cycle = new Set(cycle.map((i) => keys[i]));
    $("sorted").textContent = verdict(order.length, keys.length, cycle.map((i) => data.places[parseInt(keys[i])]));
    clearInterval(sorting);
    relight();
  };
  const take = (count) => {
    for (let k = 0; k < count && view.sort.done < order.length; k++) {
      view.sort.done += 1;
      view.sort.place.set(keys[order[view.sort.done - 1]], view.sort.done);
    }
  };
  if (quiet) {
    take(order.length);
    finish();
    return;
  }
  $("sorted").textContent = "Sorting …";
  sorting = setInterval(() => {
    take(Math.ceil(order.length / 40)); // two seconds, however long the list
    if (view.sort.done === order.length) finish();
    else relight();
  }, 50);
}

function verdict(done, total, cycle) {
  if (!cycle.length) {
    return `All ${total} nodes in order: no cycle. Backprop walks this order backwards, and each node comes after all that it feeds.`;
  }
  const names = [...cycle, cycle[0]].map((place) => place.name || place.label).join(" → ");
  return `It stops after ${done} of ${total} nodes: each of the others waits for another. A cycle: ${names}. There is no order to walk back along; unrolled over time there is.`;
}

function showSort(entry, box, classes) {
  const keys = box.members.map((i) => `${i}:${box.timed && !view.rolled ? entry.t : ""}`);
  const isSorted = view.sort !== null && keys.every((key) => view.sort.place.has(key));
  classes.toggle("sorted", isSorted);
  classes.toggle("cycle", view.sort !== null && keys.some((key) => view.sort.cycle.has(key)));
  if (isSorted) entry.number.textContent = `#${Math.max(...keys.map((key) => view.sort.place.get(key)))}`;
}

function setRolled(rolled) {
  view.rolled = rolled;
  view.sort = null;
  clearInterval(sorting);
  $("rolled").setAttribute("aria-pressed", rolled);
  $("sorted").textContent = "";
}

function startSort() {
  setRolled(view.rolled);
  $("rolled").addEventListener("click", () => { setRolled(!view.rolled); redrawThere(); });
  $("sort").addEventListener("click", sort);
  $("moment").addEventListener("input", () => { view.sort = null; });
}
