"""What every backend owes, by one body of tests: the frozen names, and the handful of methods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tinygrad_seq_fake.namespace
import tinygrad_seq_numpy.namespace

from tinygrad_seq import ops
from tinygrad_seq.backend import XP_NAMES, Backend, Key, get_backend

CREATION = {"arange", "asarray", "from_dlpack", "full", "ones", "zeros"}  # a rule has no device to create on
FORWARD_ONLY = {"all", "any"}


@pytest.fixture
def backend(backend_name: str) -> Backend:
    return get_backend(backend_name)


@pytest.mark.parametrize("namespace", [tinygrad_seq_numpy.namespace, tinygrad_seq_fake.namespace])
def test_a_namespace_spells_exactly_the_frozen_names(namespace: Any) -> None:
    assert set(namespace.__all__) == set(XP_NAMES)
    assert all(callable(getattr(namespace, name)) for name in XP_NAMES)


def test_a_rule_finds_the_same_names_for_tensors() -> None:
    assert set(XP_NAMES) - set(ops.__all__) == CREATION | FORWARD_ONLY


def test_arrays_go_there_and_back(backend: Backend) -> None:
    for dtype in ("float16", "float32", "float64", "int8", "int64", "uint8", "bool"):
        for shape in [(), (0,), (3,), (2, 3)]:
            x = np.ones(shape, dtype)
            there = backend.from_host(x)
            assert isinstance(there, backend.array_types)
            assert (there.shape, there.dtype, there.ndim) == (shape, x.dtype, len(shape))
            back = backend.to_host(there)
            assert type(back) is np.ndarray
            assert back.dtype == x.dtype
            np.testing.assert_array_equal(back, x)


def test_results_of_every_kind_belong_to_the_backend(backend: Backend) -> None:
    x = backend.from_host(np.array([[1.0, 2.0]], np.float32))
    for y in (x[0, 0], x > 1, backend.xp.sum(x), backend.xp.argmax(x), backend.xp.isfinite(x)[0, 0]):
        assert isinstance(y, backend.array_types)


def test_creation_gives_the_type_asked_for(backend: Backend) -> None:
    xp = backend.xp
    for dtype in ("float32", "int64", "bool"):
        for y in (xp.zeros((2,), dtype=dtype), xp.ones((2,), dtype=dtype), xp.full((2,), 1, dtype=dtype)):
            assert (y.shape, y.dtype) == ((2,), dtype)
    assert backend.to_host(xp.arange(3)).tolist() == [0, 1, 2]
    assert backend.to_host(xp.arange(3, 8, 2)).tolist() == [3, 5, 7]
    assert backend.to_host(xp.asarray([1, 2], dtype="int64")).tolist() == [1, 2]


def test_a_copy_shares_nothing(backend: Backend) -> None:
    x = backend.from_host(np.zeros(2))
    y = backend.xp.asarray(x, copy=True)
    y[...] = 1
    assert backend.to_host(x).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("index", "shape"),
    [
        (1, (4,)),
        (np.s_[::2], (2, 4)),
        (np.s_[..., -1], (3,)),
        ((0, 1), ()),
        (None, (1, 3, 4)),
        ((), (3, 4)),
        (np.array([2, 2, 0]), (3, 4)),
        (np.array([[1], [1]]), (2, 1, 4)),
        (np.array([0, -3]), (2, 4)),
        (np.array([2, 2, 0]), ()),
        (np.array([2, 2, 0]), (3, 1)),
        (np.zeros(0, int), (0, 4)),
        (np.array(1), (4,)),
        ((np.array([1, 1]), np.array([2, 2])), (2,)),
        ((np.s_[:], np.array([1, 1])), (3, 2)),
        (np.array([True, False, True]), (2, 4)),
        (np.ones((3, 4), bool), (12,)),
        (np.array([2], np.uint8), (1, 4)),
    ],
)
def test_index_add_adds_in_place(backend: Backend, index: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x, values = rng.standard_normal((3, 4)), rng.standard_normal(shape)
    expected = x.copy()
    np.add.at(expected, index, values)
    there = backend.xp.asarray(backend.from_host(x), copy=True)
    parts = index if isinstance(index, tuple) else (index,)
    moved = tuple(backend.from_host(part) if isinstance(part, np.ndarray) else part for part in parts)
    result = backend.xp.index_add(there, moved if isinstance(index, tuple) else moved[0], backend.from_host(values))
    assert result is there
    np.testing.assert_allclose(backend.to_host(there), expected, rtol=1e-14)


def test_uniform_is_a_function_of_the_key_alone(backend: Backend) -> None:
    def drawn(key: Key) -> list[float]:
        return list(backend.to_host(backend.uniform(key, (5,), "float32")))

    keys = [Key(0, 0, 0), Key(1, 0, 0), Key(0, 1, 0), Key(0, 0, 1), Key(-1, 0, 0), Key(2**70, 3, 4)]
    first = [drawn(key) for key in keys]
    assert [drawn(key) for key in reversed(keys)] == first[::-1]
    assert len({tuple(numbers) for numbers in first}) == len(keys)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_uniform_lies_in_the_half_open_interval(backend: Backend, dtype: str) -> None:
    numbers = backend.to_host(backend.uniform(Key(0, 0, 0), (20_000,), dtype))
    assert numbers.dtype == dtype
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert numbers.mean(dtype="float64") == pytest.approx(0.5, abs=0.01)


def test_the_rest(backend: Backend) -> None:
    backend.synchronize()
    memory = backend.memory()
    assert 0 <= memory.used <= memory.held
    assert ":" in backend.device(backend.from_host(np.zeros(1))) or backend.name == "numpy"


def test_a_backend_says_on_what_it_computes(backend: Backend) -> None:
    about = backend.about()
    assert about["device"]
    assert all(type(value) is str for value in about.values())
