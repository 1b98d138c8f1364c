"""The unrolled net as a grid: a column per time step, a row per layer, the same geometry every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Any
from xml.etree import ElementTree as ET

from .svg import Picture, drawing, put

__all__ = ["Column", "Prediction", "grid"]

STEP, ROW, BOX_W, BOX_H, LEFT, TOP = 84, 74, 58, 40, 78, 64


@dataclass(frozen=True)
class Prediction:
    """The likeliest next symbol at a step, and its probability."""

    symbol: str
    probability: float


@dataclass(frozen=True)
class Column:
    """One time step: the symbol read, the gradient's length at each layer's hidden state, what is predicted."""

    symbol: str
    gradients: Sequence[float | None]
    prediction: Prediction


def grid(columns: Sequence[Column], layers: Sequence[str], target: str) -> Picture:
    """Draw the columns; colour and arrows show log10 of the gradient that the last prediction sends back.

    `layers` name the rows from the input upwards, `target` is the symbol whose loss is differentiated.
    """
    width = LEFT + STEP * len(columns) + 24
    floor = TOP + ROW * (len(layers) + 1)
    title = f"The net unrolled over {len(columns)} steps, and the gradient of its last prediction"
    root = drawing(width, floor + 104, title)
    defs = put(root, "defs")
    marker = put(
        defs,
        "marker",
        id="tip",
        viewBox="0 0 8 8",
        refX=7,
        refY=4,
        markerUnits="userSpaceOnUse",
        markerWidth=9,
        markerHeight=9,
        orient="auto",
    )
    put(marker, "path", d="M0 0 L8 4 L0 8 z", fill="var(--soft)")
    known = [g for column in columns for g in column.gradients if g]
    low, high = (log10(min(known)), log10(max(known))) if known else (0.0, 0.0)
    put(root, "text", "predicts", x=8, y=TOP - 18, class_="soft")
    put(root, "text", "reads", x=8, y=floor + 5, class_="soft")
    for k, layer in enumerate(layers):
        put(root, "text", layer, x=8, y=row_y(k, floor) + 4, class_="soft")
    for t, column in enumerate(columns):
        draw_step(root, t, column, columns[t + 1] if t + 1 < len(columns) else None, floor, low, high, target)
    legend(root, floor + 62, low, high, target)
    return Picture(ET.tostring(root, encoding="unicode"), title)


def row_y(k: int, floor: float) -> float:
    """Return the middle of row k."""
    return floor - ROW * (k + 1)


def share(gradient: float | None, low: float, high: float) -> float:
    """Return where a gradient lies between the smallest (0) and the largest (1), by its logarithm."""
    if not gradient:
        return 0.0
    return 1.0 if high - low < 1e-9 else (log10(gradient) - low) / (high - low)


def draw_step(
    root: ET.Element, t: int, column: Column, after: Column | None, floor: float, low: float, high: float, target: str
) -> None:
    """Draw one column and the arrows that leave it."""
    x = LEFT + STEP * t + STEP / 2
    put(root, "rect", x=x - 17, y=floor - 17, width=34, height=34, rx=5, fill="none", stroke="var(--line)")
    put(root, "text", column.symbol, x=x, y=floor + 5, text_anchor="middle", class_="symbol")
    put(root, "text", f"t={t}", x=x, y=floor + 34, text_anchor="middle", class_="soft", font_size=11)
    for k, gradient in enumerate(column.gradients):
        y, warmth = row_y(k, floor), share(gradient, low, high)
        below = floor - 17 if k == 0 else row_y(k - 1, floor) - BOX_H / 2
        arrow(root, x, below, x, y + BOX_H / 2 + 2, 1.2)
        if after is not None:
            arrow(root, x + BOX_W / 2, y, x + STEP - BOX_W / 2 - 2, y, 1 + 4 * share(after.gradients[k], low, high))
        said = f"|dL/dh| = {gradient:.3g}" if gradient else "no gradient arrives here"
        box = put(root, "g", title=f"step {t}, read {column.symbol!r}: {said}")
        at: dict[str, Any] = {"x": x - BOX_W / 2, "y": y - BOX_H / 2, "width": BOX_W, "height": BOX_H, "rx": 8}
        put(box, "rect", **at, fill="var(--paper)")
        put(
            box,
            "rect",
            **at,
            fill="var(--hot)",
            fill_opacity=0.08 + 0.82 * warmth if gradient else 0.0,
            stroke="var(--soft)",
        )
        label = "0" if not gradient else f"{gradient:.1e}".replace("e-0", "e-").replace("e+00", "")
        ink = "var(--paper)" if warmth > 0.55 else "var(--ink)"
        put(box, "text", label, x=x, y=y + 4, text_anchor="middle", font_size=11, style=f"fill: {ink}")
    top = row_y(len(column.gradients) - 1, floor) - BOX_H / 2
    arrow(root, x, top, x, TOP - 4, 1.2)
    guess = column.prediction
    put(root, "text", guess.symbol, x=x, y=TOP - 20, text_anchor="middle", class_="symbol")
    put(root, "text", f"{guess.probability:.0%}", x=x, y=TOP - 38, text_anchor="middle", class_="soft", font_size=11)
    if after is None:
        put(root, "text", f"target {target}", x=x, y=14, text_anchor="middle", font_size=12, style="fill: var(--hot)")


def arrow(root: ET.Element, x1: float, y1: float, x2: float, y2: float, width: float) -> None:
    put(
        root,
        "line",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        stroke="var(--soft)",
        stroke_width=float(width),
        marker_end="url(#tip)",
    )


def legend(root: ET.Element, y: float, low: float, high: float, target: str) -> None:
    """Say what the colours mean."""
    for i in range(5):
        put(
            root, "rect", x=LEFT + 26 * i, y=y, width=26, height=12, fill="var(--hot)", fill_opacity=0.08 + 0.82 * i / 4
        )
    put(root, "text", f"{10**low:.1e}", x=LEFT - 8, y=y + 11, text_anchor="end", class_="soft", font_size=11)
    put(root, "text", f"{10**high:.1e}", x=LEFT + 138, y=y + 11, class_="soft", font_size=11)
    said = f"in the cells: |dL/dh_t|, the gradient that reaches each hidden state from predicting {target} last"
    put(root, "text", said, x=LEFT, y=y + 32, class_="soft", font_size=12)
