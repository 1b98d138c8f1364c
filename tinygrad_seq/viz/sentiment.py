"""The page of a sentiment unit: how it parts the reviews, what it does while it reads, what it writes when held."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .histogram import histogram
from .html import rendered
from .report import Sample
from .text import visible

__all__ = ["Reviewed", "SentimentReport"]

LEVELS = 8
"""Shades of either colour: more than the eye tells apart on neighbouring letters."""


@dataclass(frozen=True)
class Reviewed:
    """A review in bytes, the unit after each of them, and whether the review is positive and was called so."""

    text: bytes
    values: Sequence[float]
    positive: bool
    called_positive: bool


@dataclass(frozen=True)
class SentimentReport:
    """All that the page shows.

    Attributes:
        rises: whether positive reviews lie above the threshold.
        positive, negative: the unit after the test reviews of each class.
        scores: rows of a table: what was measured, the accuracy in the trained and in the untrained net.
        samples: what the model writes while the unit is held.
    """

    title: str
    summary: str
    unit: int
    threshold: float
    rises: bool
    positive: Sequence[float]
    negative: Sequence[float]
    scores: Sequence[tuple[str, float, float]]
    reviews: Sequence[Reviewed]
    samples: Sequence[Sample]
    facts: Mapping[str, str]

    def html(self) -> str:
        """Return the page."""
        picture = histogram(
            self.positive,
            self.negative,
            ("positive reviews", "negative reviews"),
            f"cell state of unit {self.unit} after the last byte",
            f"Unit {self.unit} after each test review",
            threshold=self.threshold,
        )
        scale = max((abs(v - self.threshold) for r in self.reviews for v in r.values), default=1.0) or 1.0
        texts = [(review, list(self.letters(review, scale))) for review in self.reviews]
        return rendered("sentiment.html", report=self, histogram=picture.svg, texts=texts, levels=LEVELS)

    def letters(self, review: Reviewed, scale: float) -> Sequence[tuple[str, int, float]]:
        """Return each character of a review with its shade, -LEVELS (negative) to LEVELS, and the unit after it."""
        utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        side = 1 if self.rises else -1
        return [
            (visible(c), round(side * LEVELS * (value - self.threshold) / scale), value)
            for byte, value in zip(review.text, review.values, strict=True)
            for c in utf8.decode(bytes([byte]))
        ]

    def save(self, path: str | Path) -> Path:
        """Write the page and return its path."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.html(), encoding="utf-8", newline="\n")
        return path
