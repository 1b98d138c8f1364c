"""The interactive page of an unrolled graph: one file, to open from disk, to send to a friend, to show to a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import inf
from pathlib import Path
from typing import Any, get_args

from ..errors import ConfigError
from ..record import Record
from .chart import Line, chart
from .drawable import drawable, rounded
from .html import escaped, policy, rendered, script
from .text import visible
from .wording import Show

__all__ = ["Page", "Panels", "Window", "page"]

SCRIPTS = (
    "dom",
    "base",
    "graph",
    "links",
    "names",
    "lights",
    "moving",
    "playing",
    "scrubber",
    "parameters",
    "sort",
    "panels",
    "printing",
    "main",
)
LINES = ("var(--hot)", "var(--cool)", "var(--ink)", "var(--soft)")  # as text they can be read too
SPECTRUM: dict[str, dict[str, Any]] = {
    "largest singular value": {"colour": "var(--soft)"},
    "spectral radius": {"colour": "var(--ink)"},
    "bound": {"colour": "var(--soft)", "dashed": True},
    "product": {"colour": "var(--cool)"},
    "gradient": {"colour": "var(--hot)", "width": 2.5},
}


@dataclass(frozen=True)
class Window:
    """A truncation of BPTT: a pass back after every k1 steps, through k2 of them, and what becomes of the gradient.

    `cut` are the steps t whose edge from step t - 1 is cut, `cosine` is that of the angle to the full gradient.
    """

    k1: int
    k2: int
    cut: Sequence[int]
    cosine: float


@dataclass(frozen=True)
class Panels:
    """What an analysis of the model adds to a page; what is empty is left out.

    Attributes:
        credit: |dL_s/dh_t| by module path, a matrix (losses, steps).
        spectra: by name of a net, its curves over time by their names (see SPECTRUM), each (t, y) pairs.
        windows: truncations of BPTT.
        note: what to say of the matrix and the curves, such as that they are of a part of the text.
    """

    credit: Mapping[str, Any] = field(default_factory=dict)
    spectra: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]] = field(default_factory=dict)
    windows: Sequence[Window] = ()
    note: str = ""


class Page:
    """A page in one file; `save` writes it."""

    def __init__(self, html: str) -> None:
        self.html = html

    def save(self, path: str | Path) -> Path:
        """Write the page and return its path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.html, encoding="utf-8", newline="\n")
        return path


def page(
    record: Record,
    *,
    title: str = "An unrolled graph",
    reads: Sequence[str] = (),
    panels: Panels | None = None,
    rolled: bool = False,
    show: Show = "grad",
) -> Page:
    """Return the interactive page of what a record has seen: the graph over time, forward and backward.

    Record with `gradients="parts"`, and the shared parameters' gradients are seen growing step by step. Of
    several backward passes, such as those of chunks, each follows the one before, and a parameter's gradient is what
    its `.grad` is: it adds up, and starts from nothing after `zero_grad()`. `reads` are the symbols read at each step.
    It opens with the graph as it was unrolled, or rolled up, and with what to `show` in the boxes.

    Raises ConfigError for what is no record and for an unknown word in `show`.

    >>> import tinygrad_seq as tg
    >>> w = tg.tensor(2.0, requires_grad=True)
    >>> with tg.record(gradients="parts") as tape:
    ...     ((3 * w) ** 2).backward()
    >>> page(tape).save("square.html")  # doctest: +SKIP
    """
    if not isinstance(record, Record):
        raise ConfigError(
            f"page() shows a record; got {type(record).__name__}."
            '\n    with tg.record(gradients="parts") as tape: loss = ...; loss.backward()'
        )
    if show not in get_args(Show):
        raise ConfigError(f"show={show!r}: expected one of {', '.join(get_args(Show))}.")
    panels = panels or Panels()
    data = drawable(record) | {
        "start": {"rolled": rolled and bool(record.steps()), "show": show},
        "reads": [visible(symbol) for symbol in reads],
        "credit": {
            visible(name): [[rounded(float(x)) for x in row] for row in matrix]
            for name, matrix in panels.credit.items()
        },
        "bptt": [{"k1": w.k1, "k2": w.k2, "cut": list(w.cut), "cosine": round(w.cosine, 6)} for w in panels.windows],
    }
    program = script(*SCRIPTS)
    return Page(
        rendered(
            "page.html",
            title=title,
            panels=panels,
            has_time=data["hasTime"],
            fading=fading(data),
            spectra=spectrum_charts(panels.spectra),
            windowed=window_chart(panels.windows),
            legend=[(curve, curve_style(curve)) for curve in dict.fromkeys(chain(*panels.spectra.values()))],
            policy=policy(program),
            data=escaped(data),
            program=program,
        )
    )


def fading(data: Mapping[str, Any]) -> str | None:
    """Return the chart of |dL/dh_t| over the steps, for all that a step hands on to the next, on a log axis."""
    lines: list[Line] = []
    for i, lane in data["lanes"].items():
        place = data["places"][i]
        if place["gradient"] is None:
            continue
        norms = place["gradient"]["norm"]
        points = [
            (float(t), g) for t, g in zip(steps_of(place, data["steps"]), norms, strict=True) if isinstance(g, float)
        ]
        name = " ".join(filter(None, [place["path"].rpartition(".")[2], lane]))
        lines.append(Line(name, points, LINES[len(lines) % len(LINES)], 2.0))
    if not lines:
        return None
    title = "The gradient's length at what each step hands on to the next"
    return chart(lines, {}, "time step", "|dL/dh|, log scale", title, log=True).svg


def steps_of(place: Mapping[str, Any], steps: int) -> list[int]:
    return [t for first, last in place["t"] or [[0, steps - 1]] for t in range(first, last + 1)]


def curve_style(curve: str) -> dict[str, Any]:
    return SPECTRUM.get(curve, {"colour": "var(--soft)"})


def spectrum_charts(spectra: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]) -> list[tuple[str, str]]:
    """Return a chart of each net's curves, by name, all on the same log axis."""
    heights = [y for curves in spectra.values() for points in curves.values() for _, y in points if 0 < y < inf]
    span = (min(heights, default=1.0), max(heights, default=1.0))
    charts = []
    for name, curves in spectra.items():
        lines = [Line(curve, points, **curve_style(curve)) for curve, points in curves.items()]
        title = f"Jacobians of {visible(name)}, step by step"
        charts.append((name, chart(lines, {}, "time step", "log scale", title, log=True, span=span).svg))
    return charts


def window_chart(windows: Sequence[Window]) -> str | None:
    """Return the chart of the cosine over k2, a line for each k1; one line where each k1 has a single k2, its own."""
    if not windows:
        return None
    k1s = sorted({window.k1 for window in windows})
    if len(k1s) == len(windows):
        named = {"k1 = k2:": windows}
    else:
        named = {f"k1 = {k1}:": [window for window in windows if window.k1 == k1] for k1 in k1s}
    lines = []
    for i, (name, own) in enumerate(named.items()):
        # rounded, so that lines which end together are named in order
        points = sorted((float(window.k2), round(window.cosine, 3)) for window in own)
        lines.append(Line(name, points, LINES[i % len(LINES)], 2.0, dashed=i >= len(LINES)))
    title = "The cosine between the truncated and the full gradient"
    return chart(lines, {}, "k2, steps that a pass goes back", "cosine", title).svg
