"""The probe finds a planted unit and leaves noise alone; a unit's threshold is the best there is."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_seq.analysis.sentiment import CS, Unit, balanced_subset, few_labels, fit_probe
from tinygrad_seq.errors import DataError

sklearn = pytest.importorskip("sklearn")


def planted(n, seed, unit=11, noise=0.1):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.5
    X = rng.normal(size=(n, 20)).astype(np.float32)
    X[:, unit] = np.where(y, -1, 1) + noise * rng.normal(size=n)  # negative reviews are the high ones
    return X, y


def test_a_planted_unit_is_found_with_its_side_and_threshold():
    X, y = planted(400, 0)
    probe = fit_probe(X, y, *planted(200, 1))
    assert probe.unit == 11
    unit = Unit.fit(probe.unit, X, y)
    assert abs(unit.threshold) < 0.9
    assert not unit.rises
    test = planted(300, 2)
    assert unit.accuracy(*test) == probe.accuracy(*test) == 1


def test_of_equally_good_strengths_the_one_that_uses_fewest_units_is_kept():
    probe = fit_probe(*planted(400, 0), *planted(200, 1))
    assert set(probe.dev) == set(CS)
    assert probe.dev[probe.C] == max(probe.dev.values())
    assert all(probe.dev[C] < probe.dev[probe.C] for C in CS if C < probe.C)
    assert probe.units_used == 1


def test_noise_is_not_predicted():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 20)), rng.random(600) < 0.5
    probe = fit_probe(X[:200], y[:200], X[200:300], y[200:300])
    assert 0.4 < probe.accuracy(X[300:], y[300:]) < 0.6


def test_labels_that_are_all_the_same_teach_nothing():
    X, y = planted(20, 0)
    with pytest.raises(DataError, match="these 20 have one"):
        fit_probe(X, np.ones_like(y), X, y)


@pytest.mark.parametrize("seed", range(20))
def test_no_other_threshold_is_right_more_often(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 6, size=(15, 1)).astype(float), rng.random(15) < 0.5
    found = Unit.fit(0, X, y).accuracy(X, y)
    tried = [Unit(0, t, rises).accuracy(X, y) for t in np.arange(-0.5, 7) for rises in (True, False)]
    assert found == max(tried)


def test_accuracy_rises_with_the_number_of_labels():
    train, dev, test = (planted(600, seed, noise=1.0) for seed in range(3))
    rows = dict(few_labels(train, dev, test, (4, 400), draws=6))
    assert [len(accuracies) for accuracies in rows.values()] == [6, 6]
    assert np.mean(rows[400]) > np.mean(rows[4]) + 0.05


def test_a_subset_has_both_labels_and_no_row_twice():
    y = np.arange(100) < 30
    rows = balanced_subset(y, 9, seed=0)
    assert len(set(rows.tolist())) == 9
    assert y[rows].sum() == 5
    assert (balanced_subset(y, 9, seed=0) == rows).all()
    assert (balanced_subset(y, 9, seed=1) != rows).any()
