"""All of it in one go: features, probe, the unit, and how good each is on reviews that neither has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data import Labelled
from ...models import CharLM
from .features import features
from .probe import Probe, fit_probe
from .unit import Unit

__all__ = ["Findings", "find_unit", "judged"]

QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)


@dataclass(frozen=True)
class Findings:
    """What a probe found in a model, and its accuracy on test reviews.

    Attributes:
        unit: the one with the largest weight; threshold and side are chosen on the training reviews.
        values: what the unit is after each test review, (N,).
        labels: whether each test review is positive, (N,).
    """

    probe: Probe
    unit: Unit
    values: np.ndarray
    labels: np.ndarray
    probe_accuracy: float
    unit_accuracy: float

    def quantiles(self, positive: bool) -> list[float]:
        """Return the 1, 25, 50, 75 and 99 % quantiles of the unit after test reviews of one label."""
        return [float(q) for q in np.quantile(self.values[self.labels == positive], QUANTILES)]

    def pins(self) -> tuple[float, float]:
        """Return values to hold the unit at, negative and positive: the medians of the two classes."""
        return float(np.median(self.values[~self.labels])), float(np.median(self.values[self.labels]))

    def to_json(self) -> dict[str, Any]:
        """Return the numbers, ready for JSON."""
        negative, positive = self.pins()
        return {
            "unit": self.unit.index,
            "threshold": self.unit.threshold,
            "positive_above": self.unit.rises,
            "unit_accuracy": self.unit_accuracy,
            "probe_accuracy": self.probe_accuracy,
            "probe_units": self.probe.units_used,
            "C": self.probe.C,
            "dev_accuracy": {f"{C:g}": accuracy for C, accuracy in self.probe.dev.items()},
            "test_reviews": len(self.labels),
            "median_negative": negative,
            "median_positive": positive,
        }


def find_unit(model: CharLM, train: Sequence[Labelled], dev: Sequence[Labelled], test: Sequence[Labelled]) -> Findings:
    """Fit a probe on `train`, choose its strength on `dev`, and measure it and its heaviest unit on `test`.

    A probe whose weights are all zero, as on noise, has unit 0.
    Raises DataError where a part has no reviews of one of the labels.
    """
    (X, y), (dev_X, dev_y), (test_X, test_y) = (judged(model, part) for part in (train, dev, test))
    probe = fit_probe(X, y, dev_X, dev_y)
    unit = Unit.fit(probe.unit, X, y)
    return Findings(
        probe,
        unit,
        test_X[:, unit.index],
        test_y,
        probe.accuracy(test_X, test_y),
        unit.accuracy(test_X, test_y),
    )


def judged(model: CharLM, reviews: Sequence[Labelled]) -> tuple[np.ndarray, np.ndarray]:
    """Return features (N, H) and labels (N,) of reviews."""
    return features(model, [review.text for review in reviews]), np.array([review.positive for review in reviews])
