"""A page of text coloured by what single units of a net do, with the likeliest next characters underneath.

The picture is that of Karpathy, Johnson and Fei-Fei (Visualizing and Understanding Recurrent Networks, 2015).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import ShapeError
from .html import escaped, policy, rendered, script
from .page import Page
from .svg import Picture
from .text import visible

__all__ = ["Channel", "Row", "Section", "Stretch", "coloured"]

SCRIPTS = ("dom", "coloured")
STEPS = 127  # levels of colour to each side of zero


@dataclass(frozen=True)
class Channel:
    """A quantity that every unit of a layer has, such as tanh(c) from -1 to 1, or a gate from 0 to 1."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Stretch:
    """A piece of text to colour, one symbol at a time.

    Attributes:
        name: what stands in the list of texts.
        text: the symbols, N of them.
        guesses: the likeliest next symbols after each, with their probabilities, the likeliest first.
        labels: truth for each symbol, by the label's name: it is underlined.
        units: by the channel's name, (N, units).
    """

    name: str
    text: Sequence[str]
    guesses: Sequence[Sequence[tuple[str, float]]]
    labels: Mapping[str, Sequence[bool]]
    units: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Row:
    """A line of the table; its first field leads to a text, coloured by one unit."""

    fields: Sequence[str]
    stretch: int
    channel: str
    unit: int
    label: str = ""


@dataclass(frozen=True)
class Section:
    """A picture under a heading, with a paragraph."""

    heading: str
    text: str
    picture: Picture


@dataclass(frozen=True)
class Table:
    """What the page begins with: names of columns, what they mean, and rows."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Row]
    notes: Sequence[str] = field(default_factory=tuple)


def coloured(
    title: str,
    lead: str,
    channels: Sequence[Channel],
    stretches: Sequence[Stretch],
    *,
    columns: Sequence[tuple[str, str]] = (),
    rows: Sequence[Row] = (),
    notes: Sequence[str] = (),
    sections: Sequence[Section] = (),
) -> Page:
    """Return a page: a table whose rows lead to a text, the text coloured by any unit, and sections with pictures.

    `columns` are (name, meaning). Each unit's value at each symbol takes one byte. Raises ShapeError where a channel
    has not one row per symbol.
    """
    for stretch in stretches:
        for name, values in stretch.units.items():
            if values.ndim != 2 or len(values) != len(stretch.text):
                raise ShapeError(f"{name!r} of {stretch.name!r} is {values.shape} for {len(stretch.text)} symbols.")
    data = {
        "channels": [{"name": c.name, "low": c.low, "high": c.high} for c in channels],
        "stretches": [packed(stretch, channels) for stretch in stretches],
        "rows": [{"stretch": r.stretch, "channel": r.channel, "unit": r.unit, "label": r.label} for r in rows],
    }
    program = script(*SCRIPTS)
    return Page(
        rendered(
            "coloured.html",
            title=title,
            lead=lead,
            table=Table(columns, rows, notes),
            sections=sections,
            policy=policy(program),
            data=escaped(data),
            program=program,
        )
    )


def packed(stretch: Stretch, channels: Sequence[Channel]) -> dict[str, Any]:
    """Return a stretch as it stands in the page."""
    return {
        "name": visible(stretch.name),
        "text": [visible(symbol, keep="\n") for symbol in stretch.text],
        "guesses": [
            [[visible(symbol, keep="\n"), round(p, 3)] for symbol, p in guesses] for guesses in stretch.guesses
        ],
        "labels": {name: "".join("01"[bool(v)] for v in values) for name, values in stretch.labels.items()},
        "units": {c.name: levels(stretch.units[c.name], c) for c in channels if c.name in stretch.units},
    }


def levels(values: np.ndarray, channel: Channel) -> dict[str, Any]:
    """Return values as bytes, unit after unit: 0 to 254 from the channel's low to its high end."""
    share = (values.astype(np.float64) - channel.low) / (channel.high - channel.low)
    level = np.rint(np.nan_to_num(np.clip(share, 0, 1)) * 2 * STEPS).astype(np.uint8)
    return {"count": values.shape[1], "levels": b64encode(level.T.tobytes()).decode()}
