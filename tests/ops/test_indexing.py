"""Reading at any index: NumPy's values; the gradient is the adjoint, u added into zeros; and reading is its adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, basic_indices, integer_array_indices

import tinygrad_seq as tg
from tinygrad_seq.backend import current_backend, get_backend
from tinygrad_seq.errors import BackendError, TinygradSeqError

shapes = array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


def check(shape: tuple[int, ...], index: Any, backend: str = "numpy") -> None:
    """Compare values, gradient and second derivative of x[index] with NumPy's, on a backend."""
    x = np.random.default_rng(0).standard_normal(shape)
    place = get_backend(backend)
    tensor = tg.tensor(x, requires_grad=True, backend=backend)
    y = tensor[on(place, index)]
    np.testing.assert_array_equal(y.detach().numpy(), x[index])
    u = np.random.default_rng(1).standard_normal(y.shape)
    weights = tg.tensor(u, requires_grad=True, backend=backend)
    expected = np.zeros(shape)
    np.add.at(expected, index, u)
    np.testing.assert_allclose(tg.grad(y, tensor, weights, retain_graph=True).numpy(), expected, atol=1e-12)
    g = tg.grad(y, tensor, weights, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), expected, atol=1e-12)
    v = np.random.default_rng(2).standard_normal(shape)
    np.testing.assert_array_equal(tg.grad(g, weights, tg.tensor(v, backend=backend)).numpy(), v[index])


def on(place: Any, index: Any) -> Any:
    """Return an index with its arrays as tensors on a backend."""
    if isinstance(index, tuple):
        return tuple(on(place, part) for part in index)
    return tg.tensor(index, backend=place.name) if isinstance(index, np.ndarray) else index


@given(data=st.data(), shape=shapes)
def test_slices_integers_new_axes_and_ellipsis(data: st.DataObject, shape: tuple[int, ...]) -> None:
    check(shape, data.draw(basic_indices(shape, allow_newaxis=True)))


@given(data=st.data(), shape=shapes)
def test_integer_arrays_one_for_every_axis(data: st.DataObject, shape: tuple[int, ...]) -> None:
    check(shape, data.draw(integer_array_indices(shape)))


@given(data=st.data(), shape=shapes)
def test_an_integer_array_beside_slices(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    (places,) = data.draw(integer_array_indices(shape[axis : axis + 1]))
    before = data.draw(st.tuples(*(st.slices(n) for n in shape[:axis])))
    check(shape, (*before, places))


@given(data=st.data(), shape=shapes)
def test_boolean_masks(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axes = data.draw(st.integers(1, len(shape)))
    check(shape, data.draw(arrays(bool, shape[:axes])))


@given(data=st.data(), shape=shapes)
def test_the_device_agrees(data: st.DataObject, shape: tuple[int, ...]) -> None:
    index = data.draw(basic_indices(shape, allow_newaxis=True) | integer_array_indices(shape) | arrays(bool, shape))
    check(shape, index, "fake")


@given(data=st.data(), shape=shapes)
def test_index_add_adds_up_repeated_places(data: st.DataObject, shape: tuple[int, ...]) -> None:
    index = data.draw(basic_indices(shape) | integer_array_indices(shape) | arrays(bool, shape))
    rng = np.random.default_rng(0)
    x, values = rng.standard_normal(shape), rng.standard_normal(np.zeros(shape)[index].shape)
    expected = x.copy()
    np.add.at(expected, index, values)
    before = x.copy()
    y = tg.index_add(tg.from_numpy(x), on(current_backend(), index), tg.tensor(values))
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)
    np.testing.assert_array_equal(x, before)


def test_many_reads_of_one_tensor_add_up() -> None:
    x = tg.tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    y = (x[0] * x[0] + x[[0, 0]].sum(axis=0) + x[1] * x[-1] + x.sum(axis=0)).sum()
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[3, 5], [5, 6], [3, 4]])


@pytest.mark.parametrize("n", [1, 5, 300])
def test_many_reads_of_columns_add_up(n: int) -> None:
    x, places = tg.zeros((3, 4), requires_grad=True), np.random.default_rng(0).integers(-4, 4, n)
    u = np.random.default_rng(1).standard_normal((3, n)).astype(np.float32)
    (x[:, tg.tensor(places)] * tg.tensor(u)).sum().backward()
    expected = np.zeros((3, 4))
    np.add.at(expected, (slice(None), places), u)
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-5)


def test_numpy_integers_and_0d_tensors_are_integers(backend_name: str) -> None:
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, backend=backend_name)
    one = tg.tensor(1, backend=backend_name)
    assert x[np.int64(1), one].item() == x[one][one].item() == 4.0
    assert tg.grad(x[one].sum(), x).tolist() == [[0, 0], [1, 1]]


def test_an_index_on_another_backend_is_refused() -> None:
    x = tg.tensor([1.0, 2.0], backend="fake")
    with pytest.raises(BackendError, match="fake"):
        x[np.array([0, 1])]


@pytest.mark.parametrize("index", [5, (0, 0, 0), [7], 1.5, slice(0.5, None)])
def test_what_is_no_index_is_an_error_of_ours(index: Any) -> None:
    with pytest.raises(TinygradSeqError, match="getitem"):
        tg.tensor([[1.0, 2.0]])[index]
