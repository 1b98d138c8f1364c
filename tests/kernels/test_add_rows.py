"""Rows are added where they belong, however often one is met."""

from __future__ import annotations

import numpy as np
import pytest
from tinygrad_seq_numpy.indexing import FEW, MANY, add_rows


@pytest.mark.parametrize("n", [0, 1, FEW, FEW + 1, 5 * FEW])
@pytest.mark.parametrize("length", [1, MANY, 10 * FEW])
def test_every_row_is_added_once_for_each_time_it_is_met(n, length):
    rng = np.random.default_rng(0)
    x, rows, values = rng.standard_normal((length, 2, 3)), rng.integers(-length, length, n), rng.random((n, 2, 3))
    expected = x.copy()
    np.add.at(expected, rows, values)
    add_rows(x, rows, values)
    np.testing.assert_allclose(x, expected, rtol=1e-12, atol=1e-12)
