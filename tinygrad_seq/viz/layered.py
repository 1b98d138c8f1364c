"""A picture of boxes and links without Graphviz: time runs to the right, links are straight lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from .outline import Box, Outline
from .svg import Picture, drawing, finished, put
from .wording import Show, lines

__all__ = ["layered"]

GAP, ROW, TOP, BOTTOM, LINE, CHARACTER = 34, 58, 44, 34, 14, 7


@dataclass(frozen=True)
class Spot:
    """The middle of a box, and its size."""

    x: float
    y: float
    width: float
    height: float


def layered(outline: Outline, show: Show, note: str) -> Picture:
    """Draw an outline from left to right, with one line of text below."""
    columns: dict[int, list[Box]] = defaultdict(list)
    for box, depth in zip(outline.boxes, depths(outline), strict=True):
        columns[depth].append(box)
    spots, width = arranged([columns[depth] for depth in sorted(columns)], show)
    height = TOP + ROW * max((len(boxes) for boxes in columns.values()), default=1) + BOTTOM
    title = f"A graph of {len(outline.boxes)} nodes"
    root = drawing(max(width, 20 + CHARACTER * len(note)), height, title)
    scale = outline.scale
    for link in outline.links:
        a, b = spots[link.source], spots[link.target]
        share = scale.share(link.gradient) if scale else 0.0
        ends: dict[str, Any] = {"x1": a.x + a.width / 2, "y1": a.y, "x2": b.x - b.width / 2, "y2": b.y}
        colour = "var(--heat)" if share else "var(--line)"
        put(root, "line", **ends, stroke=colour, stroke_width=1 + 3 * share)
    for box in outline.boxes:
        spot = spots[box.number]
        corner: dict[str, Any] = {"x": spot.x - spot.width / 2, "y": spot.y - spot.height / 2}
        shape: dict[str, Any] = {**corner, "width": spot.width, "height": spot.height, "rx": 6}
        leaf = box.entry.kind == "parameter"
        edge = "var(--cool)" if leaf else "var(--soft)"
        put(root, "rect", **shape, fill="var(--ice)" if leaf else "var(--paper)", stroke=edge)
        if scale and box.gradient:
            put(root, "rect", **shape, fill="var(--heat)", fill_opacity=scale.heat(box.gradient))
        if box.t is not None:
            top = spot.y - spot.height / 2 - 3
            put(
                root,
                "text",
                f"t = {outline.times[box.t]}",
                x=spot.x,
                y=top,
                text_anchor="middle",
                class_="soft",
                font_size=9,
            )
        for i, line in enumerate(text := lines(box, show)):
            y = spot.y + 4 + LINE * (i - (len(text) - 1) / 2)
            put(root, "text", line, x=spot.x, y=y, text_anchor="middle", font_size=11)
    put(root, "text", note, x=8, y=height - 10, class_="soft", font_size=11)
    return finished(root, title)


def depths(outline: Outline) -> list[int]:
    """Return the column of each box: first what comes before the steps, then step by step, then what comes after.

    Within each of these it is how many links lead to the box at most; boxes come after what they read.
    """
    last = {box.number: box.entry.id for box in outline.boxes}
    incoming: dict[int, list[int]] = defaultdict(list)
    for link in outline.links:
        if last[link.source] < last[link.target]:  # a layer, drawn once for all steps, reads what follows it too
            incoming[link.target].append(link.source)
    places: dict[int, tuple[float, int]] = {}
    for box in sorted(outline.boxes, key=lambda box: box.entry.id):
        read = [places[i] for i in incoming[box.number]]
        if box.t is None:
            when = inf if any(t >= 0 for t, _ in read) else -1.0
        else:
            when = float(box.t)
        places[box.number] = when, 1 + max((depth for t, depth in read if t == when), default=-1)
    column = {place: k for k, place in enumerate(sorted(set(places.values())))}
    return [column[places[box.number]] for box in outline.boxes]


def arranged(columns: Sequence[Sequence[Box]], show: Show) -> tuple[dict[int, Spot], float]:
    """Return where each box stands, and the width of all."""
    spots: dict[int, Spot] = {}
    x = 12.0
    for boxes in columns:
        texts = [lines(box, show) for box in boxes]
        width = 16.0 + CHARACTER * max(len(line) for text in texts for line in text)
        for row, (box, text) in enumerate(zip(boxes, texts, strict=True)):
            spots[box.number] = Spot(x + width / 2, TOP + ROW * (row + 0.5), width, 8.0 + LINE * len(text))
        x += width + GAP
    return spots, x - GAP + 12
