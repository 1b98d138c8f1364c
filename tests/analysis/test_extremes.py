"""The largest singular value and eigenvalue: those of LAPACK, of every kind of matrix, at every size of its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_seq.analysis.extremes import spectral_norm, spectral_radius

ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])


def matrices():
    rng = np.random.default_rng(5)
    yield "one number", np.array([[-3.0]])
    yield "a rotation", ROTATION
    yield "a hundred rotations", np.kron(np.diag(np.linspace(0.1, 1.0, 100)), ROTATION)
    for n in (2, 7, 8, 9, 64, 200):
        yield f"random {n}", rng.standard_normal((n, n)) / np.sqrt(n)
    A = rng.standard_normal((40, 40))
    yield "symmetric", A + A.T
    yield "far from normal", np.triu(rng.standard_normal((30, 30))) / 6
    yield "of rank two", rng.standard_normal((50, 2)) @ rng.standard_normal((2, 50))
    yield "diagonal, nearly equal", np.diag(1 - 1e-6 * np.arange(100.0))
    yield "the identity", np.eye(33)


@pytest.mark.parametrize("J", [pytest.param(J, id=name) for name, J in matrices()])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e150])
def test_they_are_those_of_lapack(J, scale):
    J = J * scale
    assert spectral_norm(J) == pytest.approx(np.linalg.norm(J, 2), rel=1e-12)
    assert spectral_radius(J) == pytest.approx(np.abs(np.linalg.eigvals(J)).max(), rel=1e-6)


def test_what_forgets_everything_has_none():
    shift = np.eye(6, k=1)
    assert spectral_norm(shift) == pytest.approx(1.0)
    assert spectral_radius(shift) == spectral_radius(np.zeros((5, 5))) == spectral_norm(np.zeros((5, 5))) == 0.0


@pytest.mark.parametrize("x", [np.nan, np.inf])
def test_of_a_matrix_that_is_not_finite_neither_is_a_number_to_draw(x):
    J = np.full((3, 3), x)
    assert not np.isfinite(spectral_norm(J))
    assert not np.isfinite(spectral_radius(J))
