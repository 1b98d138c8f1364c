"""A tensor among Python, NumPy and other libraries: numbers come out when asked for, no gradient is lost in silence."""

from __future__ import annotations

import copy
import operator
import pickle

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.backend import get_backend
from tinygrad_seq.errors import BackendError, ConfigError, DTypeError, GradientError, ShapeError, SpellingError

from ..memory import memory_of


def leaf(data, dtype=None):
    return tg.tensor(data, requires_grad=True, dtype=dtype)


# what it says of itself


@pytest.mark.host("a tensor that lives there")
def test_attributes():
    x = tg.tensor(np.ones((2, 3, 4)))
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3, 4), 3, 24, 2)
    assert (x.dtype, x.backend, x.device) == (np.float64, "numpy", "cpu")
    assert type(x.size) is int
    assert tg.tensor(1.0).shape == ()
    assert tg.tensor(1.0).size == 1
    assert tg.zeros((0, 3)).size == 0


def test_transposes():
    x = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert x.T.tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    y = tg.ones((2, 3, 4))
    assert y.mT.shape == (2, 4, 3)
    for bad in (y, tg.ones(3)):
        with pytest.raises(ShapeError, match=r".T is for matrices; .* Write .mT or permute_dims\(\)"):
            _ = bad.T
    x.T[0].sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]


def test_leaf_and_requires_grad():
    x, c = leaf([1.0]), tg.ones(1)
    y = x * 2
    assert [t.requires_grad for t in (x, c, y, y.detach(), c * 2)] == [True, False, True, False, False]
    assert [t.is_leaf for t in (x, c, y, y.detach(), c * 2)] == [True, True, False, True, True]
    assert c.requires_grad_() is c
    assert c.requires_grad
    assert not c.requires_grad_(False).requires_grad


def test_turning_gradients_off_in_the_middle_of_a_graph_is_refused():
    y = leaf([1.0]) * 2
    with pytest.raises(GradientError, match=r"requires_grad_\(False\) is for leaves; x.detach\(\)"):
        y.requires_grad_(False)
    assert y.requires_grad_() is y


def test_detach_shares_the_numbers():
    x = leaf([1.0, 2.0])
    assert np.shares_memory(memory_of(x.detach()), memory_of(x))
    assert not x.detach().requires_grad


@pytest.mark.host("a tensor that lives there")
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tg.tensor([1.0, 2.5]), "tensor([1. , 2.5])"),
        (lambda: leaf([1.0, 2.5]), "tensor([1. , 2.5], requires_grad=True)"),
        (lambda: leaf([1.0, 2.5]) * 2, "tensor([2., 5.], op=multiply)"),
        (lambda: tg.log_softmax(leaf([0.0])), "tensor([0.], op=log_softmax)"),
        (lambda: tg.tensor([1, 2]), "tensor([1, 2])"),
        (lambda: tg.tensor(np.ones(1)), "tensor([1.], dtype=float64)"),
        (lambda: tg.tensor(1.0, backend="fake"), "tensor(1., device=fake:0)"),
        (lambda: tg.tensor([[1, 2], [3, 4]]), "tensor([[1, 2],\n        [3, 4]])"),
        (lambda: tg.zeros((0, 2)), "tensor([], shape=(0, 2))"),
        (lambda: tg.tensor([True, False]), "tensor([ True, False])"),
    ],
)
def test_repr_shows_numbers_and_the_operation_that_made_them(make, text):
    assert repr(make()) == text


def test_a_large_tensor_prints_short():
    assert len(repr(tg.zeros(10_000))) < 100


# numbers out


def test_item_tolist_numpy():
    assert type(tg.tensor(2.5).item()) is float
    assert type(tg.tensor([[3]]).item()) is int
    assert leaf(2.5).item() == 2.5
    assert (leaf([2.0]) * 2).tolist() == [4.0]
    assert tg.tensor(1.5, backend="fake").item() == 1.5
    with pytest.raises(ShapeError, match=r"item\(\) is for tensors of one element; this one has shape \(2,\)"):
        tg.ones(2).item()


