"""Memory does not grow with steps or pictures; threads and processes train what one after the other trains."""

from __future__ import annotations

import multiprocessing
import sys
import warnings

import pytest

from benchmarks.reliability.soak import fingerprint, graphs, growth, in_processes, in_threads, steps


@pytest.mark.parametrize(("work", "count"), [(steps, 400), (graphs, 25)], ids=["steps", "graphs"])
def test_memory_does_not_grow(work, count):
    grown = growth(work(), count)["grown"]
    per_turn = grown["traced"] / (count * 3 / 5)
    assert per_turn < 20, "bytes per turn: an object that is kept takes more"


def test_the_look_at_memory_would_see_what_is_kept():
    kept = []

    def leaking():
        for _ in steps():
            kept.append(bytearray(100))
            yield

    assert growth(leaking(), 100)["grown"]["traced"] >= 60 * 100


def test_trainings_in_threads_are_those_of_one_after_the_other():
    assert in_threads(4) == [fingerprint(seed) for seed in range(4)]


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.skipif(sys.platform == "win32", reason="slow there, and has spawn alone")
def test_trainings_in_other_processes_are_the_same(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside the threads of BLAS, which sleep
        assert in_processes(2, method) == [fingerprint(0), fingerprint(1)]
