"""Data parallel training measured on the cores of one machine, beside what `scaling_on_paper` expects of it.

    python -m benchmarks.scaling [--sizes S M] [--ranks 1 2] [--runs 3] [--steps S=300 M=40 L=8]

`mpiexec -n N tinygrad-seq train` on a text of 96 symbols, the sizes of `task.SIZES`; one thread a rank. Runs with few
and with many ranks take turns; what counts is the median step of the best run. A rank waits by looking again and again:
where other programs need the cores too, the numbers say nothing.

Beside it, what joins the ranks: seconds a message and bytes a second between two of them, and the gradient added up in
three ways. Where there are more ranks than cores, nothing is measured.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from tinygrad_seq.train.parallel import Ranks, launched

from .floor import flops
from .measure import ONE_THREAD
from .report import save, table
from .scaling_on_paper import TASKS, Network, joining, parameters
from .task import Task

__all__ = ["reductions"]

MODULE = "benchmarks.scaling"
STEPS = {"S": 300, "M": 40, "L": 8}
WARM_UP = 3
SYMBOLS = "".join(map(chr, range(32, 128)))
ROUNDS = 60
LARGE = 1 << 20  # numbers in the message that tells the bandwidth


def launcher(ranks: int) -> list[str]:
    """Return what starts that many processes of this Python's MPI."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    mpiexec = shutil.which("mpiexec", path=path)
    if mpiexec is None:
        raise SystemExit("There is no mpiexec: pip install 'tinygrad_seq[mpi]'.")
    return [mpiexec, "-n", str(ranks), sys.executable, "-m"]


def seconds_a_step(task: Task, ranks: int, steps: int, folder: Path) -> float:
    """Train, and return the median time of a step."""
    sizes = {"batch-size": task.B, "seq-length": task.T, "hidden": task.H, "layers": task.layers}
    often = {"steps": steps, "save-every": steps, "eval-every": steps, "validation": 0}
    options = [f"--{name}={value}" for name, value in {**sizes, **often}.items()]
    command = [*launcher(ranks), "tinygrad_seq", "train", str(folder / "text.txt"), "--out", str(folder / "run")]
    environment = os.environ | ONE_THREAD
    done = subprocess.run(
        [*command, "--force", "--backend=numpy", *options],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    lines = (folder / "run" / "log.jsonl").read_text().splitlines()[WARM_UP:]
    return median(task.B * task.T / json.loads(line)["chars_per_s"] for line in lines)


def least(comm: Any, f: Callable[[], object]) -> float:
    """Return the least time that a call takes which all ranks make together."""
    times = []
    for _ in range(ROUNDS):
        comm.Barrier()
        began = perf_counter()
        f()
        times.append(perf_counter() - began)
    return min(times)


def one_way(comm: Any, message: np.ndarray) -> float:
    """Return the seconds of a message from the first rank to the second: half of those there and back."""

    def there_and_back() -> None:
        if comm.rank == 0:
            comm.Send(message, 1)
            comm.Recv(message, 1)
        elif comm.rank == 1:
            comm.Recv(message, 0)
            comm.Send(message, 0)

    return least(comm, there_and_back) / 2


def reductions(ranks: Ranks, sizes: list[str]) -> dict[str, Any]:
    """Time messages between two ranks, and three ways to add up a gradient."""
    from mpi4py import MPI

    comm = ranks.comm
    latency = one_way(comm, np.zeros(1, np.float32))
    bandwidth = 4 * LARGE / (one_way(comm, np.zeros(LARGE, np.float32)) - latency)
    ways: dict[str, dict[str, float]] = {}
    for name in sizes:
        length = -(-(parameters(TASKS[name]) + 1) // ranks.size) * ranks.size
        flat, all_of_them = np.zeros(length, np.float32), np.zeros((ranks.size, length), np.float32)

        def all_reduce(flat: np.ndarray = flat) -> None:
            comm.Allreduce(MPI.IN_PLACE, flat)

        def gather(flat: np.ndarray = flat, all_of_them: np.ndarray = all_of_them) -> None:
            comm.Allgather(flat, all_of_them)
            np.add.reduce(all_of_them, out=flat)

        def parts(flat: np.ndarray = flat) -> None:
            ranks.add_up(flat)

        ways[name] = {f.__name__: least(comm, f) for f in (all_reduce, gather, parts)}
    return {"latency_s": latency, "bytes_per_s": bandwidth, "reductions_s": ways}


def measured(sizes: list[str], ranks: list[int], runs: int, steps: dict[str, int]) -> dict[str, dict[int, float]]:
    """Return the seconds a step, by size and ranks."""
    found: dict[str, dict[int, list[float]]] = {name: {n: [] for n in ranks} for name in sizes}
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rng = np.random.default_rng(0)
        (folder / "text.txt").write_text("".join(rng.choice(list(SYMBOLS), 200_000)))
        for _ in range(runs):
            for name in sizes:
                for n in ranks:
                    found[name][n].append(seconds_a_step(TASKS[name], n, steps[name], folder))
                    print(f"{name}, {n} ranks: {1e3 * found[name][n][-1]:.2f} ms", file=sys.stderr, flush=True)
    return {name: {n: min(times) for n, times in by_ranks.items()} for name, by_ranks in found.items()}


def main() -> None:
    """Run the command line."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=STEPS, default=["S", "M"])
    parser.add_argument("--ranks", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", nargs="+", default=[f"{name}={n}" for name, n in STEPS.items()])
    parser.add_argument("--reductions", action="store_true", help="for the program's own use")
    options = parser.parse_args()
    if options.reductions:
        ranks = launched()
        found = reductions(ranks, options.sizes) if isinstance(ranks, Ranks) else {}
        if ranks.rank == 0:
            print(json.dumps(found))
        return
    if max(options.ranks) > (os.cpu_count() or 1):
        raise SystemExit(f"{max(options.ranks)} ranks want as many cores, and there are {os.cpu_count()}.")
    steps = {name: int(n) for name, _, n in (one.partition("=") for one in options.steps)}
    times = measured(options.sizes, options.ranks, options.runs, steps)
    most = max(options.ranks)
    command = [*launcher(most), MODULE, "--reductions", "--sizes", *options.sizes]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True, check=True)
    joined = json.loads(done.stdout)
    memory = Network("memory of this machine", joined["latency_s"], joined["bytes_per_s"])
    rows, kept = [], {}
    for name, by_ranks in times.items():
        task, alone = TASKS[name], by_ranks[1]
        for n, took in by_ranks.items():
            expected = alone / n + joining(task, memory, n)
            kept[f"{name}, {n}"] = {"seconds_a_step": took, "on_paper": expected, "times_as_fast": alone / took}
            cells = (1e3 * took, 1e3 * expected, alone / took, alone / expected, flops(task) / took / 1e9)
            rows.append([name, n, *(f"{cell:.2f}" for cell in cells)])
    head = ("size", "ranks", "ms a step", "on paper", "times as fast", "on paper", "Gflop/s")
    print(table(head, rows))
    print(f"\na message {1e6 * memory.latency:.1f} us, {1e-9 * memory.bandwidth:.1f} GB/s; the gradient added up:\n")
    ways = joined["reductions_s"]
    print(
        table(
            ["size", *next(iter(ways.values()))],
            [[s, *(f"{1e3 * t:.3f} ms" for t in w.values())] for s, w in ways.items()],
        )
    )
    save("scaling", {"runs": options.runs, "steps": steps, "steps_measured": kept, "joining": joined})


if __name__ == "__main__":
    main()
