"""What a picture of a record shows: boxes and the links between them, operations drawn one by one or together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import hypot, isfinite
from typing import Literal

from ..errors import ConfigError
from ..record import Entry, Record
from .clock import in_sequence
from .grid import Scale

__all__ = ["Box", "Collapse", "Link", "Outline", "outline"]

Collapse = Literal["op", "cell", "layer"]


@dataclass(frozen=True)
class Box:
    """One node of the picture.

    `number` is that of its first entry, `entry` its last: of a cell, the hidden state. `results` are the entries that
    others read: of an LSTM's cell, the hidden state and the cell state.
    """

    number: int
    entry: Entry
    results: Sequence[Entry]
    operations: Sequence[Entry]
    t: int | None
    folded: int = 0  # steps that this box stands for, where it stands for several

    @property
    def gradient(self) -> float | None:
        """The length of the gradient that arrived at the results, all taken as one."""
        known = [entry.gradient.norm for entry in self.results if entry.gradient is not None]
        return hypot(*known) if known else None


@dataclass(frozen=True)
class Link:
    """From a box to one that reads it. `gradient` is the length of what came back along it."""

    source: int
    target: int
    gradient: float | None
    later: bool = False  # read by itself at a later step


@dataclass(frozen=True)
class Outline:
    """Boxes and links, in the order of the record; steps that are folded; what t a column of time is."""

    boxes: Sequence[Box]
    links: Sequence[Link]
    folded: Sequence[int]
    collapse: Collapse
    times: Mapping[int, int]

    @cached_property
    def scale(self) -> Scale | None:
        """From the smallest to the largest gradient; None where there is none."""
        gradients = [box.gradient for box in self.boxes] + [link.gradient for link in self.links]
        known = [g for g in gradients if g and isfinite(g)]
        return Scale(min(known), max(known)) if known else None


def outline(record: Record, collapse: Collapse = "op", steps: int | None = None) -> Outline:
    """Return what is drawn of a record.

    With collapse="op" that is every node and every edge. With "cell", operations that follow each other at one place
    and step are one box; with "layer" all operations of one place are, whatever the step. Then numbers are left out,
    and a parameter that is read through a view is linked directly. Of more than `steps` time steps, those in the middle
    are one box for each place.
    """
    record, times = in_sequence(record)
    folded = middle(record, steps) if collapse != "layer" else []
    groups = grouped(record, collapse, set(folded))
    members: dict[Hashable, list[Entry]] = defaultdict(list)
    for entry in record.nodes:
        if groups[entry.id] is not None:
            members[groups[entry.id]].append(entry)
    read = {i for entry in record.nodes for i in entry.inputs if i is not None and groups[i] != groups[entry.id]}
    boxes = {key: box(entries, read, collapse, set(folded)) for key, entries in members.items()}
    found = links(record, collapse, groups, {key: b.number for key, b in boxes.items()})
    found = found if collapse == "op" and not folded else merged(found)
    return Outline(list(boxes.values()), found, folded, collapse, times)


def middle(record: Record, steps: int | None) -> list[int]:
    """Return the time steps that are folded, so that `steps` remain."""
    if steps is not None and (type(steps) is not int or steps < 1):
        raise ConfigError(f"steps={steps!r}: a whole number, at least 1, or None for all.")
    ts = sorted({entry.t for entry in record.nodes if entry.t is not None})
    if steps is None or len(ts) <= steps + 1:  # a single step takes no more room than its fold
        return []
    return ts[(steps + 1) // 2 : len(ts) - steps // 2]


def grouped(record: Record, collapse: Collapse, folded: set[int]) -> list[Hashable]:
    """Return for each entry what it is drawn together with; None: it is not drawn.

    Operations that are drawn together follow each other in the record, so no link of a cell leads back into it.
    """
    groups: list[Hashable] = []
    run, before = 0, None
    for entry in record.nodes:
        leaf = entry.kind in ("parameter", "input", "constant")
        place = (entry.path, entry.t, entry.backward)
        if entry.t in folded:
            groups.append(None if leaf else ("folded", entry.path, entry.backward))
        elif collapse == "op":
            groups.append(entry.id)
        elif leaf or entry.view_of is not None:
            groups.append(entry.id if entry.kind in ("parameter", "input") else None)
        elif collapse == "layer":
            groups.append((entry.path, entry.backward))
        else:
            run += place != before
            before = place
            groups.append((*place, run))
    return groups


def box(entries: Sequence[Entry], read: set[int], collapse: Collapse, folded: set[int]) -> Box:
    """Return the box of entries drawn together, of which others read some."""
    last = next((entry for entry in reversed(entries) if entry.shape is not None), entries[-1])
    steps = {entry.t for entry in entries if entry.t in folded}
    t = entries[0].t if collapse != "layer" else None
    results = [entry for entry in entries if entry.id in read] or [last]
    return Box(entries[0].id, last, results, [entry for entry in entries if entry.kind == "op"], t, len(steps))


def links(
    record: Record,
    collapse: Collapse,
    groups: Sequence[Hashable],
    numbers: dict[Hashable, int],
) -> list[Link]:
    """Return a link for every edge of the record between two boxes, and within one where it leads to a later step."""
    norms = sent(record)
    found = []
    for entry in record.nodes:
        target = groups[entry.id]
        if target is None:
            continue
        for i in entry.inputs:
            if i is None:
                continue
            x = record.nodes[i]
            gradient = next(norms[entry.id, i], None)
            if groups[i] is None and x.view_of is not None:  # a view that is not drawn: its parameter is
                x = record.nodes[x.view_of]
            source = groups[x.id]
            if source is None:
                continue
            later = source == target and x.t != entry.t
            if source != target or (later and collapse == "layer"):
                found.append(Link(numbers[source], numbers[target], gradient, later))
    return found


def sent(record: Record) -> dict[tuple[int, int], Iterator[float]]:
    """Return the lengths of what each node sent to each input in the last walk that passed, in order."""
    walks: dict[tuple[int, int], tuple[int, list[float]]] = {}
    for part in record.sent:
        walk, norms = walks.get((part.source, part.target), (-1, []))
        if walk != part.walk:
            norms = []
        norms.append(part.norm)
        walks[part.source, part.target] = part.walk, norms
    return defaultdict(lambda: iter(()), {pair: iter(norms) for pair, (_, norms) in walks.items()})


def merged(found: Sequence[Link]) -> list[Link]:
    """Return links with those between the same two boxes made one."""
    together: dict[tuple[int, int], list[Link]] = defaultdict(list)
    for link in found:
        together[link.source, link.target].append(link)
    return [Link(*pair, total(several), several[0].later) for pair, several in together.items()]


def total(several: Sequence[Link]) -> float | None:
    """Return the length of several gradients taken as one."""
    known = [link.gradient for link in several if link.gradient is not None]
    return hypot(*known) if known else None
