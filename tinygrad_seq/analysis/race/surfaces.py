"""Functions of two numbers on which optimizers show their character."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...autograd import no_grad
from ...tensor import Tensor

__all__ = ["SURFACES", "Surface", "heights"]

Point = tuple[float, float]


class Surface(NamedTuple):
    """A surface L = f(x, y), where the race starts, where its minima are, and what part of it is drawn.

    `f` takes and returns tensors and broadcasts. Without a known minimum `minima` is empty. `logarithmic` surfaces span
    powers of ten: they are drawn by log L.
    """

    name: str
    says: str
    f: Callable[[Any, Any], Any]
    start: Point
    minima: tuple[Point, ...]
    x: Point
    y: Point
    logarithmic: bool = False


def beale(x: Any, y: Any) -> Any:
    """(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2      (Beale, 1958)"""
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def rosenbrock(x: Any, y: Any) -> Any:
    """(1 - x)^2 + 100 (y - x^2)^2      (Rosenbrock, 1960)"""
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def saddle(x: Any, y: Any) -> Any:
    """x^2 - y^2 + y^4 / 4: level at (0, 0), where it goes up in x and down in y; its floor is at y = +-sqrt 2."""
    return x**2 - y**2 + y**4 / 4


def valley(x: Any, y: Any) -> Any:
    """x^2 / 2 + 50 y^2: a hundred times steeper across than along."""
    return x**2 / 2 + 50 * y**2


def trap(x: Any, y: Any) -> Any:
    """(x^2 + y^2) / 20 + 1 - 0.9 e^(-2 ((x - 2)^2 + y^2)) - 2 e^(-(x^2 + y^2)): a poor minimum beside a good one."""
    poor = 0.9 * ops.exp(-2 * ((x - 2) ** 2 + y**2))
    good = 2 * ops.exp(-(x**2 + y**2))
    return (x**2 + y**2) / 20 + 1 - poor - good


SURFACES = {
    surface.name: surface
    for surface in (
        Surface(
            "beale",
            "flat far out and steep at the walls: those that divide by the size of the gradient walk at their own pace",
            beale,
            (-1.5, 1.5),
            ((3.0, 0.5),),
            (-4.5, 4.5),
            (-2.5, 3.0),
            logarithmic=True,
        ),
        Surface(
            "rosenbrock",
            "a bent valley: into it is easy, along it is slow",
            rosenbrock,
            (-1.5, 2.0),
            ((1.0, 1.0),),
            (-2.2, 2.2),
            (-1.2, 3.2),
            logarithmic=True,
        ),
        Surface(
            "saddle",
            "level where it begins: the way down has almost no slope, and only those that scale it leave soon",
            saddle,
            (1.5, 0.001),
            ((0.0, -(2**0.5)), (0.0, 2**0.5)),
            (-2.0, 2.0),
            (-2.2, 2.2),
        ),
        Surface(
            "valley",
            "a hundred times steeper across than along: a step that is right for one is wrong for the other",
            valley,
            (-9.0, 1.0),
            ((0.0, 0.0),),
            (-10.0, 4.0),
            (-1.6, 1.6),
            logarithmic=True,
        ),
        Surface(
            "trap",
            "a poor minimum on the way to the good one: momentum can carry through it",
            trap,
            (4.0, 0.6),
            ((0.0, 0.0),),
            (-2.0, 5.0),
            (-2.5, 2.5),
        ),
    )
}


def heights(surface: Surface, points: int) -> np.ndarray:
    """Return f on a grid over what is drawn, rows from low to high y, shape (points, points)."""
    x, y = (np.linspace(*span, points) for span in (surface.x, surface.y))
    with no_grad():
        z = surface.f(Tensor(x[None, :]), Tensor(y[:, None]))
    return np.asarray(z.numpy(), np.float64)
