"""How long something takes: asked for by the host, and done by the device, apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from statistics import median, quantiles
from time import perf_counter
from typing import Any, NamedTuple

__all__ = ["FEWEST", "MOST", "WARM", "Timed", "Timing", "interleaved"]

WARM = 4  # calls before the clock starts: they compile, fill pools, choose algorithms, and record what is replayed
FEWEST, MOST = 5, 50


class Timing(NamedTuple):
    """Milliseconds of a call until the device is done: median, both quartiles, least and most.

    `issue_ms` is the median until the call returns, when a device may still be at work.
    """

    median_ms: float
    low_ms: float
    high_ms: float
    least_ms: float
    most_ms: float
    issue_ms: float
    repeats: int


class Timed(NamedTuple):
    """Something to time, how to wait until it is done, and the block to run it in."""

    once: Callable[[], Any]
    wait: Callable[[], None]
    active: Callable[[], AbstractContextManager[Any]] = nullcontext


def interleaved(timed: Mapping[str, Timed], seconds: float) -> dict[str, Timing]:
    """Time several things turn by turn, so that what disturbs the machine disturbs all of them.

    Each is called until all have had `seconds` on average, but FEWEST times at least and MOST times at most; before
    that WARM times. One that runs out of memory there is left out.
    """
    timed = {name: each for name, each in timed.items() if warmed_up(each)}
    issued: dict[str, list[float]] = {name: [] for name in timed}
    done: dict[str, list[float]] = {name: [] for name in timed}
    until = perf_counter() + seconds * len(timed)
    for turn in range(MOST):
        if turn >= FEWEST and perf_counter() >= until:
            break
        for name, (once, wait, active) in timed.items():
            with active():
                start = perf_counter()
                once()
                issued[name].append(1e3 * (perf_counter() - start))
                wait()
                done[name].append(1e3 * (perf_counter() - start))
    return {name: timing(done[name], issued[name]) for name in timed}


def warmed_up(each: Timed) -> bool:
    """Call something WARM times; tell whether there was memory for it."""
    try:
        with each.active():
            for _ in range(WARM):
                each.once()
            each.wait()
    except MemoryError:
        return False
    return True


def timing(done: list[float], issued: list[float]) -> Timing:
    """Return the middle and the spread of repeats."""
    low, _, high = quantiles(done, n=4, method="inclusive")
    return Timing(median(done), low, high, min(done), max(done), median(issued), len(done))
