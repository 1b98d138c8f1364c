"""Optimizers on a surface seen from above: as a page to play with, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .html import escaped, policy, rendered, script
from .page import Page

__all__ = ["Lane", "Track", "race_page", "save_figure"]

COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c564b", "#7f3c8d", "#6b8e23", "#708090",
)  # fmt: skip
BANDS = 18
STYLES = (("-", 3.0), ((0, (5, 5)), 2.2), ((0, (1, 3)), 2.2))
"""Of a path in a picture, and its width: so much of what it lies upon is still seen."""


class Lane(NamedTuple):
    """The path of one optimizer over steps 0 .. T, and its formula at work.

    Shapes: points (T + 1, 2), losses (T + 1,), gradients (T, 2). `lines` are (name, right-hand side), `made` what each
    made at steps 1 .. T, (T, 2); `first` what it remembers before the first step, `constants` its settings.
    """

    name: str
    lr: float
    points: np.ndarray
    losses: np.ndarray
    gradients: np.ndarray
    lines: Sequence[tuple[str, str]]
    made: Sequence[np.ndarray]
    first: Mapping[str, float]
    constants: Mapping[str, float]


class Track(NamedTuple):
    """A surface over x and y, its heights on a grid, shape (rows, columns) from low to high, and who ran on it."""

    title: str
    says: str
    x: tuple[float, float]
    y: tuple[float, float]
    minima: Sequence[tuple[float, float]]
    logarithmic: bool
    heights: np.ndarray
    lanes: Sequence[Lane]


def race_page(tracks: Sequence[Track], title: str = "The optimizer race") -> Page:
    """Return the page of races, one surface at a time: played, scrubbed, and every step's formula with its numbers."""
    program = script("dom", "playing", "race")
    data = [as_data(track) for track in tracks]
    return Page(
        rendered("race.html", title=title, policy=policy(program), data=escaped(data), program=program, tracks=tracks)
    )


def as_data(track: Track) -> dict[str, Any]:
    """Return a track as the page reads it."""
    colours = coloured(track)
    return {
        "title": track.title,
        "says": track.says,
        "x": track.x,
        "y": track.y,
        "minima": track.minima,
        "bands": bands(track).tolist(),
        "lanes": [
            {
                "name": lane.name,
                "colour": colours[lane.name],
                "dashed": i >= len(COLOURS),
                "lr": lane.lr,
                "points": digits(lane.points),
                "losses": digits(lane.losses),
                "gradients": digits(lane.gradients),
                "lines": lane.lines,
                "made": [digits(values) for values in lane.made],
                "first": lane.first,
                "constants": lane.constants,
            }
            for i, lane in enumerate(sorted(track.lanes, key=lambda lane: lane.name))
        ],
    }


def bands(track: Track) -> np.ndarray:
    """Return the heights as whole numbers 0 .. BANDS, lowest to highest: their borders are contour lines."""
    z = track.heights - track.heights.min()
    z = np.log10(z + 1e-3 * (np.median(z) or 1.0)) if track.logarithmic else np.sqrt(z)
    low, high = float(z.min()), float(np.quantile(z, 0.98))
    return np.clip(BANDS * (z - low) / ((high - low) or 1.0), 0, BANDS).round().astype(int)


def digits(values: np.ndarray) -> Any:
    """Return numbers of four digits, as nested lists; what is not finite as None."""
    if values.ndim > 1:
        return [digits(row) for row in values]
    return [float(f"{v:.4g}") if np.isfinite(v) else None for v in values.tolist()]


def coloured(track: Track) -> dict[str, str]:
    """Return the colour of every lane, the same on every track of the same optimizers."""
    names = sorted(lane.name for lane in track.lanes)
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}


def save_figure(tracks: Sequence[Track], path: Path) -> None:
    """Write one picture, a panel for each track, by matplotlib: .svg, .png or what else it writes."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = min(3, len(tracks))
    rows = -(-len(tracks) // columns)
    figure = Figure(figsize=(5.2 * columns, 4.4 * rows + 0.8), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    drawn: dict[str, Any] = {}
    for panel, track in zip(panels.flat, tracks, strict=False):
        panel.contourf(
            np.linspace(*track.x, track.heights.shape[1]),
            np.linspace(*track.y, track.heights.shape[0]),
            bands(track),
            levels=BANDS,
            cmap="Blues_r",
        )
        colours = coloured(track)
        for rank, lane in enumerate(track.lanes):  # who came equally low often went the same way
            under = rank % len(STYLES)
            dashes, width = STYLES[under]
            panel.plot(*lane.points.T, color=colours[lane.name], ls=dashes, lw=width, zorder=2 + under / 10)
            panel.plot(*lane.points[-1], "o", color=colours[lane.name], ms=4)
        drawn |= {name: Line2D([], [], color=colour, lw=3) for name, colour in colours.items()}
        for minimum in track.minima:
            panel.plot(*minimum, "*", color="black", ms=10, zorder=3)
        panel.plot(*track.lanes[0].points[0], "s", color="black", ms=5)
        panel.set(title=track.title, xlim=track.x, ylim=track.y, xlabel="x", ylabel="y")
    for panel in panels.flat[len(tracks) :]:
        panel.set_axis_off()
    figure.legend(drawn.values(), drawn.keys(), loc="outside lower center", ncols=5, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
