"""Whether backends compute the same: each is held against NumPy in float64, before any time is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .cases import Job

__all__ = ["TOLERANCES", "Distance", "distance", "outcome"]

STEPS = 4  # a device replays a training step from the third on: it is to be right too
TOLERANCES = {"off": 1e-4, "on": 1e-2}
"""How far a float32 result may be from float64, relative to its largest number, with TF32 off and on."""


class Distance(NamedTuple):
    """The result that is farthest off, and how far: the largest difference over the largest number."""

    what: str
    size: float


def outcome(job: Job) -> dict[str, np.ndarray]:
    """Return all results of the first of several calls, and the loss, where there is one, of the last."""
    first = on_host(job)
    if "loss" not in first:
        return first
    *_, last = (on_host(job) for _ in range(STEPS - 1))
    return first | {f"loss after {STEPS - 1} steps": last["loss"]}


def on_host(job: Job) -> dict[str, np.ndarray]:
    """Return the results of one call as NumPy arrays of their own."""
    return {name: np.array(result.detach().numpy()) for name, result in job().items()}


def distance(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> Distance:
    """Return how far results are from those expected; infinitely where one is not a number, or of another shape."""
    return max((Distance(name, apart(found[name], expected[name])) for name in expected), key=lambda d: d.size)


def apart(x: np.ndarray, r: np.ndarray) -> float:
    """Return max |x - r| / max |r|."""
    if x.shape != r.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        size = np.abs(x.astype(np.float64) - r).max(initial=0.0) / (np.abs(r).max(initial=0.0) or 1.0)
    return float(size) if np.isfinite(size) else np.inf