@pytest.mark.host("NumPy's protocol")
@pytest.mark.parametrize("take", [lambda t: t.numpy(), np.asarray, np.array, lambda t: np.array([t, t])], ids=range(4))
def test_numpy_refuses_to_take_numbers_off_a_graph(take):
    for t in (leaf([1.0]), leaf([1.0]) * 2):
        with pytest.raises(GradientError, match=r"Write x.detach\(\).numpy\(\)"):
            take(t)


@pytest.mark.host("NumPy's protocol")
def test_numpy_shares_and_array_follows_numpys_protocol():
    x = tg.ones(3)
    assert x.numpy() is x.data
    assert np.shares_memory(np.asarray(x), x.data)
    assert not np.shares_memory(np.array(x), x.data)
    assert np.asarray(x, dtype="float64").dtype == np.float64
    assert np.shares_memory(np.array(x, copy=False), x.data)
    with pytest.raises(ValueError, match="copy"):
        np.array(x, dtype="float64", copy=False)
    assert np.asarray(x.sum()).shape == ()


def test_a_tensor_elsewhere_is_not_read_in_passing():
    x = tg.tensor([1.0], backend="fake")
    with pytest.raises(BackendError, match=r"on fake:0; NumPy cannot read it in passing. Write x.numpy\(\)"):
        np.asarray(x)
    assert x.numpy().tolist() == [1.0]


def test_python_numbers():
    assert float(leaf(2.5)) == 2.5
    assert int(tg.tensor(2.9)) == 2
    assert complex(tg.tensor([1.5])) == 1.5
    assert list(range(5))[tg.tensor(2)] == 2
    assert [0, 1, 2][: tg.tensor(2)] == [0, 1]
    with pytest.raises(DTypeError, match="only whole numbers index, and this tensor holds float32"):
        [0, 1][tg.tensor(1.0)]
    with pytest.raises(ShapeError):
        float(tg.ones(2))


def test_truth_is_defined_for_one_element():
    assert bool(tg.tensor([1.0]))
    assert not tg.tensor(0)
    assert tg.tensor(2.0) > 1
    with pytest.raises(ShapeError, match=r"truth of a tensor of shape \(2,\) is not defined"):
        bool(tg.ones(2))


def test_len_and_iteration():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert len(x) == 2
    first, second = x
    (first * second).sum().backward()
    assert x.grad.tolist() == [[3.0, 4.0], [1.0, 2.0]]
    for f in (len, iter):
        with pytest.raises(TypeError, match="0-d tensor"):
            f(tg.tensor(1.0))


def test_equality_is_elementwise_and_hashing_by_identity():
    x, y = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 3.0])
    assert (x == y).tolist() == [True, False]
    assert (x != y).tolist() == [False, True]
    assert (x == 1).tolist() == [True, False]
    assert (x < y).tolist() == [False, True]
    assert hash(x) != hash(tg.tensor([1.0, 2.0]))
    assert {x: "x", y: "y"}[x] == "x"


# no in-place writes


def test_writing_into_a_tensor_is_an_error_that_says_what_to_write():
    x = tg.zeros(3)
    with pytest.raises(TypeError, match=r"not written in place.*\n.*tg.where\(mask, a, b\).*tg.index_add"):
        x[0] = 1.0
    with pytest.raises(TypeError):
        x[0] += 1.0


def test_augmented_assignment_makes_a_new_tensor():
    x = leaf([1.0, 2.0])
    y = x
    y += 1
    y *= 2
    assert y is not x
    assert x.tolist() == [1.0, 2.0]
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


# NumPy on the left


@pytest.mark.host("NumPy's protocol")
@pytest.mark.parametrize(
    "op", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul]
)
def test_an_array_on_the_left_keeps_the_gradient(op):
    a, x = np.full((2, 2), 3.0), leaf(np.full((2, 2), 2.0))
    y = op(a, x)
    assert type(y) is tg.Tensor
    assert np.allclose(y.detach().numpy(), op(a, x.detach().numpy()))
    y.sum().backward()
    assert x.grad.shape == (2, 2)


