"""How a parameter's gradient grows, moment by moment: its norm, and where it is small the whole matrix."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import isfinite, prod
from typing import Any

import numpy as np

from ..record import Entry, Record, Sent
from ..record.recorder import SMALL
from ..record.summary import length

__all__ = ["growth"]

BIT_FOR_BIT = ("float32", "float64")  # the types that a page can hold as they are
FINEST = 2**-16  # of the largest entry: colour goes by the root, and 2^-8 is one level of it
LEVELS = 127  # of colour, to each side of zero


def growth(record: Record, entry: Entry, moment: Mapping[int, int]) -> dict[str, Any] | None:
    """Return the norm of a parameter's gradient after each moment that added to it, and, if it is small, its matrices.

    `moment` numbers the moments of what was sent, by `id`. None: nothing arrived.
    """
    norms: dict[int, float] = {}
    gradients: dict[int, np.ndarray] = {}
    end = max(moment.values(), default=0)
    for sent, norm, gradient in parts(record, entry):
        m = moment.get(id(sent), end)
        norms[m] = norm
        if gradient is not None:
            gradients[m] = gradient
    if not norms:
        return None
    return {
        "frames": [[m, norm if isfinite(norm) else str(norm)] for m, norm in norms.items()],
        "matrix": matrices(list(gradients.values())) if gradients else None,
    }


def parts(record: Record, entry: Entry) -> Iterator[tuple[Sent, float, np.ndarray | None]]:
    """Yield each part of a parameter's gradient with the norm so far, and the gradient so far if it is small."""
    own = {entry.id} | {other.id for other in record.nodes if other.view_of == entry.id}
    sent = [s for s in record.outer() if s.target in own]
    if is_small(entry) and all(s.data is not None for s in sent):
        for s, gradient in record.growth(entry.id):
            yield s, length(gradient), gradient
        return
    for _, walk in groupby(sent, key=lambda s: s.walk):
        parts = list(walk)
        arrived = [s for s in parts if s.target == entry.id]
        if len(arrived) == 1 and arrived[0].source in own:  # a view has gathered it, and the norm is the same there
            arrived = [s for s in parts if s.target == arrived[0].source]
        yield from ((s, s.total, None) for s in arrived if s.total is not None)


def is_small(entry: Entry) -> bool:
    return entry.dtype in BIT_FOR_BIT and 0 < prod(entry.shape or ()) * np.dtype(entry.dtype).itemsize <= SMALL


def matrices(gradients: Sequence[np.ndarray]) -> dict[str, Any] | None:
    """Return the matrices after each moment as the page holds them; None where one holds what is no number.

    The last one, in base64, is the bytes of the parameter's own type: it is not rounded. Those before are there to be
    seen: as a share of `largest` they are right to what a level of colour is. They are sums of products of a column and
    a row, `terms` of them new in each, one after the other in `factors`. At one step of one sequence that is one: the
    gradient of W in W x_t is an outer product. Where this takes more than a byte per number, and with a batch it
    can, `factors` is None and `levels` holds the roots of the shares, a byte each.
    """
    largest = float(np.max([np.abs(gradient).max() for gradient in gradients]))
    if not isfinite(largest):
        return None
    last = gradients[-1]
    columns = last.shape[-1] if last.ndim else 1
    shares = [gradient.reshape(-1, columns) / (largest or 1.0) for gradient in gradients[:-1]]
    found = factors(shares)
    return {
        "largest": largest,
        "dtype": str(last.dtype),
        "last": base64(last.astype(f"<f{last.itemsize}")),
        "terms": None if found is None else found[0],
        "factors": None if found is None else base64(found[1]),
        "levels": None if found is not None else base64(np.array([level(share) for share in shares])),
    }


def base64(array: np.ndarray) -> str:
    return b64encode(array.tobytes()).decode()


def level(share: np.ndarray) -> np.ndarray:
    return np.rint(LEVELS * np.sign(share) * np.sqrt(np.abs(share))).astype(np.int8)


def factors(shares: Sequence[np.ndarray]) -> tuple[list[int], np.ndarray] | None:
    """Return how many products each matrix adds to the one before, and these products; None if they are many."""
    shown: Any = 0.0
    counts, found = [], [np.zeros(0)]
    for share in shares:
        new = list(products(share - shown))  # from what is shown and not from what was: errors do not add up
        shown = shown + sum(np.outer(u, v) for u, v in new)
        counts.append(len(new))
        found += [x for pair in new for x in pair]
        if 4 * sum(counts) * sum(share.shape) > len(shares) * share.size:
            return None
    return counts, np.concatenate(found).astype("<f4")


def products(left: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield columns u and rows v whose products u v^T add up to a matrix, until less than the finest share is left.

    Each time the largest entry is the pivot, as in Gaussian elimination: the product agrees in its row and column.
    """
    for _ in range(min(left.shape)):
        i, j = divmod(int(np.abs(left).argmax()), left.shape[1])
        if abs(left[i, j]) <= FINEST:
            return
        u, v = left[:, j].astype(np.float32), (left[i] / left[i, j]).astype(np.float32)
        left = left - np.outer(u, v)
        yield u, v
