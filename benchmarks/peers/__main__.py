"""This library beside others: the same two workloads, one process per library, turn by turn.

    python -m benchmarks.peers [--rounds 20] [--workloads chain lstm] [--peers ours torch ...]

In a round every library takes one turn, so that whatever disturbs the machine disturbs all alike. The ratio of a round
is the median time of a library's turn divided by that of PyTorch's turn; reported is the median ratio of all rounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from math import isclose
from pathlib import Path
from statistics import median
from typing import Any

from ..measure import ONE_THREAD
from ..report import save, table

ROOT = Path(__file__).parents[2]
PEERS = {
    "chain": ("ours", "torch", "dezero", "mygrad", "autograd", "micrograd", "numpy"),
    "lstm": ("ours", "ours_cell", "torch", "torch_cell", "dezero", "mygrad", "autograd"),
}
YARDSTICK = "torch"


class Peer:
    """A library in its process, and what it has answered so far."""

    def __init__(self, name: str, workload: str, size: int) -> None:
        command = [sys.executable, "-m", "benchmarks.peers.worker", name, workload, str(size)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, **pipes)
        self.name = name
        self.found: dict[str, Any] = {}
        self.turns: list[dict[str, list[float]]] = []
        while not self.found.keys() & {"checksum", "problem"}:
            self.found.update(self.answer())

    def answer(self) -> dict[str, Any]:
        """Return the next thing that the process says."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"problem": f"died, exit code {self.process.wait()}"}

    def take_turn(self, seconds: float) -> None:
        """Let the process measure for about so many seconds."""
        print(seconds, file=self.process.stdin, flush=True)
        turn = self.answer()
        if "problem" in turn:
            self.found.update(turn)
            self.turns.clear()
        else:
            self.turns.append(turn)

    def leave(self) -> None:
        """End the process: nothing more to read ends its loop."""
        self.process.stdin.close()
        self.process.wait()

    def times(self, part: str | None = None) -> list[list[float]]:
        """Return the seconds of each repetition in each turn: of "forward", of "backward", or of both together."""
        if part is not None:
            return [turn[part] for turn in self.turns]
        return [[sum(pair) for pair in zip(turn["forward"], turn["backward"], strict=True)] for turn in self.turns]

    def result(self, yardstick: Peer | None) -> dict[str, Any]:
        """Return everything measured, in seconds, and the ratios to the yardstick where there is one."""
        if not self.turns:
            return self.found
        times = {"forward": self.times("forward"), "backward": self.times("backward"), "total": self.times()}
        result = dict(self.found)
        for name, turns in times.items():
            result[name] = {"median": median(map(median, turns)), "min": min(map(min, turns))}
        if yardstick is not None:
            theirs = yardstick.times()
            rounds = [median(a) / median(b) for a, b in zip(times["total"], theirs, strict=True)]
            result["ratios"] = rounds
            result["ratio"] = median(rounds)
            result["ratio_of_minima"] = result["total"]["min"] / min(map(min, theirs))
            agrees = isclose(self.found["checksum"], yardstick.found["checksum"], rel_tol=1e-4)
            result["gradient"] = "agrees" if agrees else "DIFFERS"
        return result


def compare(workload: str, names: list[str], size: int, rounds: int, turn: float) -> dict[str, dict[str, Any]]:
    """Return what each library measured."""
    peers = [Peer(name, workload, size) for name in names]
    for _ in range(rounds):
        for peer in peers:
            if "problem" not in peer.found:
                peer.take_turn(turn)
    for peer in peers:
        peer.leave()
    yardstick = next((peer for peer in peers if peer.name == YARDSTICK and peer.turns), None)
    return {peer.name: peer.result(yardstick) for peer in peers}


def printed(results: dict[str, dict[str, Any]], per: float) -> str:
    """Return the results as a table, times in units of `per` seconds."""
    head = ("library", "version", "forward", "backward", "both", "best", "x torch", "best", "memory MB", "gradient")
    rows = []
    for name, r in results.items():
        if "total" in r:
            times = [r["forward"]["median"], r["backward"]["median"], r["total"]["median"], r["total"]["min"]]
            ratios = [f"{r[key]:.2f}" if key in r else "-" for key in ("ratio", "ratio_of_minima")]
            memory = "-" if r["growth_mb"] is None else f"{r['growth_mb']:.1f}"
            times = [f"{seconds / per:.2f}" for seconds in times]
            rows.append((name, r["version"], *times, *ratios, memory, r.get("gradient", "-")))
    problems = [f"{name}: {r['problem']}" for name, r in results.items() if "problem" in r]
    return "\n\n".join([table(head, rows), *problems])


def main() -> None:
    """Run the workloads, print a table of each, and keep the results."""
    parser = ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--turn", type=float, default=0.2, help="CPU seconds of one library in one round")
    parser.add_argument("--workloads", nargs="+", choices=PEERS, default=[*PEERS])
    parser.add_argument("--peers", nargs="+", help="default: all")
    parser.add_argument("--ops", type=int, default=1000, help="length of the chain")
    parser.add_argument("--steps", type=int, default=1000, help="time steps of the LSTM")
    args = parser.parse_args()
    settings = {
        "chain": (args.ops, f"chain of {args.ops} operations on 64 float32, us per operation", 1e-6 * args.ops),
        "lstm": (args.steps, f"LSTM unrolled over {args.steps} steps, 16 x 64 float32, ms", 1e-3),
    }
    kept: dict[str, Any] = {}
    for workload in args.workloads:
        size, title, per = settings[workload]
        names = [name for name in PEERS[workload] if args.peers is None or name in args.peers]
        results = compare(workload, names, size, args.rounds, args.turn)
        print(f"\n{title}\n\n{printed(results, per)}", flush=True)
        kept[workload] = {"size": size, "rounds": args.rounds, "unit": "CPU seconds", "peers": results}
    save("peers", kept)


if __name__ == "__main__":
    main()
