"""The page of a training run: its loss beside what counting would give, its text early and late, the net unrolled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .chart import Line, chart
from .html import rendered
from .svg import Picture

__all__ = ["Report", "Sample"]


@dataclass(frozen=True)
class Sample:
    """Text that the model wrote at some point of its training."""

    when: str
    text: str


@dataclass(frozen=True)
class Report:
    """All that the page shows. Losses are (step, nats per symbol); floors are nats per symbol by name."""

    title: str
    summary: str
    training: Sequence[tuple[float, float]]
    held_out: Sequence[tuple[float, float]]
    floors: Mapping[str, float]
    samples: Sequence[Sample]
    picture: Picture
    facts: Mapping[str, str]
    next_commands: Sequence[tuple[str, str]]

    def html(self) -> str:
        """Return the page."""
        lines = [
            Line("training", self.training, "var(--soft)", 1.0),
            Line("held out", self.held_out, "var(--hot)", 2.5),
        ]
        curve = chart(lines, self.floors, "steps of training", "nats per character", "Loss over training")
        return rendered("report.html", report=self, chart=curve.svg, svg=self.picture.svg)

    def save(self, path: str | Path) -> Path:
        """Write the page and return its path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.html(), encoding="utf-8", newline="\n")
        return path
