"""The unrolled net as a grid: a column per time step, a row per layer, the same geometry every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, isfinite, log10
from typing import Any
from xml.etree import ElementTree as ET

from .svg import Picture, drawing, finished, put

__all__ = ["Column", "Prediction", "grid"]

STEP, ROW, BOX_W, BOX_H, TOP, SYMBOL = 62, 64, 46, 34, 96, 32
LEGEND_WIDTH = 600


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


@dataclass(frozen=True)
class Scale:
    """Where a gradient lies between the smallest and the largest of a picture, by its logarithm."""

    low: float
    high: float

    def share(self, gradient: float | None) -> float:
        """Return 0 for the smallest and for none at all, 1 for the largest."""
        if not gradient:
            return 0.0
        if not isfinite(gradient) or self.high == self.low:
            return 1.0
        return (log10(gradient) - log10(self.low)) / (log10(self.high) - log10(self.low))

    def heat(self, gradient: float | None) -> float:
        """Return how strongly a box is coloured: 0 where nothing arrives, and a trace of colour for the smallest."""
        return 0.06 + 0.94 * self.share(gradient) if gradient else 0.0


def grid(columns: Sequence[Column], layers: Sequence[str], target: str) -> Picture:
    """Draw the columns; colour and arrows show log10 of the gradient that the last prediction sends back.

    `layers` name the rows from the input upwards, `target` is the symbol whose loss is differentiated.
    """
    known = [g for column in columns for g in column.gradients if g and isfinite(g)]
    scale = Scale(min(known, default=1.0), max(known, default=1.0))
    left = 24 + 7 * max(len("predicts"), *map(len, layers))
    floor = TOP + ROW * len(layers) + 36  # the row of the symbols read
    title = f"The net unrolled over {len(columns)} steps, and the gradient of its last prediction"
    root = drawing(left + max(STEP * len(columns), LEGEND_WIDTH) + 8, floor + 124, title)
    for y, name in [(TOP - 22, "predicts"), (floor + 5, "reads")]:
        put(root, "text", name, x=8, y=y, class_="soft")
    for k, layer in enumerate(layers):
        put(root, "text", layer, x=8, y=row_y(k, floor) + 4, class_="soft")
    for t, column in enumerate(columns):
        after = columns[t + 1 : t + 2]
        x = left + STEP * (t + 0.5)
        draw_step(root, x, floor, t, column, after, scale)
        draw_prediction(root, x, column.prediction, after[0].symbol if after else target)
    x_last = left + STEP * (len(columns) - 0.5)
    put(root, "text", "target", x=x_last, y=14, text_anchor="middle", class_="soft", font_size=11)
    put_symbol(root, target, x_last, 31)
    legend(root, left, floor + 62, scale, target)
    return finished(root, title)


def row_y(k: int, floor: float) -> float:
    """Return the middle of row k."""
    return floor - 4 - ROW * (k + 1)


def draw_step(
    root: ET.Element, x: float, floor: float, t: int, column: Column, after: Sequence[Column], scale: Scale
) -> None:
    """Draw one column, and the arrows that lead to the column after it if there is one."""
    below = floor - SYMBOL / 2
    corner: dict[str, Any] = {"x": x - SYMBOL / 2, "y": below, "width": SYMBOL, "height": SYMBOL, "rx": 5}
    put(root, "rect", **corner, fill="var(--wash)", stroke="var(--line)")
    put_symbol(root, column.symbol, x, floor + 5)
    put(root, "text", f"t={t}", x=x, y=floor + 32, text_anchor="middle", class_="soft", font_size=11)
    for k, gradient in enumerate(column.gradients):
        y = row_y(k, floor)
        arrow(root, x, below, x, y + BOX_H / 2, 1.2)
        for following in after:
            width = 1.2 + 4 * scale.share(following.gradients[k])
            arrow(root, x + BOX_W / 2, y, x + STEP - BOX_W / 2, y, width)
        said = f"|dL/dh| = {gradient:.4g}" if gradient else "no gradient arrives here"
        box = put(root, "g", title=f"step {t}, read {column.symbol}: {said}")
        at: dict[str, Any] = {"x": x - BOX_W / 2, "y": y - BOX_H / 2, "width": BOX_W, "height": BOX_H, "rx": 7}
        put(
            box,
            "rect",
            **at,
            fill="var(--heat)",
            fill_opacity=scale.heat(gradient),
            stroke="var(--soft)",
            stroke_width=0.8,
        )
        put(box, "text", short(gradient), x=x, y=y + 4, text_anchor="middle", font_size=11)
        below = y - BOX_H / 2
    arrow(root, x, below, x, TOP - 12, 1.2)


def draw_prediction(root: ET.Element, x: float, guess: Prediction, truth: str) -> None:
    """Write what is predicted above a column, in colour if that is what follows."""
    put_symbol(root, guess.symbol, x, TOP - 22, "symbol hot" if guess.symbol == truth else "symbol")
    put(root, "text", f"{guess.probability:.0%}", x=x, y=TOP - 40, text_anchor="middle", class_="soft", font_size=11)


def put_symbol(root: ET.Element, symbol: str, x: float, y: float, class_: str = "symbol") -> None:
    r"""Write one symbol; one that is written out, such as \u200b, is smaller."""
    size = 14 if len(symbol) < 3 else 9
    put(root, "text", symbol, x=x, y=y, text_anchor="middle", class_=class_, font_size=size)


def short(gradient: float | None) -> str:
    """Return a gradient in at most six characters.

    >>> short(None), short(0.25), short(12.345), short(1.234e-7), short(1e300)
    ('0', '0.25', '12', '1.2e-7', '1e300')
    """
    if not gradient:
        return "0"
    if not isfinite(gradient) or 0.01 <= gradient < 99.5:
        return f"{gradient:.2g}"
    digits, exponent = f"{gradient:.1e}".split("e")
    return f"{digits if len(str(int(exponent))) < 3 else digits[0]}e{int(exponent)}"


def arrow(root: ET.Element, x1: float, y1: float, x2: float, y2: float, width: float) -> None:
    """Draw an arrow. Its head is a shape of its own: a marker has an id, and a notebook holds many pictures."""
    length = hypot(x2 - x1, y2 - y1)
    dx, dy = 7 * (x2 - x1) / length, 7 * (y2 - y1) / length
    x, y = x2 - dx, y2 - dy
    put(root, "line", x1=x1, y1=y1, x2=x, y2=y, stroke="var(--soft)", stroke_width=width)
    back = f"{x - dy / 2:.1f},{y + dx / 2:.1f} {x + dy / 2:.1f},{y - dx / 2:.1f}"
    put(root, "polygon", points=f"{x2:.1f},{y2:.1f} {back}", fill="var(--soft)")


def legend(root: ET.Element, x: float, y: float, scale: Scale, target: str) -> None:
    """Say what the colours mean."""
    for i in range(5):
        heat = 0.06 + 0.94 * i / 4
        put(root, "rect", x=x + 26 * i, y=y, width=26, height=12, fill="var(--heat)", fill_opacity=heat)
    put(root, "text", short(scale.low), x=x - 8, y=y + 11, text_anchor="end", class_="soft", font_size=11)
    put(root, "text", short(scale.high), x=x + 138, y=y + 11, class_="soft", font_size=11)
    for i, said in enumerate(
        [
            f"In cells and arrows: |dL/dh|, how strongly a hidden state acts on the loss L of the target “{target}”.",
            "Predictions in colour are right.",
        ]
    ):
        put(root, "text", said, x=x, y=y + 32 + 18 * i, class_="soft", font_size=12)
