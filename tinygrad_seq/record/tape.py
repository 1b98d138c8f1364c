"""The record: what a run was made of, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from .entries import Entry, Sent, Walk
from .graph import read

__all__ = ["Record"]


class Record:
    """What was seen: `nodes` in order, the backward `walks`, and what they `sent` in their order.

    `layers` are the states and gates of a recorded model, (T, B, H) by the layer's path and their letter. The JSON,
    which they are no part of, is described in docs/record.md.
    """

    def __init__(self, nodes: Sequence[Entry] = (), sent: Sequence[Sent] = (), walks: Sequence[Walk] = ()) -> None:
        self.nodes = list(nodes)
        self.sent = list(sent)
        self.walks = list(walks)
        self.layers: dict[str, dict[str, np.ndarray]] = {}

    @classmethod
    def of(cls, *tensors: Any) -> Record:
        """Return the record of the graph that leads to tensors: what they were made of, without values.

        What is on no graph (data, numbers) is not seen. Raises GradientError for a tensor without a graph, and
        GraphFreedError after a backward() that freed it.

        >>> import tinygrad_seq as tg
        >>> w = tg.tensor(2.0, requires_grad=True)
        >>> Record.of((3 * w) ** 2).nodes
        [<0: parameter () in 'top level'>, <1: op multiply () in 'top level'>, <2: op pow_constant () in 'top level'>]
        """
        return cls(read(tensors))

    def to_json(self) -> str:
        """Return the record as JSON; see docs/record.md."""
        from . import schema  # json takes longer to import than all of the record

        return schema.to_json(self.nodes, self.sent, self.walks)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Return a record that `to_json` wrote. Raises DataError for anything else, saying what and where."""
        from . import schema

        return cls(*schema.from_json(text))

    def steps(self) -> dict[tuple[str, int], list[Entry]]:
        """Return what operations made at each (module path, time step) of the forward pass, in order."""
        found: dict[tuple[str, int], list[Entry]] = {}
        for entry in self.nodes:
            if entry.t is not None and entry.kind in ("op", "result") and not entry.backward:
                found.setdefault((entry.path, entry.t), []).append(entry)
        return found

    def outer(self) -> list[Sent]:
        """Return what was sent by walks that are not inside another one."""
        return [sent for sent in self.sent if self.walks[sent.walk].purpose != "inside"]

    def growth(self, parameter: int) -> Iterator[tuple[Sent, np.ndarray]]:
        """Yield each part that a backward walk sent to a parameter, or to a view of it, and its gradient so far.

        The gradients have the parameter's shape. What views have gathered counts until they pass it on. Each
        `backward()` begins with what `.grad` held, nothing after `zero_grad()`, and its last gradient is what `.grad`
        then is, bit for bit; to rounding where one read met a row of a large table many times. Each `grad()` begins
        with nothing.
        """
        own = {parameter} | {entry.id for entry in self.nodes if entry.view_of == parameter}
        for number, parts in groupby((s for s in self.outer() if s.target in own), key=lambda s: s.walk):
            before = self.walks[number].before.get(parameter)
            so_far: dict[int, np.ndarray | None] = {}
            for sent in parts:
                so_far[sent.target] = sent.add_into(so_far.get(sent.target), self.nodes[sent.target].shape or ())
                if sent.source in own:
                    so_far.pop(sent.source, None)
                gathered = self.gathered(parameter, so_far)
                yield sent, gathered if before is None else before + gathered

    def gathered(self, parameter: int, so_far: dict[int, Any]) -> np.ndarray:
        """Return what a parameter and the views of it hold, in the parameter's shape."""
        held = dict(so_far)
        total = held.pop(parameter, None)
        for view, gradient in held.items():
            part = Sent(0, view, parameter, 0.0, gradient, self.nodes[view].at)
            total = part.add_into(total, self.nodes[parameter].shape or ())
        return total
