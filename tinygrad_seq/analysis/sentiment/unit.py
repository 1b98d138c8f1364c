"""One unit as a classifier: positive on one side of a threshold, negative on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

__all__ = ["Unit"]


@dataclass(frozen=True)
class Unit:
    """The unit `index` of a layer; where `rises`, what lies above the threshold is positive, else what lies below."""

    index: int
    threshold: float
    rises: bool

    @classmethod
    def fit(cls, index: int, X: np.ndarray, y: np.ndarray) -> Self:
        """Choose threshold and side that are right most often on X (N, H) with labels y (N,), of booleans.

        >>> Unit.fit(0, np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([True, True, False, False]))
        Unit(index=0, threshold=1.5, rises=False)
        """
        order = np.argsort(X[:, index], kind="stable")
        x, s = X[order, index].astype(np.float64), np.where(y[order], 1, -1)
        balance = np.concatenate([[0], np.cumsum(s)])  # positives minus negatives below each cut
        gain = balance[-1] - 2 * balance  # right minus wrong, if what lies above the cut is called positive
        cuts = np.concatenate([[-np.inf], (x[:-1] + x[1:]) / 2, [np.inf]])
        between = np.concatenate([[True], x[:-1] < x[1:], [True]])
        best = int(np.where(between, np.abs(gain), -1).argmax())
        return cls(index, float(cuts[best]), bool(gain[best] >= 0))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return whether each row is called positive."""
        above = X[:, self.index] > self.threshold
        return above if self.rises else ~above

    def accuracy(self, X: np.ndarray, y: np.ndarray) -> float:
        """Return the share of the rows that are called what they are."""
        return float(np.mean(self.predict(X) == y))
