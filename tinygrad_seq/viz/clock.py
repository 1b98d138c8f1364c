"""When a step runs: a decoder's first step comes after the encoder's last, though both count from 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

from ..record import Entry, Record

__all__ = ["in_sequence"]

Run = tuple[str, int]  # a module path, and how often it has begun anew
SEVERAL = -1


def in_sequence(record: Record) -> tuple[Record, Mapping[int, int]]:
    """Return a record in which steps that follow each other have times that do, and what t each of these times is.

    Where a module starts from the last state of another, or of its own, its steps come after these. Layers of a net
    keep their time: they read all steps of the layer below. Most records stay as they are.
    """
    runs = runs_of(record.nodes)
    after = delays(record.nodes, runs)
    times = {entry.t + after[runs[entry.id]]: entry.t for entry in record.nodes if entry.t is not None}
    if not any(after.values()):
        return record, times
    moved = Record([retimed(entry, after[runs[entry.id]]) if entry.id in runs else entry for entry in record.nodes])
    moved.sent, moved.walks = record.sent, record.walks
    return moved, times


def retimed(entry: Entry, delay: int) -> Entry:
    moved = copy(entry)
    moved.t = None if entry.t is None else entry.t + delay
    return moved


def runs_of(entries: Sequence[Entry]) -> dict[int, Run]:
    """Return which run of its module each entry at a step belongs to: back at its first step, a module begins anew."""
    runs: dict[int, Run] = {}
    state: dict[tuple[str, bool], tuple[int, int, int]] = {}  # the first step, the last one so far, the number
    for entry in entries:
        if entry.t is None:
            continue
        place = entry.path, entry.backward
        first, last, number = state.get(place, (entry.t, entry.t, 0))
        if entry.t == first != last:
            number += 1
        state[place] = first, entry.t, number
        runs[entry.id] = entry.path, number
    return runs


def delays(entries: Sequence[Entry], runs: Mapping[int, Run]) -> dict[Run, int]:
    """Return how many steps have gone by when each run begins.

    A node without time has that of what it read, if all of it is of one step: a layer's last state, but not a stack of
    all outputs.
    """
    begins: dict[Run, int] = {}
    after: dict[Run, int] = {}
    when: dict[int, int] = {}
    for entry in entries:
        read = {when[i] for i in entry.inputs if i in when}
        if entry.t is None:
            if read:
                when[entry.id] = read.pop() if len(read) == 1 else SEVERAL
            continue
        run = runs[entry.id]
        begins.setdefault(run, entry.t)
        after.setdefault(run, 0)
        if entry.t == begins[run]:
            after[run] += max([0, *(t + 1 - entry.t - after[run] for t in read if t > entry.t + after[run])])
        when[entry.id] = entry.t + after[run]
    return after
