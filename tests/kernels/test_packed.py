"""Our own product of matrices, and equations by lanes: right for every size, and nothing beside a result is touched."""

from __future__ import annotations

import numpy as np
import pytest

numba = pytest.importorskip("numba", reason="the compiled kernels need the extra [fast]")
pytestmark = pytest.mark.parametrize("dtype", ["float32", "float64"])


@pytest.fixture(scope="module")
def times():
    """out = a W, or out + a W, called from Python."""
    from tinygrad_seq_numpy.compiled.packed import packed
    from tinygrad_seq_numpy.compiled.packed import times as compiled

    @numba.njit
    def multiply(a, W, out, add):
        compiled(a, W, out, add)

    return lambda a, W, out, add: multiply(a, packed(W), out, add)


def numbers(dtype, *shape):
    return np.random.default_rng(shape).standard_normal(shape).astype(dtype)


def within(values, dtype):
    """Half of the columns of something wider: rows that do not follow one another."""
    wide = np.full((values.shape[0], 2 * values.shape[1] + 3), 7, dtype)
    part = wide[:, 1 : 1 + values.shape[1]]
    part[...] = values
    return wide, part


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("K", [1, 7, 512, 513, 1100])
@pytest.mark.parametrize(("B", "n"), [(1, 1), (2, 16), (3, 17), (5, 8), (6, 33), (7, 15), (13, 32), (25, 40)])
def test_the_product_is_numpys(times, dtype, B, K, n, add):
    a, W, before = numbers(dtype, B, K), numbers(dtype, K, n), numbers(dtype, B, n)
    _, given = within(a, dtype)
    wide, out = within(before, dtype)
    times(given, W, out, add)
    exact = a.astype(np.longdouble) @ W + (before if add else 0)
    np.testing.assert_allclose(out, exact, rtol=0, atol=np.finfo(dtype).eps * (4 * K + 20))
    assert (wide[:, 0] == 7).all()
    assert (wide[:, 1 + n :] == 7).all()


def test_a_row_of_the_product_does_not_depend_on_the_others(times, dtype):
    a, W = numbers(dtype, 13, 600), numbers(dtype, 600, 21)
    together = np.empty((13, 21), dtype)
    times(a, W, together, False)
    for rows in (slice(0, 1), slice(1, 6), slice(4, 13)):
        alone = np.empty_like(together[rows])
        times(a[rows], W, alone, False)
        np.testing.assert_array_equal(alone, together[rows])


def test_a_matrix_that_lies_by_columns_is_packed_alike(times, dtype):
    a, W = numbers(dtype, 4, 9), numbers(dtype, 20, 9)
    out = np.empty((2, 4, 20), dtype)
    times(a, W.T, out[0], False)
    times(a, np.ascontiguousarray(W.T), out[1], False)
    np.testing.assert_array_equal(out[0], out[1])


@pytest.mark.parametrize("n", [1, 7, 8, 9, 40])
def test_equations_by_lanes(dtype, n):
    from tinygrad_seq_numpy.compiled.lanes import by_lanes

    both = by_lanes(lambda x, y: (2 - x * y / 3, 1 / (x - 0.5) + y, x.where(">", 0, y, -1)))

    @numba.njit
    def of_blocks(x, y, first, second, third):
        both((x, y), (first, second, third))

    x, y = numbers(dtype, 3, n), numbers(dtype, 3, n + 1)[:, :n]
    expected = (2 - x * y / 3, 1 / (x - 0.5) + y, np.where(x > 0, y, -1))
    wide, second = within(np.zeros((3, n)), dtype)
    found = np.empty_like(x), second, x  # one of the blocks is both read and written
    of_blocks(x, y, *found)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            ours, theirs, rtol=20 * np.finfo(dtype).eps, atol=1e-6 if dtype == "float32" else 1e-14
        )
    assert (wide[:, 1 + n :] == 7).all()
