"""Clipping: the norm and the values, at zero, at infinity, and beyond what float32 can square."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.optim import clip_grad_norm_, clip_grad_value_


def with_gradients(*gradients, dtype="float64"):
    parameters = []
    for g in gradients:
        g = np.asarray(g, dtype)
        parameters.append(tg.tensor(np.zeros_like(g), requires_grad=True))
        parameters[-1].grad = tg.tensor(g)
    return parameters


def gradients_of(parameters):
    return [p.grad.numpy() for p in parameters]


@pytest.mark.oracle
@pytest.mark.parametrize("max_norm", [0.0, 0.5, 12.9, 13.0, 100.0, math.inf])
def test_norm_and_scaled_gradients_are_pytorchs(max_norm):
    torch = pytest.importorskip("torch")
    gradients = [np.array([3.0, 0.0]), np.array([[4.0], [0.0]]), np.array(12.0)]
    ours = with_gradients(*gradients)
    theirs = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in gradients]
    for p, g in zip(theirs, gradients, strict=True):
        p.grad = torch.tensor(g)
    assert clip_grad_norm_(ours, max_norm) == torch.nn.utils.clip_grad_norm_(theirs, max_norm).item() == 13.0
    for g, p in zip(gradients_of(ours), theirs, strict=True):
        np.testing.assert_allclose(g, p.grad.numpy(), rtol=1e-14)


def test_the_direction_stays_and_the_norm_is_at_most_the_bound():
    parameters = with_gradients([3.0, 0.0], [[4.0]])
    assert clip_grad_norm_(parameters, 1.0) == 5.0
    a, b = gradients_of(parameters)
    np.testing.assert_allclose(a, [0.6, 0.0], rtol=1e-6)
    np.testing.assert_allclose(b, [[0.8]], rtol=1e-6)
    assert clip_grad_norm_(parameters, 1.0) <= 1.0


def test_zero_gradients_and_none_have_norm_zero():
    parameters = with_gradients([0.0, 0.0], [1.0])
    parameters[1].grad = None
    assert clip_grad_norm_(parameters, 1.0) == 0.0
    np.testing.assert_array_equal(parameters[0].grad.numpy(), 0.0)
    assert parameters[1].grad is None
    parameters[0].grad = None
    assert clip_grad_norm_(parameters, 1.0) == 0.0


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_a_norm_that_is_not_finite_is_returned_and_the_gradients_stay(bad):
    parameters = with_gradients([3.0, 4.0], [1.0, bad])
    norm = clip_grad_norm_(parameters, 1.0)
    assert math.isnan(norm) if math.isnan(bad) else norm == math.inf
    a, b = gradients_of(parameters)
    np.testing.assert_array_equal(a, [3.0, 4.0])
    np.testing.assert_array_equal(b, [1.0, bad])


@pytest.mark.parametrize(
    ("dtype", "size"), [("float16", 3e4), ("float16", 1e-6), ("float32", 1e30), ("float32", 1e-30)]
)
def test_squares_beyond_the_gradients_own_type_do_not_overflow_or_vanish(dtype, size):
    parameters = with_gradients([size, size], [size, size], dtype=dtype)
    size = float(np.dtype(dtype).type(size))
    assert clip_grad_norm_(parameters, max(size, 1.0)) == pytest.approx(2 * size, rel=1e-6, abs=0)
    for g in gradients_of(parameters):
        assert g.dtype == dtype
        np.testing.assert_allclose(g, size / 2 if size > 1 else size, rtol=1e-3)


def test_squares_that_vanish_are_no_error_where_numpys_errors_are_raised():
    parameters = with_gradients([1e-30, 1e-30], dtype="float32")
    with np.errstate(all="raise"):
        assert clip_grad_norm_(parameters, 1.0) == pytest.approx(1e-30 * math.sqrt(2), rel=1e-6, abs=0)


def test_values_are_brought_into_the_interval_and_nan_stays():
    parameters = with_gradients([-7.0, -1.0, 0.0, 4.0, math.inf, math.nan], [9.0], dtype="float32")
    clip_grad_value_(parameters, np.float64(5))
    a, b = gradients_of(parameters)
    np.testing.assert_array_equal(a, [-5.0, -1.0, 0.0, 4.0, 5.0, math.nan])
    np.testing.assert_array_equal(b, [5.0])
    assert a.dtype == b.dtype == np.float32


def test_a_tied_parameter_counts_once():
    w, v = with_gradients([3.0], [4.0])
    assert clip_grad_norm_([w, v, w], 1.0) == 5.0
    np.testing.assert_allclose(w.grad.numpy(), 0.6, rtol=1e-6)


def test_arrays_that_others_hold_are_not_written():
    (w,) = with_gradients([30.0, 40.0])
    held = tg.Tensor.handle(w.grad.data, None)
    clip_grad_norm_([w], 1.0)
    clip_grad_value_([w], 0.1)
    np.testing.assert_array_equal(held.numpy(), [30.0, 40.0])


def test_a_module_is_accepted():
    layer = nn.Linear(2, 2)
    (layer(tg.tensor([[3.0, 4.0]])) * 100).sum().backward()
    assert clip_grad_norm_(layer, 1.0) > 100
    clip_grad_value_(layer, 1e-3)
    assert np.abs(layer.weight.grad.numpy()).max() == np.float32(1e-3)


@pytest.mark.parametrize(("clip", "name"), [(clip_grad_norm_, "max_norm"), (clip_grad_value_, "clip_value")])
def test_a_negative_bound_and_an_exhausted_generator_are_refused(clip, name):
    (w,) = with_gradients([1.0])
    for bound in (-1.0, math.nan):
        with pytest.raises(ConfigError, match=rf"^{clip.__name__}\(\): {name} must be 0 or more"):
            clip([w], bound)
    parameters = iter([w])
    clip(parameters, 1.0)
    with pytest.raises(ConfigError, match="can be read only once"):
        clip(parameters, 1.0)
