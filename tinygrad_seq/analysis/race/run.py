"""The race itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from ... import ops
from ...autograd import enable_grad
from ...errors import ConfigError
from ...optim import clip_grad_norm_
from ...tensor import Tensor
from ...viz.race import Lane, Track, race_page, save_figure
from .contenders import CONTENDERS, RATES, Contender
from .recurrence import Line, evaluated, recurrence
from .slice import rnn_slice
from .surfaces import SURFACES, Surface, heights

__all__ = ["Path", "Race", "escape_rates", "race", "walks"]

FAR = 1e3  # a path that gets there does not come back
GRID = 81


@dataclass(frozen=True)
class Path:
    """How one optimizer went.

    Attributes:
        points: p_0, p_1, ..., shape (steps + 1, 2); shorter where it flew off.
        losses: L(p_t), shape (steps + 1,).
        gradients: what the optimizer was given at p_t, shape (steps, 2).
        state: what it remembers after step t, by slot, shape (steps, 2) each.
    """

    contender: Contender
    lr: float
    settings: Mapping[str, Any]
    points: np.ndarray
    losses: np.ndarray
    gradients: np.ndarray
    state: Mapping[str, np.ndarray]

    @property
    def result(self) -> float:
        """The loss that it settles at: the mean over its last tenth; infinite for one that flew off."""
        return float(np.mean(self.losses[-max(1, len(self.losses) // 10) :]))

    def keeps_within(self, surface: Surface) -> bool:
        """Tell whether it never left what is drawn of a surface."""
        low, high = np.transpose([surface.x, surface.y])
        return bool(np.isfinite(self.result) and ((low <= self.points) & (self.points <= high)).all())

    @property
    def lines(self) -> list[Line]:
        """The recurrence, line by line."""
        return recurrence(self.contender.kind, self.settings)

    def worked(self) -> list[np.ndarray]:
        """Return what each line made at steps 1, 2, ..., shape (steps, 2) each, by the formula that is printed."""
        steps = len(self.points) - 1
        before = {slot: np.concatenate([self.first(slot)[None], series[:-1]]) for slot, series in self.state.items()}
        known = {"z": 0.0, **self.constants, **before, "p": self.points[:-1], "g": self.gradients}
        made = evaluated(self.lines, {**known, "t": np.arange(1, steps + 1)[:, None]})
        return [np.broadcast_to(values, (steps, 2)) for values in made]

    @property
    def constants(self) -> dict[str, float]:
        """The settings that are numbers, under the names that the formula has for them."""
        numbers = {name: float(v) for name, v in self.settings.items() if isinstance(v, int | float)}
        return numbers | dict(zip(("b1", "b2"), self.settings.get("betas", ()), strict=False))

    def first(self, slot: str) -> np.ndarray:
        """What is remembered before the first step."""
        return np.full(2, self.settings.get("initial_accumulator_value", 0.0) if slot == "v" else 0.0)


@dataclass(frozen=True)
class Race:
    """Paths on one surface, the best first; `save` writes a page (.html) or a picture (.svg, .png, by matplotlib)."""

    surface: Surface
    paths: Sequence[Path]
    noise: float
    clip: float | None

    @property
    def title(self) -> str:
        """What race it was."""
        noise = f", noise {self.noise:g}" if self.noise else ""
        return self.surface.name + noise + ("" if self.clip is None else f", clipped to {self.clip:g}")

    def track(self) -> Track:
        """Return what is drawn of it."""
        s = self.surface
        return Track(
            self.title, s.says, s.x, s.y, s.minima, s.logarithmic, heights(s, GRID), [lane(p) for p in self.paths]
        )

    def save(self, path: str | FilePath) -> FilePath:
        """Write the race; raises ConfigError for another ending."""
        return save(path, [self])


def save(path: str | FilePath, races: Sequence[Race]) -> FilePath:
    """Write races as one page, or as one picture with a panel each."""
    path = FilePath(path)
    tracks = [race.track() for race in races]
    if path.suffix == ".html":
        return race_page(tracks).save(path)
    if path.suffix not in (".svg", ".png"):
        raise ConfigError(f"{path}: a race is written as .html (the page), .svg or .png (a picture).")
    save_figure(tracks, path)
    return path


def lane(path: Path) -> Lane:
    """Return a path as it is drawn."""
    first = {slot: float(path.first(slot)[0]) for slot in path.state}
    return Lane(
        path.contender.name,
        path.lr,
        path.points,
        path.losses,
        path.gradients,
        [(line.name, line.right) for line in path.lines],
        path.worked(),
        {"z": 0.0, **first},
        path.constants,
    )


def race(
    surface: str | Surface = "beale",
    *,
    steps: int = 150,
    noise: float = 0.0,
    lr: float | None = None,
    clip: float | None = None,
    seed: int = 0,
    contenders: Sequence[Contender] = CONTENDERS,
) -> Race:
    """Let optimizers run from one start, each with the learning rate of `RATES` that suits it.

    That is the smallest with which it comes as low as with any, to 2 % of the way down, among those that keep it within
    what is drawn; `lr` gives all of them one.
    `noise` is added to every gradient, normal with this standard deviation, the same numbers for all; `clip` is the
    longest that a gradient may be. A surface is a name (beale, rosenbrock, saddle, valley, trap, rnn) or one of your
    own. Raises ConfigError for an unknown name and for steps below 1.

    >>> beale = race("beale", steps=30, lr=0.01)
    >>> len(beale.paths), beale.paths[0].points.shape, beale.paths[0].points[0]
    (10, (31, 2), array([-1.5,  1.5]))
    """
    s = found(surface)
    if steps < 1:
        raise ConfigError(f"steps={steps}: at least 1.")
    nudges = noise * np.random.default_rng(seed).standard_normal((steps, 2))
    rates = RATES if lr is None else (lr,)
    start = np.array(s.start)
    chosen = [suited(walks(s, c, rates, start, nudges, clip), s) for c in contenders]
    return Race(s, sorted(chosen, key=lambda path: path.result), noise, clip)


def suited(paths: Sequence[Path], surface: Surface) -> Path:
    """Return the first, in the order of learning rates, that comes as low as any, to 2 % of the way down.

    A path that leaves what is drawn is passed over, unless all of them do.
    """
    inside = [path for path in paths if path.keeps_within(surface)] or paths
    best = min(path.result for path in inside)
    enough = best + 0.02 * (float(inside[0].losses[0]) - best)
    return next((path for path in inside if path.result <= enough), inside[0])


def found(surface: str | Surface) -> Surface:
    if isinstance(surface, Surface):
        return surface
    if surface == "rnn":
        return rnn_slice()
    if surface not in SURFACES:
        raise ConfigError(f"surface={surface!r}: expected one of {', '.join((*SURFACES, 'rnn'))}, or a Surface.")
    return SURFACES[surface]


def walks(
    surface: Surface,
    contender: Contender,
    rates: Sequence[float],
    start: np.ndarray,
    nudges: np.ndarray,
    clip: float | None = None,
) -> list[Path]:
    """Take a step of an optimizer for every row of `nudges`, added to the gradient, once with each learning rate.

    Shapes: start (..., 2), a point or many; nudges (steps, ..., 2).
    """
    ps = {lr: Tensor(start.copy(), requires_grad=True) for lr in rates}
    optimizer = contender.optimizer(ps)
    names = list(optimizer.parameters())
    points, losses, gradients, states = [[start] * len(ps)], [], [], []
    with np.errstate(all="ignore"), enable_grad():
        for nudge in nudges:
            losses.append(descended(surface, list(ps.values()), nudge, clip))
            gradients.append([p.grad.numpy().copy() for p in ps.values() if p.grad is not None])
            optimizer.step()
            points.append([p.detach().numpy().copy() for p in ps.values()])
            state = optimizer.state_dict()["state"]
            states.append([state[name] for name in names])
        losses.append(descended(surface, list(ps.values()), nudges[0], clip))
    settings = [optimizer.settings(group) for group in optimizer.param_groups]
    slots = list(states[0][0])
    return [
        cut(
            Path(
                contender,
                lr,
                settings[i],
                np.array([row[i] for row in points]),
                np.array([row[i] for row in losses]),
                np.array([row[i] for row in gradients]),
                {slot: np.array([row[i][slot] for row in states]) for slot in slots},
            )
        )
        for i, lr in enumerate(rates)
    ]


def descended(surface: Surface, ps: Sequence[Tensor], nudge: Any, clip: float | None) -> np.ndarray:
    """Return the losses at points, whose gradients, nudged and clipped, are then their `.grad`."""
    for p in ps:
        p.grad = None
    together = ops.stack(ps)
    L = surface.f(together[..., 0], together[..., 1])
    L.sum().backward()
    for p in ps:
        if p.grad is not None:
            p.grad = p.grad + Tensor(nudge)
        if clip is not None:
            clip_grad_norm_([p], clip)
    return np.array(L.detach().numpy())


def cut(path: Path) -> Path:
    """Return a path up to where it flew off, with an infinite loss there; as it is if it did not, or if it is many."""
    if path.points.ndim > 2 or (np.abs(path.points) < FAR).all():
        return path
    T = int(np.argmin((np.abs(path.points) < FAR).all(axis=1)))
    return replace(
        path,
        points=path.points[:T],
        losses=np.append(path.losses[: T - 1], np.inf),
        gradients=path.gradients[: T - 1],
        state={slot: series[: T - 1] for slot, series in path.state.items()},
    )


def escape_rates(
    surface: str | Surface = "trap",
    *,
    starts: int = 100,
    steps: int = 400,
    noise: float = 0.0,
    lr: float | None = None,
    seed: int = 0,
    contenders: Sequence[Contender] = CONTENDERS,
) -> dict[str, float]:
    """Return how many of `starts` runs settle in the good minimum (the surface's first), by optimizer.

    They begin on the side of the poor one, uniform over the right half of what is drawn. To settle is to keep nearer to
    the minimum than one unit over the last tenth of the steps: who leaps to and fro is not counted for being there at
    the end. Each optimizer has the learning rate of `RATES` with which most settle; `lr` gives all of them one. The
    runs are rows of one parameter: every optimizer here works element by element.

    >>> escape_rates(starts=20, steps=100, lr=0.1, contenders=CONTENDERS[:2])
    {'SGD': 0.05, 'momentum': 0.8}
    """
    s = found(surface)
    rng = np.random.default_rng(seed)
    middle = (s.x[0] + s.x[1]) / 2
    begin = np.stack([rng.uniform(middle, s.x[1], starts), rng.uniform(*s.y, starts)], axis=1)
    nudges = noise * rng.standard_normal((steps, starts, 2))
    rates = RATES if lr is None else (lr,)
    found_by = {c.name: walks(s, c, rates, begin, nudges) for c in contenders}
    return {name: max(settled(path, s.minima[0]) for path in paths) for name, paths in found_by.items()}


def settled(path: Path, minimum: Sequence[float]) -> float:
    """Return the share of many paths that keep nearer to a minimum than one unit over their last tenth."""
    last = path.points[-max(1, len(path.points) // 10) :]
    return float(np.mean((np.linalg.norm(last - np.array(minimum), axis=-1) < 1).all(axis=0)))
