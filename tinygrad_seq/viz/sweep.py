"""What the runs of a sweep have come to, as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["write_curves"]


def write_curves(
    path: Path, curves: Mapping[str, Sequence[tuple[float, float, float]]], x_label: str, y_label: str
) -> None:
    """Write named lines through points (x, y, spread of y) by matplotlib: .svg, .png or what else it writes.

    The axis is logarithmic where x is positive and the largest is four times the smallest or more.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    for name, points in curves.items():
        x, y, spread = zip(*sorted(points), strict=True)
        axes.errorbar(x, y, spread, marker="o", capsize=3 if any(spread) else 0, label=name)
    places = sorted({x for points in curves.values() for x, _, _ in points})
    if places[0] > 0 and places[-1] >= 4 * places[0]:
        axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:g}" for place in places])
    axes.minorticks_off()
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if len(curves) > 1:
        figure.legend(frameon=False, loc="outside right upper")
    figure.savefig(path, dpi=150)
