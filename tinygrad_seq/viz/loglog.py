"""Curves and points on two logarithmic axes, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.etree import ElementTree as ET

from .chart import LETTER, Label, apart
from .svg import Picture, drawing, finished, put

__all__ = ["Curve", "Point", "loglog"]

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP = 720, 360, 62, 34, 46, 12
LONGEST = 34  # characters of a name beside a curve


@dataclass(frozen=True)
class Point:
    """A point above zero, what is shown on hovering, and how far its height is spread."""

    x: float
    y: float
    says: str = ""
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Curve:
    """A line through points. Its name stands at the right, without one it has none; `marks` shows the points."""

    name: str
    points: Sequence[Point]
    colour: str
    width: float = 1.5
    dash: str = ""
    marks: bool = True


def loglog(
    curves: Sequence[Curve], x_label: str, y_label: str, title: str, *, x_ticks: Sequence[float] | None = None
) -> Picture:
    """Draw curves; the axes reach from the least to the largest of all their numbers, to round ones."""
    points = [point for curve in curves for point in curve.points]
    heights = [y for point in points for y in (point.y, *(point.spread or ()))]
    xs = list(x_ticks or round_numbers([point.x for point in points]))
    ys = round_numbers(heights)
    left, right = log10(min(xs)), log10(max(xs))
    bottom, top = log10(ys[0]), log10(ys[-1])
    named = [curve.name for curve in curves if curve.name]
    end = WIDTH - GAP - (2 * GAP + LETTER * max(len(shortened(name)) for name in named) if named else 0)

    def px(x: float) -> float:
        return LEFT + (end - LEFT) * (log10(x) - left) / ((right - left) or 1.0)

    def py(y: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (top - log10(y)) / ((top - bottom) or 1.0)

    root = drawing(WIDTH, HEIGHT, title)
    for y in ys:
        put(root, "line", x1=LEFT, x2=end, y1=py(y), y2=py(y), stroke="var(--line)")
        put(root, "text", f"{y:g}", x=LEFT - 8, y=py(y) + 4, text_anchor="end", class_="soft", font_size=12)
    for x in xs:
        put(root, "line", x1=px(x), x2=px(x), y1=TOP, y2=HEIGHT - BOTTOM, stroke="var(--line)")
        below = HEIGHT - BOTTOM + 18
        put(root, "text", f"{x:g}", x=px(x), y=below, text_anchor="middle", class_="soft", font_size=12)
    put(root, "text", x_label, x=(LEFT + end) / 2, y=HEIGHT - 6, text_anchor="middle", class_="soft")
    put(root, "text", y_label, x=LEFT, y=TOP - 16, class_="soft")
    for curve in curves:
        draw(root, curve, [(px(point.x), py(point.y)) for point in curve.points])
        for point in curve.points:
            if point.spread is not None:
                low, high = (py(y) for y in point.spread)
                put(root, "line", x1=px(point.x), x2=px(point.x), y1=low, y2=high, stroke=curve.colour)
    ends = [(curve, px(curve.points[-1].x), py(curve.points[-1].y)) for curve in curves if curve.name]
    for (curve, x, y), label in placed(ends):
        style = f"fill: {curve.colour}"
        put(root, "text", label.text, x=end + 2 * GAP, y=label.y + 4, font_size=12, style=style)
        leader = put(root, "line", x1=x + 4, y1=y, x2=end + 2 * GAP - 3, y2=label.y, stroke=curve.colour)
        leader.attrib |= {"stroke-opacity": "0.35", "stroke-width": "0.8"}
    return finished(root, title)


def draw(root: ET.Element, curve: Curve, places: Sequence[tuple[float, float]]) -> None:
    """Draw one curve through places on the picture."""
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    drawn = put(root, "polyline", points=way, stroke=curve.colour, stroke_width=curve.width, fill="none")
    if curve.dash:
        drawn.set("stroke-dasharray", curve.dash)
    if curve.marks:
        for (x, y), point in zip(places, curve.points, strict=True):
            put(root, "circle", title=point.says, cx=x, cy=y, r=3.5, fill=curve.colour)


def placed(ends: Sequence[tuple[Curve, float, float]]) -> list[tuple[tuple[Curve, float, float], Label]]:
    """Return curves with their labels, moved so that no two overlap."""
    ends = sorted(ends, key=lambda one: one[2])
    labels = apart([Label(y, shortened(curve.name), curve.colour) for curve, _, y in ends], HEIGHT - BOTTOM)
    return list(zip(ends, labels, strict=True))


def shortened(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def round_numbers(values: Sequence[float]) -> list[float]:
    """Return 1, 2 and 5 times powers of ten around the values; over many decades the powers alone.

    >>> round_numbers([3.0, 70.0]), round_numbers([0.02, 5e3])
    ([2.0, 5.0, 10.0, 20.0, 50.0, 100.0], [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0])
    """
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    if high - low > 3:
        every = ceil((high - low) / 8)
        return [10.0**k for k in range(low, high + every, every)]
    steps = [float(f"{m}e{k}") for k in range(low, high + 1) for m in (1, 2, 5)]
    first = max(i for i, step in enumerate(steps) if step <= min(values))
    last = min(i for i, step in enumerate(steps) if step >= max(values))
    return steps[first : max(last, first + 1) + 1]
