"""Clipping by the norm on a device: NumPy's, in two launches, and nobody waits."""

from __future__ import annotations

import ctypes
from math import inf, isnan, nan

import numpy as np
import pytest
from tinygrad_seq_cupy.kernels import clip
from tinygrad_seq_cupy.kernels.clip import TOGETHER, clipped, written_out
from tinygrad_seq_fake import FakeBackend

import tinygrad_seq as tg
from tinygrad_seq.backend import get_backend
from tinygrad_seq.optim import clip_grad_norm_

from .on_cpu import THREADS, OnCpu, needs_compiler, signatures

pytestmark = needs_compiler

SHAPES = [(), (0, 3), (5, 7), (3 * THREADS,), (1,)]


def drawn(*dtypes, shapes=SHAPES, scale=1.0):
    rng = np.random.default_rng(0)
    return [np.asarray(scale * rng.standard_normal(shape)).astype(dtype) for dtype in dtypes for shape in shapes]


def by_hand(arrays, max_norm):
    """In float64; each array in its own type again."""
    norm = np.sqrt(sum((x.astype("float64") ** 2).sum() for x in arrays))
    scale = min(1.0, max_norm / (norm + 1e-6)) if np.isfinite(norm) else 1.0
    return norm, [(x.astype("float64") * scale).astype(x.dtype) for x in arrays]


@pytest.mark.parametrize("max_norm", [0.0, 0.3, 5.0, 1e3])
@pytest.mark.parametrize("dtypes", [["float32"], ["float64"], ["float16"], ["float32", "float64", "float16"]])
def test_norm_and_arrays_are_those_of_the_equation(dtypes, max_norm):
    arrays = drawn(*dtypes)
    norm, made = clipped(OnCpu("numpy"), arrays, max_norm)
    expected_norm, expected = by_hand(arrays, max_norm)
    assert norm.shape == ()
    assert norm.dtype == np.float64
    assert norm == pytest.approx(expected_norm, rel=1e-14)
    for x, y, wanted in zip(arrays, made, expected, strict=True):
        assert (y.dtype, y.shape) == (x.dtype, x.shape)
        np.testing.assert_allclose(y, wanted, rtol=2e-3 if x.dtype == "float16" else 2e-7, atol=0)


def test_arrays_that_lie_in_another_order_and_arrays_that_others_hold():
    x = drawn("float32", shapes=[(4, 6)])[0].T
    before = x.copy()
    norm, (y, z) = clipped(OnCpu("numpy"), [x, x], 1.0)  # two biases may have one gradient
    assert norm == pytest.approx(np.sqrt(2) * np.linalg.norm(x), rel=1e-6)
    np.testing.assert_array_equal(x, before)
    for got in (y, z):
        np.testing.assert_allclose(got, x / norm, rtol=1e-5)


@pytest.mark.parametrize("max_norm", [1.0, inf])
@pytest.mark.parametrize("bad", [inf, -inf, nan])
def test_a_norm_that_is_not_finite_is_told_and_the_values_stay(bad, max_norm):
    arrays = drawn("float32")
    arrays[2][3, 3] = bad
    norm, made = clipped(OnCpu("numpy"), arrays, max_norm)
    assert isnan(norm) if isnan(bad) else norm == inf
    for x, y in zip(arrays, made, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_what_float32_cannot_square_is_summed(size):
    arrays = [np.full(4, size, np.float32)]
    norm, (y,) = clipped(OnCpu("numpy"), arrays, size)
    assert norm == pytest.approx(2 * size, rel=1e-6)
    np.testing.assert_allclose(y, min(1.0, size / (2 * size + 1e-6)) * arrays[0], rtol=1e-6)


def test_it_is_two_launches_and_one_more_for_as_many_arrays_as_one_can_take():
    for count, launches in [(3, 1), (TOGETHER, 1), (TOGETHER + 1, 2)]:
        on, arrays = OnCpu("numpy"), drawn("float64", shapes=[(n % 20,) for n in range(count)])
        norm, made = clipped(on, arrays, 1.0)
        assert on.launched == {"clip_squares": launches, "clip_scale": launches}
        expected_norm, expected = by_hand(arrays, 1.0)
        assert norm == pytest.approx(expected_norm, rel=1e-14)
        for y, wanted in zip(made, expected, strict=True):
            np.testing.assert_allclose(y, wanted, rtol=1e-12)


@pytest.mark.parametrize("name", ["clip_squares", "clip_scale"])
def test_the_arguments_of_a_launch_are_no_more_than_cuda_takes(name):
    kinds = {"int": ctypes.c_int32, "double": ctypes.c_double}
    parameters = signatures(written_out(name, TOGETHER).source)[name]
    fields = [(word, ctypes.c_void_p if is_pointer else kinds[kind]) for kind, is_pointer, word in parameters]
    assert ctypes.sizeof(type("Arguments", (ctypes.Structure,), {"_fields_": fields})) <= 4_096


def test_there_are_never_more_blocks_than_each_can_add_up(monkeypatch):
    monkeypatch.setattr(clip, "BLOCKS", 3)
    arrays = drawn("float64", shapes=[(200,), (7, 31)])
    norm, made = clipped(OnCpu("numpy"), arrays, 1.0)
    expected_norm, expected = by_hand(arrays, 1.0)
    assert norm == pytest.approx(expected_norm, rel=1e-14)
    np.testing.assert_allclose(made[1], expected[1], rtol=1e-12)


def test_without_a_bound_nothing_is_scaled():
    arrays = drawn("float32")
    on = OnCpu("numpy")
    norm, made = clipped(on, arrays, inf)
    assert norm == pytest.approx(by_hand(arrays, inf)[0], rel=1e-14)
    assert all(x is y for x, y in zip(arrays, made, strict=True))


def test_the_function_of_the_library_goes_this_way_and_waits_once(monkeypatch):
    fake = get_backend("fake")
    monkeypatch.setattr(fake, "clipped", lambda arrays, max_norm: clipped(OnCpu("fake"), arrays, max_norm))
    w = tg.tensor([3.0, 0.0], requires_grad=True, backend="fake")
    w.grad = tg.tensor([30.0, 40.0], backend="fake")
    before = FakeBackend.transfers["to host"]
    assert clip_grad_norm_([w], 5.0) == 50.0
    assert FakeBackend.transfers["to host"] == before + 1
    np.testing.assert_allclose(w.grad.numpy(), [3.0, 4.0], rtol=1e-6)
