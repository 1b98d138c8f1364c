"""The signatures of an operation are its declaration; what cannot be meant is refused when the class is created."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import Op


def test_inputs_statics_rules_and_what_they_read_come_from_the_signatures():
    class ScaledSum(Op):
        @staticmethod
        def forward(xp, a, b, /, scale, shift=0.0):
            return scale * (a + b) + shift

        @staticmethod
        def da(xp, dy, scale):
            return dy * scale

        @staticmethod
        def db(xp, dy, b_shape, y, scale):
            return dy * scale

    assert ScaledSum.name == "scaled_sum"
    assert ScaledSum.inputs == ("a", "b")
    assert ScaledSum.static == ("scale", "shift")
    assert ScaledSum.defaults == {"shift": 0.0}
    assert ScaledSum.reads == (("scale",), ("b_shape", "y", "scale"))


def test_without_a_slash_every_positional_parameter_is_an_input_and_keywords_are_static():
    class Plain(Op):
        @staticmethod
        def forward(xp, a, b, *, axis=0):
            return a + b

    assert Plain.inputs == ("a", "b")
    assert Plain.static == ("axis",)


def test_a_starred_parameter_is_a_list_of_inputs():
    class Total(Op):
        @staticmethod
        def forward(xp, *xs, scale=1.0):
            return scale * sum(xs)

    assert Total.variadic
    assert (Total.inputs, Total.static) == (("xs",), ("scale",))


def test_operations_may_share_a_base_that_computes_nothing_itself():
    class Scaling(Op):
        @staticmethod
        def dx(xp, dy, by):
            return dy * by

    class Scaled(Scaling):
        @staticmethod
        def forward(xp, x, /, by):
            return x * by

    assert not hasattr(Scaling, "apply")
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    assert tg.grad(Scaled.apply(x, 3.0).sum(), x).tolist() == [3.0, 3.0]


def test_an_operation_may_say_all_its_gradients_at_once():
    class Halves(Op):
        @staticmethod
        def forward(xp, a, b):
            return a / 2 + b / 2

        @staticmethod
        def da(xp, dy):
            raise NotImplementedError

        db = da

        @staticmethod
        def backward(xp, node, dy, wanted, kind):
            return dy / 2, dy / 2

    a, b = (tg.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    assert [g.tolist() for g in tg.grad(Halves.apply(a, b).sum(), [a, b])] == [[0.5, 0.5]] * 2


def test_a_rule_for_no_input_is_refused():
    with pytest.raises(
        TypeError, match=r"Square has rules \['dz'\] for inputs it does not have; its inputs are \('x',\)"
    ):

        class Square(Op):
            @staticmethod
            def forward(xp, x):
                return x * x

            @staticmethod
            def dz(xp, dy, x):
                return dy * 2 * x


@pytest.mark.parametrize("decorate", [staticmethod, lambda f: f], ids=["static method", "plain function"])
def test_a_misspelt_rule_is_refused_and_not_taken_for_no_rule(decorate):
    with pytest.raises(TypeError, match=r"rules \['dX'\]"):

        class Square(Op):
            @staticmethod
            def forward(xp, x):
                return x * x

            @decorate
            def dX(xp, dy, x):  # noqa: N805
                return dy * 2 * x


def test_an_input_called_y_is_refused_since_y_is_the_output():
    with pytest.raises(TypeError, match="an input may not be called y"):

        class Add(Op):
            @staticmethod
            def forward(xp, x, y):
                return x + y


def test_a_rule_that_reads_what_nobody_saves_is_refused_with_the_list_of_what_it_may_read():
    with pytest.raises(TypeError, match=r"Square.dx reads \['z'\]; it may read \['n', 'x', 'x_shape', 'y'\]"):

        class Square(Op):
            @staticmethod
            def forward(xp, x, /, n=2):
                return x**n

            @staticmethod
            def dx(xp, dy, z):
                return dy * z


def test_nothing_is_saved_for_an_input_that_needs_no_gradient():
    x, w = tg.ones((4, 3)), tg.ones((3, 2), requires_grad=True)
    node = (x @ w).node
    for_x, for_w = (node.saved[span] for span in node.op.spans)
    assert for_x == (None,) * len(for_x)
    assert for_w[0] is x.data


def test_a_rule_saves_only_what_it_names():
    x = tg.ones((4, 3), requires_grad=True)
    saved = (x + 1).node.saved + x.sum(axis=0).node.saved
    assert not any(isinstance(value, np.ndarray) for value in saved)
    y = tg.tanh(x)
    (tanh_saved,) = y.node.saved
    assert tanh_saved is y.data


def test_results_of_a_subclass_are_made_in_its_kind():
    class Weight(tg.Tensor):
        """As a Parameter does, it inherits `kind`."""

        __slots__ = ()

    w = Weight([1.0, 2.0], requires_grad=True)
    assert type(w * w) is tg.Tensor
    assert type(tg.tanh(w)) is tg.Tensor
    assert type(tg.concat([w, w])) is tg.Tensor
    assert all(type(part) is tg.Tensor for part in tg.split(w, 2))
    (w * w).sum().backward()
    assert type(w.grad) is tg.Tensor


def test_the_function_that_an_operation_becomes_carries_its_name_and_docstring():
    assert tg.log_softmax.__name__ == "log_softmax"
    assert "ln sum" in tg.log_softmax.__doc__
