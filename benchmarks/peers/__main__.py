"""This library beside others: the same workloads, one process per library, turn by turn.

    python -m benchmarks.peers [--workloads chain S-lstm M-gru-dense ...] [--rounds 10] [--threads 1] [--peers ours ...]

In a round every library takes one turn, so that whatever disturbs the machine disturbs all alike. The ratio of a round
is the median time of a library's turn divided by that of PyTorch's turn; reported is the median ratio of all rounds.
"""

from __future__ import annotations

import json
import os
import subprocess
from argparse import ArgumentParser
from math import isclose
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from ..measure import on_threads
from ..report import merge, table
from ..task import NAMES, task
from .libraries import LIBRARIES, PEERS, YARDSTICK

ROOT = Path(__file__).parents[2]


class Workload(NamedTuple):
    """What is measured: its size where it has one, how its table is headed, the unit of its times in seconds."""

    name: str
    size: int
    title: str
    per: float


class Peer:
    """A library in its process, and what it has answered so far."""

    def __init__(self, name: str, workload: Workload, threads: int) -> None:
        library = LIBRARIES[name]
        arguments = [library.adapter, workload.name, str(workload.size), str(threads)]
        command = [library.python, "-m", "benchmarks.peers.worker", *arguments]
        environment = {**os.environ, **on_threads(threads), **dict(library.environment)}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)
        self.name = name
        self.found: dict[str, Any] = {}
        self.turns: list[dict[str, list[float]]] = []
        while not self.found.keys() & {"check", "problem"}:
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

    def parts(self) -> list[str]:
        """Return what the process measures apart."""
        return list(self.turns[0])

    def times(self) -> list[list[float]]:
        """Return the seconds of each repetition in each turn, all parts together."""
        return [[sum(parts) for parts in zip(*turn.values(), strict=True)] for turn in self.turns]

    def result(self, yardstick: Peer | None) -> dict[str, Any]:
        """Return everything measured, in seconds, and the ratios to the yardstick where there is one."""
        if not self.turns:
            return self.found
        times = {part: [turn[part] for turn in self.turns] for part in self.parts()} | {"total": self.times()}
        result = dict(self.found)
        for name, turns in times.items():
            result[name] = {"median": median(map(median, turns)), "min": min(map(min, turns))}
        if yardstick is not None:
            theirs = yardstick.times()
            rounds = [median(a) / median(b) for a, b in zip(times["total"], theirs, strict=True)]
            result["ratios"] = rounds
            result["ratio"] = median(rounds)
            result["ratio_of_minima"] = result["total"]["min"] / min(map(min, theirs))
            result["checked"] = compared(self.found["check"], yardstick.found["check"])
        return result


def compared(found: list[float], expected: list[float]) -> str:
    """Return whether the first numbers are equal to 1e-4 and the later ones, after updates, to 1e-3."""
    if not found:
        return "-"
    tolerances = [1e-4] + [1e-3] * (len(expected) - 1)
    same = [isclose(a, b, rel_tol=tol) for a, b, tol in zip(found, expected, tolerances, strict=True)]
    return "agrees" if all(same) else "DIFFERS"


def compare(workload: Workload, names: list[str], rounds: int, turn: float, threads: int) -> dict[str, dict[str, Any]]:
    """Return what each library measured."""
    peers = [Peer(name, workload, threads) for name in names]
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
    measured = {name: r for name, r in results.items() if "total" in r}
    parts = [part for part in ("forward", "backward") if all(part in r for r in measured.values())]
    memory = next((key for r in measured.values() for key in ("growth_mb", "process_mb") if key in r), "process_mb")
    head = ("library", "version", *parts, "all", "best", "x torch", "best", memory.replace("_mb", " MB"), "checked")
    rows = []
    for name, r in measured.items():
        times = [r[part]["median"] for part in parts] + [r["total"]["median"], r["total"]["min"]]
        ratios = [f"{r[key]:.2f}" if key in r else "-" for key in ("ratio", "ratio_of_minima")]
        size = "-" if r[memory] is None else f"{r[memory]:.1f}"
        rows.append((name, r["version"], *(f"{t / per:.2f}" for t in times), *ratios, size, r.get("checked", "-")))
    problems = [f"{name}: {r['problem']}" for name, r in results.items() if "problem" in r]
    return "\n\n".join([table(head, rows), *problems])


def workloads(names: list[str], ops: int, steps: int, symbols: int) -> list[Workload]:
    """Return the workloads of these names, which may be joined by commas."""
    known = {
        "chain": Workload("chain", ops, f"chain of {ops} operations on 64 float32, us per operation", 1e-6 * ops),
        "lstm": Workload("lstm", steps, f"LSTM unrolled over {steps} steps, 16 x 64 float32, ms", 1e-3),
        "write": Workload(
            "write", symbols, f"LSTM of 256 units writes {symbols} symbols, us per symbol", 1e-6 * symbols
        ),
    }
    for name in NAMES:
        t = task(name)
        sizes = f"batch {t.B}, {t.T} steps, {t.layers} x {t.H} units, {t.input} input"
        known[name] = Workload(name, 0, f"{name}, training step: {sizes}, ms", 1e-3)
    try:
        return [known[name] for given in names for name in given.split(",")]
    except KeyError as e:
        raise SystemExit(f"no workload {e}: there are {', '.join(known)}") from None


def main() -> None:
    """Run the workloads, print a table of each, and keep the results: those of other workloads stay as they were."""
    parser = ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--turn", type=float, default=0.2, help="seconds of one library in one round")
    parser.add_argument("--threads", type=int, default=1, help="with 2, the libraries that use them; wall time")
    parser.add_argument("--workloads", nargs="+", default=[*PEERS], help=f"of {', '.join(PEERS)}; default: all")
    parser.add_argument("--peers", nargs="+", help=f"of {', '.join(LIBRARIES)}; default: all")
    parser.add_argument("--ops", type=int, default=1000, help="length of the chain")
    parser.add_argument("--steps", type=int, default=1000, help="time steps of the LSTM")
    parser.add_argument("--symbols", type=int, default=200, help="symbols written in one repetition")
    args = parser.parse_args()
    for workload in workloads(args.workloads, args.ops, args.steps, args.symbols):
        names = [name for name in PEERS[workload.name] if args.peers is None or name in args.peers]
        if args.threads > 1:
            names = [name for name in names if LIBRARIES[name].threads]
        results = compare(workload, names, args.rounds, args.turn, args.threads)
        threads = f"{args.threads} thread{'s' * (args.threads > 1)}"
        print(f"\n{workload.title}, {threads}\n\n{printed(results, workload.per)}", flush=True)
        unit = "CPU seconds" if args.threads == 1 else "wall seconds"
        kept = {"size": workload.size, "threads": args.threads, "rounds": args.rounds, "unit": unit, "peers": results}
        merge("peers", f"{workload.name}, {threads}", kept)


if __name__ == "__main__":
    main()
