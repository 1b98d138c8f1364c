"""Memory of the kernels is used again exactly when nobody can see it any more."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest
from tinygrad_seq_numpy.kernels import memory

SIZE = memory.SMALL // 8


def address(array):
    return array.__array_interface__["data"][0]


@pytest.fixture(autouse=True)
def _no_blocks(monkeypatch):
    monkeypatch.setattr(memory, "blocks", memory.Blocks())


def test_memory_that_nobody_refers_to_is_used_again():
    first = memory.empty((2, SIZE), "float64")
    place = address(first)
    del first
    assert address(memory.empty((SIZE, 2), "float64")) == place
    assert address(memory.empty((SIZE, 3), "float32")) == place  # a bit less will do


@pytest.mark.parametrize(
    "view",
    [lambda a: a, lambda a: a[1:, ::2], lambda a: a[0].reshape(2, -1).T, memoryview],
    ids=["itself", "slice", "transposed", "memoryview"],
)
def test_memory_that_somebody_sees_is_not(view):
    array = memory.empty((2, SIZE), "float64")
    seen = view(array)
    place = address(array)
    del array
    other = memory.empty((2, SIZE), "float64")
    assert address(other) != place
    del seen
    assert address(memory.empty((2, SIZE), "float64")) == place


def test_a_much_larger_block_is_not_taken():
    place = address(memory.empty((5, SIZE), "float64"))
    assert address(memory.empty((2, SIZE), "float64")) != place


def test_a_block_that_nobody_takes_is_forgotten(monkeypatch):
    monkeypatch.setattr(memory, "IDLE", 3)
    memory.empty((9, SIZE), "float64")
    held = [memory.empty((1, SIZE), "float64") for _ in range(5)]
    assert {b.bytes.size for b in memory.blocks.all} == {held[0].nbytes}


def test_a_thread_has_its_own_memory():
    place, seen = address(memory.empty((2, SIZE), "float64")), []
    thread = Thread(target=lambda: seen.append(address(memory.empty((2, SIZE), "float64"))))
    thread.start()
    thread.join()
    assert seen != [place]


def test_small_arrays_are_ordinary():
    memory.empty((3,), "float32")[:] = 1
    assert not memory.blocks.all


def test_types_and_shapes():
    for dtype in ("float16", "float32", "float64"):
        array = memory.empty((3, 4, SIZE), dtype)
        assert (array.dtype, array.shape, array.flags.c_contiguous) == (np.dtype(dtype), (3, 4, SIZE), True)
