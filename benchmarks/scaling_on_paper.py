"""What data parallel training costs on paper: bytes and latency per step against compute, to 1,000 ranks.

    python -m benchmarks.scaling_on_paper [--gflops 40]

Nothing is measured. A step of N ranks that share B rows takes

    t(N) = operations / (N speed) + (2 (N - 1) + 2 log2 N) latency + 2 (N - 1) / N bytes / bandwidth

the matrix products of `floor.flops` on one core a rank; the gradient, 4 (P + 1) bytes, out in N - 1 messages and back
in as many, and the word whether to stop; one rank a machine, every link free. A rank with few rows computes less well
than one with many: that is left out, so these are upper bounds.
"""

from __future__ import annotations

from argparse import ArgumentParser
from math import log2
from typing import NamedTuple

from .floor import flops
from .report import table
from .task import SIZES, Task

__all__ = ["NETWORKS", "Network", "parameters", "seconds"]

TASKS = {name: Task("lstm", "onehot", *size) for name, size in SIZES.items() if name != "XS"}
TASKS["XL"] = Task("lstm", "onehot", 128, 256, 1024, 2)
RANKS = (2, 8, 32, 128, 1000)


class Network(NamedTuple):
    """What joins the machines: seconds a message, and bytes a second."""

    name: str
    latency: float
    bandwidth: float


NETWORKS = (
    Network("Ethernet, 1 Gbit/s", 50e-6, 0.117e9),
    Network("Ethernet, 25 Gbit/s", 15e-6, 2.9e9),
    Network("InfiniBand, 100 Gbit/s", 2e-6, 12e9),
)


def parameters(task: Task) -> int:
    """Return P, the numbers in the gradient."""
    n = task.gates * task.H
    return sum(n * ((task.H if k else task.features) + task.H + 2) for k in range(task.layers)) + task.V * (task.H + 1)


def joining(task: Task, network: Network, ranks: int) -> float:
    """Return the seconds in which the gradients of all ranks become one."""
    latency = (2 * (ranks - 1) + 2 * log2(ranks)) * network.latency
    return latency + 2 * (ranks - 1) / ranks * 4 * (parameters(task) + 1) / network.bandwidth


def seconds(task: Task, network: Network, ranks: int, gflops: float) -> float:
    """Return the seconds of a step whose batch the ranks share."""
    return flops(task) / (ranks * gflops * 1e9) + joining(task, network, ranks)


def main() -> None:
    """Print the tables."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gflops", type=float, default=40.0, help="what a core computes (default: 40)")
    gflops = parser.parse_args().gflops
    alone = {name: flops(task) / gflops / 1e9 for name, task in TASKS.items()}
    print(
        table(
            ["size", "rows", "weights", "MB sent, 2 ranks", "MB sent, 1,000", "Gflop a step", "ms alone"],
            [
                [
                    name,
                    task.B,
                    f"{parameters(task):,}",
                    f"{4e-6 * parameters(task):.2f}",
                    f"{8e-6 * 0.999 * parameters(task):.2f}",
                    f"{flops(task) / 1e9:.2f}",
                    f"{1e3 * alone[name]:,.0f}",
                ]
                for name, task in TASKS.items()
            ],
        )
    )
    print(
        "\nThe given batch is shared: the fastest number of ranks, its speed-up, and from where a rank is half idle\n"
    )
    shared = []
    for name, task in TASKS.items():
        for network in NETWORKS:
            times = {n: seconds(task, network, n, gflops) for n in range(2, task.B + 1)}
            best = min(times, key=times.__getitem__)
            idle = next((n for n, t in times.items() if alone[name] / n < t / 2), None)
            shared.append([name, network.name, best, f"{alone[name] / times[best]:.1f}", idle or f"not to {task.B}"])
    print(table(["size", "network", "ranks", "times as fast", "half idle from"], shared))
    print("\nEvery rank has that many rows of its own: the share of the time in which it computes\n")
    own = [
        [name, network.name]
        + [f"{100 * alone[name] / (alone[name] + joining(task, network, ranks)):.0f} %" for ranks in RANKS]
        for name, task in TASKS.items()
        for network in NETWORKS
    ]
    print(table(["size", "network", *[f"{ranks:,} ranks" for ranks in RANKS]], own))


if __name__ == "__main__":
    main()
