"""What an answer is asked: fixed inputs to the student's functions, and what these said, by case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = [
    "broadcast_sum",
    "find_a_cell",
    "gru_forms",
    "labelled",
    "lstm_cell",
    "masked_loss",
    "optimizers",
    "rnn_step",
    "topological_backward",
    "truncated_bptt",
    "unroll",
]

Said = Mapping[str, np.ndarray]


def drawn(seed: int, *shapes: int | tuple[int, ...]) -> list[np.ndarray]:
    """Return arrays of one digit after the point: the same everywhere, and easy to print."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-9, 10, shape) / 10 for shape in shapes]


def topological_backward(answer: Any) -> Said:
    """A square, a diamond, and a node that is read both early and late."""
    a = answer.Node(3.0)
    square = answer.Node(6.0, ((a, 1.0), (a, 1.0)))
    answer.backward(square)
    x = answer.Node(2.0)
    left, right = answer.Node(6.0, ((x, 3.0),)), answer.Node(10.0, ((x, 5.0),))
    product = answer.Node(60.0, ((left, right.value), (right, left.value)))
    answer.backward(product)
    u = answer.Node(1.0)
    v = answer.Node(2.0, ((u, 2.0),))
    w = answer.Node(6.0, ((v, 3.0),))
    late = answer.Node(9.0, ((u, 7.0), (v, 1.0), (w, 1.0)))
    answer.backward(late)
    return {
        "a + a": np.array([square.grad, a.grad]),
        "3 x * 5 x": np.array([product.grad, left.grad, right.grad, x.grad]),
        "a node read early and late": np.array([late.grad, w.grad, v.grad, u.grad]),
    }


def broadcast_sum(answer: Any) -> Said:
    """Axes in front, axes of length 1, both, all, none."""
    (g,) = drawn(0, (2, 3, 4))
    return {
        str(shape): answer.unbroadcast(g.copy(), shape) for shape in [(4,), (3, 1), (2, 1, 4), (1, 3, 1), (), (2, 3, 4)]
    }


def rnn_step(answer: Any) -> Said:
    """Both functions on a batch of three."""
    x_t, h_prev, W_ih, W_hh, b, dh_t = drawn(1, (3, 2), (3, 4), (4, 2), (4, 4), 4, (3, 4))
    h_t = answer.forward(x_t, h_prev, W_ih, W_hh, b)
    names = ("dx_t", "dh_prev", "dW_ih", "dW_hh", "db")
    true_h = np.tanh(np.concatenate([x_t, h_prev, np.ones((3, 1))], 1) @ np.concatenate([W_ih, W_hh, b[:, None]], 1).T)
    return {"h_t": h_t} | dict(zip(names, answer.backward(dh_t, x_t, h_prev, true_h, W_ih, W_hh), strict=True))


def unroll(answer: Any) -> Said:
    """Five steps from a state that is not zero."""
    xs, h_0, W_ih, W_hh, b = drawn(2, (5, 2, 3), (2, 4), (4, 3), (4, 4), 4)
    return {"hidden states": answer.unroll(xs, h_0, W_ih, W_hh, b)}


def truncated_bptt(answer: Any) -> Said:
    """Seven steps in chunks of three, of one and of seven."""
    weights = drawn(3, (7, 2, 3), (7, 2, 4), (4, 3), (4, 4), 4)
    return {f"k = {k}": answer.truncated_gradient(*weights, k) for k in (3, 1, 7)}


def lstm_cell(answer: Any) -> Said:
    """One step of a batch of three."""
    h_t, c_t = answer.lstm_cell(*drawn(4, (3, 2), (3, 4), (3, 4), (16, 2), (16, 4), 16))
    return {"h_t": h_t, "c_t": c_t}


def gru_forms(answer: Any) -> Said:
    """One step of each form."""
    given = drawn(5, (3, 2), (3, 4), (12, 2), (12, 4), 12, 12)
    return {f"reset_after={form}": answer.gru_cell(*given, form) for form in (True, False)}


def optimizers(answer: Any) -> Said:
    """Four steps with each, on gradients that change."""
    p, *gs = drawn(6, 3, 3, 3, 3, 3)
    said = {}
    for name in ("momentum", "adagrad", "rmsprop"):
        q, state = p.copy(), np.zeros(3)
        for g in gs:
            q, state = getattr(answer, name)(q, g, state)
        said[name] = np.stack([q, state])
    q, m, v = p.copy(), np.zeros(3), np.zeros(3)
    for t, g in enumerate(gs, 1):
        q, m, v = answer.adam(q, g, m, v, t)
    return said | {"adam": np.stack([q, m, v])}


def masked_loss(answer: Any) -> Said:
    """Three sequences of unequal length, one of them empty; and nothing at all."""
    (logits,) = drawn(7, (3, 4, 5))
    targets = np.arange(12).reshape(3, 4) % 5
    mask = np.arange(4) < np.array([4, 2, 0])[:, None]
    cases = {"lengths 4, 2, 0": mask, "all count": np.ones_like(mask), "none counts": np.zeros_like(mask)}
    return {case: np.array(answer.masked_cross_entropy(logits, targets, m)) for case, m in cases.items()}


def labelled(seed: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Units of which number 3 tells a rare label by being low, number 5 less well by being high."""
    rng = np.random.default_rng(seed)
    labels = rng.random(steps) < 0.2
    units = rng.standard_normal((steps, 8))
    units[:, 3] -= 3 * labels
    units[:, 5] += 1.5 * labels
    units[:, 6] += 10.0
    return units, labels


def find_a_cell(answer: Any) -> Said:
    """A rare label among eight units."""
    cell, threshold, accuracy = answer.find_cell(*labelled(8, 400), *labelled(9, 300))
    return {"number of the unit": np.array(cell), "threshold": np.array(threshold), "accuracy": np.array(accuracy)}
