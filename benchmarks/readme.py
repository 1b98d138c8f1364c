"""From the kept results to what people read: the README's table of figures and its picture.

    python -m benchmarks.readme

Nothing is measured here. Between the README's two marker comments stands what `block` makes of `results/*.json`, and
a test holds it to that: a figure that is edited by hand fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .report import RESULTS, table
from .task import NAMES

__all__ = ["BEGIN", "END", "README", "block", "picture", "replaced", "results"]

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "pictures" / "training_step.svg"
BEGIN = "<!-- From benchmarks/results, by python -m benchmarks.readme. Not to be edited here: begin -->"
END = "<!-- From benchmarks/results: end -->"

LIBRARIES = {
    "ours": "ours",
    "ours_fast": "ours `[fast]`",
    "jax": "JAX",
    "torch_cell": "PyTorch cells",
    "mygrad": "MyGrad",
    "mygrad_layer": "MyGrad's layer",
    "autograd": "autograd",
    "dezero": "DeZero",
    "chainer": "Chainer",
    "ours_cell": "ours, cell by cell",
    "numpy": "NumPy, the floor",
}
ROWS = {"chain": "one small operation", "lstm": "LSTM, 1000 steps op by op", "write": "one symbol written, LSTM 256"}
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))

Results = Mapping[str, Any]


def results(name: str) -> dict[str, Any]:
    """Return what `results/<name>.json` holds."""
    kept: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return kept


def ordered(peers: Results) -> Iterator[tuple[str, Results]]:
    """Yield the workloads that were compared with PyTorch, one thread before two, each with what is kept of it."""
    for threads in sorted({kept["threads"] for kept in peers.values()}):
        for name in ("chain", "lstm", *NAMES, "write"):
            kept = peers.get(f"{name}, {threads} thread{'s' * (threads > 1)}")
            if kept is not None and "total" in kept["peers"].get("torch", {}):
                yield name, kept


def row(name: str, kept: Results) -> tuple[str, ...]:
    """Return a workload's line: its name, PyTorch's time, and the ratio of every other library."""
    label = ROWS.get(name, f"training step {name}") + (f", {kept['threads']} threads" if kept["threads"] > 1 else "")
    seconds = kept["peers"]["torch"]["total"]["median"] / (kept["size"] if name in {"chain", "write"} else 1)
    return label, duration(seconds), *(ratio(kept["peers"].get(library, {})) for library in LIBRARIES)


def duration(seconds: float) -> str:
    """Return a time in the unit that leaves one to three digits before the point."""
    unit, symbol = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    return f"{seconds / unit:.3g} {symbol}"


def ratio(result: Results) -> str:
    """Return the ratio to PyTorch; "-" for what was not measured."""
    if "ratio" not in result:
        return "-"
    return f"{result['ratio']:.2f}" + " (differs)" * (result["checked"] == "DIFFERS")


def block(peers: Results, import_cost: Results) -> str:
    """Return what stands in the README between the markers."""
    head = ("time, as a multiple of PyTorch's", "PyTorch eager", *LIBRARIES.values())
    rows = [row(name, kept) for name, kept in ordered(peers)]
    used = [i for i in range(len(head)) if any(line[i] != "-" for line in rows)]
    figures = table([head[i] for i in used], [[line[i] for i in used] for line in rows])
    picture = f"![Ratios to PyTorch for every training step]({PICTURE.relative_to(ROOT).as_posix()})"
    lines = [figures, picture, *memory(peers), cost(import_cost), origin(peers)]
    return "\n\n".join([BEGIN, *lines, END])


def memory(peers: Results) -> Iterator[str]:
    """Yield the line on the memory of a process that trains at S."""
    kept = peers.get("S-lstm, 1 thread")
    if kept is not None:
        sizes = {name: kept["peers"].get(name, {}).get("process_mb") for name in ("ours", "ours_fast", "torch", "jax")}
        names = {**LIBRARIES, "torch": "PyTorch"}
        told = [f"{names[name]} {size:.0f} MB" for name, size in sizes.items() if size is not None]
        yield f"Memory of the whole process, training step S-lstm: {', '.join(told)}."


def cost(import_cost: Results) -> str:
    """Return the line on the cost of importing."""
    return f"`import tinygrad_seq` takes NumPy's time and {import_cost['cost_ms']:.0f} ms more."


def origin(peers: Results) -> str:
    """Return where the figures come from."""
    runs = [kept for _, kept in ordered(peers)]
    environments = [kept["environment"] for kept in runs]
    torch = runs[0]["peers"]["torch"]["version"]

    def span(values: list[Any]) -> str:
        low, high = min(values), max(values)
        return f"{low}" if low == high else f"{low} to {high}"

    one = environments[0]
    return (
        f"Median of {span([kept['rounds'] for kept in runs])} interleaved rounds of `python -m benchmarks.peers`, "
        f"float32, CPU time on one thread, wall time on two; {one['cores']} cores of an {one['cpu']}, Python "
        f"{one['python']}, NumPy {one['numpy']}, PyTorch {torch}; {span([e['date'][:10] for e in environments])}. What "
        "the rows and columns are: [benchmarks](benchmarks/README.md)."
    )


def replaced(text: str, new: str, first: str = BEGIN) -> str:
    """Return a text with another block from its first marker to `END`, which both must be there once."""
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the text needs these two lines, in this order:\n{first}\n{END}")
    return before + new + after


def picture(peers: Results, path: Path) -> None:
    """Draw the training steps' ratios, a point for each library; the same results give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    steps = [(name, kept) for name, kept in ordered(peers) if name in NAMES]
    with mpl.rc_context({"svg.hashsalt": "tinygrad_seq", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(8, max(3, 1 + 0.26 * len(steps))), layout="constrained")
        axes = figure.subplots()
        for k, (library, label) in enumerate(LIBRARIES.items()):
            points = [
                (kept["peers"][library]["ratio"], y)
                for y, (_, kept) in enumerate(steps)
                if "ratio" in kept["peers"].get(library, {})
            ]
            if points:
                marker = "osD^v<>pPX*"[k]
                size = 60 if library in {"ours", "ours_fast"} else 22
                axes.scatter(*zip(*points, strict=True), s=size, marker=marker, label=label.replace("`", ""))
        axes.axvline(1, color="black", linewidth=1)
        axes.set_xscale("log")
        axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axes.minorticks_off()
        axes.set_xlabel("time of a training step, as a multiple of PyTorch's (less is faster)")
        axes.set_yticks(range(len(steps)), [row(name, kept)[0].removeprefix("training step ") for name, kept in steps])
        axes.set_ylim(len(steps) - 0.4, -0.6)
        axes.grid(axis="both", color="0.9")
        axes.set_axisbelow(True)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
        figure.savefig(path, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Write the block and the picture."""
    peers = results("peers")
    README.write_text(replaced(README.read_text("utf-8"), block(peers, results("import_cost"))), "utf-8")
    picture(peers, PICTURE)
    print(f"written: {README.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
