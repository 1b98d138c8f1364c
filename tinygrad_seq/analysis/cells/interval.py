"""How sure a score is. Neighbouring characters say nearly the same, so it is not characters that are drawn again but
blocks of text (the block bootstrap of Kuensch, 1989).
"""

from __future__ import annotations

import numpy as np

__all__ = ["BLOCK", "auc_interval", "r2_interval"]

BLOCK = 2000  # symbols: several times the length of a docstring
FEWEST_BLOCKS = 20
DRAWS = 1000
BINS = 512


def blocks(n: int) -> tuple[np.ndarray, int]:
    """Return the block of each symbol, and how many blocks there are: of 2,000 symbols, or 20 where these would be
    fewer.
    """
    size = max(1, min(BLOCK, n // FEWEST_BLOCKS))
    which = np.arange(n) // size
    return which, int(which[-1]) + 1


def draws(count: int, seed: int = 0) -> np.ndarray:
    """Return how often each block is drawn in each of 1,000 resamples of as many blocks."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), DRAWS).astype(np.float64)


def auc_interval(ranks: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the middle 95 % of the AUC over resamples; ranks (N,) are those of `midranks`, taken to 512 levels."""
    n = len(ranks)
    which, count = blocks(n)
    level = np.minimum(((ranks + (n - 1) / 2) / n * BINS).astype(np.intp), BINS - 1)
    place = which * BINS + level
    yes, no = (np.bincount(place[side], minlength=count * BINS).reshape(count, BINS) for side in (truth, ~truth))
    weights = draws(count)
    yes, no = weights @ yes, weights @ no
    below = np.cumsum(no, axis=1) - no / 2
    pairs = yes.sum(axis=1) * no.sum(axis=1)
    scores = (yes * below).sum(axis=1)[pairs > 0] / pairs[pairs > 0]
    return middle(scores)


def r2_interval(error: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the middle 95 % of R^2 = 1 - sum error^2 / sum (y - mean)^2 over resamples."""
    which, count = blocks(len(y))
    sums = np.stack([np.bincount(which, v, count) for v in (error**2, y, y**2, np.ones(len(y)))], axis=1)
    missed, first, second, size = (draws(count) @ sums).T
    spread = second - first**2 / size
    return middle(1 - missed[spread > 0] / spread[spread > 0])


def middle(scores: np.ndarray) -> tuple[float, float]:
    """Return the quantiles 2.5 % and 97.5 %; NaN where there are no scores."""
    low, high = np.quantile(scores, [0.025, 0.975]) if len(scores) else (np.nan, np.nan)
    return float(low), float(high)
