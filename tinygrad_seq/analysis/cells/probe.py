"""How much all cells together know: a linear model on them, beside the best single cell."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np

from .ranking import auc, midranks

__all__ = ["probe"]

ROWS = 20_000


def probe(X: np.ndarray, y: np.ndarray, X_test: np.ndarray, y_test: np.ndarray) -> float | None:
    """Fit logistic regression (truth) or ridge regression (numbers) on all cells; return its AUC or R^2 on the test.

    Shapes: X (N, cells), y (N,). None without scikit-learn, and where a part has only one kind of label.
    """
    if find_spec("sklearn") is None:
        return None
    from sklearn.linear_model import LogisticRegression, Ridge

    mean, spread = X.mean(axis=0), X.std(axis=0)
    X, X_test = ((x - mean) / np.where(spread > 0, spread, 1) for x in (X, X_test))
    if y.dtype != np.bool_:
        return float(Ridge(alpha=1.0).fit(X, y).score(X_test, y_test))
    if len(np.unique(y)) < 2 or len(np.unique(y_test)) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one that has not quite converged is still a score
        model = LogisticRegression(C=0.1, max_iter=200, tol=1e-3).fit(X, y)
    says = model.decision_function(X_test)
    return float(auc(midranks(says[None]), y_test[None], np.zeros(1, np.intp))[0, 0, 0])
