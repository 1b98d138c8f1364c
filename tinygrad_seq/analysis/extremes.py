"""The largest singular value and the largest eigenvalue of a matrix, without finding all the others."""

from __future__ import annotations

import numpy as np

__all__ = ["spectral_norm", "spectral_radius"]

SQUARINGS = 3
EVERY = 8  # Krylov vectors between two looks at the eigenvalues
TOLERANCE = 1e-9


def spectral_norm(J: np.ndarray) -> float:
    """Return ||J||_2, the root of the largest eigenvalue of J^T J; NaN for a matrix that is not finite.

    >>> spectral_norm(np.array([[0.0, 2.0], [0.5, 0.0]]))
    2.0
    """
    size = largest_entry(J)
    if not size or not np.isfinite(size):
        return size
    A = J / size  # squares of small numbers would be zero
    return size * float(np.sqrt(np.linalg.eigvalsh(A.T @ A)[-1]))


def spectral_radius(J: np.ndarray) -> float:
    """Return the largest |eigenvalue|; NaN for a matrix that is not finite.

    It is |lambda(J^8)|^(1/8), lambda by Arnoldi's method: in a power the largest eigenvalue stands out from the others,
    and few vectors tell it.

    >>> round(spectral_radius(np.array([[0.0, 2.0], [0.5, 0.0]])), 12)
    1.0
    """
    size = largest_entry(J)
    if not size or not np.isfinite(size):
        return size
    A = J / (size * len(J))  # no power of it overflows
    for _ in range(SQUARINGS):
        A = A @ A
    return float(size * len(J) * largest_eigenvalue(A) ** (1 / 2**SQUARINGS))


def largest_entry(J: np.ndarray) -> float:
    return float(np.abs(J).max(initial=0.0))


def largest_eigenvalue(A: np.ndarray) -> float:
    """Return the largest |eigenvalue| as Arnoldi, 1951, finds it.

    v, Av, AAv ... made orthonormal are the rows of V, and A is the small matrix H there, V A^T = H^T V: the outer
    eigenvalues of H soon are those of A, exactly so when V has as many rows as A or Av adds none.
    """
    N = len(A)
    V, H = np.zeros((N + 1, N)), np.zeros((N + 1, N))
    v = np.random.default_rng(0).standard_normal(N)
    V[0] = v / np.linalg.norm(v)
    found = 0.0
    for m in range(1, N + 1):
        v = A @ V[m - 1]
        size = np.linalg.norm(v)
        for _ in range(2):  # once leaves them orthogonal only as far as rounding allows
            h = V[:m] @ v
            v = v - h @ V[:m]
            H[:m, m - 1] += h
        H[m, m - 1] = rest = np.linalg.norm(v)
        is_whole = m == N or rest <= 1e-14 * size
        if is_whole or m % EVERY == 0:
            before, found = found, float(np.abs(np.linalg.eigvals(H[:m, :m])).max())
            if is_whole or abs(found - before) <= TOLERANCE * found:
                break
        V[m] = v / rest
    return found
