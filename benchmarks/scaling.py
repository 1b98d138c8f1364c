"""Data parallel training measured on the cores of one machine, beside what `scaling_on_paper` expects of it.

    python -m benchmarks.scaling [--sizes S M] [--ranks 1 2] [--runs 3]

`mpiexec -n N tinygrad-seq train` on a text of 96 symbols, the sizes of `task.SIZES`; one thread and one core a rank.
Runs with few and with many ranks take turns; what counts is the median step of the best run. A rank waits by looking
again and again: where other programs need the cores too, or two ranks share one, the numbers say nothing.

Beside it, what joins the ranks: seconds a message and bytes a second between two of them, and the ways to add up the
gradient: in the parts that training hands round, gathered by all, and by MPI's own all-reduce. Where there are more
ranks than cores, nothing is measured.
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
STEPS = {"S": 200, "M": 25, "L": 6}
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
    return [mpiexec, "-bind-to", "core", "-n", str(ranks), sys.executable, "-m"]  # the flag is MPICH's


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


def ways(ranks: Ranks, task: Task) -> dict[str, Callable[[], object]]:
    """Return ways to add up the gradient of a task over all ranks, the first of which is what training does."""
    from mpi4py import MPI

    comm, weights = ranks.comm, list(task.weights().values())
    length = -(-(parameters(task) + 1) // ranks.size) * ranks.size
    flat, of_all = np.zeros(length, np.float32), np.zeros((ranks.size, length), np.float32)

    def gathered() -> None:
        comm.Allgather(flat, of_all)
        np.add.reduce(of_all, out=flat)

    return {
        "parts, in order": lambda: ranks.add_up(flat),
        "all, in order": gathered,
        "MPI's all-reduce": lambda: comm.Allreduce(MPI.IN_PLACE, flat),
        "MPI's, weight by weight": lambda: [comm.Allreduce(MPI.IN_PLACE, W) for W in weights],
    }


def reductions(ranks: Ranks, sizes: list[str]) -> dict[str, Any]:
    """Time messages between two ranks, and the ways to add up a gradient."""
    comm = ranks.comm
    latency = one_way(comm, np.zeros(1, np.float32))
    bandwidth = 4 * LARGE / (one_way(comm, np.zeros(LARGE, np.float32)) - latency)
    times = {size: {way: least(comm, f) for way, f in ways(ranks, TASKS[size]).items()} for size in sizes}
    return {"latency_s": latency, "bytes_per_s": bandwidth, "reductions_s": times}


def measured(sizes: list[str], ranks: list[int], runs: int) -> dict[str, dict[int, float]]:
    """Return the seconds a step, by size and ranks."""
    found: dict[str, dict[int, list[float]]] = {name: {n: [] for n in ranks} for name in sizes}
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rng = np.random.default_rng(0)
        (folder / "text.txt").write_text("".join(rng.choice(list(SYMBOLS), 200_000)))
        for _ in range(runs):
            for name in sizes:
                for n in ranks:
                    found[name][n].append(seconds_a_step(TASKS[name], n, STEPS[name], folder))
                    print(f"{name}, {n} ranks: {1e3 * found[name][n][-1]:.2f} ms", file=sys.stderr, flush=True)
    return {name: {n: min(times) for n, times in by_ranks.items()} for name, by_ranks in found.items()}


def main() -> None:
    """Run the command line."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=STEPS, default=["S", "M"])
    parser.add_argument("--ranks", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--runs", type=int, default=3)
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
    times = measured(options.sizes, options.ranks, options.runs)
    most = max(options.ranks)
    command = [*launcher(most), MODULE, "--reductions", "--sizes", *STEPS]
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
    times_of = joined["reductions_s"]
    rows = [[size, *(f"{1e3 * t:.3f} ms" for t in by_way.values())] for size, by_way in times_of.items()]
    print(table(["size", *next(iter(times_of.values()))], rows))
    save(
        "scaling",
        {"runs": options.runs, "steps": {size: STEPS[size] for size in times}, "measured": kept, "joining": joined},
    )


if __name__ == "__main__":
    main()
