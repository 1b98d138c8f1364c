"""Choosing the next symbol from a model's scores."""

from __future__ import annotations

from math import isfinite

import numpy as np

from ..errors import AnomalyError, ConfigError

__all__ = ["choose", "probabilities"]


def probabilities(
    logits: np.ndarray,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> np.ndarray:
    """Return the distribution to draw from, p_i = e^(logit_i / temperature) / sum_j e^(logit_j / temperature), cut off
    and made to sum to one again.

    `temperature` 0 puts everything on the likeliest symbol; `top_k` keeps the k likeliest; `top_p` keeps the fewest
    that together have probability p at least (Holtzman et al., 2020). With both, what both keep stays. Shapes: logits
    and result (V,).

    Raises:
        ConfigError: a setting is out of range.
        AnomalyError: the scores are infinite or NaN.

    >>> probabilities(np.array([2.0, 1.0, 0.0]), top_k=2).round(3)
    array([0.731, 0.269, 0.   ])
    """
    if not temperature >= 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise ConfigError(
            f"temperature={temperature} >= 0, top_k={top_k} >= 1 and 0 < top_p={top_p} <= 1 are expected."
        )
    best = int(logits.argmax())
    highest = float(logits[best])
    if not isfinite(highest):
        raise AnomalyError(f"the model's scores hold {highest}: its weights are not finite. Train it again.")
    if temperature == 0:
        return np.eye(len(logits))[best]
    p = logits.astype(np.float64)
    p -= highest
    if temperature != 1:
        with np.errstate(over="ignore"):  # near zero it makes -inf of all scores but the highest: p = 0
            p /= temperature
    np.exp(p, out=p)
    p /= np.add.reduce(p)
    if top_k is None and top_p is None:
        return p
    falling = np.argsort(-logits, kind="stable")
    keep = len(p) if top_k is None else min(top_k, len(p))
    if top_p is not None:
        keep = min(keep, int(np.searchsorted(np.cumsum(p[falling]), top_p)) + 1)
    p[falling[keep:]] = 0
    return p / p.sum()


def choose(rng: np.random.Generator, p: np.ndarray) -> int:
    """Return one index drawn from a distribution."""
    i = int(p.cumsum().searchsorted(rng.random(), side="right"))
    return i if i < len(p) else int(np.flatnonzero(p)[-1])  # the sum may round to less than was drawn
