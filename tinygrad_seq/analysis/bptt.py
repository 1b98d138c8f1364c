"""Truncated backpropagation through time: which edges are cut, and what that does to the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import functional as F
from ..autograd import enable_grad
from ..engine import grad
from ..errors import ConfigError
from ..models.inference import evaluating, inference
from ..nn.arguments import beside
from ..tensor import Tensor
from .reading import encoded

__all__ = ["agreement", "cut_edges", "powers", "truncated_gradient", "windows"]


def windows(T: int, k1: int, k2: int) -> list[tuple[int, int, int]]:
    """Return (begin, charge, end) of each backward pass over steps 0 .. T - 1.

    After every k1 steps, and at the end, one pass goes back: the losses since the last one, of steps charge .. end - 1,
    are sent back through these steps and the k2 - k1 before them. BPTT(k2; k1) of Williams and Peng, 1990.
    Raises ConfigError unless 1 <= k1 <= k2: with k2 < k1 some losses would never be heard.

    >>> windows(5, 2, 3)
    [(0, 0, 2), (1, 2, 4), (3, 4, 5)]
    """
    if not 1 <= k1 <= k2:
        raise ConfigError(f"k1={k1}, k2={k2}: 1 <= k1 <= k2, or some losses would reach no step at all.")
    return [(max(0, charge + k1 - k2), charge, min(charge + k1, T)) for charge in range(0, T, k1)]


def cut_edges(T: int, k1: int, k2: int) -> list[int]:
    """Return each t whose edge h_{t-1} -> h_t is cut: for all losses (k1 = k2), or for the pass that begins at t.

    >>> cut_edges(6, 2, 2), cut_edges(6, 6, 6)
    ([2, 4], [])
    """
    return sorted({begin for begin, _, _ in windows(T, k1, k2) if begin})


def truncated_gradient(model: Any, ids: np.ndarray, k1: int, k2: int) -> list[np.ndarray]:
    """Return the gradient of the mean loss over a text, by the model's parameters in order, with truncated BPTT.

    Each window starts from the true state, detached. The windows are rows of one batch, those that are shorter padded
    at their end, where no loss counts. With k1 = k2 = T it is the full gradient, bit for bit.
    Shapes: ids (T + 1,), each symbol but the first predicted from those before.
    """
    return by_windows(model, ids, windows(len(ids) - 1, k1, k2), states_before(model, ids))


def states_before(model: Any, ids: np.ndarray) -> list[Any]:
    """Return the state before each step but the first, which starts from zero (None)."""
    states, state = [None], None
    with inference(model):
        for t in range(len(ids) - 2):
            _, state = model(ids[None, t : t + 1], state)
            states.append(state)
    return states


def by_windows(model: Any, ids: np.ndarray, passes: list[tuple[int, int, int]], states: list[Any]) -> list[np.ndarray]:
    """Return the gradient of the mean loss that goes back through these windows only."""
    longest = max(end - begin for begin, _, end in passes)
    x, y = (np.zeros((len(passes), longest), ids.dtype) for _ in range(2))
    counts = np.zeros(x.shape, bool)
    for row, (begin, charge, end) in enumerate(passes):
        x[row, : end - begin], y[row, : end - begin] = ids[begin:end], ids[begin + 1 : end + 1]
        counts[row, charge - begin : end - begin] = True
    parameters = [p for p in model.parameters() if p.requires_grad]
    with evaluating(model), enable_grad():
        logits, _ = model(x, batched([states[begin] for begin, _, _ in passes]))
        loss = F.cross_entropy(logits, beside(y, logits), mask=beside(counts, logits))
        found = grad(loss, parameters)
    return [np.zeros(p.shape, p.dtype) if g is None else g.numpy() for p, g in zip(parameters, found, strict=True)]


def batched(states: list[Any]) -> Any:
    """Return states of single rows as the state of a batch; None where all start from zero."""
    known = next((state for state in states if state is not None), None)
    if known is None:
        return None
    if isinstance(known, tuple):
        rows = [[None] * len(known) if state is None else list(state) for state in states]
        return type(known)(*(batched([row[i] for row in rows]) for i in range(len(known))))
    parts = [np.zeros(known.shape, known.dtype) if state is None else state.numpy() for state in states]
    return Tensor(np.concatenate(parts, axis=1), backend=known.backend)


def powers(T: int) -> list[int]:
    """Return 1, 2, 4, ... and T.

    >>> powers(10)
    [1, 2, 4, 8, 10]
    """
    return [*(2**i for i in range(T.bit_length()) if 2**i < T), T]


def agreement(model: Any, text: str, pairs: Iterable[tuple[int, int]] | None = None) -> dict[tuple[int, int], float]:
    """Return cos(g_(k1,k2), g) = g_(k1,k2) . g / (|g_(k1,k2)| |g|), the truncated beside the full gradient.

    Without `pairs` for all k1 <= k2 among the powers of two up to T, and T, the number of symbols read.
    """
    ids = encoded(model, text)
    T = len(ids) - 1
    if pairs is None:
        pairs = [(k1, k2) for k1 in powers(T) for k2 in powers(T) if k1 <= k2]
    states = states_before(model, ids)

    def flat(k1: int, k2: int) -> np.ndarray:
        found = by_windows(model, ids, windows(T, k1, k2), states)
        return np.concatenate([g.ravel() for g in found]).astype(np.float64)

    full = flat(T, T)
    return {(k1, k2): cosine(flat(k1, k2), full) for k1, k2 in pairs}


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of the angle between two vectors, 0 where one is zero."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else 0.0
