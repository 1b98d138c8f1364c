"""Operations of two arrays, for any shapes that broadcast: NumPy's values, and gradients summed back to each input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import BroadcastableShapes, mutually_broadcastable_shapes

import tinygrad_seq as tg

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "pow": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
}

two_shapes = mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=4)
three_shapes = mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=3, max_dims=3)


def summed_to(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the sum over the axes along which an array of `shape` was repeated."""
    wide = (1,) * (g.ndim - len(shape)) + shape
    stretched = tuple(i for i, n in enumerate(wide) if n == 1)
    return np.sum(g, axis=stretched).reshape(shape)


@pytest.mark.parametrize("name", BINARY)
@given(shapes=two_shapes, seed=st.integers(0, 2**32 - 1))
def test_any_shapes_broadcast_as_in_numpy(name: str, shapes: BroadcastableShapes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(0.3, 2.0, shape) for shape in shapes.input_shapes]
    tensors = [tg.tensor(x, requires_grad=True) for x in arrays]
    y = getattr(tg, name)(*tensors)
    np.testing.assert_array_equal(y.detach().numpy(), BINARY[name](*arrays))
    assert y.shape == shapes.result_shape
    u = rng.standard_normal(y.shape)
    full = [tg.tensor(np.broadcast_to(x, y.shape), requires_grad=True) for x in arrays]
    expected = tg.grad(getattr(tg, name)(*full), full, tg.tensor(u))
    for x, g, wide in zip(tensors, tg.grad(y, tensors, tg.tensor(u)), expected, strict=True):
        np.testing.assert_allclose(g.numpy(), summed_to(wide.numpy(), x.shape), rtol=1e-10, atol=1e-10)


@given(shapes=three_shapes, seed=st.integers(0, 2**32 - 1))
def test_where_broadcasts_its_mask_too(shapes: BroadcastableShapes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random(shapes.input_shapes[0]) < 0.5
    a, b = (rng.standard_normal(shape) for shape in shapes.input_shapes[1:])
    x, z = tg.tensor(a, requires_grad=True), tg.tensor(b, requires_grad=True)
    y = tg.where(tg.tensor(mask), x, z)
    np.testing.assert_array_equal(y.detach().numpy(), np.where(mask, a, b))
    u = rng.standard_normal(y.shape)
    for_a, for_b = tg.grad(y, [x, z], tg.tensor(u))
    np.testing.assert_allclose(for_a.numpy(), summed_to(np.where(mask, u, 0), a.shape), atol=1e-12)
    np.testing.assert_allclose(for_b.numpy(), summed_to(np.where(mask, 0, u), b.shape), atol=1e-12)
