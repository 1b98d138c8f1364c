"""Where the boxes of an unrolled graph stand: a column per time step, rows from the input upwards, every step alike.

Only one step is laid out, the rolled graph's, so the cost does not grow with time. What stands at no step and touches
one (a parameter, a stack of all outputs) is a bar through all columns: one thing, used at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from .fold import Rolled

__all__ = ["LEVELS", "Box", "Layout", "Link", "layout"]

LEVELS = ("op", "cell", "layer")
LEAVES = ("parameter", "input", "constant")


@dataclass
class Box:
    """A box of the picture: places drawn as one. Column and row count from 0, rows upwards; a bar has no column.

    `go` is what is done in one go (see `in_one_go`) at a step: boxes of the same are stacked together.
    """

    members: list[int]
    path: str
    timed: bool
    leaf: bool
    go: int
    order: float = 0.0
    x: float | None = None
    y: int = 0


@dataclass(frozen=True)
class Link:
    """An arrow between boxes, by number, that carries what `place` made; `delay` as of `fold.Edge`."""

    source: int
    target: int
    place: int
    delay: int | None
    steps: tuple[int | None, ...]


class Band(NamedTuple):
    """Boxes that are stacked together."""

    kind: Literal["step", "bar", "strip"]
    boxes: list[int]


@dataclass
class Layout:
    """One step and the bars through all of them. `width` is that of a step in boxes, `rows` the height."""

    boxes: list[Box]
    links: list[Link]
    width: float = 1.0
    rows: int = 0


def layout(rolled: Rolled, kinds: Sequence[str], level: str) -> Layout:
    """Lay out a folded graph with boxes as coarse as `level` says.

    "op": a box per operation. "cell": a box for what a module does in one go, at each step or once. "layer": the same
    for all steps together. Parameters and what steps read keep a box of their own. `kinds` are the kinds of the places'
    nodes.
    """
    box_of: dict[int, int] = {}
    number: list[int] = []
    found = Layout([], [])
    read_at_steps = {edge.source for edge in rolled.edges if rolled.places[edge.target].timed}
    bands = in_one_go(rolled, kinds)
    goes = in_one_go(rolled, kinds, over_time=True) if level == "layer" else bands
    for i in range(len(rolled.places)):
        alone = level == "op" or kinds[i] == "parameter" or (kinds[i] == "input" and i in read_at_steps)
        first = i if alone else goes[i]
        if first not in box_of:
            box_of[first] = len(found.boxes)
            place = rolled.places[first]
            found.boxes.append(Box([], place.path, place.timed and level != "layer", kinds[first] in LEAVES, bands[i]))
        number.append(box_of[first])
        found.boxes[box_of[first]].members.append(i)
    connect(found, rolled, number)
    set_order(found, rolled)
    stack_bands(found)
    return found


def in_one_go(rolled: Rolled, kinds: Sequence[str], *, over_time: bool = False) -> list[int]:
    """Return for each place the one that stands for all that its module does in one go, a leaf with its first reader.

    A go ends where another module has its turn or the time step ends, so goes feed each other without a cycle. What a
    module does before and after the loop over its steps are two. With `over_time` a go takes in the steps next to it.
    """
    places = rolled.places
    stands_for = list(range(len(places)))

    def first(k: int) -> int:
        while stands_for[k] != k:
            k = stands_for[k]
        return k

    operations = [k for k in range(len(places)) if kinds[k] not in LEAVES]
    for (_, t, a), (_, u, b) in pairwise(sorted((i, t, k) for k in operations for t, i in places[k].ids.items())):
        is_same_time = t == u or (over_time and None in (t, u))
        if is_same_time and places[a].path == places[b].path:
            stands_for[first(b)] = first(a)
    for edge in rolled.edges:
        if kinds[edge.source] in LEAVES and stands_for[edge.source] == edge.source:
            stands_for[edge.source] = first(edge.target)
    return [first(k) for k in stands_for]


def connect(found: Layout, rolled: Rolled, number: Sequence[int]) -> None:
    """Draw one link for all that a place sends from one box to another with the same delay."""
    steps: dict[tuple[int, int, int, int | None], dict[int | None, None]] = {}
    for edge in rolled.edges:
        source, target = number[edge.source], number[edge.target]
        if source != target or edge.delay:
            uses = steps.setdefault((source, target, edge.source, edge.delay), {})
            uses.update((t, None) for t, _ in edge.uses)
    found.links = [Link(*key, tuple(uses)) for key, uses in steps.items()]


def set_order(found: Layout, rolled: Rolled) -> None:
    """Order boxes as they were made; a leaf comes just before the first that reads it, or before all of its go."""
    begins: dict[int, float] = {}
    for box in found.boxes:
        box.order = min(min(rolled.places[i].ids.values()) for i in box.members)
        if box.timed and not box.leaf:
            begins[box.go] = min(box.order, begins.get(box.go, box.order))
    for k, box in enumerate(found.boxes):
        if box.leaf:
            readers = [found.boxes[link.target] for link in found.links if link.source == k]
            orders = [begins[reader.go] if reader.timed else reader.order for reader in readers if not reader.leaf]
            box.order = min(orders, default=box.order) - (0.25 if box.timed else 0.5)


def stack_bands(found: Layout) -> None:
    """Give rows to bands from below: the boxes of one go, one bar, or a strip of boxes that touch no step."""
    at_steps: dict[int, Band] = {}
    bands: list[Band] = []
    touching = touch_steps(found)
    for k in sorted(range(len(found.boxes)), key=lambda k: found.boxes[k].order):
        box = found.boxes[k]
        if box.timed:
            if box.go not in at_steps:
                at_steps[box.go] = Band("step", [])
                bands.append(at_steps[box.go])
            at_steps[box.go].boxes.append(k)
        elif k in touching:
            bands.append(Band("bar", [k]))
        elif bands and bands[-1].kind == "strip":
            bands[-1].boxes.append(k)
        else:
            bands.append(Band("strip", [k]))
    for band in bands:
        found.rows += stack_rows(found, band.boxes) if band.kind == "step" else stack_row(found, band)


def touch_steps(found: Layout) -> set[int]:
    """Return the boxes without time that a link leads from or to a time step."""
    mixed = [link for link in found.links if found.boxes[link.source].timed != found.boxes[link.target].timed]
    return {k for link in mixed for k in (link.source, link.target)}


def stack_row(found: Layout, band: Band) -> int:
    """Put a bar, or a strip from left to right, into the next row."""
    for i, k in enumerate(band.boxes):
        found.boxes[k].y = found.rows
        found.boxes[k].x = None if band.kind == "bar" else float(i)
    return 1


def stack_rows(found: Layout, band: Sequence[int]) -> int:
    """Put the boxes of one go into rows, each above all that it reads at the same step; return how many rows."""
    own = set(band)
    reads: dict[int, list[int]] = {k: [] for k in band}
    for link in found.links:
        if link.source in own and link.target in own and link.delay == 0:
            reads[link.target].append(link.source)
    depth = deepest(band, reads)
    rows: list[list[int]] = [[] for _ in range(max(depth.values()) + 1)]
    for k in band:
        rows[depth[k]].append(k)
    place_in_rows(found, rows, lambda k: reads[k])
    for d, row in enumerate(rows):
        for k in row:
            found.boxes[k].y = found.rows + d
    return len(rows)


def deepest(band: Sequence[int], reads: dict[int, list[int]]) -> dict[int, int]:
    """Return the length of the longest way to each box; a band is in the order of creation, so sources come first."""
    depth: dict[int, int] = {}
    for k in band:
        depth[k] = max((depth[source] + 1 for source in reads[k] if source in depth), default=0)
    return depth


def place_in_rows(found: Layout, rows: Sequence[Sequence[int]], reads: Callable[[int], Sequence[int]]) -> None:
    """Put each box above the middle of what it reads, as far as its neighbours leave room."""
    width = max(map(len, rows))
    found.width = max(found.width, float(width))
    for row in rows:
        wanted = {}
        for i, k in enumerate(row):
            below = [x for source in reads(k) if (x := found.boxes[source].x) is not None]
            wanted[k] = sum(below) / len(below) if below else i + (width - len(row)) / 2
        placed: list[int] = sorted(row, key=lambda k: wanted[k])
        x = -1.0
        for i, k in enumerate(placed):
            x = max(x + 1, min(wanted[k], width - len(placed) + i))
            found.boxes[k].x = x
