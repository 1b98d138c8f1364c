"""What must hold of an answer whatever the numbers; each raises WrongAnswerError in words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..nn.rnn import RNNSequence
from ..tensor import Tensor
from .answer import Answer, WrongAnswerError, parted
from .probes import drawn, labelled

__all__ = [
    "constant_gradient",
    "deep_graph",
    "gates_alone",
    "given_is_kept",
    "indifferent_loss",
    "one_unit_alone",
    "rare_as_often",
    "reaches_back",
    "resets_alone",
    "sum_is_kept",
    "turned_round",
    "two_parts",
]

OPEN = 40.0
"""What a sigmoid takes for infinity."""


def holds(claim: Any, says: str) -> None:
    """Raise WrongAnswerError with these words unless the claim holds."""
    if not claim:
        raise WrongAnswerError(says)


def near(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=1e-6, atol=1e-6))


def deep_graph(answer: Answer) -> None:
    for order in (1, -1):
        x = answer.Node(1.0)
        node = u = answer.Node(0.25, ((x, 0.25),))
        for _ in range(5_000):
            node = answer.Node(0.25, ((node, 1.0),))
        try:
            answer.backward(answer.Node(1.0, ((u, 3.0), (node, 1.0))[::order]))
        except RecursionError:
            raise WrongAnswerError(
                "a chain of 5,000 nodes: RecursionError. A net over a long text is such a chain: keep a list of your"
                " own of what is still to be visited, in place of calls inside calls."
            ) from None
        formula = ("y = 3 u + v", "y = v + 3 u")[order == -1]
        holds(
            x.grad == 1.0,
            f"{formula}, v at the end of a chain of 5,000 nodes from u, u = x / 4: x.grad should be 1.0,"
            f" it is {x.grad}.",
        )


def sum_is_kept(answer: Answer) -> None:
    (g,) = drawn(21, (2, 3, 4))
    for shape in [(3, 4), (4,), (3, 1), (1, 3, 4), (2, 1, 1), ()]:
        given = np.asarray(answer.unbroadcast(g.copy(), shape), float)
        holds(given.shape == shape, f"from g {g.shape} to {shape}: the gradient came back with shape {given.shape}.")
        holds(
            near(given.sum(), g.sum()),
            f"from g {g.shape} to {shape}: the numbers of g sum to {g.sum():.4g}, those that came back to"
            f" {given.sum():.4g}. Nothing may be lost: every use counts.",
        )


def one_unit_alone(answer: Answer) -> None:
    (W_hh,) = drawn(22, (3, 3))
    W_ih = np.array([[1.0, 2], [-1, 0.5], [1, -1]])
    x_t, h_prev = np.array([[100.0, 0], [0, 1]]), np.array([[0.0, 0, 0], [1, 0, 0]])
    h_t = answer.forward(x_t, h_prev, W_ih, W_hh, -W_ih[:, 1] - W_hh[:, 0])
    holds(near(h_t[1], np.zeros(3)), "the bias was chosen so that a_t = 0: h_t should be 0 there, and is not.")
    holds(near(h_t[0], [1, -1, 1]), f"a_t was 100 and -100 at the units: h_t should be 1 and -1 there, got {h_t[0]}.")
    dh_t = np.array([[1.0, 0, 0], [1, 0, 0]])
    h_t = np.array([[1.0, -1, 1], [0, 0, 0]])
    names = ("dx_t", "dh_prev", "dW_ih", "dW_hh", "db")
    given = parted("backward", answer.backward(dh_t, x_t, h_prev, h_t, W_ih, W_hh), *names)
    dx_t, dh_prev, dW_ih, dW_hh, db = (np.asarray(value, float) for value in given)
    where = "a unit at h = 1 and the same at h = 0, each with dh = 1"
    one = np.array([1.0, 0, 0])
    holds(near(dx_t[0], [0, 0]) and near(dh_prev[0], 0 * one), f"{where}: tanh is flat at 1, yet something came back.")
    holds(near(dx_t[1], W_ih[0]), f"{where}: at h = 0, where tanh' = 1, dx_t should be the unit's row of W_ih.")
    holds(near(dh_prev[1], W_hh[0]), f"{where}: at h = 0 dh_prev should be the unit's row of W_hh.")
    holds(near(dW_ih, np.outer(one, x_t[1])), f"{where}: dW_ih should be x_t of the second in the unit's row.")
    holds(near(dW_hh, np.outer(one, h_prev[1])), f"{where}: dW_hh should be h_prev of the second in the unit's row.")
    holds(near(db, one), f"{where}: db should be 1 for that unit, it is {db[0]:.4g}.")


def two_parts(answer: Answer) -> None:
    xs, *rest = drawn(23, (6, 2, 3), (2, 4), (4, 3), (4, 4), 4)
    h_0, *weights = rest
    whole = np.asarray(answer.unroll(3 * xs, h_0, *weights), float)
    holds(whole.shape == (6, 2, 4), f"six steps of a batch of two: expected shape (6, 2, 4), got {whole.shape}.")
    first = answer.unroll(3 * xs[:4], h_0, *weights)
    second = answer.unroll(3 * xs[4:], first[-1], *weights)
    holds(
        near(np.concatenate([first, second]), whole),
        "four steps, and then two that start from the last state of the four: other states than of six at once.",
    )
    holds(np.abs(whole).max() <= 1, f"a state of {np.abs(whole).max():.3g}: tanh gives none beyond -1 .. 1.")


def reaches_back(answer: Answer) -> None:
    xs, W_ih, W_hh, b = drawn(24, (6, 1, 2), (3, 2), (3, 3), 3)
    step = RNNSequence.stepper(Tensor(W_ih), Tensor(W_hh), Tensor(b), None, "tanh")
    states = [Tensor(np.zeros((1, 3)))]
    for x_t in xs:
        states.append(step(Tensor(x_t), states[-1]))
    ys = np.stack([h.numpy() for h in states[1:]])
    holds(
        near(answer.truncated_gradient(xs, ys, W_ih, W_hh, b, 2), np.zeros((3, 3))),
        "y_t was h_t at every step, so that L = 0, read in chunks of two: the gradient should be 0, and is not.",
    )
    ys[4] += 1
    only, begins, before, shorter = (answer.truncated_gradient(xs, ys, W_ih, W_hh, b, k) for k in (1, 2, 3, 4))
    where = "T = 6 and an error at t = 4 alone"
    holds(np.abs(only).max() > 1e-3, f"{where}, k = 1: the gradient is 0, that step was not counted.")
    holds(
        near(begins, only) and near(shorter, only),
        f"{where}: with k = 1, 2 and 4 a chunk begins at t = 4, and all three should give the same.",
    )
    holds(
        not near(before, only),
        f"{where}: k = 1 and k = 3 give the same, yet with k = 3 its chunk begins at t = 3: it should reach back.",
    )


def gates_alone(answer: Answer) -> None:
    x_t, h_prev, c_prev = np.zeros((1, 1)), np.zeros((1, 1)), np.array([[2.0]])

    def cell(i: float, f: float, g: float, o: float) -> tuple[float, float]:
        h_t, c_t = parted(
            "lstm_cell",
            answer.lstm_cell(x_t, h_prev, c_prev, np.zeros((4, 1)), np.zeros((4, 1)), np.array([i, f, g, o])),
            "h_t",
            "c_t",
        )
        return np.asarray(h_t, float).item(), np.asarray(c_t, float).item()

    h_t, c_t = cell(i=-OPEN, f=OPEN, g=-0.5, o=OPEN)
    holds(near(c_t, 2.0), f"f open, i shut: the cell should keep its 2, it became {c_t:.4g}.")
    holds(near(h_t, math.tanh(2)), f"f and o open, i shut: h_t should be tanh(2) = {math.tanh(2):.4g}, got {h_t:.4g}.")
    _, c_t = cell(i=OPEN, f=-OPEN, g=-0.5, o=OPEN)
    wanted = math.tanh(-0.5)
    holds(near(c_t, wanted), f"i open, f shut: the cell should become tanh(-0.5) = {wanted:.4g}, got {c_t:.4g}.")
    h_t, _ = cell(i=OPEN, f=OPEN, g=1.0, o=-OPEN)
    holds(near(h_t, 0.0), f"o shut: nothing should be shown, h_t is {h_t:.4g}.")


def resets_alone(answer: Answer) -> None:
    x_t, h_prev = np.zeros((1, 1)), np.array([[0.8]])

    def cell(r: float, z: float, form: bool) -> float:
        b_ih, b_hh = np.array([r, z, 0.5]), np.array([0, 0, 0.25])
        W_hh = np.array([[0.0], [0.0], [1.0]])
        return np.asarray(answer.gru_cell(x_t, h_prev, np.zeros((3, 1)), W_hh, b_ih, b_hh, form), float).item()

    for form, inside in ((True, 0.5), (False, 0.75)):
        where = f"reset_after={form}"
        kept, forgot, used = cell(-OPEN, OPEN, form), cell(-OPEN, -OPEN, form), cell(OPEN, -OPEN, form)
        holds(near(kept, 0.8), f"{where}, z_t = 1: the state should stay 0.8, it became {kept:.4g}.")
        holds(
            near(forgot, math.tanh(inside)),
            f"{where}, z_t = 0 and r_t = 0, b_in = 0.5, b_hn = 0.25: h_t should be tanh({inside}), got {forgot:.4g}.",
        )
        holds(
            near(used, math.tanh(0.5 + 0.8 + 0.25)),
            f"{where}, z_t = 0 and r_t = 1: all of the past should be in n_t, as in the other form. Expected"
            f" {math.tanh(0.5 + 0.8 + 0.25):.4g}, got {used:.4g}.",
        )


def steps(answer: Answer, name: str, g: float, n: int, **settings: float) -> list[float]:
    """Return the lengths of n steps on one and the same gradient."""
    p, *state = [np.zeros(1) for _ in range(3 if name == "adam" else 2)]
    lengths = []
    for t in range(1, n + 1):
        more = [t] if name == "adam" else []
        q, *state = getattr(answer, name)(p, np.array([g]), *state, *more, lr=1.0, **settings)
        lengths.append(float((p - q)[0]))
        p = q
    return lengths


def constant_gradient(answer: Answer) -> None:
    momentum = steps(answer, "momentum", 2.0, 100, beta=0.5)
    holds(
        near(momentum[-1], 2.0), f"momentum, g = 2 for long: its steps should grow to lr g = 2, got {momentum[-1]:.4g}."
    )
    adagrad = steps(answer, "adagrad", 2.0, 100, eps=0.0)
    holds(near(adagrad[-1], 0.1), f"Adagrad, g = 2: its 100th step should be lr / sqrt(100), got {adagrad[-1]:.4g}.")
    rmsprop = steps(answer, "rmsprop", 2.0, 100, alpha=0.5, eps=2.0)
    holds(
        near(rmsprop[-1], 0.5),
        f"RMSProp, g = 2 for long and eps = 2: its steps should become 2 / (2 + 2), got {rmsprop[-1]:.4g}.",
    )
    adam = steps(answer, "adam", 2.0, 5, eps=0.0)
    holds(near(adam, [1.0] * 5), f"Adam, g = 2: every step should be lr, from the first on; got {np.round(adam, 3)}.")


def given_is_kept(answer: Answer) -> None:
    for name in ("momentum", "adagrad", "rmsprop", "adam"):
        given = drawn(18, 3, 3, *(3,) * (2 if name == "adam" else 1))
        given[2:] = [np.abs(state) for state in given[2:]]
        kept = [array.copy() for array in given]
        getattr(answer, name)(*given, *([1] if name == "adam" else []))
        holds(
            all(np.array_equal(a, b) for a, b in zip(given, kept, strict=True)),
            f"{name} wrote into an array that it was given: make new ones (p = p - ..., not p -= ...).",
        )


def indifferent_loss(answer: Answer) -> None:
    (logits,) = drawn(25, (2, 3, 4))
    targets, mask = np.array([[0, 3, 1], [2, 2, 0]]), np.array([[True, True, True], [True, False, False]])

    def loss(logits: np.ndarray, targets: np.ndarray = targets, mask: np.ndarray = mask) -> float:
        with np.errstate(all="ignore"):
            return float(answer.masked_cross_entropy(logits, targets, mask))

    true = loss(logits)
    holds(true > 0, f"-ln of a probability is above 0; this loss is {true:.4g}.")
    padding = [(0, 0), (0, 2)]
    longer = loss(np.pad(logits, [*padding, (0, 0)]), np.pad(targets, padding), np.pad(mask, padding))
    holds(near(longer, true), f"two steps of padding at the end: the loss was {true:.4g} and became {longer:.4g}.")
    inside = loss(logits + ~mask[..., None] * np.arange(4))
    holds(near(inside, true), f"other scores where mask is False: the loss was {true:.4g} and became {inside:.4g}.")
    twice = loss(*(np.concatenate([array, array]) for array in (logits, targets, mask)))
    holds(
        near(twice, true), f"the same batch twice over: the loss was {true:.4g} and became {twice:.4g}; a mean stays."
    )
    shifted = loss(logits + 1000.0 * np.arange(3)[:, None])
    holds(
        near(shifted, true),
        f"a constant such as 1000 on all scores of a position: the loss was {true:.4g} and became {shifted:.4g}."
        " Take the largest score off before e^z.",
    )
    holds(near(loss(logits, mask=mask & False), 0.0), "no position counts: the loss should be 0.0 there, and is not.")


def found(answer: Answer, *data: np.ndarray) -> tuple[int, float, float]:
    """Return the cell, the threshold and the accuracy that an answer finds."""
    names = ("number of the unit", "threshold", "accuracy")
    cell, threshold, accuracy = parted("find_cell", answer.find_cell(*data), *names)
    return int(cell), float(threshold), float(accuracy)


def turned_round(answer: Answer) -> None:
    units, labels = labelled(31, 400)
    test_units, test_labels = labelled(32, 300)
    cell, _, accuracy = found(answer, units, labels, test_units, test_labels)
    other, _, _ = found(answer, -units, labels, -test_units, test_labels)
    holds(other == cell, f"all units with their sign turned: unit {cell} was the best and now is unit {other}.")
    _, _, swapped = found(answer, units, labels, test_units, ~test_labels)
    holds(
        near(swapped, 1 - accuracy),
        f"True and False exchanged in test_labels: the accuracy was {accuracy:.3f}, it should be {1 - accuracy:.3f},"
        f" and is {swapped:.3f}.",
    )


def rare_as_often(answer: Answer) -> None:
    units, labels = labelled(33, 400)
    test_units, test_labels = labelled(34, 300)
    once = found(answer, units, labels, test_units, test_labels)
    often, test_often = np.where(labels, 5, 1), np.where(test_labels, 5, 1)
    data = (
        units.repeat(often, 0),
        labels.repeat(often),
        test_units.repeat(test_often, 0),
        test_labels.repeat(test_often),
    )
    holds(
        near(found(answer, *data), once),
        "every positive step five times over: unit, threshold and accuracy should stay, for neither a mean over the"
        " positive steps nor a share of them changes.",
    )
