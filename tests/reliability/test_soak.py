"""Memory does not grow with steps or pictures; threads and processes train what one after the other trains."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor

import pytest

from benchmarks.reliability.soak import fingerprint, graphs, growth, in_processes, in_threads, steps


@pytest.mark.parametrize(
    ("work", "count", "most"),
    [(steps, 1000, 40), (graphs, 25, 5000)],  # bytes a turn; Python's own stores of small objects fill at first
    ids=["steps", "graphs"],
)
def test_memory_does_not_grow_by_what_a_step_or_a_picture_takes(work, count, most):
    # In a process of its own: where other tests have been, Python's table of interned strings may double on the way.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        grown = pool.submit(growth, work, count).result()["grown"]
    assert grown["traced"] / (count * 3 / 5) < most


def test_the_look_at_memory_would_see_what_is_kept():
    kept = []

    def leaking():
        for _ in steps():
            kept.append(bytearray(100))
            yield

    assert growth(leaking, 100)["grown"]["traced"] >= 60 * 100


def test_trainings_in_threads_are_those_of_one_after_the_other():
    assert in_threads(4) == [fingerprint(seed) for seed in range(4)]


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.skipif(sys.platform == "win32", reason="slow there, and has spawn alone")
def test_trainings_in_other_processes_are_the_same(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside the threads of BLAS, which sleep
        assert in_processes(2, method) == [fingerprint(0), fingerprint(1)]
