"""Long graphs under Python's own recursion limit: is the cost linear, and is the graph gone afterwards?

    python -m benchmarks.depth [--rounds 5]

Two graphs, each at four lengths, each measured in a process of its own: a chain of operations on 64 float32, and an RNN
unrolled operation by operation. Time and memory grow as length^e; e is the slope of a line through their logarithms.
With Python's cyclic collector off, the nodes of the graph are counted before and after the backward pass.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq.engine.variable import Node

from .measure import ONE_THREAD, clock, grown
from .report import save, table

ROOT = Path(__file__).parents[1]
WARM_UP = 20


def chain(ops: int) -> tg.Tensor:
    """x_0 = w,  x_{k+1} = x_k w,  x_{k+2} = x_{k+1} + b"""
    w = tg.tensor(np.full(64, 1 - 1e-5, np.float32), requires_grad=True)
    b = tg.tensor(np.full(64, 1e-5, np.float32))
    x = w
    for _ in range(ops // 2):
        x = x * w
        x = x + b
    return x.sum()


def rnn(T: int) -> tg.Tensor:
    """h_t = tanh(x_t W_x + h_{t-1} W_h + b), batch 4, 32 features in and out."""
    B, H = 4, 32
    rng = np.random.default_rng(0)
    W_x, W_h, b = (
        tg.tensor(rng.uniform(-0.2, 0.2, shape).astype(np.float32), requires_grad=True)
        for shape in ((H, H), (H, H), (H,))
    )
    xs = tg.tensor(rng.standard_normal((T, B, H)).astype(np.float32))
    h = tg.zeros((B, H))
    for x_t in xs:
        h = tg.tanh(x_t @ W_x + h @ W_h + b)
    return h.sum()


GRAPHS: dict[str, tuple[Callable[[int], tg.Tensor], tuple[int, ...]]] = {
    "chain": (chain, (12_500, 25_000, 50_000, 100_000)),
    "rnn": (rnn, (1_250, 2_500, 5_000, 10_000)),
}


def measure(name: str, n: int) -> dict[str, Any]:
    """Return time, memory and node counts of one graph of length n, measured in this process."""
    build, _ = GRAPHS[name]
    build(WARM_UP).backward()
    times: list[float] = []

    def once() -> None:
        start = clock()
        loss = build(n)
        middle = clock()
        loss.backward()
        times.extend((middle - start, clock() - middle))

    _, memory = grown(once)
    return {"forward": times[0], "backward": times[1], "growth_mb": memory, "nodes": counted(build, n)}


def counted(build: Callable[[int], tg.Tensor], n: int) -> dict[str, int]:
    """Return how many nodes live with the graph, after backward, and when the loss is dropped; no collector runs."""
    gc.collect()
    gc.disable()
    loss = build(n)
    nodes = {"built": alive()}
    loss.backward()
    nodes["after backward"] = alive()  # the loss still holds its own
    del loss
    nodes["after del loss"] = alive()
    gc.enable()
    return nodes


def alive() -> int:
    """Return the number of graph nodes in this process."""
    return sum(type(thing) is Node for thing in gc.get_objects())


def in_a_process(name: str, n: int) -> dict[str, Any]:
    """Return what `measure` says in a fresh interpreter."""
    command = [sys.executable, "-m", "benchmarks.depth", "--one", name, str(n)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def exponent(sizes: tuple[int, ...], values: list[float]) -> float:
    """Return e of values ~ sizes^e."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def summary(sizes: tuple[int, ...], runs: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the least time of each size over the rounds, and how time and memory grow."""
    points = []
    for n, own in zip(sizes, zip(*runs, strict=True), strict=True):
        best = {key: min(run[key] for run in own) for key in ("forward", "backward")}
        points.append({"n": n, **best, "growth_mb": own[0]["growth_mb"], "nodes": own[0]["nodes"]})
    result: dict[str, Any] = {"sizes": points}
    result["time_exponent"] = exponent(sizes, [point["forward"] + point["backward"] for point in points])
    if all(point["growth_mb"] for point in points):
        result["memory_exponent"] = exponent(sizes, [point["growth_mb"] for point in points])
    return result


def printed(result: dict[str, Any]) -> str:
    """Return one graph's results as a table with the exponents below."""
    head = (
        "length",
        "forward s",
        "backward s",
        "us per length",
        "memory MB",
        "nodes built",
        "after backward",
        "after del",
    )
    rows = []
    for point in result["sizes"]:
        n, forward, backward, memory, nodes = point.values()
        grown_by = "-" if memory is None else f"{memory:.1f}"
        rows.append(
            (n, f"{forward:.3f}", f"{backward:.3f}", f"{(forward + backward) / n * 1e6:.2f}", grown_by, *nodes.values())
        )
    exponents = f"time ~ length^{result['time_exponent']:.2f}"
    if "memory_exponent" in result:
        exponents += f", memory ~ length^{result['memory_exponent']:.2f}"
    return f"{table(head, rows)}\n\n{exponents}"


def main() -> None:
    """Measure every graph at every length, round by round; print and keep the results."""
    parser = ArgumentParser(prog="python -m benchmarks.depth", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=2, metavar=("GRAPH", "LENGTH"), help="measure here, print JSON")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one[0], int(args.one[1]))))
        return
    limit = sys.getrecursionlimit()
    kept: dict[str, Any] = {"recursion_limit": limit, "rounds": args.rounds, "unit": "CPU seconds"}
    for name, (_, sizes) in GRAPHS.items():
        runs = [[in_a_process(name, n) for n in sizes] for _ in range(args.rounds)]
        kept[name] = summary(sizes, runs)
        print(f"\n{name}, recursion limit {limit}\n\n{printed(kept[name])}", flush=True)
    save("depth", kept)


if __name__ == "__main__":
    main()
