"""A line chart of a training run, as inline SVG: pages need no plotting library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from xml.etree import ElementTree as ET

from .svg import Picture, drawing, put

__all__ = ["Line", "chart"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 340, 56, 150, 20, 44


@dataclass(frozen=True)
class Line:
    """A named line through points (x, y), drawn in one of the page's colours."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    width: float = 1.5


def chart(lines: Sequence[Line], levels: Mapping[str, float], x_label: str, y_label: str, title: str) -> Picture:
    """Draw lines over x, and level lines across, each named at its right end."""
    points = [p for line in lines for p in line.points]
    x_high = max((x for x, _ in points), default=1.0) or 1.0
    heights = [y for _, y in points] + list(levels.values()) or [0.0, 1.0]
    y_low, y_high = floor(2 * min(heights)) / 2, ceil(2 * max(heights)) / 2
    y_high = y_high if y_high > y_low else y_low + 0.5

    def px(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * x / x_high

    def py(y: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (y_high - y) / (y_high - y_low)

    root = drawing(WIDTH, HEIGHT, title)
    for y in ticks(y_low, y_high):
        put(root, "line", x1=LEFT, x2=WIDTH - RIGHT, y1=py(y), y2=py(y), stroke="var(--line)")
        put(root, "text", f"{y:g}", x=LEFT - 8, y=py(y) + 4, text_anchor="end", class_="soft", font_size=12)
    for i in range(5):
        x = x_high * i / 4
        put(
            root,
            "text",
            f"{x:,.0f}",
            x=px(x),
            y=HEIGHT - BOTTOM + 18,
            text_anchor="middle",
            class_="soft",
            font_size=12,
        )
    put(root, "text", x_label, x=px(x_high / 2), y=HEIGHT - 6, text_anchor="middle", class_="soft")
    put(root, "text", y_label, x=LEFT, y=TOP - 7, class_="soft")
    ends = []
    for name, y in levels.items():
        put(root, "line", x1=LEFT, x2=WIDTH - RIGHT, y1=py(y), y2=py(y), stroke="var(--soft)", stroke_dasharray="5 4")
        ends.append((py(y), f"{name} {y:.2f}", "var(--soft)"))
    for line in lines:
        path = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in line.points)
        put(root, "polyline", points=path, fill="none", stroke=line.colour, stroke_width=line.width)
        if line.points:
            ends.append((py(line.points[-1][1]), f"{line.name} {line.points[-1][1]:.2f}", line.colour))
    for y, name, colour in apart(ends):
        put(root, "text", name, x=WIDTH - RIGHT + 8, y=y + 4, font_size=12, style=f"fill: {colour}")
    return Picture(ET.tostring(root, encoding="unicode"), title)


def ticks(low: float, high: float) -> list[float]:
    """Return at most nine round values from low to high."""
    step = 0.5
    while (high - low) / step > 8:
        step *= 2
    return [low + step * i for i in range(int((high - low) / step) + 1)]


def apart(ends: list[tuple[float, str, str]], gap: float = 15) -> list[tuple[float, str, str]]:
    """Move labels down so that no two of them overlap."""
    placed: list[tuple[float, str, str]] = []
    for y, name, colour in sorted(ends):
        y = max(y, placed[-1][0] + gap) if placed else y
        placed.append((y, name, colour))
    return placed
