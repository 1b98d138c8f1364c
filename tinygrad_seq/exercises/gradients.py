"""Gradients of an answer against central differences, on numbers that stand nowhere.

A backward pass that the student wrote is compared with differences of the forward pass; a forward pass alone is
differenced, and compared with the backward pass of our own engine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..functional import cross_entropy
from ..nn.gru import GRUSequence
from ..nn.lstm import LSTMSequence
from ..nn.rnn import RNNSequence
from ..tensor import Tensor
from .answer import Answer, WrongAnswerError, parted
from .expected import described, numbers
from .probes import drawn

__all__ = [
    "graph_agrees",
    "gru_agrees",
    "loss_agrees",
    "lstm_agrees",
    "step_agrees",
    "sum_agrees",
    "truncated_agrees",
    "unroll_agrees",
]


def difference(f: Callable[[np.ndarray], float], x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """Return the gradient of f at x by central differences."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = eps
        found[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return found


def agree(what: str, given: Any, true: np.ndarray) -> None:
    """Raise WrongAnswerError unless a gradient is the true one."""
    given = numbers(what, given, true)
    if given.shape != true.shape or not np.abs(given - true).max() < 1e-5 * max(np.abs(true).max(), 1e-12):
        raise WrongAnswerError(described(what, given, true))


def agree_with_engine(
    what: str, said: Callable[..., Any], engine: Callable[..., Tensor], inputs: dict[str, np.ndarray]
) -> None:
    """Raise WrongAnswerError unless differences of `said` by each input are what the engine's backward gives."""
    tensors = {name: Tensor(x, requires_grad=True) for name, x in inputs.items()}
    engine(**tensors).backward()
    for name, x in inputs.items():
        by_difference = difference(lambda x, name=name: float(said(*{**inputs, name: x}.values())), x)  # type: ignore[misc]
        beside = "by differences of your function, beside our engine's backward()"
        agree(f"d {what} / d {name} {beside}", by_difference, gradient(tensors[name]))


def gradient(x: Tensor) -> np.ndarray:
    assert x.grad is not None  # noqa: S101  every input is used
    return x.grad.numpy()


def graph_agrees(answer: Answer) -> None:
    """y is made of x by products, each of a late node and an early one."""

    def grown(x: float) -> tuple[Any, Any]:
        nodes = [answer.Node(x)]
        for i in range(8):
            a, b = nodes[-1], nodes[i // 2]
            nodes.append(answer.Node(a.value * b.value, ((a, b.value), (b, a.value))))
        return nodes[0], nodes[-1]

    x, y = grown(1.1)
    answer.backward(y)
    formula = "y = x_8, each x_i = x_(i-1) x_((i-1) // 2), x_0 = 1.1"
    agree(
        f"{formula}: x_0.grad, beside differences",
        x.grad,
        difference(lambda x: grown(float(x))[1].value, np.array(1.1)),
    )


def sum_agrees(answer: Answer) -> None:
    """y = x + zeros, for x of several shapes."""
    for shape in ((3,), (2, 1), ()):
        x, weights = drawn(11, shape, (2, 3))
        given = answer.unbroadcast(weights.copy(), shape)
        true = difference(lambda x, w=weights: float((x * w).sum()), np.asarray(x))  # type: ignore[misc]
        agree(f"unbroadcast(g, {shape}), beside differences", given, true)


def step_agrees(answer: Answer) -> None:
    """All five gradients of one step."""
    names = ("x_t", "h_prev", "W_ih", "W_hh", "b")
    values = dict(zip(names, drawn(12, (2, 3), (2, 4), (4, 3), (4, 4), 4), strict=True))
    (dh_t,) = drawn(13, (2, 4))
    h_t = answer.forward(*values.values())
    given = answer.backward(dh_t, values["x_t"], values["h_prev"], h_t, values["W_ih"], values["W_hh"])
    for name, dvalue in zip(names, parted("backward", given, *(f"d{name}" for name in names)), strict=True):

        def loss(x: np.ndarray, name: str = name) -> float:
            return float((answer.forward(*{**values, name: x}.values()) * dh_t).sum())

        agree(f"d{name}, beside differences", dvalue, difference(loss, values[name]))


def weighed(weights: np.ndarray, value: Any) -> Any:
    return (weights * value).sum()


def unroll_agrees(answer: Answer) -> None:
    """A weighed sum over all states, by every input."""
    names = ("xs", "h_0", "W_ih", "W_hh", "b")
    *given, weights = drawn(14, (4, 2, 3), (2, 4), (4, 3), (4, 4), 4, (4, 2, 4))

    def engine(xs: Tensor, h_0: Tensor, W_ih: Tensor, W_hh: Tensor, b: Tensor) -> Tensor:
        h, total, step = h_0, Tensor(np.zeros(())), RNNSequence.stepper(W_ih, W_hh, b, None, "tanh")
        for t, w_t in enumerate(weights):
            h = step(xs[t], h)
            total = total + (h * Tensor(w_t)).sum()
        return total

    def said(*inputs: np.ndarray) -> Any:
        return weighed(weights, answer.unroll(*inputs))

    agree_with_engine("(states)", said, engine, dict(zip(names, given, strict=True)))


def truncated_agrees(answer: Answer) -> None:
    """Five steps in chunks of two, the last one shorter: the engine's way is to detach the state between chunks."""
    xs, ys, W_ih, W_hh, b = drawn(15, (5, 2, 2), (5, 2, 3), (3, 2), (3, 3), 3)
    W = Tensor(W_hh, requires_grad=True)
    step = RNNSequence.stepper(Tensor(W_ih), W, Tensor(b), None, "tanh")
    h, L = Tensor(np.zeros((2, 3))), Tensor(np.zeros(()))
    for t, (x_t, y_t) in enumerate(zip(xs, ys, strict=True)):
        h = step(Tensor(x_t), h.detach() if t % 2 == 0 else h)
        L = L + ((h - Tensor(y_t)) ** 2).sum() / 2
    L.backward()
    given = answer.truncated_gradient(xs, ys, W_ih, W_hh, b, 2)
    agree("k = 2, T = 5: dL/dW_hh, beside our engine's backward() with the state detached", given, gradient(W))


def lstm_agrees(answer: Answer) -> None:
    """A weighed sum of h_t and c_t, by every input."""
    names = ("x_t", "h_prev", "c_prev", "W_ih", "W_hh", "b")
    *given, wh, wc = drawn(16, (2, 2), (2, 3), (2, 3), (12, 2), (12, 3), 12, (2, 3), (2, 3))

    def engine(x_t: Tensor, h_prev: Tensor, c_prev: Tensor, W_ih: Tensor, W_hh: Tensor, b: Tensor) -> Tensor:
        h_t, c_t = LSTMSequence.stepper(W_ih, W_hh, b, None)(x_t, h_prev, c_prev)
        return (h_t * Tensor(wh)).sum() + (c_t * Tensor(wc)).sum()

    def said(*inputs: np.ndarray) -> Any:
        h_t, c_t = parted("lstm_cell", answer.lstm_cell(*inputs), "h_t", "c_t")
        return weighed(wh, h_t) + weighed(wc, c_t)

    agree_with_engine("(h_t and c_t)", said, engine, dict(zip(names, given, strict=True)))


def gru_agrees(answer: Answer) -> None:
    """A weighed sum of h_t, by every input, in each form."""
    names = ("x_t", "h_prev", "W_ih", "W_hh", "b_ih", "b_hh")
    *given, weights = drawn(17, (2, 2), (2, 3), (9, 2), (9, 3), 9, 9, (2, 3))

    def engine(form: bool, x_t: Tensor, h_prev: Tensor, **theirs: Tensor) -> Tensor:
        step = GRUSequence.stepper(**theirs, reset_after=form)
        return (step(x_t, h_prev) * Tensor(weights)).sum()

    def said(form: bool, *inputs: np.ndarray) -> Any:
        return weighed(weights, answer.gru_cell(*inputs, form))

    for form in (True, False):
        inputs = dict(zip(names, given, strict=True))
        agree_with_engine(f"(h_t, reset_after={form})", partial(said, form), partial(engine, form), inputs)


def loss_agrees(answer: Answer) -> None:
    """The loss by the scores, padding among them."""
    (logits,) = drawn(18, (2, 3, 4))
    targets, mask = np.array([[0, 3, 1], [2, 2, 0]]), np.array([[True, True, True], [True, False, False]])
    agree_with_engine(
        "L",
        lambda logits: answer.masked_cross_entropy(logits, targets, mask),
        lambda logits: cross_entropy(logits, targets, mask=mask),
        {"logits": logits},
    )
