"""One library in one process: says what it found, then takes a turn for every line it reads."""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ..measure import clock, grown
from .workloads import Case

WARM_UP = 20  # operations or steps: what a library makes once is not the graph's memory


def main() -> None:
    """Arguments: the peer, the workload, its size. Each line on stdin is the length of one turn in seconds."""
    peer, workload, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints does not garble the answers

    def say(**answer: Any) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    try:
        adapter = import_module(f"{__package__}.adapters.{peer}")
    except ModuleNotFoundError as e:
        say(problem=f"not installed ({e.name})")
        return
    say(version=version_of(adapter.DISTRIBUTION))
    if not hasattr(adapter, workload):
        say(problem="has no such workload")
        return
    try:
        once(getattr(adapter, workload)(WARM_UP))
        case = getattr(adapter, workload)(size)
        gradient, memory = grown(lambda: once(case))
    except Exception as e:  # noqa: BLE001  whatever a library raises is its result
        say(problem=f"{type(e).__name__}: {e}")
        return
    say(checksum=float(np.abs(gradient).sum()), growth_mb=memory)
    for line in sys.stdin:
        say(**turn(case, float(line)))


def once(case: Case) -> np.ndarray:
    """Return the gradient of one forward and backward pass."""
    return np.asarray(case.backward(case.forward()), dtype=np.float64)


def turn(case: Case, seconds: float) -> dict[str, list[float]]:
    """Repeat for about so many seconds, once at least; return what each forward and each backward pass took."""
    forward: list[float] = []
    backward: list[float] = []
    gc.collect()
    begin = clock()
    while not forward or clock() - begin < seconds:
        start = clock()
        made = case.forward()
        middle = clock()
        case.backward(made)
        end = clock()
        del made
        forward.append(middle - start)
        backward.append(end - middle)
    return {"forward": forward, "backward": backward}


def version_of(distribution: str) -> str:
    """Return the version of an installed distribution; a checkout on the path has none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "checkout"


if __name__ == "__main__":
    main()
