"""A record as the page draws it: plain data, made for one step and its values over time, not for every node alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import isfinite, sqrt
from typing import Any

from ..record import Entry, Record, Sent, Summary
from .clock import in_sequence
from .fold import Node, Rolled, fold
from .growth import growth
from .layout import LEVELS, Layout, layout
from .text import visible
from .wording import operation

__all__ = ["drawable"]

Where = list[Any]  # module path, time step
Moment = tuple[Where, list[Sent]]


class Merged:
    """The nodes that are drawn, each with the entries of the record that it stands for.

    An operation is drawn with its results, and a parameter with its views: a transposed matrix is the same matrix.
    `columns` are the numbers of the time steps at which something stands. Where nothing does, all is one step.
    """

    def __init__(self, record: Record) -> None:
        entries = [entry for entry in record.nodes if not entry.backward]
        self.drawn: dict[int, int] = {}
        self.entries: dict[int, list[Entry]] = {}
        for entry in entries:
            into = merged_into(entry)
            self.drawn[entry.id] = into = self.drawn.get(into, into)
            self.entries.setdefault(into, []).append(entry)
        self.columns = {t: k for k, t in enumerate(sorted({entry.t for entry in entries if entry.t is not None}))}
        self.has_time = bool(self.columns)

    def nodes(self) -> list[Node]:
        """Return the graph as it is drawn."""
        return [
            Node(i, entry.name or entry.op or entry.kind, entry.path, self.time(entry), self.inputs(entry))
            for i, (entry, *_) in self.entries.items()
        ]

    def time(self, entry: Entry) -> int | None:
        if not self.has_time:
            return 0
        return None if entry.t is None else self.columns[entry.t]

    def where(self, entry: Entry) -> tuple[str, int | None, int | None]:
        """Return the module and the step of an entry; without time every node stands for itself."""
        return entry.path, self.time(entry), None if self.has_time else self.drawn[entry.id]

    def inputs(self, entry: Entry) -> tuple[int | None, ...]:
        return tuple(None if i is None else self.drawn.get(i) for i in entry.inputs)


def merged_into(entry: Entry) -> int:
    """Return the id of the entry that an entry is drawn with, its own if it is drawn itself."""
    if entry.view_of is not None and entry.op != "getitem":  # to pick a row is more than to look at it another way
        return entry.view_of
    first = entry.inputs[0] if entry.kind == "result" else None
    return entry.id if first is None else first


def drawable(record: Record) -> dict[str, Any]:
    """Return what the page draws of a record: places and their values over time, layouts, moments, gradients' growth.

    A moment is what one module does in one go at one step, on the way forward, and then on the way back.
    """
    record, times = in_sequence(record)
    merged = Merged(record)
    rolled = fold(merged.nodes())
    forward, backward = forward_moments(merged), backward_moments(record, merged)
    lit = {i: m for m, (_, ids) in enumerate(forward, 1) for i in ids}
    back: dict[int, int] = {}
    begun: dict[tuple[int, int], int] = {}
    moment: dict[int, int] = {}
    for m, (_, run) in enumerate(backward, 1 + len(forward)):
        for sent in run:
            moment[id(sent)] = m
            source, target = merged.drawn[sent.source], merged.drawn[sent.target]
            back[source] = begun.setdefault((source, sent.walk), m)  # of several walks the last: its gradient is kept
            if merged.entries[target][0].kind != "op":
                back[target] = m
    steps = max(1, len(merged.columns))
    kinds = [merged.entries[next(iter(place.ids.values()))][0].kind for place in rolled.places]
    places = [described(place, merged, lit, back, steps) for place in rolled.places]
    number = {i: k for k, place in enumerate(rolled.places) for i in place.ids.values()}
    return {
        "steps": steps,
        "times": [times[t] for t in merged.columns] or [0],
        "hasTime": merged.has_time,
        "places": places,
        "edges": [[e.source, e.target, e.delay, ranges(t for t, _ in e.uses)] for e in rolled.edges],
        "levels": {level: laid_out(layout(rolled, kinds, level)) for level in LEVELS},
        "moments": [[path, t] for (path, t), *_ in [*forward, *backward]],
        "forward": len(forward),
        "parameters": [
            grown | {"place": number[i]}
            for i, (entry, *_) in merged.entries.items()
            if entry.kind == "parameter" and (grown := growth(record, entry, moment))
        ],
        "lanes": lanes(rolled),
    }


def forward_moments(merged: Merged) -> list[tuple[Where, list[int]]]:
    """Return (path, step) of each moment on the way forward, and the nodes made in it."""
    made = [(entries[0], i) for i, entries in merged.entries.items() if entries[0].kind == "op"]
    runs = groupby(sorted(made, key=lambda pair: pair[1]), key=lambda pair: merged.where(pair[0]))
    return [(where, [i for _, i in run]) for (*where, _), run in runs]


def backward_moments(record: Record, merged: Merged) -> list[Moment]:
    """Return (path, step) of each moment of the walks back, one after the other, and what was sent in it."""
    sent = [s for s in record.outer() if s.source in merged.drawn and s.target in merged.drawn]
    runs = groupby(sent, key=lambda s: (s.walk, *merged.where(record.nodes[s.source])))
    return [([path, t], list(run)) for (_, path, t, _), run in runs]


def described(place: Any, merged: Merged, lit: dict[int, int], back: dict[int, int], steps: int) -> dict[str, Any]:
    """Return what the page says of a place; lists go by the steps at which it stands."""
    ids = [place.ids[t] for t in sorted(place.ids)] if place.timed else list(place.ids.values())
    entry, *_ = merged.entries[ids[0]]
    shaped = next((e for e in merged.entries[ids[0]] if e.shape is not None), entry)
    return {
        "label": visible(label(entry)),
        "op": entry.op,
        "name": visible(full_name(entry)),
        "path": visible(entry.path),
        "kind": entry.kind,
        "shape": list(shaped.shape or ()),
        "dtype": shaped.dtype,
        "t": ranges(place.ids) if place.timed and len(ids) < steps else None,
        "timed": place.timed,
        "value": over_time([together(merged.entries[i], "value") for i in ids]),
        "gradient": over_time([together(merged.entries[i], "gradient") for i in ids]),
        "lit": [lit.get(i, 0) for i in ids],
        "back": [back.get(i) for i in ids],
    }


def full_name(entry: Entry) -> str:
    """Return the name of a parameter with the module that reads it, unless the name says that already."""
    module = entry.path.rpartition(".")[2]
    return entry.name if not entry.name or not module or entry.name.endswith(module) else f"{module}.{entry.name}"


def label(entry: Entry) -> str:
    """Return what a box says: a sign or a name; of what is picked at a step only that it goes by the step."""
    if entry.kind != "op":
        return entry.name or entry.kind
    index = entry.settings.get("index", "")
    if entry.op == "getitem" and entry.t is not None and index == str(entry.t):
        return "[t]"
    return "[ids]" if entry.op == "getitem" and index.startswith("int") else operation(entry)


def together(entries: Sequence[Entry], what: str) -> Summary | None:
    """Return the size of a node's value or gradient; several results count as one long array."""
    own: Summary | None = getattr(entries[0], what)
    found = [s for e in entries[1:] if e.kind == "result" and (s := getattr(e, what)) is not None]
    if own is not None or not found:
        return own
    low, high = ([x for s in found if (x := getattr(s, end)) is not None] for end in ("min", "max"))
    return Summary(sqrt(sum(s.norm**2 for s in found)), min(low, default=None), max(high, default=None))


