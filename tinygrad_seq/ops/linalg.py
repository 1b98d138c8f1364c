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
        return dy @ xp.matrix_transpose(b)

    @staticmethod
    def db(xp: XP, dy: A, a: A, b_shape: Shape) -> A:
        if len(b_shape) == 2 and a.ndim > 2:  # one product over all rows, not one per batch entry to be summed
            rows = prod(a.shape[:-1])  # written out: -1 is ambiguous where another length is 0
            a = xp.reshape(a, (rows, a.shape[-1]))
            dy = xp.reshape(dy, (rows, dy.shape[-1]))
        return xp.matrix_transpose(a) @ dy


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
