"""gradcheck and gradgradcheck accept right rules and catch wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import Op, ops
from tinygrad_seq.autograd import gradcheck, gradgradcheck
from tinygrad_seq.errors import DTypeError, GradientError

MODES = pytest.mark.parametrize("full", [True, False], ids=["full", "projection"])


def leaf(*shape, seed=0):
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


def op_with(rule):
    """Return a x b, with a rule for a that somebody has got wrong."""

    class Product(Op):
        broadcasts = True

        @staticmethod
        def forward(xp, a, b):
            return a * b

        @staticmethod
        def da(xp, dy, a, b):
            return rule(xp, dy, a, b)

        @staticmethod
        def db(xp, dy, a):
            return dy * a

    return Product.apply


MUTANTS = {
    "sign": lambda xp, dy, a, b: -dy * b,
    "forgot dy": lambda xp, dy, a, b: b + 0 * dy,
    "other factor": lambda xp, dy, a, b: dy * a,
    "one per cent off": lambda xp, dy, a, b: dy * b * 1.01,
    "zero": lambda xp, dy, a, b: dy * 0,
    "nan": lambda xp, dy, a, b: dy * float("nan"),
    "one element": lambda xp, dy, a, b: xp.where(a == xp.max(a), 0, dy * b),
    "flipped": lambda xp, dy, a, b: xp.flip(dy * b, axis=0),
    "summed": lambda xp, dy, a, b: xp.broadcast_to(xp.sum(dy * b), dy.shape),
}


@MODES
def test_a_right_rule_passes(full):
    f = op_with(lambda xp, dy, a, b: dy * b)
    assert gradcheck(f, [leaf(3, 2), leaf(2, seed=1)], full=full)
    assert gradgradcheck(f, [leaf(3, 2), leaf(2, seed=1)], full=full)


@MODES
@pytest.mark.parametrize("rule", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_wrong_rule_is_caught(rule, full):
    with pytest.raises(GradientError, match="gradcheck: output 0, input 0"):
        gradcheck(op_with(rule), [leaf(3, 2), leaf(2, seed=1)], full=full)


def test_the_message_gives_input_element_and_both_numbers():
    def f(x, z):
        return op_with(MUTANTS["zero"])(z, x)

    x, z = (
        tg.tensor([2.0, 3.0], dtype="float64", requires_grad=True),
        tg.tensor([5.0, 7.0], dtype="float64", requires_grad=True),
    )
    with pytest.raises(GradientError) as caught:
        gradcheck(f, [x, z])
    assert str(caught.value) == "gradcheck: output 0, input 1, element (0,): the rule gives 0, differences give 2."
    with pytest.raises(GradientError, match="input 1, a random projection: the rule gives 0, differences give"):
        gradcheck(f, [x, z], full=False)


@MODES
def test_a_rule_right_once_and_wrong_twice_is_caught_by_gradgradcheck(full):
    """The rule hides x in a static attribute: its value is right, its derivative is lost."""

    class Square(Op):
        @staticmethod
        def forward(xp, x, /, hidden):
            return x * x

        @staticmethod
        def dx(xp, dy, hidden):
            return dy * (2 * hidden)

    def f(x):
        return Square.apply(x, x.data)

    assert gradcheck(f, [leaf(3)], full=full)
    with pytest.raises(GradientError, match="gradcheck: output 0, input 0"):
        gradgradcheck(f, [leaf(3)], full=full)


@MODES
def test_a_gradient_that_is_no_graph_at_all_is_caught(full):
    class Detached(Op):
        @staticmethod
        def forward(xp, x):
            return x * x * x

        @staticmethod
        def dx(xp, dy, x):
            return (3 * x * x * dy).detach() if isinstance(x, tg.Tensor) else 3 * x * x * dy

    f = Detached.apply
    assert gradcheck(f, [leaf(3)], full=full)
    with pytest.raises(GradientError):
        gradgradcheck(f, [leaf(3)], full=full)


def test_several_outputs_and_unused_inputs():
    assert gradcheck(lambda a, b, c: (a * b, ops.split(tg.exp(a), 2)[1], b), [leaf(2), leaf(2), leaf(3)])
    assert gradgradcheck(lambda a, b, c: (a * b * b, tg.exp(a)), [leaf(2), leaf(2), leaf(3)])

    def wrong_second(a):
        return a * 2, op_with(MUTANTS["sign"])(a, 3.0)

    with pytest.raises(GradientError, match="output 1, input 0"):
        gradcheck(wrong_second, [leaf(2)])


def test_constants_are_held_fixed():
    mask = tg.tensor([True, False, True])
    fixed = tg.ones(3)
    assert gradcheck(lambda x, m, c: ops.where(m, x * c, tg.exp(x)), [leaf(3), mask, fixed])
    assert gradgradcheck(lambda x, m, c: ops.where(m, x * x * c, tg.exp(x)), [leaf(3), mask, fixed])


@pytest.mark.parametrize("shape", [(), (1,), (2, 1, 3), (0,)], ids=str)
@MODES
def test_any_shape(shape, full):
    assert gradcheck(lambda x: tg.tanh(x) * x, [leaf(*shape)], full=full)


def test_linear_functions_have_second_derivative_zero():
    assert gradgradcheck(lambda x: x * 3 + 1, [leaf(2, 2)])
    assert gradgradcheck(tg.sum, [leaf(2, 2)])


def test_it_works_where_gradients_are_switched_off():
    with tg.no_grad():
        assert gradcheck(tg.tanh, [leaf(2)])
        assert gradgradcheck(tg.tanh, [leaf(2)])


def test_it_leaves_the_inputs_alone():
    x = leaf(3)
    before = x.tolist()
    gradcheck(tg.tanh, [x])
    gradgradcheck(tg.tanh, [x])
    assert x.tolist() == before
    assert x.grad is None


def test_a_backward_pass_that_is_not_repeatable_is_caught():
    rng = np.random.default_rng(0)
    f = op_with(lambda xp, dy, a, b: dy * b * (1 + 1e-12 * rng.standard_normal()))
    with pytest.raises(GradientError, match="two backward passes from output 0 gave different bits"):
        gradcheck(f, [leaf(3), leaf(3)])


def test_single_precision_is_refused():
    with pytest.raises(DTypeError, match="gradcheck: input 1 is float32; differences need dtype='float64'"):
        gradcheck(lambda a, b: a * b, [leaf(2), tg.ones(2, requires_grad=True)])


def test_nothing_to_check_is_an_error():
    with pytest.raises(GradientError, match="no input has requires_grad=True"):
        gradcheck(tg.tanh, [tg.ones(2, dtype="float64")])


def test_finding_23_a_recurrent_net_is_twice_differentiable_and_its_gradients_repeat_bit_for_bit():
    def net(x, h, W, U):
        for t in range(3):
            r, n = ops.split(x[t] @ W + h @ U, 2, axis=-1)
            h = tg.sigmoid(r) * h + (1 - tg.sigmoid(r)) * tg.tanh(n)
        return tg.functional.cross_entropy(h, [0, 1])

    inputs = [leaf(3, 2, 2), leaf(2, 3, seed=1), leaf(2, 6, seed=2), leaf(3, 6, seed=3)]
    assert gradgradcheck(net, inputs, full=False)

    def gradients():
        return [g.numpy() for g in tg.grad(net(*inputs), inputs)]

    assert all(np.array_equal(p, q) for p, q in zip(gradients(), gradients(), strict=True))
