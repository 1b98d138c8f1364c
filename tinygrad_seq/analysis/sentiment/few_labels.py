"""How many labels it takes: accuracy against the number of labelled reviews."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .probe import fit_probe

__all__ = ["balanced_subset", "few_labels"]


def few_labels(
    train: tuple[np.ndarray, np.ndarray],
    dev: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    counts: Sequence[int],
    draws: int = 5,
) -> Iterator[tuple[int, list[float]]]:
    """Yield each count with the test accuracies of probes fitted on that many labelled reviews, drawn `draws` times.

    Each part is features (N, H) and labels (N,). The strength is chosen on no more dev reviews than there are to
    train on: to use more would be to use more labels.
    """
    for n in counts:
        accuracies = []
        for seed in range(draws):
            rows, dev_rows = (balanced_subset(part[1], n, seed) for part in (train, dev))
            probe = fit_probe(*(array[rows] for array in train), *(array[dev_rows] for array in dev))
            accuracies.append(probe.accuracy(*test))
        yield n, accuracies


def balanced_subset(y: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return the places of n labels, half of them positive where there are as many; all where there are fewer."""
    rng = np.random.default_rng([seed, n])
    sides = [rng.permutation(np.flatnonzero(y == side)) for side in (True, False)]
    return np.concatenate([sides[0][: n - n // 2], sides[1][: n // 2]])
