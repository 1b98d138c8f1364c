"""The fused layer normalisation against its reference, the composition of means and products."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.autograd import gradcheck, gradgradcheck
from tinygrad_seq.ops.layer_norm import LayerNorm

pytestmark = pytest.mark.host("NumPy's kernel")

ROUNDING = {"float64": 1e-12, "float32": 2e-5, "float16": 2e-2}


def inputs(*shape, dtype="float64", affine=(True, True)):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(n) for n in (shape, shape[-1:], shape[-1:])]
    keep = (True, *affine)
    return [tg.tensor(a.astype(dtype), requires_grad=True) if on else None for a, on in zip(arrays, keep, strict=True)]


def results(xs, path):
    """Return the output and the gradients of all inputs."""
    (y,) = LayerNorm.apply(*xs, path=path, eps=1e-5)
    given = [x for x in xs if x is not None]
    weights = tg.tensor(np.random.default_rng(1).standard_normal(y.shape).astype(y.dtype))
    return [y.detach().numpy(), *(g.numpy() for g in tg.grad(y, given, weights))]


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("affine", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("shape", [(5,), (4, 7), (3, 2, 33), (0, 4), (3, 2)], ids=str)
def test_values_and_gradients_are_those_of_the_reference(shape, affine, dtype):
    xs = inputs(*shape, dtype=dtype, affine=affine)
    for fused, reference in zip(results(xs, "fused"), results(xs, "cell"), strict=True):
        assert fused.dtype == reference.dtype
        np.testing.assert_allclose(fused, reference, rtol=ROUNDING[dtype], atol=ROUNDING[dtype])


def test_weights_of_a_wider_type_widen_the_result():
    x, w, b = inputs(4, 6, dtype="float32")
    w = tg.tensor(w.detach().numpy().astype("float64"), requires_grad=True)
    for fused, reference in zip(results([x, w, b], "fused"), results([x, w, b], "cell"), strict=True):
        assert fused.dtype == reference.dtype
        np.testing.assert_allclose(fused, reference, rtol=1e-5, atol=1e-5)


def test_squares_beyond_float16_do_not_overflow():
    x = np.array([0.0, 600.0, -600.0, 300.0])
    y = LayerNorm.apply(tg.tensor(x.astype("float16")), None, None, eps=1e-5)[0].numpy()
    assert y.dtype == "float16"
    np.testing.assert_allclose(y, (x - x.mean()) / x.std(), rtol=2e-3)


def test_derivatives_of_both_orders():
    xs = inputs(3, 4)
    gradcheck(lambda *xs: LayerNorm.apply(*xs, eps=1e-5)[0], xs)
    gradgradcheck(lambda *xs: LayerNorm.apply(*xs, eps=1e-5)[0], xs)


def test_the_result_is_not_what_the_backward_pass_reads():
    x = inputs(3, 4)[0]
    (y,) = LayerNorm.apply(x, None, None, eps=1e-5)
    weights = tg.tensor(np.arange(12.0).reshape(3, 4))
    before = tg.grad(y, x, weights, retain_graph=True).numpy()
    y.data[...] = 0.0
    np.testing.assert_array_equal(tg.grad(y, x, weights).numpy(), before)
