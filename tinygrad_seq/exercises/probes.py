"""What an answer is asked: fixed inputs to the student's functions, and what these said, by case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from .answer import Answer, parted

__all__ = ["PROBES", "Probe", "drawn", "labelled"]

Said = Mapping[str, Any]
Probe = Callable[[Answer], Said]


def drawn(seed: int, *shapes: int | tuple[int, ...]) -> list[np.ndarray]:
    """Return arrays of one digit after the point: the same everywhere, and easy to print."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-9, 10, shape) / 10 for shape in shapes]


def topological_backward(answer: Answer) -> Said:
    """A square, a diamond, and a node that is read both early and late, in either order."""
    a = answer.Node(3.0)
    s = answer.Node(6.0, ((a, 1.0), (a, 1.0)))
    x = answer.Node(2.0)
    l, r = answer.Node(6.0, ((x, 3.0),)), answer.Node(10.0, ((x, 5.0),))
    p = answer.Node(60.0, ((l, r.value), (r, l.value)))
    graphs = {"s = a + a": {"s": s, "a": a}, "p = l r, l = 3 x, r = 5 x": {"p": p, "l": l, "r": r, "x": x}}
    for formula in ("y = 7 u + v + w", "y = w + v + 7 u"):
        q = answer.Node(0.5)
        u = answer.Node(1.0, ((q, 2.0),))
        v = answer.Node(2.0, ((u, 2.0),))
        w = answer.Node(6.0, ((v, 3.0),))
        read = ((u, 7.0), (v, 1.0), (w, 1.0))
        y = answer.Node(15.0, read if formula.endswith("w") else read[::-1])
        graphs[f"{formula}, w = 3 v, v = 2 u, u = 2 q"] = {"y": y, "w": w, "v": v, "u": u, "q": q}
    for nodes in graphs.values():
        answer.backward(next(iter(nodes.values())))
    return {f"{graph}: {name}.grad": node.grad for graph, nodes in graphs.items() for name, node in nodes.items()}


def broadcast_sum(answer: Answer) -> Said:
    """Axes in front, axes of length 1, both, all, none."""
    (g,) = drawn(0, (2, 3, 4))
    shapes = [(4,), (3, 1), (2, 1, 4), (1, 3, 1), (), (2, 3, 4)]
    return {f"g {g.shape} to {shape}": answer.unbroadcast(g.copy(), shape) for shape in shapes}


def rnn_forward(answer: Answer) -> Said:
    """A batch of three."""
    return {"h_t": answer.forward(*drawn(1, (3, 2), (3, 4), (4, 2), (4, 4), 4))}


def rnn_backward(answer: Answer) -> Said:
    """The same batch, with the h_t that is right."""
    x_t, h_prev, W_ih, W_hh, b, dh_t = drawn(1, (3, 2), (3, 4), (4, 2), (4, 4), 4, (3, 4))
    h_t = np.tanh(np.concatenate([x_t, h_prev, np.ones((3, 1))], 1) @ np.concatenate([W_ih, W_hh, b[:, None]], 1).T)
    names = ("dx_t", "dh_prev", "dW_ih", "dW_hh", "db")
    return dict(
        zip(names, parted("backward", answer.backward(dh_t, x_t, h_prev, h_t, W_ih, W_hh), *names), strict=True)
    )


def unroll(answer: Answer) -> Said:
    """Five steps from a state that is not zero."""
    xs, h_0, W_ih, W_hh, b = drawn(2, (5, 2, 3), (2, 4), (4, 3), (4, 4), 4)
    return {"hidden states": answer.unroll(xs, h_0, W_ih, W_hh, b)}


def truncated_bptt(answer: Answer) -> Said:
    """Seven steps in chunks of three, of one and of seven."""
    weights = drawn(3, (7, 2, 3), (7, 2, 4), (4, 3), (4, 4), 4)
    return {f"k = {k}": answer.truncated_gradient(*weights, k) for k in (3, 1, 7)}


def lstm_cell(answer: Answer) -> Said:
    """One step of a batch of three."""
    given = drawn(4, (3, 2), (3, 4), (3, 4), (16, 2), (16, 4), 16)
    h_t, c_t = parted("lstm_cell", answer.lstm_cell(*given), "h_t", "c_t")
    return {"h_t": h_t, "c_t": c_t}


def gru_forms(answer: Answer) -> Said:
    """One step of each form."""
    given = drawn(5, (3, 2), (3, 4), (12, 2), (12, 4), 12, 12)
    return {f"reset_after={form}": answer.gru_cell(*given, form) for form in (True, False)}


def optimizer(name: str, names: tuple[str, ...], answer: Answer) -> Said:
    """Four steps on gradients that change."""
    p, *gs = drawn(6, 3, 3, 3, 3, 3)
    said = [p.copy()] + [np.zeros(3) for _ in names[1:]]
    for t, g in enumerate(gs, 1):
        said = list(
            parted(name, getattr(answer, name)(said[0], g, *said[1:], *([t] if name == "adam" else [])), *names)
        )
    return {f"{name}: {one} after 4 steps": value for one, value in zip(names, said, strict=True)}


def masked_loss(answer: Answer) -> Said:
    """Three sequences of unequal length, one of them empty; and nothing at all."""
    (logits,) = drawn(7, (3, 4, 5))
    targets = np.arange(12).reshape(3, 4) % 5
    mask = np.arange(4) < np.array([4, 2, 0])[:, None]
    cases = {"lengths 4, 2, 0": mask, "all count": np.ones_like(mask), "none counts": np.zeros_like(mask)}
    return {case: answer.masked_cross_entropy(logits, targets, m) for case, m in cases.items()}


def labelled(seed: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Units of which number 3 tells a rare label by being low, number 5 less well by being high."""
    rng = np.random.default_rng(seed)
    labels = rng.random(steps) < 0.2
    units = rng.standard_normal((steps, 8))
    units[:, 3] -= 3 * labels
    units[:, 5] += 1.5 * labels
    units[:, 6] += 10.0
    return units, labels


def find_a_cell(answer: Answer) -> Said:
    """A rare label among eight units."""
    names = ("number of the unit", "threshold", "accuracy")
    return dict(
        zip(names, parted("find_cell", answer.find_cell(*labelled(8, 400), *labelled(9, 300)), *names), strict=True)
    )


PROBES: Mapping[str, Mapping[str, Probe]] = {
    "topological_backward": {"four small graphs": topological_backward},
    "broadcast_sum": {"six shapes": broadcast_sum},
    "rnn_step": {"forward": rnn_forward, "backward": rnn_backward},
    "unroll": {"five steps": unroll},
    "truncated_bptt": {"chunks of three, of one, of all": truncated_bptt},
    "lstm_cell": {"one step": lstm_cell},
    "gru_forms": {"one step in each form": gru_forms},
    "optimizers": {
        "momentum": partial(optimizer, "momentum", ("p", "z")),
        "Adagrad": partial(optimizer, "adagrad", ("p", "v")),
        "RMSProp": partial(optimizer, "rmsprop", ("p", "v")),
        "Adam": partial(optimizer, "adam", ("p", "m", "v")),
    },
    "masked_loss": {"sequences of unequal length": masked_loss},
    "find_a_cell": {"a rare label among eight units": find_a_cell},
}
"""By exercise: what the values are of, and the probe."""
