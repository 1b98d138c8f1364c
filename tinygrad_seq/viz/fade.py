"""How much gradient arrives at the states of a net, step by step: side by side for several nets, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any
from xml.etree import ElementTree as ET

from .grid import Scale, short
from .svg import Picture, drawing, finished, put

__all__ = ["fade"]

STEP, BOX, ROW, TOP = 40, 32, 52, 26


def fade(rows: Mapping[str, Sequence[float | None]], title: str) -> Picture:
    """Draw |dL/dh_t| over time, a row of boxes per state: colour and the line between them fade with its logarithm.

    All rows share one scale, from the smallest gradient of the picture to the largest. None and 0 stay blank: nothing
    arrives there.

    >>> fade({"RNN h": [1e-6, 1e-3, 1.0], "LSTM c": [0.5, 0.7, 1.0]}, "Two nets").title
    'Two nets'
    """
    known = [g for gradients in rows.values() for g in gradients if g and isfinite(g)]
    scale = Scale(min(known, default=1.0), max(known, default=1.0))
    T = max(map(len, rows.values()), default=0)
    left = 20 + 8 * max(map(len, rows), default=0)
    bottom = TOP + ROW * len(rows)
    root = drawing(left + STEP * T + 4, bottom + 50, title)
    for k, (name, gradients) in enumerate(rows.items()):
        y = TOP + ROW * k + BOX / 2
        put(root, "text", name, x=8, y=y + 4)
        draw_row(root, left, y, gradients, scale)
    for t in range(T):
        put(
            root,
            "text",
            f"t={t}",
            x=left + STEP * (t + 0.5),
            y=bottom + 8,
            text_anchor="middle",
            class_="soft",
            font_size=10,
        )
    said = f"|dL/dh| and |dL/dc| from {short(scale.low)} (pale) to {short(scale.high)} (strong), by the logarithm"
    put(root, "text", said, x=left, y=bottom + 36, class_="soft", font_size=12)
    return finished(root, title)


def draw_row(root: ET.Element, left: float, y: float, gradients: Sequence[float | None], scale: Scale) -> None:
    """Draw the states of one net, and the way that a gradient takes from each to the one before it."""
    for t, gradient in enumerate(gradients):
        x = left + STEP * (t + 0.5)
        if t and gradient:
            share = scale.share(gradient)
            line: dict[str, Any] = {
                "stroke": "var(--heat)",
                "stroke_width": 1 + 6 * share,
                "stroke_opacity": 0.1 + 0.9 * share,
            }
            put(root, "line", x1=x - STEP + BOX / 2, y1=y, x2=x - BOX / 2, y2=y, **line)
        box = put(root, "g", title=f"step {t}: " + (f"{gradient:.4g}" if gradient else "no gradient arrives here"))
        corner: dict[str, Any] = {"x": x - BOX / 2, "y": y - BOX / 2, "width": BOX, "height": BOX, "rx": 6}
        put(
            box,
            "rect",
            **corner,
            fill="var(--heat)",
            fill_opacity=scale.heat(gradient),
            stroke="var(--soft)",
            stroke_width=0.6,
        )
        put(box, "text", short(gradient), x=x, y=y + 4, text_anchor="middle", font_size=10)
