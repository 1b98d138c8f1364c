"""Has a training step become twice as slow? Asked loosely, so that only a real loss fails.

    python -m benchmarks.guard [--update]

The step at size S is timed beside its own matrix products (`floor.py`) in one process, round by round, least against
least: their ratio hardly depends on the machine. It must stay below the ceiling in `guard.json`, which `--update` sets
to twice today's ratio. NumPy alone is measured, on one thread; where a ratio is too high, all are measured once more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .floor import floor
from .measure import ONE_THREAD, clock
from .task import task

__all__ = ["CEILINGS", "TASKS", "least", "over"]

ROOT = Path(__file__).parents[1]
CEILINGS = Path(__file__).with_name("guard.json")
TASKS = ("S-lstm", "S-gru", "S-rnn")
ROUNDS, MARGIN = 15, 2.0


def least(calls: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the least CPU seconds of each call; they take turns, and the first round only warms up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            start = clock()
            call()
            times[name].append(clock() - start)
    return {name: min(seconds[1:]) for name, seconds in times.items()}


def ratios() -> dict[str, float]:
    """Return the time of our step over that of its products, for every task, measured in this process."""
    from .training_step import TrainingStep

    found = {}
    for name in TASKS:
        seconds = least({"step": TrainingStep(task(name)), "floor": floor(task(name))}, ROUNDS)
        found[name] = seconds["step"] / seconds["floor"]
    return found


def in_a_process() -> dict[str, float]:
    """Return the ratios in a fresh interpreter with one thread and without compiled kernels."""
    environment = {**os.environ, **ONE_THREAD, "TINYGRAD_SEQ_NUMBA": "0"}
    command = [sys.executable, "-m", "benchmarks.guard", "--measure"]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def over(found: Mapping[str, float], ceilings: Mapping[str, float]) -> list[str]:
    """Return the tasks whose ratio is above their ceiling. Raises KeyError for a task that has none."""
    return [name for name, ratio in found.items() if ratio > ceilings[name]]


def printed(found: Mapping[str, float], ceilings: Mapping[str, float]) -> str:
    """Return a line for each task."""
    lines = [
        f"{name:8} {ratio:6.2f} x its matrix products, at most {ceilings[name]:.2f}" for name, ratio in found.items()
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure, compare, print; return 1 where a ratio is too high twice."""
    parser = ArgumentParser(prog="python -m benchmarks.guard", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--update", action="store_true", help=f"set the ceilings to {MARGIN:g} x what is measured now")
    parser.add_argument("--measure", action="store_true", help="measure here, print JSON")
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(ratios()))
        return 0
    if args.update:
        ceilings = {name: round(MARGIN * ratio, 2) for name, ratio in in_a_process().items()}
        CEILINGS.write_text(json.dumps(ceilings, indent=2) + "\n", "utf-8")
        print(f"ceilings: {ceilings}")
        return 0
    ceilings = json.loads(CEILINGS.read_text("utf-8"))
    for attempt in ("first", "second"):
        found = in_a_process()
        print(f"{attempt} attempt\n{printed(found, ceilings)}", flush=True)
        slow = over(found, ceilings)
        if not slow:
            return 0
    print(f"too slow: {', '.join(slow)}. If that is meant: python -m benchmarks.guard --update", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