@pytest.mark.parametrize("scalar", [np.float64(2), np.float32(2), np.int64(2)], ids=lambda s: type(s).__name__)
def test_a_numpy_scalar_on_the_left_keeps_the_gradient(scalar):
    x = leaf([1.0, 2.0])
    y = scalar * x
    assert type(y) is tg.Tensor
    assert y.requires_grad


@pytest.mark.parametrize("call", [np.exp, np.tanh, lambda t: np.add(np.ones(2), t), lambda t: np.multiply(t, 2)])
def test_a_function_of_numpy_is_a_loud_error_and_no_lost_gradient(call):
    with pytest.raises(TypeError, match="__array_ufunc__"):
        call(leaf([1.0, 2.0]))


def test_adding_a_tensor_into_an_array_in_place_is_an_error_too():
    a = np.ones(2)
    with pytest.raises(TypeError):
        np.add(a, leaf([1.0, 2.0]), out=a)
    assert a.tolist() == [1.0, 1.0]


# DLPack


@pytest.mark.host("PyTorch's memory")
def test_dlpack_to_and_from_torch_shares_memory():
    torch = pytest.importorskip("torch")
    x = tg.tensor([1.0, 2.0, 3.0])
    there = torch.from_dlpack(x)
    there[0] = 7
    assert x.tolist() == [7.0, 2.0, 3.0]
    back = tg.from_dlpack(torch.arange(4, dtype=torch.float64))
    assert (back.tolist(), back.dtype) == ([0.0, 1.0, 2.0, 3.0], np.float64)
    assert (back * 2).sum().item() == 12.0


@pytest.mark.host("NumPy's protocol")
def test_dlpack_to_and_from_numpy():
    x = tg.tensor([1.0, 2.0])
    assert np.shares_memory(np.from_dlpack(x), x.data)
    assert x.__dlpack_device__() == (1, 0)
    assert np.from_dlpack(x.sum()).shape == ()


def test_dlpack_refuses_a_graph():
    for t in (leaf([1.0]), leaf([1.0]) * 2):
        with pytest.raises(GradientError, match=r"Pass x.detach\(\)"):
            np.from_dlpack(t)


# copies and pickles


def through_pickle(t):
    return pickle.loads(pickle.dumps(t))  # noqa: S301  our own bytes


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, through_pickle], ids=["copy", "deepcopy", "pickle"])
def test_leaves_can_be_copied_and_pickled(clone):
    for original in (leaf(np.ones((2, 3))), tg.tensor([1, 2]), leaf(1.5), tg.tensor(2.0).sum()):
        twin = clone(original)
        assert (twin.shape, twin.dtype, twin.requires_grad) == (original.shape, original.dtype, original.requires_grad)
        assert np.array_equal(memory_of(twin), memory_of(original))
        assert not np.shares_memory(memory_of(twin), memory_of(original))
        assert twin.node is None or twin.node is not original.node


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, through_pickle], ids=["copy", "deepcopy", "pickle"])
def test_a_leaf_has_a_name_that_goes_where_it_goes(clone):
    W = leaf(np.ones((2, 2)))
    assert (W.name, clone(W).name) == ("", "")
    W.name = "W_hh"
    assert (W.name, clone(W).name) == ("W_hh", "W_hh")


def test_only_what_collects_a_gradient_has_a_name_and_it_is_text():
    for x in (tg.ones(2), leaf([1.0]) * 2, leaf([1.0]).detach()):
        assert x.name == ""
        with pytest.raises(GradientError, match="names are for tensors that collect a gradient"):
            x.name = "x"
    with pytest.raises(ConfigError, match="a name is text; got int"):
        leaf([1.0]).name = 5


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("current", ["numpy", "fake"])
def test_a_copy_stays_on_its_backend_and_nothing_crosses(clone, current, backend_name):
    x = tg.nn.Parameter([1.0, 2.0], backend=backend_name)
    x.name = "W_hh"
    transfers = get_backend("fake").transfers
    transfers.clear()
    with tg.use_backend(current):
        twin = clone(x)
    assert not transfers
    assert type(twin) is tg.nn.Parameter
    assert (twin.backend, twin.name, twin.tolist()) == (backend_name, "W_hh", [1.0, 2.0])
    assert not np.shares_memory(memory_of(twin), memory_of(x))


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickle.dumps], ids=["copy", "deepcopy", "pickle"])
def test_the_middle_of_a_graph_cannot_be_copied_however_deep(clone):
    y = leaf([1.0])
    for _ in range(5000):
        y = y + 1
    with pytest.raises(GradientError, match=r"cannot be pickled or copied. Use x.detach\(\)"):
        clone(y)
    assert clone(y.detach()) is not None


