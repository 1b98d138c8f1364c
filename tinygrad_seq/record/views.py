"""Views of a parameter, the same numbers in another shape or order, and parts of gradients: which number lies where."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..backend import Shape, namespace, owner
from ..engine import Leaf, Part, Variable
from .entries import Entry

__all__ = ["added_up", "places", "view_of", "where_it_lies"]


def view_of(op: Any, inputs: Sequence[Entry | None]) -> int | None:
    """Return the id of the parameter whose numbers the one result of `op` shows, if there is one."""
    x = inputs[0] if inputs else None
    if x is None or not op.views or op.broadcasts or op.outputs != 1:
        return None
    return x.id if x.kind == "parameter" else x.view_of


def where_it_lies(view: Any, like: Any) -> np.ndarray:
    """Return where in the parameter each number of a view lies, flat. `view` is a node, `like` an array of its backend.

    Its numbers are sent back as if they were a gradient, and it is seen where they arrive.
    """
    at = np.arange(prod(view.shape))
    while type(view) is not Leaf:
        at = one_back(view, like)[at]
        view = view.parents[0]
    return at


def one_back(view: Any, like: Any) -> np.ndarray:
    """Return where in what it was made of each number of a view lies, flat."""
    xp = namespace(like)
    numbers = xp.reshape(xp.arange(1, prod(view.shape) + 1), view.shape)  # from 1: a zero is a place not shown
    (arrived,) = view.op.backward(xp, view, numbers, view.parents, None)
    if type(arrived) is Part:
        return places(arrived, view.parents[0].shape)
    flat = owner(arrived).to_host(arrived).ravel()
    shown = np.flatnonzero(flat)
    return shown[np.argsort(flat[shown])]


def places(part: Part, shape: Shape) -> np.ndarray:
    """Return where in an array of that shape each value of a part belongs, flat, in the order of the values."""
    xp = namespace(part.values.data if isinstance(part.values, Variable) else part.values)
    at = xp.reshape(xp.arange(prod(shape)), shape)[part.index]
    return np.ravel(owner(at).to_host(at))


def added_up(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return values with those that belong to the same place added up."""
    found, which = np.unique(at, return_inverse=True)
    total = np.zeros(len(found))
    np.add.at(total, which, values.ravel())
    return total
