"""A line chart of a training run, as inline SVG: pages need no plotting library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10

from .svg import Picture, drawing, finished, put

__all__ = ["Line", "chart"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 340, 52, 128, 34, 46
DASHED = {"stroke_dasharray": "5 4"}
LETTER = 6.4  # as wide as a character of 12 px is on average


@dataclass(frozen=True)
class Line:
    """A named line through points (x, y), drawn in one of the page's colours."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    width: float = 1.5
    dashed: bool = False


@dataclass(frozen=True)
class Label:
    """What stands at the right end of a line, and how far down."""

    y: float
    text: str
    colour: str


def chart(
    lines: Sequence[Line],
    levels: Mapping[str, float],
    x_label: str,
    y_label: str,
    title: str,
    *,
    log: bool = False,
    span: tuple[float, float] | None = None,
) -> Picture:
    """Draw lines over steps x from 0, and level lines across, each named at its right end with its last value.

    With `log` heights are logarithms. Points that are not finite are left out, on a log axis those not above zero too.
    `span` holds heights that are on the axis in any case: charts with the same span and less can be compared.
    """
    height = logarithm if log else float
    drawn = [(line, [(x, y) for x, y in line.points if isfinite(x) and isfinite(height(y))]) for line in lines]
    known = {name: y for name, y in levels.items() if isfinite(height(y))}
    heights = [height(y) for _, points in drawn for _, y in points]
    heights += [height(y) for y in (*known.values(), *(span or ())) if isfinite(height(y))]
    x_high = max((x for _, points in drawn for x, _ in points), default=0.0) or 1.0
    ys = ticks(min(heights, default=0.0), max(heights, default=1.0), whole=log)

    longest = max((len(name) for name in (*known, *(line.name for line, _ in drawn))), default=0)
    right = max(RIGHT, 16 + LETTER * (longest + 6))  # a name, and the number after it

    def px(x: float) -> float:
        return LEFT + (WIDTH - LEFT - right) * x / x_high

    def py(y: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (ys[-1] - y) / (ys[-1] - ys[0])

    root = drawing(WIDTH, HEIGHT, title)

    def across(y: float, **style: str) -> None:
        put(root, "line", x1=LEFT, x2=WIDTH - right, y1=py(y), y2=py(y), **style)

    for y in ys:
        across(y, stroke="var(--line)")
        put(
            root,
            "text",
            f"1e{y:g}" if log else f"{y:g}",
            x=LEFT - 8,
            y=py(y) + 4,
            text_anchor="end",
            class_="soft",
            font_size=12,
        )
    for x in ticks(0.0, x_high, whole=True):
        if x <= x_high:
            below = HEIGHT - BOTTOM + 18
            put(root, "text", f"{x:,.10g}", x=px(x), y=below, text_anchor="middle", class_="soft", font_size=12)
    put(root, "text", x_label, x=px(x_high / 2), y=HEIGHT - 6, text_anchor="middle", class_="soft")
    put(root, "text", y_label, x=LEFT, y=TOP - 16, class_="soft")
    ends = []
    for name, y in known.items():
        across(height(y), stroke="var(--soft)", **DASHED)
        ends.append(Label(py(height(y)), f"{name} {written(y, log)}", "var(--soft)"))
    for line, points in drawn:
        if points:
            path = " ".join(f"{px(x):.1f},{py(height(y)):.1f}" for x, y in points)
            style = DASHED if line.dashed else {}
            put(root, "polyline", points=path, fill="none", stroke=line.colour, stroke_width=line.width, **style)
            x, y = points[-1]
            put(root, "circle", cx=px(x), cy=py(height(y)), r=1 + line.width, fill=line.colour)
            ends.append(Label(py(height(y)), f"{line.name} {written(y, log)}", line.colour))
    for label in apart(ends, HEIGHT - BOTTOM):
        put(root, "text", label.text, x=WIDTH - right + 10, y=label.y + 4, font_size=12, style=f"fill: {label.colour}")
    return finished(root, title)


def logarithm(y: float) -> float:
    """Return log10 y; of what has none, something that is not finite."""
    return log10(y) if y > 0 else -inf


def written(y: float, log: bool) -> str:
    return f"{y:.2g}" if log else f"{y:.2f}"


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return two to eight round numbers, evenly spaced, from `low` or just below to `high` or just above.

    With `whole` they are whole numbers.

    >>> ticks(1.4, 4.6), ticks(0, 1600), ticks(2, 2)
    ([1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 500.0, 1000.0, 1500.0, 2000.0], [2.0, 2.2])
    """
    wanted = (high - low or 1.0) / 6
    power = 10.0 ** floor(log10(wanted))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= wanted)
    step = max(step, 1.0) if whole else step
    first, last = floor(low / step), ceil(high / step)
    return [float(f"{i * step:.12g}") for i in range(first, max(last, first + 1) + 1)]


def apart(labels: Sequence[Label], bottom: float, gap: float = 15) -> list[Label]:
    """Move labels so that no two of them overlap: down, and where there is no room left above `bottom`, up."""
    labels = sorted(labels, key=lambda label: label.y)
    ys: list[float] = []
    for label in labels:
        ys.append(max(label.y, ys[-1] + gap) if ys else label.y)
    for i in reversed(range(len(ys))):
        ys[i] = min(ys[i], bottom - gap * (len(ys) - 1 - i))
    return [Label(y, label.text, label.colour) for y, label in zip(ys, labels, strict=True)]