# .grad


def test_grad_is_kept_by_leaves_and_takes_tensors_of_their_shape():
    x = leaf([1.0, 2.0])
    assert x.grad is None
    x.grad = tg.ones(2)
    assert x.grad.tolist() == [1.0, 1.0]
    with pytest.raises(ShapeError, match=r"own shape \(2,\); got \(3,\)"):
        x.grad = tg.ones(3)
    with pytest.raises(DTypeError, match=r".grad is a tensor or None; got ndarray"):
        x.grad = np.ones(2)
    x.grad = None
    assert x.grad is None
    assert (x * 2).grad is None
    with pytest.raises(GradientError, match="kept by leaves"):
        (x * 2).grad = tg.ones(2)


def test_grad_never_holds_a_graph():
    x = leaf([1.0, 2.0])
    x.grad = tg.grad((x**3).sum(), x, create_graph=True)
    assert not x.grad.requires_grad


# other libraries' names


@pytest.mark.parametrize(
    ("call", "cure"),
    [
        (lambda x: x.sum(dim=0), r"sum\(\) takes axis=, not dim="),
        (lambda x: x.mean(axis=0, keepdim=True), r"mean\(\) takes keepdims=, not keepdim="),
        (lambda x: x.softmax(dim=-1), r"softmax\(\) takes axis=, not dim="),
        (lambda x: tg.sum(x, dim=0), r"takes axis=, not dim="),
        (lambda x: x.view(3, 1), r"write reshape\(x, shape\)"),
        (lambda x: x.unsqueeze(0), r"write expand_dims\(x, axis=...\)"),
        (lambda x: x.clamp(0, 1), r"write clip\(x, min=..., max=...\)"),
        (lambda x: tg.cat([x, x]), r"write concat\(xs, axis=...\)"),
    ],
)
def test_the_names_of_other_libraries_are_answered_with_ours(call, cure):
    with pytest.raises(SpellingError, match=cure):
        call(tg.ones(3))


def test_an_unknown_attribute_is_an_attribute_error():
    assert not hasattr(tg.ones(3), "nonsense")
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'nonsense'"):
        _ = tg.ones(3).nonsense


def test_a_subclass_cannot_gain_attributes_by_a_typing_error():
    with pytest.raises(AttributeError):
        tg.ones(3).gard = 1


# methods


def test_methods_are_the_functions():
    x = tg.tensor([[1.0, 4.0], [9.0, 16.0]], dtype="float64")
    pairs = [
        (x.sum(0), tg.sum(x, axis=0)),
        (x.mean(axis=1, keepdims=True), tg.mean(x, axis=1, keepdims=True)),
        (x.max(1), tg.max(x, axis=1)),
        (x.min(), tg.min(x)),
        (x.argmax(0), tg.argmax(x, axis=0)),
        (x.exp(), tg.exp(x)),
        (x.log(), tg.log(x)),
        (x.sqrt(), tg.sqrt(x)),
        (x.tanh(), tg.tanh(x)),
        (x.sigmoid(), tg.sigmoid(x)),
        ((x - 5).relu(), tg.relu(x - 5)),
        (x.softmax(), tg.softmax(x)),
        (x.reshape(4), tg.reshape(x, (4,))),
        (x.reshape(1, -1), tg.reshape(x, (1, 4))),
        (x.reshape((2, 2)), x),
        (x.swapaxes(0, 1), x.T),
        (x.expand_dims(0).squeeze(0), x),
        (x.astype("float32"), tg.astype(x, "float32")),
        (abs(-x), x),
    ]
    for method, function in pairs:
        assert method.dtype == function.dtype
        assert np.array_equal(method.numpy(), function.numpy())
