"""Where formulas break: overflow, ties and kinks, zeros, infinities, and the branch not taken."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import tinygrad_seq as tg

DTYPES = ["float32", "float64"]


def value_and_gradient(f: Callable[[Any], Any], values: Any, dtype: str = "float64") -> tuple[Any, Any]:
    """Return f and the gradient of its sum, as lists."""
    x = tg.tensor(values, dtype=dtype, requires_grad=True)
    y = f(x)
    return y.tolist(), tg.grad(y.sum(), x).tolist()


FAR: dict[str, tuple[Callable[[Any], Any], Callable[[float], float], Callable[[float], float]]] = {
    "sigmoid": (tg.sigmoid, lambda x: float(x > 0), lambda x: 0.0),
    "softplus": (tg.softplus, lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "logsigmoid": (tg.logsigmoid, lambda x: min(x, 0.0), lambda x: float(x < 0)),
    "tanh": (tg.tanh, np.sign, lambda x: 0.0),
    "gelu": (tg.gelu, lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "relu": (tg.relu, lambda x: max(x, 0.0), lambda x: float(x > 0)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FAR)
def test_far_from_zero_nothing_overflows(name: str, dtype: str) -> None:
    f, value, slope = FAR[name]
    for x in (-1e4, -300.0, 300.0, 1e4):
        assert value_and_gradient(f, x, dtype) == (pytest.approx(value(x), abs=1e-30), slope(x))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_what_is_normalised_bears_any_shift(shift: float, dtype: str) -> None:
    x = [shift, shift + 1, shift - 1]
    p = np.exp([0.0, 1.0, -1.0]) / np.exp([0.0, 1.0, -1.0]).sum()
    near = pytest.approx
    y, g = value_and_gradient(tg.logsumexp, x, dtype)
    assert y == near(shift + 1 - np.log(p[1]), rel=1e-6)
    assert g == near(p, abs=1e-3)
    assert value_and_gradient(lambda x: tg.softmax(x)[0], x, dtype) == (
        near(p[0], abs=1e-6),
        near(p[0] * ([1, 0, 0] - p), abs=1e-6),
    )
    assert value_and_gradient(lambda x: tg.log_softmax(x)[0], x, dtype) == (
        near(np.log(p[0]), abs=1e-6),
        near([1, 0, 0] - p, abs=1e-6),
    )


def test_logits_far_apart_give_finite_losses() -> None:
    x = [1e4, -1e4, 0.0]
    assert value_and_gradient(tg.softmax, x) == ([1, 0, 0], [0, 0, 0])
    assert value_and_gradient(tg.log_softmax, x) == ([0, -2e4, -1e4], [-2, 1, 1])
    assert value_and_gradient(tg.logsumexp, x) == (1e4, [1, 0, 0])


def test_every_row_is_normalised_by_its_own_largest() -> None:
    x = tg.tensor([[1e4, 1e4], [-1e4, -1e4]], requires_grad=True)
    assert tg.softmax(x, axis=1).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert tg.log_softmax(x, axis=1).tolist() == [[np.log(np.float32(0.5))] * 2] * 2
    assert tg.logsumexp(x, axis=1).tolist() == pytest.approx([1e4, -1e4], rel=1e-3)


def test_logsumexp_of_nothing_but_minus_infinity() -> None:
    x = [[-inf, -inf], [-inf, 2.0]]  # a row that a mask has emptied, and one it has not
    y, g = value_and_gradient(lambda x: tg.logsumexp(x, axis=1), x)
    assert (y, g) == ([-inf, 2.0], [[0, 0], [0, 1]])


def test_logsumexp_of_plus_infinity() -> None:
    assert tg.logsumexp(tg.tensor([1.0, inf])).item() == inf


@pytest.mark.parametrize("f", [tg.sqrt, tg.log, lambda x: 1 / x, lambda x: x**0.5, lambda x: tg.log1p(x - 1)])
def test_where_shields_the_branch_not_taken(f: Callable[[Any], Any]) -> None:
    x = tg.tensor([4.0, -1.0, 0.0], requires_grad=True)
    with np.errstate(all="ignore"):  # NumPy warns of the values that are then thrown away
        y = tg.where(x > 0, f(tg.where(x > 0, x, 1)), 0)
        unshielded = tg.where(x > 0, f(x), 0)
    assert np.isfinite(y.detach().numpy()).all()
    assert np.isfinite(unshielded.detach().numpy()).all()
    assert np.isfinite(tg.grad(y.sum(), x).numpy()).all()


def test_a_nan_that_where_does_not_take_sends_no_gradient() -> None:
    bad = tg.tensor([nan, inf, 1.0], requires_grad=True)
    good = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = tg.where(tg.tensor([False, False, True]), bad, good)
    for_bad, for_good = tg.grad((y * y).sum(), [bad, good])
    assert y.tolist() == [1, 2, 1]
    assert (for_bad.tolist(), for_good.tolist()) == ([0, 0, 2], [2, 4, 0])


def test_ties_share_the_gradient() -> None:
    assert value_and_gradient(tg.max, [1.0, 3.0, 3.0]) == (3, [0, 0.5, 0.5])
    assert value_and_gradient(lambda x: tg.min(x, axis=1), [[2.0, 2.0], [1.0, 5.0]]) == ([2, 1], [[0.5, 0.5], [1, 0]])
    for f in (tg.maximum, tg.minimum):
        a, b = tg.tensor([1.0], requires_grad=True), tg.tensor([1.0], requires_grad=True)
        assert [g.tolist() for g in tg.grad(f(a, b).sum(), [a, b])] == [[0.5], [0.5]]
        assert value_and_gradient(lambda x, f=f: f(x, x), [2.0]) == ([2], [1])


def test_derivatives_at_kinks_are_the_customary_ones() -> None:
    assert value_and_gradient(tg.abs, [-1.0, 0.0, 2.0])[1] == [-1, 0, 1]
    assert value_and_gradient(tg.relu, [-1.0, 0.0, 2.0])[1] == [0, 0, 1]
    assert value_and_gradient(lambda x: tg.leaky_relu(x, 0.1), [-1.0, 0.0, 2.0])[1] == [0.1, 0.1, 1]
    assert value_and_gradient(lambda x: tg.clip(x, -1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0])[1] == [0, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("values", "first", "second"),
    [
        ([2.0, 3.0, 5.0], [15, 10, 6], [[0, 5, 3], [5, 0, 2], [3, 2, 0]]),
        ([0.0, 3.0, 5.0], [15, 0, 0], [[0, 5, 3], [5, 0, 0], [3, 0, 0]]),
        ([0.0, 0.0, 5.0], [0, 0, 0], [[0, 5, 0], [5, 0, 0], [0, 0, 0]]),
        ([0.0, 0.0, 0.0], [0, 0, 0], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_prod_is_right_through_zeros(values: list[float], first: list[float], second: list[list[float]]) -> None:
    x = tg.tensor(values, requires_grad=True)
    g = tg.grad(tg.prod(x), x, create_graph=True)
    assert g.tolist() == first
    assert tg.autograd.jacobian(lambda x: tg.grad(tg.prod(x), x, create_graph=True), x).tolist() == second


def test_powers_of_zero() -> None:
    for n, y, g in [(0, 1, 0), (1, 0, 1), (2, 0, 0), (2.5, 0, 0)]:
        assert value_and_gradient(lambda x, n=n: x**n, [0.0]) == ([y], [g])
        exponent = tg.tensor([n], dtype="float64")
        assert value_and_gradient(lambda x, e=exponent: x**e, [0.0]) == ([y], [g])
    x = tg.tensor([0.0, 2.0], requires_grad=True)
    assert tg.grad((tg.tensor([0.0, 0.0]) ** x).sum(), x).tolist() == [0, 0]
    assert value_and_gradient(lambda x: 0.0**x, [2.0, 0.0]) == ([0, 1], [0, 0])


def test_the_mixed_derivative_of_a_power_where_the_exponent_is_zero() -> None:
    a, b = tg.tensor(2.0, requires_grad=True), tg.tensor(0.0, requires_grad=True)
    by_a = tg.grad(a**b, a, create_graph=True)  # b a^(b-1)
    assert tg.grad(by_a, b).item() == pytest.approx(0.5)  # a^(b-1) (1 + b ln a)


def test_a_power_of_a_negative_base_has_no_derivative_by_its_exponent() -> None:
    x = tg.tensor(2.0, requires_grad=True)
    assert np.isnan(tg.grad((-2.0) ** x, x).item())


def test_std_of_equal_numbers_says_that_its_slope_is_not_finite() -> None:
    with np.errstate(all="ignore"):
        assert not np.isfinite(value_and_gradient(tg.std, [1.0, 1.0])[1]).all()


def test_the_largest_of_nothing_is_an_error() -> None:
    for f in (tg.max, tg.min, tg.logsumexp, tg.argmax):
        with pytest.raises(tg.TinygradSeqError, match=r"zero-size|empty"):
            f(tg.zeros(0))


def test_equal_numbers_keep_their_order_when_sorted(backend_name: str) -> None:
    x = tg.tensor([2.0, 1.0] * 20, backend=backend_name)
    assert tg.argsort(x).tolist() == [*range(1, 40, 2), *range(0, 40, 2)]


def test_infinities_and_nan_pass_through_as_in_numpy() -> None:
    x = np.array([nan, inf, -inf, 0.0])
    for name in ("exp", "tanh", "abs", "sqrt", "sign", "isfinite"):
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(getattr(tg, name)(tg.tensor(x)).numpy(), getattr(np, name)(x))
    assert tg.sigmoid(tg.tensor([inf, -inf])).tolist() == [1, 0]
    assert tg.softplus(tg.tensor([inf, -inf])).tolist() == [inf, 0]
