"""Beside a tensor: numbers are weak, arrays take the tensor's type, tensors promote, backends do not mix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.backend import get_backend
from tinygrad_seq.errors import BackendError, DTypeError

BINARY = [tg.add, tg.subtract, tg.multiply, tg.divide, tg.pow, tg.maximum, tg.minimum]
half = tg.tensor([0.5, 2.0], dtype="float16", requires_grad=True)


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "number", [2, 2.0, True, np.float64(2), np.float32(2), np.int64(2)], ids=lambda n: type(n).__name__
)
def test_numbers_are_weak_on_both_sides(f: Callable[[Any, Any], Any], number: Any) -> None:
    assert f(half, number).dtype == f(number, half).dtype == "float16"


@pytest.mark.parametrize(
    "f",
    [
        lambda x, n: tg.clip(x, n, 2 * n),
        lambda x, n: tg.leaky_relu(x, slope=n),
        lambda x, n: tg.where(x > 1, x, n),
        lambda x, n: tg.pad(x, 1, value=n),
        lambda x, n: tg.index_add(x, 0, n),
        lambda x, n: tg.var(x, correction=n),
    ],
    ids=["clip", "leaky_relu", "where", "pad", "index_add", "var"],
)
def test_numpy_scalars_are_weak_as_settings(f: Callable[[Any, Any], Any]) -> None:
    assert f(half, np.float64(0.5)).dtype == "float16"


@pytest.mark.host("an array of NumPy")
@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
def test_an_array_takes_the_tensors_floating_type(f: Callable[[Any, Any], Any]) -> None:
    assert f(half, np.ones(2)).dtype == f(np.ones(2), half).dtype == "float16"
    assert tg.where(tg.tensor([True, False]), np.ones(2), half).dtype == "float16"
    assert tg.concat([half, np.ones(2)]).dtype == "float16"


@pytest.mark.host("an array of NumPy beside a tensor of its own backend")
def test_beside_whole_numbers_an_array_keeps_its_type() -> None:
    whole = tg.tensor([1, 2])
    for y in (whole * np.array([0.5, 0.25]), np.array([0.5, 0.25]) * whole):
        assert (y.dtype, y.tolist()) == ("float64", [0.5, 0.5])


@pytest.mark.parametrize(
    ("a", "b", "both"),
    [
        ("float16", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("float32", "int8", "float32"),
        ("float32", "int64", "float64"),
        ("int8", "uint8", "int16"),
        ("int32", "bool", "int32"),
    ],
)
def test_tensors_promote_as_in_numpy_and_gradients_come_back_in_the_inputs_type(a: str, b: str, both: str) -> None:
    x, z = tg.tensor([1, 0], dtype=a), tg.tensor([1, 1], dtype=b)
    for f in (tg.add, tg.multiply, tg.maximum):
        assert f(x, z).dtype == f(z, x).dtype == both
    if "float" in a:
        x.requires_grad_()
        assert tg.grad((x * z).sum(), x).dtype == a


def test_two_numbers_chosen_by_a_mask_are_of_the_default_type(backend_name: str) -> None:
    mask = tg.tensor([True, False], backend=backend_name)
    assert tg.where(mask, 1.0, 0.5).dtype == "float32"
    assert tg.where(mask, 1, 0).dtype == "int64"


def test_a_number_too_large_for_the_type_is_an_error_of_ours() -> None:
    with pytest.raises(DTypeError, match="300"):
        tg.tensor([1], dtype="int8") + 300


@pytest.mark.parametrize("other", ["two", [1.0, 2.0], object(), 1j])
def test_what_is_no_number_and_no_array_is_refused(other: Any) -> None:
    with pytest.raises(DTypeError, match="Make it a tensor first"):
        tg.add(half, other)


@pytest.mark.host("an array of NumPy")
def test_memory_maps_are_arrays(tmp_path: Path) -> None:
    file = np.memmap(tmp_path / "numbers", dtype="float32", mode="w+", shape=(3,))
    file[:] = [1, 2, 3]
    assert (half.sum() * file).dtype == "float16"
    shared = tg.from_numpy(file)
    assert (shared * 2).sum().item() == 12
    assert np.shares_memory(shared.data, file)


@pytest.mark.parametrize(
    "f",
    [
        tg.add,
        tg.matmul,
        lambda a, b: tg.concat([a, b]),
        lambda a, b: tg.where(a > 0, a, b),
        lambda a, b: tg.einsum("i,i->", a, b),
        lambda a, b: tg.index_add(a, [0, 1], b),
    ],
    ids=["add", "matmul", "concat", "where", "einsum", "index_add"],
)
def test_backends_do_not_mix(f: Callable[[Any, Any], Any]) -> None:
    host, device = (tg.tensor([1.0, 2.0], backend=name) for name in ("numpy", "fake"))
    for a, b in [(host, device), (device, host), (device, host.numpy()), (host, device.data)]:
        with pytest.raises(BackendError, match=r"fake.*(?s:.)*\.to\("):
            f(a, b)


def test_numbers_never_make_a_device_wait() -> None:
    x = tg.tensor([1.0, 2.0], backend="fake", requires_grad=True)
    transfers = get_backend("fake").transfers
    transfers.clear()
    tg.grad((2 * x + np.float64(3) * x**2 - np.float32(1)).sum(), x)
    assert not transfers
