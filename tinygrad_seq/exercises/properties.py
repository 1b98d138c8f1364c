"""What must hold of an answer whatever the numbers; each raises WrongAnswerError in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..nn import RNN
from ..tensor import Tensor
from .probes import drawn, labelled

__all__ = ["WrongAnswerError"]


class WrongAnswerError(Exception):
    """An answer that is not right; its text is for the student."""


def difference(f: Callable[[np.ndarray], float], x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """Return the gradient of f at x by central differences."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = eps
        found[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return found


def agree(name: str, given: Any, by_difference: np.ndarray) -> None:
    """Raise WrongAnswerError unless a gradient is the one that differences give."""
    given = np.asarray(given, float)
    if given.shape != by_difference.shape:
        raise WrongAnswerError(f"{name} has shape {given.shape}; what it is the gradient of has {by_difference.shape}.")
    error = np.abs(given - by_difference).max() / max(np.abs(by_difference).max(), 1e-12)
    if not error < 1e-5:
        raise WrongAnswerError(
            f"{name} is not the gradient: the relative error beside differences is {error:.1e}, not below 1e-5."
        )


def deep_graph(answer: Any) -> None:
    node = first = answer.Node(1.0)
    for _ in range(20_000):
        node = answer.Node(1.0, ((node, 1.0),))
    try:
        answer.backward(node)
    except RecursionError:
        raise WrongAnswerError(
            "a chain of 20,000 nodes: RecursionError. A net over a long text is such a chain: keep a list of your own"
            " of what is still to be visited, in place of calls inside calls."
        ) from None
    if first.grad != 1.0:
        raise WrongAnswerError(
            f"a chain of 20,000 nodes, each derivative 1: the first should get 1.0, it got {first.grad}."
        )


def sum_agrees_with_differences(answer: Any) -> None:
    for shape in ((3,), (2, 1), ()):
        x, weights = drawn(11, shape, (2, 3))
        x = np.asarray(x)
        given = answer.unbroadcast(weights.copy(), shape)
        agree(f"unbroadcast(g, {shape})", given, difference(lambda x, w=weights: float((x * w).sum()), x))  # type: ignore[misc]


def step_agrees_with_differences(answer: Any) -> None:
    values = dict(
        zip(("x_t", "h_prev", "W_ih", "W_hh", "b"), drawn(12, (2, 3), (2, 4), (4, 3), (4, 4), 4), strict=True)
    )
    (dh_t,) = drawn(13, (2, 4))
    h_t = answer.forward(**values)
    given = answer.backward(dh_t, values["x_t"], values["h_prev"], h_t, values["W_ih"], values["W_hh"])
    for name, gradient in zip(values, given, strict=True):

        def loss(x: np.ndarray, name: str = name) -> float:
            return float((answer.forward(**{**values, name: x}) * dh_t).sum())

        agree(f"d{name}", gradient, difference(loss, values[name]))


def causal(answer: Any) -> None:
    xs, *rest = drawn(14, (6, 2, 3), (2, 4), (4, 3), (4, 4), 4)
    whole = answer.unroll(xs, *rest)
    changed = xs.copy()
    changed[4:] += 1
    if not np.allclose(answer.unroll(changed, *rest)[:4], whole[:4]):
        raise WrongAnswerError("x_4 was changed and h_0 .. h_3 changed with it: a state may depend on its past only.")


def one_chunk_agrees_with_differences(answer: Any) -> None:
    net = RNN(2, 3, dtype="float64")
    xs, ys, W_ih, W_hh, b = drawn(15, (4, 2, 2), (4, 2, 3), (3, 2), (3, 3), 3)

    def loss(W_hh: np.ndarray) -> float:
        weights = {"weight_ih_l0": W_ih, "weight_hh_l0": W_hh, "bias_ih_l0": b, "bias_hh_l0": 0 * b}
        net.load_state_dict(weights)
        return float(((net(Tensor(xs)).output.detach().numpy() - ys) ** 2).sum()) / 2

    agree("with k = T, dL/dW_hh", answer.truncated_gradient(xs, ys, W_ih, W_hh, b, 4), difference(loss, W_hh))


def lstm_rows(answer: Any) -> None:
    x_t, h_prev, c_prev, *weights = drawn(16, (3, 2), (3, 4), (3, 4), (16, 2), (16, 4), 16)
    together = np.stack(answer.lstm_cell(x_t, h_prev, c_prev, *weights))
    alone = np.stack(answer.lstm_cell(x_t[1:2], h_prev[1:2], c_prev[1:2], *weights))
    if not np.allclose(together[:, 1:2], alone):
        raise WrongAnswerError(
            "the second row of a batch comes out otherwise when it is alone: rows must not see each other."
        )


def gru_bounded(answer: Any) -> None:
    h, *weights = drawn(17, (2, 4), (12, 2), (12, 4), 12, 12)
    for form in (True, False):
        for x_t in 5 * np.random.default_rng(0).standard_normal((40, 2, 2)):
            h = answer.gru_cell(x_t, h, *weights, form)
        if not np.abs(h).max() <= 1:
            raise WrongAnswerError(
                f"after 40 steps |h| is {np.abs(h).max():.2f}: between n_t and h_prev it can never leave -1 .. 1."
            )


def pure_steps(answer: Any) -> None:
    for name in ("momentum", "adagrad", "rmsprop", "adam"):
        given = drawn(18, 3, 3, *(3,) * (2 if name == "adam" else 1))
        given[2:] = [np.abs(state) for state in given[2:]]
        kept = [array.copy() for array in given]
        getattr(answer, name)(*given, *([1] if name == "adam" else []))
        if any(not np.array_equal(a, b) for a, b in zip(given, kept, strict=True)):
            raise WrongAnswerError(
                f"{name} wrote into an array that it was given: make new ones (p = p - ..., not p -= ...)."
            )


def large_scores(answer: Any) -> None:
    logits, mask = np.array([[[1000.0, 0.0], [0.0, -1000.0]]]), np.ones((1, 2), bool)
    with np.errstate(all="ignore"):
        loss = float(answer.masked_cross_entropy(logits, np.array([[0, 0]]), mask))
    if not abs(loss) < 1e-6:
        raise WrongAnswerError(
            f"scores of 1000: the loss should be 0, it is {loss}. Take the largest score off before e^z."
        )


def planted_unit(answer: Any) -> None:
    units, labels = labelled(21, 500)
    test_units, test_labels = labelled(22, 500)
    for rows, truth in ((units, labels), (test_units, test_labels)):
        rows[:, 0] = np.where(truth, 0.3, 0.1)
    cell, _, accuracy = answer.find_cell(units, labels, test_units, test_labels)
    if cell != 0 or accuracy != 1:
        raise WrongAnswerError(
            f"unit 0 was made to be the label itself, accuracy 1; found: unit {cell}, accuracy {accuracy:.3f}."
        )
