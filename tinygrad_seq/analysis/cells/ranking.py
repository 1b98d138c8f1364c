"""Scores of many cells for many labels at once: a sort per cell, then products of matrices."""

from __future__ import annotations

import numpy as np

__all__ = ["auc", "correlations", "midranks", "r2", "standardised"]

CHUNK = 8192  # symbols that are added up in single precision


def midranks(x: np.ndarray) -> np.ndarray:
    """Return the rank of each number in its row, centred; equal numbers share the middle of their ranks.

    >>> midranks(np.array([[3.0, 1.0, 3.0, 0.0]]))
    array([[ 1. , -0.5,  1. , -1.5]], dtype=float32)
    """
    n = x.shape[1]
    ranks = np.empty(x.shape, np.float32)
    middle = (n - 1) / 2
    for row, out in zip(x, ranks, strict=True):
        order = np.argsort(row)
        rising = row[order]
        starts = np.flatnonzero(np.concatenate([[True], rising[1:] != rising[:-1]]))
        if len(starts) == n:
            out[order] = np.arange(n) - middle
        else:
            stops = np.append(starts[1:], n)
            out[order] = np.repeat((starts + stops - 1) / 2 - middle, stops - starts)
    return ranks


def standardised(x: np.ndarray) -> np.ndarray:
    """Return rows with mean 0 and variance 1; a constant row becomes zeros."""
    centred = x - x.mean(axis=1, keepdims=True, dtype=np.float64)
    spread = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))
    return (centred / np.where(spread > 0, spread, 1)).astype(np.float32)


def correlations(rows: np.ndarray, labels: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Return sum_n rows[k, n] labels[l, n - s] / N for each shift s of the labels, which go around the end of the text.

    Shapes: rows (K, N), labels (L, N), result (shifts, K, L), float64.
    """
    n = rows.shape[1]
    twice = np.concatenate([labels, labels], axis=1).astype(np.float32).T
    total = np.zeros((len(shifts), len(rows), len(labels)))
    for start in range(0, n, CHUNK):
        piece = rows[:, start : start + CHUNK]
        for i, shift in enumerate(shifts):
            begin = n - shift + start
            total[i] += piece @ twice[begin : begin + piece.shape[1]]
    return total / n


def auc(ranks: np.ndarray, truth: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Return P(a positive's value > a negative's) + P(equal) / 2, from centred ranks: 1/2 + sum of positives' / (P N).

    The rank statistic of Mann and Whitney. Shapes: ranks (K, N), truth (L, N), shifts (S,), result (S, K, L).
    """
    positives = truth.sum(axis=1)
    pairs = positives * (truth.shape[1] - positives)
    scale = truth.shape[1] ** 2 / np.maximum(pairs, 1)
    return 0.5 + correlations(ranks / truth.shape[1], truth, shifts) * scale


def r2(x: np.ndarray, y: np.ndarray, slope: float, intercept: float) -> float:
    """Return 1 - sum (y - a x - b)^2 / sum (y - mean)^2 for a line that was fitted elsewhere; below 0 it misleads."""
    spread = float(np.sum((y - y.mean()) ** 2))
    return 1 - float(np.sum((y - slope * x - intercept) ** 2)) / spread if spread else 0.0
