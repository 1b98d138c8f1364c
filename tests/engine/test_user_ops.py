"""Operations that a user writes: first and second derivatives follow from the rules alone."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import Op, ops
from tinygrad_seq.autograd import gradcheck, gradgradcheck
from tinygrad_seq.errors import DTypeError, ShapeError


class Cube(Op):
    """One input."""

    @staticmethod
    def forward(xp, x):
        return x * x * x

    @staticmethod
    def dx(xp, dy, x):
        return dy * (3 * x * x)


class Softsign(Op):
    """One input, a static attribute, a rule that reads the output."""

    @staticmethod
    def forward(xp, x, /, scale=1.0):
        return x / (scale + xp.abs(x))

    @staticmethod
    def dx(xp, dy, x, y, scale):
        return dy * (1 - y * xp.sign(x)) / (scale + xp.abs(x))


class Hypot(Op):
    """Two inputs that broadcast, rules that read the output."""

    broadcasts = True

    @staticmethod
    def forward(xp, a, b):
        return xp.sqrt(a * a + b * b)

    @staticmethod
    def da(xp, dy, a, y):
        return dy * a / y

    @staticmethod
    def db(xp, dy, b, y):
        return dy * b / y


class ScaleAdd(Op):
    """Two inputs and static attributes."""

    @staticmethod
    def forward(xp, a, b, /, alpha, beta=2.0):
        return alpha * a * b + beta * b

    @staticmethod
    def da(xp, dy, b, alpha):
        return dy * (alpha * b)

    @staticmethod
    def db(xp, dy, a, alpha, beta):
        return dy * (alpha * a + beta)


class SumAndProduct(Op):
    """Two outputs."""

    outputs = -1

    @staticmethod
    def forward(xp, a, b):
        return a + b, a * b

    @staticmethod
    def da(xp, dys, b):
        return dys[0] + dys[1] * b

    @staticmethod
    def db(xp, dys, a):
        return dys[0] + dys[1] * a


class WeightedTotal(Op):
    """A list of inputs and a keyword."""

    @staticmethod
    def forward(xp, *xs, power=2):
        y = 0
        for x in xs:
            y = y + x**power
        return y

    @staticmethod
    def dxs(xp, dy, i, xs, power):
        return dy * (power * xs[i] ** (power - 1))


class Masked(Op):
    """An input without a rule stands before one with a rule."""

    @staticmethod
    def forward(xp, mask, x):
        return mask * x

    @staticmethod
    def dx(xp, dy, mask):
        return dy * mask


def leaf(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


CASES = {
    "one input": (lambda a, b: Cube.apply(a), 2),
    "static attribute by default": (lambda a, b: Softsign.apply(a), 2),
    "static attribute by position": (lambda a, b: Softsign.apply(a, 3.0), 2),
    "static attribute by name": (lambda a, b: Softsign.apply(a, scale=3.0), 2),
    "two inputs": (Hypot.apply, 2),
    "two inputs, broadcast": (lambda a, b: Hypot.apply(a[0], b), 2),
    "two inputs and static attributes": (lambda a, b: ScaleAdd.apply(a, b, 3.0), 2),
    "two outputs": (SumAndProduct.apply, 2),
    "two outputs, one unused": (lambda a, b: SumAndProduct.apply(a, b)[1], 2),
    "two outputs, both in one": (lambda a, b: SumAndProduct.apply(a, b)[0] * SumAndProduct.apply(a, b)[1], 2),
    "list of inputs": (lambda a, b: WeightedTotal.apply(a, b, a, power=3), 2),
    "input without a rule": (lambda a, b: Masked.apply(tg.tensor([1.0, 0.0, 2.0]), a) * b, 2),
    "one tensor as both inputs": (lambda a, b: Hypot.apply(a, a), 2),
}


@pytest.mark.parametrize(("f", "n"), CASES.values(), ids=CASES.keys())
def test_first_and_second_derivatives_agree_with_differences(f, n):
    inputs = [leaf(2, 3, seed=i + 1) for i in range(n)]
    assert gradcheck(f, inputs)
    assert gradgradcheck(f, inputs)


def test_third_derivative_through_the_same_rule():
    x = tg.tensor(2.0, dtype="float64", requires_grad=True)
    d1 = tg.grad(Cube.apply(x), x, create_graph=True)
    d2 = tg.grad(d1, x, create_graph=True)
    assert [d1.item(), d2.item(), tg.grad(d2, x).item()] == [12.0, 12.0, 6.0]


def test_unused_outputs_arrive_as_zeros_of_their_shape():
    seen = []

    class Parts(Op):
        outputs = -1

        @staticmethod
        def forward(xp, x):
            return x[:1], x[1:], x * 2

        @staticmethod
        def dx(xp, dys):
            seen.extend(tg.tensor(dy) for dy in dys)
            return xp.concat([dys[0], dys[1]]) + 2 * dys[2]

    x = leaf(4)
    Parts.apply(x)[1].sum().backward()
    assert [dy.tolist() for dy in seen] == [[0.0], [1.0, 1.0, 1.0], [0.0] * 4]
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 1.0]


def test_a_list_rule_is_called_for_the_wanted_elements_only():
    called = []

    class Total(Op):
        @staticmethod
        def forward(xp, *xs):
            return sum(xs)

        @staticmethod
        def dxs(xp, dy, i):
            called.append(i)
            return dy

    a, b, c = leaf(2), tg.ones(2, dtype="float64"), leaf(2)
    Total.apply(a, b, c).sum().backward()
    assert called == [0, 2]
    assert b.grad is None


def test_an_input_without_a_rule_is_never_differentiated():
    mask, x = leaf(3), leaf(3)
    y = Masked.apply(mask, x)
    y.sum().backward()
    assert mask.grad is None
    assert np.array_equal(x.grad.numpy(), mask.detach().numpy())
    assert not Masked.apply(mask, x.detach()).requires_grad


def test_a_rule_may_read_the_shape_of_an_operand_that_is_a_python_number():
    class Plus(Op):
        broadcasts = True

        @staticmethod
        def forward(xp, a, b):
            return a + b

        @staticmethod
        def da(xp, dy, a_shape):
            return dy if a_shape == dy.shape else xp.sum(dy)

        @staticmethod
        def db(xp, dy, b_shape):
            return dy if b_shape == dy.shape else xp.sum(dy)

    x = leaf(3)
    (Plus.apply(2.0, x) + Plus.apply(x, 2.0)).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]


def test_raw_arrays_give_raw_arrays():
    x = np.array([1.0, 2.0])
    for y in (Cube.apply(x), Hypot.apply(x, x), WeightedTotal.apply(x, x), SumAndProduct.apply(x, x)[0]):
        assert type(y) is np.ndarray


def test_settings_reach_raw_arrays_too():
    class WeightedSum(Op):
        @staticmethod
        def forward(xp, a, b, c, /, scale=1.0):
            return scale * (a + b + c)

    x = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(WeightedSum.apply(x, x, x, scale=2.0), 6 * x)
    assert [part.shape for part in ops.split(x, 3, axis=1)] == [(2, 1)] * 3


def test_too_few_arguments_are_named():
    with pytest.raises(DTypeError, match=r"scale_add\(\) takes a, b; got 1 of these 2"):
        ScaleAdd.apply(leaf(2))


def test_an_operand_of_a_foreign_type_is_refused_with_the_cure():
    with pytest.raises(DTypeError, match=r"hypot\(\) cannot take a list. Make it a tensor first: tg.tensor"):
        Hypot.apply(leaf(2), [1.0, 2.0])


def test_an_error_inside_forward_names_operation_place_and_shapes():
    with tg.scope.module("enc"), tg.scope.module("lstm"):
        tg.scope.step(3)
        with pytest.raises(ShapeError) as caught:
            leaf(3, 4) @ leaf(3, 4)
    text = str(caught.value)
    assert text.startswith("matmul in 'enc.lstm' (t=3): ")
    assert "a: (3, 4)   b: (3, 4)" in text
