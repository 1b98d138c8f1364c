"""What a tensor is made from, which type its numbers get, and whose memory they live in."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.errors import BackendError, DTypeError, GradientError, TinygradSeqError


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        ([1.0, 2.0], "float32"),
        ([1, 2.5], "float32"),
        (3, "int64"),
        ([[1, 2], [3, 4]], "int64"),
        (True, "bool"),
        ([True, False], "bool"),
        ([], "float32"),
        (np.float64(1.5), "float64"),
        (np.float16(1.5), "float16"),
        (np.ones(2), "float64"),
        (np.ones(2, "float16"), "float16"),
        (np.ones(2, "int32"), "int32"),
        (np.zeros((0, 3), "uint8"), "uint8"),
        (range(3), "int64"),
        ((1.0, 2.0), "float32"),
    ],
    ids=repr,
)
def test_python_floats_are_float32_whole_numbers_int64_and_arrays_keep_their_type(data, dtype):
    t = tg.tensor(data)
    assert t.dtype == dtype
    assert t.shape == np.shape(data)
    assert np.array_equal(t.numpy(), np.asarray(data).astype(dtype))


def test_a_named_type_is_taken_without_a_detour_through_float32():
    assert tg.tensor(0.1, dtype="float64").item() == 0.1
    assert tg.tensor([0.1, 0.2], dtype=np.float64).tolist() == [0.1, 0.2]
    assert tg.tensor(2**40 + 1, dtype="float64").item() == 2**40 + 1
    assert tg.tensor([1.9], dtype="int32").tolist() == [1]


def test_tensor_copies():
    a = np.ones(3)
    t = tg.tensor(a)
    a[:] = 7
    assert t.tolist() == [1.0, 1.0, 1.0]
    u = tg.tensor(t)
    t.assign_(0.0)
    assert u.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.host("shares NumPy's memory")
def test_from_numpy_shares():
    a = np.ones(3)
    t = tg.from_numpy(a)
    a[:] = 7
    assert t.tolist() == [7.0, 7.0, 7.0]
    assert t.numpy() is a


def test_from_numpy_takes_arrays_and_nothing_else():
    with pytest.raises(DTypeError, match=r"from_numpy\(\) shares a NumPy array; got list"):
        tg.from_numpy([1.0])


@pytest.mark.host("shares NumPy's memory")
def test_from_numpy_takes_a_memmap(tmp_path):
    a = np.memmap(tmp_path / "corpus.bin", dtype="float32", mode="w+", shape=(4,))
    a[:] = [0, 1, 2, 3]
    t = tg.from_numpy(a)
    assert tg.tanh(t).shape == (4,)
    assert (t * 2 + t[1]).tolist() == [1.0, 3.0, 5.0, 7.0]
    assert (tg.ones(4) * a).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert tg.tensor(a).tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[1.0], [1.0, 2.0]], "equally long rows; got list"),
        ("abc", "a tensor holds numbers; str gives elements of type <U3"),
        ([1 + 2j], "elements of type complex128"),
        (None, "elements of type object"),
        (2**70, "elements of type object"),
        ({"a": 1}, "dict gives elements of type object"),
    ],
    ids=repr,
)
def test_what_is_no_array_of_numbers_is_refused(data, message):
    with pytest.raises(DTypeError, match=message):
        tg.tensor(data)


@pytest.mark.host("NumPy asks each tensor")
def test_a_list_of_tensors_on_a_graph_is_refused_with_the_cure():
    parts = [tg.tensor(1.0, requires_grad=True), tg.tensor(2.0, requires_grad=True)]
    with pytest.raises(GradientError, match=r"tg.stack\(\[...\]\) joins them and keeps the gradient"):
        tg.tensor(parts)
    tg.stack(parts).sum().backward()
    assert parts[1].grad.item() == 1.0


@pytest.mark.parametrize("data", [[1, 2], True, np.ones(2, "int32")], ids=repr)
def test_requires_grad_of_whole_numbers_is_refused(data):
    with pytest.raises(DTypeError, match=r"requires_grad needs floating numbers, .*\n.*Write 1.0 for 1"):
        tg.tensor(data, requires_grad=True)
    with pytest.raises(DTypeError):
        tg.tensor(data).requires_grad_()


def test_constants_and_ranges():
    assert tg.zeros(2).tolist() == [0.0, 0.0]
    assert tg.ones((1, 2)).tolist() == [[1.0, 1.0]]
    assert tg.full((2,), 1.5).tolist() == [1.5, 1.5]
    assert tg.eye(2, 3).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert tg.linspace(0, 1, 3).tolist() == [0.0, 0.5, 1.0]
    assert tg.arange(3).tolist() == [0, 1, 2]
    assert tg.arange(1, 7, 2).tolist() == [1, 3, 5]
    assert tg.arange(0, 1, 0.5).tolist() == [0.0, 0.5]
    assert [t.dtype.name for t in (tg.zeros(1), tg.arange(3), tg.arange(3.0))] == ["float32", "int64", "float32"]
    assert tg.zeros(1, dtype="float64").dtype == np.float64
    assert tg.arange(3, dtype=np.dtype("float64")).dtype == np.float64
    assert tg.zeros(1, requires_grad=True).requires_grad


def test_like_takes_shape_type_and_backend():
    x = tg.tensor(np.ones((2, 3), "float16"), backend="fake")
    for made, value in ((tg.zeros_like(x), 0), (tg.ones_like(x), 1)):
        assert (made.shape, made.dtype, made.backend) == ((2, 3), np.float16, "fake")
        assert made.numpy().tolist() == [[value] * 3] * 2


def test_random_numbers_follow_the_seed_and_the_shape():
    tg.manual_seed(5)
    u, n = tg.rand(200, 50), tg.randn(200, 50)
    assert (u.shape, u.dtype.name, n.dtype.name) == ((200, 50), "float32", "float32")
    assert u.numpy().min() >= 0
    assert u.numpy().max() < 1
    assert abs(n.numpy().mean()) < 0.05
    assert abs(n.numpy().std() - 1) < 0.05
    tg.manual_seed(5)
    assert np.array_equal(tg.rand(200, 50).numpy(), u.numpy())
    assert tg.randn(2, dtype="float64", requires_grad=True).requires_grad


@pytest.mark.host("the host is the other side")
def test_the_current_backend_is_where_tensors_are_made():
    with tg.use_backend("fake"):
        made = [
            tg.tensor([1.0]),
            tg.zeros(2),
            tg.rand(2),
            tg.arange(2),
            tg.from_numpy(np.ones(2)),
            tg.tensor(np.ones(2)),
        ]
    assert {t.backend for t in made} == {"fake"}
    assert tg.tensor([1.0]).backend == "numpy"
    assert tg.tensor(made[0]).backend == "fake"  # a tensor stays where it is


def test_the_same_seed_gives_the_same_numbers_on_every_backend():
    tg.manual_seed(1)
    here = tg.randn(5)
    tg.manual_seed(1)
    with tg.use_backend("fake"):
        there = tg.randn(5)
    assert np.array_equal(here.numpy(), there.numpy())


@pytest.mark.host("the host is the other side")
def test_to_moves_a_constant_and_refuses_a_graph():
    x = tg.tensor([1.0, 2.0])
    there = x.to("fake")
    assert (there.backend, there.device) == ("fake", "fake:0")
    assert there.to("numpy").tolist() == [1.0, 2.0]
    assert x.to("numpy") is x
    with pytest.raises(GradientError, match=r'gradients do not cross backends.\n.*x.detach\(\).to\("fake"\)'):
        tg.ones(2, requires_grad=True).to("fake")


def test_to_an_unknown_backend_lists_the_known_ones():
    with pytest.raises(BackendError, match="numpy") as caught:
        tg.ones(2).to("jax")
    assert "jax" in str(caught.value)
    assert isinstance(caught.value, TinygradSeqError)
