"""Where a decoder looked: a row for each symbol it wrote, a column for each that was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from .svg import Picture, drawing, finished, put

__all__ = ["alignment"]

CELL, LEFT, TOP = 28, 76, 64
LEGEND = 470


def alignment(source: Sequence[str], target: Sequence[str], weights: np.ndarray) -> Picture:
    """Draw weights from 0 to 1, (target, source): the stronger a cell's colour, the more of that column went into it.

    The largest weight of a row has a frame. Raises ShapeError where the weights have another shape.
    """
    if weights.shape != (len(target), len(source)):
        raise ShapeError(f"alignment: weights {weights.shape} for {len(target)} symbols written, {len(source)} read.")
    title = f"Where the net looked while it wrote “{''.join(target)}”"
    width = LEFT + CELL * len(source) + 20
    root = drawing(max(width, LEGEND), TOP + CELL * len(target) + 66, title)
    put(root, "text", "reads", x=LEFT, y=20, class_="soft")
    put(root, "text", "writes", x=LEFT - 16, y=TOP - 12, text_anchor="end", class_="soft")
    for s, symbol in enumerate(source):
        put(root, "text", shown(symbol), x=LEFT + CELL * (s + 0.5), y=TOP - 12, text_anchor="middle", class_="symbol")
    for u, (symbol, row) in enumerate(zip(target, weights, strict=True)):
        y = TOP + CELL * u
        put(root, "text", shown(symbol), x=LEFT - 16, y=y + CELL / 2 + 5, text_anchor="end", class_="symbol")
        for s, weight in enumerate(row.tolist()):
            most = s == int(row.argmax())
            put(
                root,
                "rect",
                x=LEFT + CELL * s + 1,
                y=y + 1,
                width=CELL - 2,
                height=CELL - 2,
                rx=3,
                fill="var(--heat)",
                fill_opacity=float(weight),
                stroke="var(--hot)" if most else "var(--line)",
                stroke_width=1.6 if most else 0.8,
                title=f"{weight:.1%} of what is looked up to write {shown(symbol)} is {shown(source[s])}",
            )
    y = TOP + CELL * len(target) + 22
    for i in range(5):
        box: dict[str, Any] = {
            "x": LEFT + 26 * i,
            "y": y,
            "width": 26,
            "height": 12,
            "stroke": "var(--line)",
            "stroke_width": 0.8,
        }
        put(root, "rect", **box, fill="var(--heat)", fill_opacity=i / 4)
    put(root, "text", "0", x=LEFT - 8, y=y + 11, text_anchor="end", class_="soft", font_size=11)
    put(root, "text", "100 % of the row; most of it in the frame", x=LEFT + 138, y=y + 11, class_="soft", font_size=11)
    return finished(root, title)


def shown(symbol: str) -> str:
    """Return a symbol that can be seen: a space as an open box."""
    return "␣" if symbol == " " else symbol
