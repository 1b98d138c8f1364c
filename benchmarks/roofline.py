"""How much of the machine a training step uses: GFLOP/s and GB/s beside what this machine can do.

    python -m benchmarks.roofline [--workloads S-lstm M-lstm ...] [--rounds 10]

Everything is measured in one process with one thread, the parts of a step and the two peaks turn by turn, least CPU
time each. The peaks: a product of two 1024 x 1024 float32 matrices, and copying 64 MB (128 MB moved).

Operations are counted by formula, those of the matrix products alone (`floor.flops`): 2 m k n each. For an LSTM over
an embedding that is larger than its batch that makes 2 T B (H + H) 4H + 2 T B H V forward and twice as much backward.

Memory is counted by formula too, the least that the arrays of a step move: forward reads the input and the weights and
writes gates, states and logits; backward reads all these, writes the gradients of gates and logits, which the weights'
gradients read again, and writes those; Adam reads p, g, m, v and writes p, m, v. What stays in a cache counts as well:
GB/s is what the program moves, not what the memory chips see.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinygrad_seq.analysis.bench.peaks import product_and_copy
from tinygrad_seq.backend import get_backend

from .floor import flops
from .guard import least
from .measure import ONE_THREAD
from .report import save, table
from .task import NAMES, Task, task

__all__ = ["moved"]

ROOT = Path(__file__).parents[1]
FLOAT = 4  # bytes
SQUARE, COPIED = 1024, 1 << 24  # numbers


def moved(task: Task) -> dict[str, int]:
    """Return the bytes that each part of a step moves at least."""
    rows, H = task.T * task.B, task.H
    states = 2 if task.cell == "lstm" else 1
    x = rows * (H if task.input == "dense" else 1)
    gates, hidden, logits = rows * task.gates * H * task.layers, rows * states * H * task.layers, rows * task.V
    weights = sum(W.size for W in task.weights().values())
    counts = {
        "forward": x + gates + hidden + logits + weights,
        "backward": x + 3 * (gates + logits) + hidden + 2 * weights,
        "update": 7 * weights,
    }
    counts["step"] = sum(counts.values())
    return {part: FLOAT * count for part, count in counts.items()}


def peaks() -> dict[str, Callable[[], Any]]:
    """Return the two calls that show what the machine can do."""
    return dict(zip(("sgemm", "copy"), product_and_copy(get_backend("numpy"), SQUARE, COPIED), strict=True))


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Return seconds, operations and bytes of a task's parts, and the peaks, measured in this process."""
    from .training_step import TrainingStep

    t = task(name)
    step = TrainingStep(t)
    loss: list[Any] = [None]

    def forward() -> None:
        loss[0] = step.forward()

    parts = {"forward": forward, "backward": lambda: step.backward(loss[0]), "update": step.update}
    seconds = least({**parts, **peaks()}, rounds)
    seconds["step"] = sum(seconds[part] for part in parts)
    work = {"forward": flops(t, "forward"), "backward": flops(t, "backward"), "update": 0, "step": flops(t)}
    bytes_moved = moved(t)
    result: dict[str, Any] = {
        part: {
            "seconds": seconds[part],
            "gflops": work[part] / seconds[part] / 1e9,
            "gbytes": bytes_moved[part] / seconds[part] / 1e9,
        }
        for part in (*parts, "step")
    }
    peak_flops, peak_bytes = 2 * SQUARE**3 / seconds["sgemm"], 2 * FLOAT * COPIED / seconds["copy"]
    return {**result, "peak": {"gflops": peak_flops / 1e9, "gbytes": peak_bytes / 1e9}}


def in_a_process(name: str, rounds: int) -> dict[str, Any]:
    """Return what `measure` says in a fresh interpreter with one thread."""
    command = [sys.executable, "-m", "benchmarks.roofline", "--one", name, "--rounds", str(rounds)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def printed(results: dict[str, dict[str, Any]]) -> str:
    """Return the results as a table."""
    head = ("task", "part", "ms", "GFLOP/s", "of peak", "GB/s", "of peak")
    rows = []
    for name, result in results.items():
        peak = result["peak"]
        for part in ("forward", "backward", "update", "step"):
            r = result[part]
            rates = [text for key in peak for text in (f"{r[key]:.1f}", f"{r[key] / peak[key]:.0%}")]
            rows.append((name, part, f"{r['seconds'] * 1e3:.2f}", *rates))
        rows.append((name, "peak", "", f"{peak['gflops']:.1f}", "", f"{peak['gbytes']:.1f}", ""))
    return table(head, rows)


def main() -> None:
    """Measure every task in a process of its own; print and keep the results."""
    parser = ArgumentParser(prog="python -m benchmarks.roofline", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--workloads", nargs="+", choices=NAMES, metavar="TASK", default=["S-lstm", "M-lstm", "L-lstm"])
    parser.add_argument("--one", choices=NAMES, metavar="TASK", help="measure here, print JSON")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one, args.rounds)))
        return
    results = {name: in_a_process(name, args.rounds) for name in args.workloads}
    print(f"\n{printed(results)}")
    save("roofline", {"rounds": args.rounds, "unit": "CPU seconds", "tasks": results})


if __name__ == "__main__":
    main()
