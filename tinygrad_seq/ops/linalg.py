"""Products that sum over an axis."""

from __future__ import annotations

from math import prod

from ..backend import XP, A, Shape
from ..engine import Op
from ..errors import ShapeError


class Matmul(Op):
    """y = a b over the last two axes       dL/da = dL/dy b^T          dL/db = a^T dL/dy"""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, a: A, b: A) -> A:
        return a @ b

    @staticmethod
    def da(xp: XP, dy: A, b: A) -> A:
        b_T = xp.matrix_transpose(b)
        return rowwise(xp, dy, b_T) if b.ndim == 2 else dy @ b_T

    @staticmethod
    def db(xp: XP, dy: A, a: A, b_shape: Shape) -> A:
        if len(b_shape) == 2:
            a, dy = in_rows(xp, a), in_rows(xp, dy)
        return xp.matrix_transpose(a) @ dy


class Linear(Op):
    """y = x W^T + b       dL/dx = dL/dy W       dL/dW = (dL/dy)^T x       dL/db = sum of dL/dy over all rows

    Shapes: x (..., I), W (O, I), b (O,) or None, y (..., O).
    """

    @staticmethod
    def forward(xp: XP, x: A, W: A, b: A | None) -> A:
        y = rowwise(xp, x, xp.matrix_transpose(W))
        return y if b is None else y + b

    @staticmethod
    def dx(xp: XP, dy: A, W: A) -> A:
        return rowwise(xp, dy, W)

    @staticmethod
    def dW(xp: XP, dy: A, x: A) -> A:
        return xp.matrix_transpose(in_rows(xp, dy)) @ in_rows(xp, x)

    @staticmethod
    def db(xp: XP, dy: A) -> A:
        return xp.sum(in_rows(xp, dy), axis=0)


def in_rows(xp: XP, x: A) -> A:
    """Return x with all axes before the last one as one: one product over all rows, not one per batch entry."""
    if x.ndim == 2:
        return x
    return xp.reshape(x, (prod(x.shape[:-1]), x.shape[-1]))  # written out: -1 is ambiguous where another length is 0


def rowwise(xp: XP, x: A, W: A) -> A:
    """Return x W over the last axis of x, for a matrix W."""
    y = in_rows(xp, x) @ W
    return y if x.ndim == 2 else xp.reshape(y, (*x.shape[:-1], W.shape[1]))


class MatrixTranspose(Op):
    """y_ij = x_ji in the last two axes     dL/dx = (dL/dy)^T"""

    views = True

    @staticmethod
    def forward(xp: XP, x: A) -> A:
        return xp.matrix_transpose(x)

    @staticmethod
    def dx(xp: XP, dy: A) -> A:
        return xp.matrix_transpose(dy)


class Einsum(Op):
    """y = Einstein's sum of the inputs; dL/dx_i is one too, of dL/dy and the other inputs."""

    broadcasts = True

    @staticmethod
    def forward(xp: XP, *xs: A, subscripts: str) -> A:
        y = xp.einsum(subscripts, *xs)
        return y if len(xs) > 1 else xp.asarray(y, copy=True)  # of one input it may be a view

    @staticmethod
    def dxs(xp: XP, dy: A, i: int, xs: tuple[A, ...], subscripts: str) -> A:
        left, out = subscripts.split("->")
        terms = left.split(",")
        others = [(term, x) for j, (term, x) in enumerate(zip(terms, xs, strict=True)) if j != i]
        have = {*out, *(letter for term, _ in others for letter in term)}
        kept = "".join(letter for letter in terms[i] if letter in have)
        d = xp.einsum(",".join([out, *(term for term, _ in others)]) + "->" + kept, dy, *(x for _, x in others))
        lengths = axis_lengths(terms, [x.shape for x in xs])
        full = tuple(lengths[letter] for letter in terms[i])
        if d.shape == full:
            return d
        alone = tuple(k for k, letter in enumerate(terms[i]) if letter not in have)
        return xp.broadcast_to(xp.expand_dims(d, axis=alone), full)  # axes that the others lack, or have in length 1


def axis_lengths(terms: list[str], shapes: list[Shape]) -> dict[str, int]:
    """Return the length of every letter: an axis of length one is stretched to the other terms' length."""
    lengths: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            lengths[letter] = lengths.get(letter, 1) if n == 1 else n
    return lengths


def explicit(subscripts: str, ndims: list[int]) -> str:
    """Return subscripts with the ellipsis and the implicit output written out in letters.

    Raises ShapeError for a letter that one term has twice (its gradient would be a diagonal), and for an output that
    leaves the ellipsis out.
    """
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ShapeError(f"einsum: {subscripts!r} has {len(terms)} terms, and {len(ndims)} arrays came.")
    if not arrow:
        letters = left.replace(",", "").replace(".", "")
        out = ("..." if "..." in left else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    free = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" if c not in subscripts]
    counts = [n - len(term.replace("...", "")) for term, n in zip(terms, ndims, strict=True) if "..." in term]
    batch = "".join(free[: max(counts, default=0)])
    if batch and "..." not in out:
        raise ShapeError(f"einsum: {subscripts!r}: the output leaves '...' out; to sum over axes, name them.")
    full = [
        term.replace("...", batch[len(batch) - (n - len(term.replace("...", ""))) :])
        for term, n in zip(terms, ndims, strict=True)
    ]
    for term in full:
        if len(set(term)) < len(term):
            raise ShapeError(f"einsum: {term!r} names an axis twice, which has no rule here. Take the diagonal first.")
    return ",".join(full) + "->" + out.replace("...", batch)