def over_time(found: Sequence[Summary | None]) -> dict[str, list[Any]] | None:
    """Return norms, least and largest numbers as lists."""
    if all(s is None for s in found):
        return None
    return {name: [None if s is None else rounded(getattr(s, name)) for s in found] for name in ("norm", "min", "max")}


def rounded(x: float | None) -> float | str | None:
    """Return a number as short as one reads it; what JSON has no number for as text."""
    if x is None or not isfinite(x):
        return None if x is None else str(x)
    return float(f"{x:.4g}")


def ranges(steps: Iterable[int | None]) -> list[list[int]] | None:
    """Return steps as ranges [first, last]; None for what stands at no step.

    >>> ranges([0, 1, 2, 5]), ranges([None])
    ([[0, 2], [5, 5]], None)
    """
    found: list[list[int]] = []
    for t in sorted({t for t in steps if t is not None}):
        if found and found[-1][1] == t - 1:
            found[-1][1] = t
        else:
            found.append([t, t])
    return found or None


def laid_out(found: Layout) -> dict[str, Any]:
    """Return a layout as plain data."""
    return {
        "width": found.width,
        "rows": found.rows,
        "boxes": [
            {
                "members": box.members,
                "path": visible(box.path),
                "timed": box.timed,
                "go": box.go,
                "x": box.x,
                "y": box.y,
            }
            for box in found.boxes
        ],
        "links": [[link.source, link.target, link.place, link.delay, ranges(link.steps)] for link in found.links],
    }


def lanes(rolled: Rolled) -> dict[int, str]:
    """Return the places whose results the next step reads, by number, and what to call them.

    A step makes its hidden state last. Where it hands on two things, the other is called c as in the LSTM.
    """
    carried = sorted({edge.source for edge in rolled.edges if edge.delay})
    by_path: dict[str, list[int]] = {}
    for i in carried:
        by_path.setdefault(rolled.places[i].path, []).append(i)
    return {
        i: "h" if i == own[-1] else "c" if len(own) == 2 else rolled.places[i].op
        for own in by_path.values()
        for i in own
    }
