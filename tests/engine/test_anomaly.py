"""detect_anomaly names the operation, the place, the shape and the first bad element."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import detect_anomaly, no_grad, scope
from tinygrad_seq.errors import AnomalyError


@pytest.fixture(autouse=True)
def quiet_numpy():
    with np.errstate(all="ignore"):
        yield


def test_forward_names_operation_path_step_shape_and_first_bad_index():
    x = tg.tensor([[1.0, 2.0, 3.0], [1.0, 0.0, -1.0]], requires_grad=True)
    with detect_anomaly(), scope.module("encoder"), scope.module("norm"):
        scope.step(3)
        with pytest.raises(AnomalyError) as caught:
            tg.log(x)
    assert str(caught.value) == (
        "log in 'encoder.norm' (t=3): its result is not finite: -inf at index (1, 1) of shape (2, 3), 2 of 6 elements."
    )


def test_backward_names_the_operation_whose_rule_went_wrong():
    x = tg.tensor([4.0, 0.0], requires_grad=True)
    with detect_anomaly():
        with scope.module("head"):
            scope.step(2)
            y = tg.sqrt(x)
        loss = (y * 2).sum()
        with pytest.raises(AnomalyError) as caught:
            loss.backward()
    assert str(caught.value) == (
        "the backward pass of sqrt in 'head' (t=2): the gradient of `x` is not finite:"
        " inf at index (1,) of shape (2,), 1 of 2 elements."
    )


def test_a_scalar_and_nan_have_their_words():
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"subtract .* nan at a scalar, 1 of 1 elements"):
        tg.tensor(float("inf")) - float("inf")


def test_all_outputs_of_an_operation_are_looked_at():
    x = tg.tensor([1.0, np.inf])
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"split .* inf at index \(0,\) of shape \(1,\)"):
        tg.split(x, 2)


def test_whole_numbers_and_finite_ones_pass():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with detect_anomaly():
        tg.argmax(x)
        (x > 1) | (x < 0)
        (tg.exp(x) * x[0]).sum().backward()
    assert x.grad is not None


def test_it_looks_under_no_grad_too_and_second_derivatives():
    x = tg.tensor([0.0], requires_grad=True)
    with detect_anomaly(), no_grad(), pytest.raises(AnomalyError):
        tg.log(x)
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"divide in .*: its result is not finite: inf"):
        tg.grad(tg.sqrt(x), x, tg.ones(1), create_graph=True)


def test_outside_nothing_is_looked_at():
    x = tg.tensor([0.0], requires_grad=True)
    with detect_anomaly():
        pass
    tg.log(x).sum().backward()
    assert x.grad.tolist() == [np.inf]


def test_two_watchers_both_see():
    x = tg.tensor([1.0, 0.0], requires_grad=True)
    with tg.record() as tape, detect_anomaly(), pytest.raises(AnomalyError):
        tg.log(x * 1)
    assert [node.op for node in tape.nodes if node.op] == ["multiply", "log"]


def test_finding_24_a_nan_is_found_where_it_is_born_and_not_where_it_is_seen():
    """A recurrent net that overflows at one step: without help the loss is nan, hours later and far away."""
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((6, 2, 3))
    xs[4, 1, 2] = -1e9
    xs, w = tg.tensor(xs, requires_grad=True), tg.tensor(rng.standard_normal((3, 3)), requires_grad=True)

    def loss():
        h = tg.zeros((2, 3), dtype="float64")
        with scope.module("net"), scope.module("cell"):
            for t in scope.steps(range(6)):
                h = tg.tanh(h @ w) * tg.log1p(tg.exp(xs[t])) / tg.exp(xs[t])
        return h.sum()

    assert np.isnan(loss().item())
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        loss()
    assert str(caught.value) == (
        "divide in 'net.cell' (t=4): its result is not finite: nan at index (1, 2) of shape (2, 3), 1 of 6 elements."
    )


def test_backward_names_the_result_through_which_a_gradient_came():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with detect_anomaly():
        first, _ = tg.split(x, 2)
        with pytest.raises(AnomalyError, match=r"^the backward pass of output in .*: the gradient of `result` is not"):
            first.backward(tg.tensor([np.nan]))
