"""The fused cross-entropy against its reference, the composition of a gather and a log-softmax."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq.autograd import gradcheck, gradgradcheck
from tinygrad_seq.backend import get_backend
from tinygrad_seq.ops.cross_entropy import CrossEntropy

pytestmark = pytest.mark.usefixtures("by")

ROUNDING = {"float64": 1e-12, "float32": 1e-5, "float16": 1e-2}


def case(*shape, scale=1.0, shift=0.0, seed=0, dtype="float64"):
    """Return scores, classes, and which positions count."""
    rng = np.random.default_rng(seed)
    z = (scale * rng.standard_normal(shape) + shift).astype(dtype)
    return z, rng.integers(0, shape[-1], shape[:-1]), rng.random(shape[:-1]) < 0.7


def value_and_gradient(z, y, counts, path, seed=1):
    z = tg.tensor(z, requires_grad=True)
    (loss,) = CrossEntropy.apply(z, y, counts, path=path)
    loss.backward(tg.tensor(np.random.default_rng(seed).standard_normal(loss.shape).astype(z.dtype)))
    assert loss.dtype == z.grad.dtype == z.dtype
    return loss.detach().numpy(), z.grad.numpy()


def check_against_reference(z, y, counts):
    fused, reference = (value_and_gradient(z, y, counts, path) for path in ("fused", "cell"))
    for a, b in zip(fused, reference, strict=True):
        assert np.allclose(a, b, rtol=ROUNDING[z.dtype.name], atol=ROUNDING[z.dtype.name])


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("shape", [(1,), (7,), (5, 3), (4, 3, 96), (0, 5), (3, 1)], ids=str)
def test_value_and_gradient_are_those_of_the_reference(shape, dtype):
    check_against_reference(*case(*shape, dtype=dtype))


@given(st.integers(1, 6), st.integers(1, 40), st.floats(0, 300), st.floats(-1e4, 1e4), st.integers(0, 99))
def test_of_any_size_and_spread(rows, V, scale, shift, seed):
    check_against_reference(*case(rows, V, scale=scale, shift=shift, seed=seed))


@pytest.mark.parametrize(("low", "high"), [(-1e30, 1e30), (-500, 500), (-29, 29), (-31, 31), (0, 89), (-104, 0)])
def test_far_scores_neither_overflow_nor_vanish_in_float32(low, high):
    z = np.full((3, 4), low, dtype="float32")
    z[0, 1] = z[1] = high
    check_against_reference(z, np.array([0, 1, 2]), np.ones(3, dtype=bool))


def test_sure_and_right_answers_cost_almost_nothing_to_the_rounding_of_one_not_of_the_score():
    scores = np.linspace(5, 25, 60, dtype="float32")
    z = np.stack([scores, np.zeros_like(scores)], axis=-1)
    loss = F.cross_entropy(tg.tensor(z), np.zeros(60, dtype=int), reduction="none")
    np.testing.assert_allclose(loss.numpy(), np.log1p(np.exp(-scores.astype("float64"))), rtol=0, atol=3e-7)


def test_a_class_that_is_impossible_is_no_nan():
    z = tg.tensor([[0.0, -np.inf, 0.0]], requires_grad=True)
    loss = F.cross_entropy(z, [2])
    loss.backward()
    assert loss.item() == pytest.approx(np.log(2))
    assert np.allclose(z.grad.numpy(), [[0.5, 0.0, -0.5]])


def test_nan_scores_stay_nan():
    z = np.zeros((2, 3), dtype="float32")
    z[1, 0] = np.nan
    (loss,) = CrossEntropy.apply(tg.tensor(z), np.array([0, 0]), np.array([True, True]))
    assert np.isnan(loss.numpy()).tolist() == [False, True]


def test_scores_in_any_memory_layout():
    z, y, counts = case(4, 3, 5)
    swapped = np.ascontiguousarray(z.swapaxes(0, 1)).swapaxes(0, 1)
    assert not swapped.flags.c_contiguous
    for a, b in zip(*(value_and_gradient(x, y, counts, "fused") for x in (z, swapped)), strict=True):
        assert np.array_equal(a, b)


def test_a_position_that_does_not_count_has_no_loss_and_no_gradient():
    z, y, _ = case(4, 3)
    loss, dz = value_and_gradient(z, y, np.array([True, False, True, False]), "fused")
    assert loss[1] == loss[3] == 0
    assert not dz[[1, 3]].any()
    assert loss[0] != 0
    assert dz[0].all()


def test_the_graph_can_be_walked_twice():
    z, y, counts = case(6, 4)
    z = tg.tensor(z, requires_grad=True)
    loss = CrossEntropy.apply(z, y, counts)[0].sum()
    loss.backward(retain_graph=True)
    once = z.grad.numpy().copy()
    loss.backward()
    assert np.array_equal(z.grad.numpy(), 2 * once)


def test_derivatives_of_both_orders():
    z, y, counts = case(3, 4)
    z = tg.tensor(z, requires_grad=True)
    gradcheck(lambda z: CrossEntropy.apply(z, y, counts)[0], [z])
    gradgradcheck(lambda z: CrossEntropy.apply(z, y, counts)[0], [z])


def test_without_a_graph_nothing_is_kept():
    z, y, counts = case(3, 4)
    kernel = CrossEntropy.kernel(z)
    assert kernel.forward(z, y, counts, training=False)[1] == {}
    assert kernel.forward(z, y, counts, training=True)[1].keys() >= {"e", "s"}


def test_the_compiled_kernel_is_the_one_that_runs_and_half_precision_is_numpys(by):
    kernel = type(get_backend("numpy").kernels["CrossEntropy"]).__name__
    assert kernel == ("CrossEntropyKernel" if by == "NumPy" else "CompiledCrossEntropy")
    said = get_backend("numpy").made_with("CrossEntropy", np.dtype("float16"))
    assert said.startswith("in plain NumPy")


@pytest.mark.parametrize("V", [1, 5, 8, 9, 31, 96])
def test_float64_is_exact_to_a_few_roundings(V):
    z, y, counts = case(50, V, scale=10.0, seed=V)
    loss, dz = value_and_gradient(z, y, counts, "fused")
    shifted = z.astype(np.longdouble) - z.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    s = e.sum(axis=-1, keepdims=True)
    at = np.arange(50), y
    np.testing.assert_allclose(loss, np.where(counts, np.log(s[:, 0]) - shifted[at], 0), rtol=2e-15, atol=2e-15)
    e /= s
    e[at] -= 1
    weights = np.random.default_rng(1).standard_normal(50)
    np.testing.assert_allclose(dz, e * np.where(counts, weights, 0)[:, None], rtol=0, atol=2e-15)
