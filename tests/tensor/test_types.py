"""Which type a result has: Python and NumPy scalars are weak, raw arrays adapt, tensors promote."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.errors import DTypeError

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


def ones(dtype):
    return tg.ones(3, dtype=dtype, requires_grad=True)


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
@pytest.mark.parametrize(
    "scalar",
    [2, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(2), np.float16(2.5)],
    ids=lambda s: type(s).__name__,
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_scalar_operand_never_changes_the_type(op, scalar, dtype):
    x = ones(dtype)
    for y in (op(x, scalar), op(scalar, x)):
        assert type(y) is tg.Tensor
        assert y.dtype == dtype
        y.sum().backward()
    assert x.grad.dtype == dtype


def test_a_0d_tensor_times_a_scalar_keeps_its_type():
    total = ones("float32").sum()
    assert (total * np.float64(2)).dtype == np.float32
    assert (2.0 / total).dtype == np.float32
    assert (total * total).dtype == np.float32


def test_a_float_operand_makes_whole_numbers_floating():
    n = tg.tensor([1, 2])
    assert (n + 1).dtype == np.int64
    assert (n / 2).dtype == np.float64  # NumPy's rule for integers
    assert (n * 0.5).dtype == np.float64


@pytest.mark.host("an array of NumPy")
@pytest.mark.parametrize("other", [np.full(3, 2.5), np.array([1, 2, 3]), np.ones(3, "float16"), np.array([True] * 3)])
def test_a_raw_array_takes_the_type_of_the_tensor(other):
    x = ones("float32")
    for op in (operator.add, operator.mul, operator.truediv):
        assert op(x, other).dtype == np.float32
        assert op(other, x).dtype == np.float32
    assert tg.maximum(x, other).dtype == np.float32
    assert tg.where(np.array([True, False, True]), x, other).dtype == np.float32


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ("float32", "float64", "float64"),
        ("float16", "float32", "float32"),
        ("float32", "int64", "float64"),
        ("float16", "int8", "float16"),
        ("int32", "int64", "int64"),
        ("bool", "float32", "float32"),
    ],
)
def test_tensors_promote_as_numpy_does(left, right, result):
    a, b = tg.ones(3, dtype=left), tg.ones(3, dtype=right)
    assert (a * b).dtype == result == np.result_type(left, right)
    assert (b * a).dtype == result


def test_gradients_come_back_in_their_own_type():
    a, b = ones("float32"), ones("float64")
    h = a * b
    h.register_hook(lambda g: seen.append(g.dtype.name))
    seen = []
    (h * h).sum().backward()
    assert (a.grad.dtype.name, b.grad.dtype.name, seen) == ("float32", "float64", ["float64"])
    m, n = ones("float16"), tg.ones((3, 3), requires_grad=True)
    (m @ n).sum().backward()
    assert (m.grad.dtype.name, n.grad.dtype.name) == ("float16", "float32")


def test_a_float32_network_has_no_float64_anywhere():
    rng = np.random.default_rng(0)
    w = tg.tensor(rng.standard_normal((4, 4)), dtype="float32", requires_grad=True)
    x = tg.tensor(rng.standard_normal((2, 4)), dtype="float32")
    made = []

    class Watcher(tg.scope.Watcher):
        def made(self, call):
            made.extend((call.op.name, y.data.dtype.name) for y in call.outputs)

        def sent(self, node, i, gradient):
            made.append((node.op.name, getattr(gradient, "values", gradient).dtype.name))

    with tg.scope.switched(watcher=Watcher()):
        h = tg.tanh(x @ w + 0.5) * np.float64(3) - 1 / (2 + tg.sigmoid(x @ w) ** 2)
        h = tg.functional.dropout(tg.functional.layer_norm(tg.softplus(h) * tg.randn(2, 4)), 0.5)
        loss = tg.functional.cross_entropy(h, [0, 3], label_smoothing=0.1) + tg.functional.huber_loss(h, x) + tg.std(h)
        g = tg.grad(loss, w, create_graph=True)
        (g * g).sum().backward()
    assert [entry for entry in made if entry[1] not in ("float32", "bool")] == []
    assert w.grad.dtype == np.float32


def test_astype_carries_the_gradient_through_floating_types_only():
    x = ones("float32")
    x.astype("float64").sum().backward()
    assert x.grad.dtype == np.float32
    assert not x.astype("int32").requires_grad


def test_an_operand_that_is_no_number_is_refused():
    for bad in ([1.0, 2.0, 3.0], None, "a", object()):
        with pytest.raises(DTypeError, match=r"add\(\) cannot take"):
            ones("float32") + bad
