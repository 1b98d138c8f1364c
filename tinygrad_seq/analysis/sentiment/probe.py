"""A linear probe: which of a model's units tell the label, if only few may be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import DataError

__all__ = ["CS", "Probe", "fit_probe"]

CS = tuple(2.0**k for k in range(-8, 1))


@dataclass(frozen=True)
class Probe:
    """P(positive | x) = sigma(w . x / scale + b) with an L1 penalty on w.

    Attributes:
        w: (H,), most of it zero.
        scale: (H,), the standard deviation of each unit in the training examples, so that weights can be compared.
        C: the strength chosen, the inverse of the penalty's.
        dev: the accuracy on the dev part by each C that was tried.
    """

    w: np.ndarray
    scale: np.ndarray
    b: float
    C: float
    dev: Mapping[float, float]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return whether each row is called positive."""
        return X / self.scale @ self.w + self.b > 0

    def accuracy(self, X: np.ndarray, y: np.ndarray) -> float:
        """Return the share of the rows that are called what they are."""
        return float(np.mean(self.predict(X) == y))

    @property
    def unit(self) -> int:
        """The unit with the largest weight."""
        return int(np.abs(self.w).argmax())

    @property
    def units_used(self) -> int:
        """How many weights are not zero."""
        return int(np.count_nonzero(self.w))


def fit_probe(X: np.ndarray, y: np.ndarray, dev_X: np.ndarray, dev_y: np.ndarray) -> Probe:
    """Fit on (X, y) by L1 logistic regression for C = 2^-8 .. 2^0, and keep the C that is best on the dev part.

        min over w, b:  |w|_1 + |b| + C sum_n ln(1 + exp(-s_n (w . x_n / scale + b))),   s_n = +-1

    Of equal ones the smallest C is kept, which uses the fewest units. Shapes: X (N, H), y (N,) of booleans. Source:
    Radford et al., 2017, where scale is 1; a unit of small range would then need a large weight to say the same.
    scikit-learn (the extra `analysis`) does the fitting.
    Raises DataError where all labels are the same.
    """
    from sklearn.linear_model import LogisticRegression

    if len(set(y.tolist())) < 2:
        raise DataError(f"A probe learns from examples of both labels; these {len(y)} have one.")
    spread = X.std(axis=0, dtype=np.float64)
    scale = np.where(spread > 0, spread, 1.0)
    fitted = {}
    for C in CS:
        model = LogisticRegression(C=C, l1_ratio=1, solver="liblinear", random_state=0, max_iter=10_000)
        model.fit(X / scale, y)
        fitted[C] = (model.coef_[0], scale, float(model.intercept_[0]))
    dev = {C: Probe(*weights, C, {}).accuracy(dev_X, dev_y) for C, weights in fitted.items()}
    C = max(CS, key=dev.__getitem__)
    return Probe(*fitted[C], C, dev)
