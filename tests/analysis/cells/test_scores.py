"""The scores against their definitions, and against SciPy and scikit-learn where these are installed."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_seq.analysis.cells.interval import auc_interval, r2_interval
from tinygrad_seq.analysis.cells.ranking import auc, correlations, midranks, r2, standardised

NO_SHIFT = np.zeros(1, np.intp)


def by_pairs(x, y):
    """P(a positive's value > a negative's) + P(equal) / 2, by counting every pair."""
    a, b = x[y][:, None], x[~y][None]
    return float(np.mean((a > b) + 0.5 * (a == b)))


@pytest.mark.parametrize("ties", [False, True])
def test_auc_counts_pairs(ties):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((4, 300))
    x = np.round(x, 1) if ties else x
    y = rng.random((3, 300)) < 0.3
    found = auc(midranks(x), y, NO_SHIFT)[0]
    expected = [[by_pairs(row, truth) for truth in y] for row in x]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_auc_and_ranks_are_those_of_the_libraries():
    stats = pytest.importorskip("scipy.stats")
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 50, (2, 20_000)).astype(float), rng.random((1, 20_000)) < 0.2
    np.testing.assert_array_equal(midranks(x)[0] + (20_000 - 1) / 2, stats.rankdata(x[0]) - 1)
    assert auc(midranks(x), y, NO_SHIFT)[0, 1, 0] == pytest.approx(metrics.roc_auc_score(y[0], x[1]), abs=1e-6)


def test_shifted_labels_go_around_the_end():
    rng = np.random.default_rng(3)
    rows, labels = rng.standard_normal((3, 20_000)).astype(np.float32), rng.standard_normal((2, 20_000))
    shifts = np.array([0, 1, 8192, 19_999])
    found = correlations(rows, labels, shifts)
    for i, shift in enumerate(shifts):
        np.testing.assert_allclose(found[i], rows @ np.roll(labels, shift, axis=1).T / 20_000, atol=1e-5)


def test_correlations_of_standardised_rows_are_pearsons():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, 500)) * 7 + 3
    y = x[:1] + rng.standard_normal((1, 500))
    found = correlations(standardised(x), standardised(y), NO_SHIFT)[0, :, 0]
    np.testing.assert_allclose(found, [np.corrcoef(row, y[0])[0, 1] for row in x], atol=1e-6)
    assert not standardised(np.ones((1, 5))).any()


def test_r2_of_a_line_fitted_elsewhere_may_be_below_zero():
    x = np.arange(5.0)
    assert r2(x, 2 * x + 1, 2.0, 1.0) == 1
    assert r2(x, 2 * x + 1, 0.0, 5.0) == 0
    assert r2(x, 2 * x + 1, -2.0, 1.0) < 0


def test_an_interval_covers_as_often_as_it_says():
    """Values that keep for 50 symbols, scored against labels that do too: 95 % of intervals should hold 0.5."""
    rng = np.random.default_rng(5)
    held = naive = 0
    for _ in range(60):
        x, y = np.repeat(rng.standard_normal(400), 50), np.repeat(rng.random(400) < 0.4, 50)
        low, high = auc_interval(midranks(x[None])[0], y)
        held += low <= 0.5 <= high
        naive += high - low < 4 / np.sqrt(12 * 0.24 * len(x))  # as wide as for independent symbols
    assert held >= 51
    assert naive == 0


def test_an_interval_of_r2_holds_its_score():
    rng = np.random.default_rng(6)
    x = np.repeat(rng.standard_normal(2000), 20)
    y = x + rng.standard_normal(len(x))
    low, high = r2_interval(y - x, y)
    assert low < 0.5 < high < low + 0.1


def test_an_interval_holds_the_score_of_a_cell_with_two_values():
    """Where most pairs are equal, half of them must count."""
    rng = np.random.default_rng(7)
    y = rng.random(20_000) < 0.3
    x = np.where(rng.random(20_000) < 0.2, ~y, y).astype(float)
    low, high = auc_interval(midranks(x[None])[0], y)
    assert low < auc(midranks(x[None]), y[None], NO_SHIFT)[0, 0, 0] < high < low + 0.03
