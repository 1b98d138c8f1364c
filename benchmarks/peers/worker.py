"""One library in one process: says what it found, then takes a turn for every line it reads."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter, process_time
from typing import Any

import numpy as np

from ..measure import grown, peak
from ..task import task

WARM_UP = 20  # operations or steps: what a library makes once is not the graph's memory
GREEDY = 50  # symbols: a wrong state shows in the first

Laps = dict[str, float]
Ready = tuple[dict[str, Any], Callable[[], Laps]]


def main() -> None:
    """Arguments: adapter, workload, size, threads. Each line on stdin is the length of one turn in seconds."""
    peer, workload, size, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    clock = process_time if threads == 1 else perf_counter  # CPU time would add the threads up
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
    prepare = PREPARE.get(workload, training)
    if not hasattr(adapter, FUNCTION.get(workload, "train")):
        say(problem="has no such workload")
        return
    try:
        found, lap = prepare(adapter, workload, size, clock)
    except Exception as e:  # noqa: BLE001  whatever a library raises is its result
        say(problem=f"{type(e).__name__}: {e}")
        return
    say(**found)
    for line in sys.stdin:
        say(**turn(lap, float(line), clock))


def graph(adapter: Any, workload: str, size: int, clock: Callable[[], float]) -> Ready:
    """Prepare a forward and a backward pass: checked is the gradient."""
    build = getattr(adapter, workload)

    def once(case: Any) -> np.ndarray:
        return np.asarray(case.backward(case.forward()), dtype=np.float64)

    once(build(WARM_UP))
    case = build(size)
    gradient, memory = grown(lambda: once(case))

    def lap() -> Laps:
        start = clock()
        made = case.forward()
        middle = clock()
        case.backward(made)
        return {"forward": middle - start, "backward": clock() - middle}

    return {"check": [float(np.abs(gradient).sum())], "growth_mb": memory}, lap


def training(adapter: Any, workload: str, size: int, clock: Callable[[], float]) -> Ready:
    """Prepare a training step: checked are the loss of the first step and the losses after one and two updates."""
    step = adapter.train(task(workload))
    losses = [step() for _ in range(3)]

    def lap() -> Laps:
        start = clock()
        step()
        return {"step": clock() - start}

    check = [] if None in losses else [float(loss) for loss in losses]
    return {"check": check, "process_mb": peak()}, lap


def writing(adapter: Any, workload: str, size: int, clock: Callable[[], float]) -> Ready:
    """Prepare the writing of text: checked are the symbols that are likeliest each time."""
    model = adapter.write()
    ids = [float(k) for k in model.greedy(GREEDY)]

    def lap() -> Laps:
        start = clock()
        model.sampled(size)
        return {"write": clock() - start}

    return {"check": ids, "process_mb": peak()}, lap


PREPARE: dict[str, Callable[..., Ready]] = {"chain": graph, "lstm": graph, "write": writing}
FUNCTION = {name: name for name in PREPARE}


def turn(lap: Callable[[], Laps], seconds: float, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Repeat for about so many seconds, once at least; return what each part took each time."""
    laps: list[Laps] = []
    gc.collect()
    begin = clock()
    while not laps or clock() - begin < seconds:
        laps.append(lap())
    return {part: [one[part] for one in laps] for part in laps[0]}


def version_of(distribution: str) -> str:
    """Return the version of an installed distribution; a checkout on the path has none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "checkout"


if __name__ == "__main__":
    main()
