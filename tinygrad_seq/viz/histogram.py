"""Two classes of numbers, back to back: one above the axis, one below."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from .chart import ticks
from .svg import Picture, drawing, finished, put

__all__ = ["histogram"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 16, 16, 30, 46
BINS = 48


def histogram(
    above: Sequence[float],
    below: Sequence[float],
    names: tuple[str, str],
    x_label: str,
    title: str,
    *,
    threshold: float | None = None,
) -> Picture:
    """Draw how often numbers of two classes fall into each of 48 equal intervals, and a threshold between them.

    Both classes are drawn to the same scale, as shares of their own size. Neither may be empty.
    """
    marks = [] if threshold is None or not isfinite(threshold) else [threshold]
    low, high = (extreme([*above, *below, *marks]) for extreme in (min, max))
    width = (high - low) / BINS or 1.0
    counts = [shares(values, low, width) for values in (above, below)]
    tallest = max(max(share) for share in counts)
    middle = (TOP + HEIGHT - BOTTOM) / 2

    def px(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (x - low) / (BINS * width)

    root = drawing(WIDTH, HEIGHT, title)
    bar = px(low + width) - px(low) - 1
    for share, name, colour, side in zip(counts, names, ("var(--hot)", "var(--cool)"), (-1, 1), strict=True):
        for i, part in enumerate(share):
            height = (middle - TOP) * part / tallest
            if height:
                left = low + i * width
                put(
                    root,
                    "rect",
                    x=px(left),
                    y=middle - height if side < 0 else middle,
                    width=bar,
                    height=height,
                    fill=colour,
                    title=f"{name}: {part:.1%} lie from {left:.3g} to {left + width:.3g}",
                )
        put(root, "text", name, x=LEFT, y=middle + side * (middle - TOP) + 4, style=f"fill: {colour}")
    put(root, "line", x1=LEFT, x2=WIDTH - RIGHT, y1=middle, y2=middle, stroke="var(--ink)")
    for mark in marks:
        put(
            root,
            "line",
            x1=px(mark),
            x2=px(mark),
            y1=TOP - 8,
            y2=HEIGHT - BOTTOM,
            stroke="var(--ink)",
            stroke_dasharray="5 4",
        )
        put(root, "text", f"threshold {mark:.3g}", x=px(mark), y=TOP - 14, text_anchor="middle", font_size=12)
    for x in ticks(low, high):
        if low <= x <= high:
            put(
                root,
                "text",
                f"{x:g}",
                x=px(x),
                y=HEIGHT - BOTTOM + 18,
                text_anchor="middle",
                class_="soft",
                font_size=12,
            )
    put(root, "text", x_label, x=WIDTH / 2, y=HEIGHT - 6, text_anchor="middle", class_="soft")
    return finished(root, title)


def shares(values: Sequence[float], low: float, width: float) -> list[float]:
    """Return the share of the values in each interval."""
    counts = [0] * BINS
    for value in values:
        counts[min(int((value - low) / width), BINS - 1)] += 1
    return [count / len(values) for count in counts]
