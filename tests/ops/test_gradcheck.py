"""The check itself: it passes what is right, and says of what is wrong which input, which element, and both numbers."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

import tinygrad_seq as tg
from tinygrad_seq.autograd import gradcheck, gradgradcheck
from tinygrad_seq.errors import DTypeError, GradientError

pairs = pytest.mark.parametrize("full", [True, False])


def point(*values: float, backend: str | None = None) -> tg.Tensor:
    return tg.tensor(values, dtype="float64", requires_grad=True, backend=backend)


class Cube(tg.Op):
    """A right first derivative whose own derivative is lost: 3 x^2 is written with a constant."""

    @staticmethod
    def forward(xp: Any, x: Any) -> Any:
        return x * x * x

    @staticmethod
    def dx(xp: Any, dy: Any, x: Any) -> Any:
        frozen = x.detach() if isinstance(x, tg.Tensor) else x
        return dy * (3 * frozen * frozen)


class Double(tg.Op):
    """A wrong rule: y = 2 x, dy/dx said to be 3."""

    @staticmethod
    def forward(xp: Any, x: Any) -> Any:
        return 2 * x

    @staticmethod
    def dx(xp: Any, dy: Any) -> Any:
        return 3 * dy


@pairs
def test_right_rules_pass_on_every_backend(full: bool, backend_name: str) -> None:
    a, b = point(0.3, -0.7, backend=backend_name), point(1.5, backend=backend_name)
    assert gradcheck(lambda a, b: (tg.tanh(a) * b, (a @ a) / b), [a, b], full=full)
    assert gradgradcheck(lambda a, b: (tg.tanh(a) * b, (a @ a) / b), [a, b], full=full)


@pairs
def test_a_wrong_rule_is_found(full: bool) -> None:
    with pytest.raises(GradientError, match=r"output 0, input 0, .*the rule gives"):
        gradcheck(Double.apply, [point(1.0, 2.0)], full=full)


def test_the_element_and_both_numbers_are_named() -> None:
    with pytest.raises(GradientError, match=r"input 1, element \(0,\): the rule gives 3, differences give 2"):
        gradcheck(lambda a, b: a + Double.apply(b), [point(1.0), point(1.0)])


@pairs
def test_a_wrong_second_derivative_is_found(full: bool) -> None:
    assert gradcheck(Cube.apply, [point(1.0, 2.0)], full=full)
    with pytest.raises(GradientError, match=r"the rule gives 0, differences give|a random projection"):
        gradgradcheck(Cube.apply, [point(1.0, 2.0)], full=full)


def test_a_backward_pass_that_varies_is_found() -> None:
    calls = count()

    class Noisy(tg.Op):
        @staticmethod
        def forward(xp: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def dx(xp: Any, dy: Any) -> Any:
            return dy * (1 + 1e-15 * next(calls))

    with pytest.raises(GradientError, match="different bits"):
        gradcheck(Noisy.apply, [point(1.0)])


def test_inputs_without_requires_grad_are_held_fixed() -> None:
    fixed = tg.tensor([2.0, 3.0], dtype="float64")
    assert gradcheck(lambda a, b: a * b, [point(1.0, 2.0), fixed])
    assert gradgradcheck(lambda a, b: a * a * b, [point(1.0, 2.0), fixed])
    with pytest.raises(GradientError, match="no input has requires_grad"):
        gradcheck(lambda a: a, [fixed])


def test_less_than_float64_is_refused() -> None:
    with pytest.raises(DTypeError, match="input 0 is float32"):
        gradcheck(tg.exp, [tg.tensor([1.0], requires_grad=True)])


@pairs
def test_outputs_without_elements_or_without_slope_are_skipped(full: bool) -> None:
    assert gradcheck(lambda x: (x[:0], x > 0, tg.argmax(x), x * x), [point(1.0, 2.0)], full=full)


def test_a_function_without_slope_passes() -> None:
    assert gradcheck(tg.sign, [point(1.0, -2.0)])
    assert gradgradcheck(tg.sign, [point(1.0, -2.0)])


def test_the_inputs_are_left_alone() -> None:
    x = point(1.0, 2.0)
    before = x.tolist()
    gradgradcheck(lambda x: x * x, [x])
    assert x.grad is None
    assert x.tolist() == before
