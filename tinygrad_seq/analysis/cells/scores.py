"""What is found for one label, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

__all__ = ["Cell", "Finding", "Scored"]


class Cell(NamedTuple):
    """A unit of a layer; layers count from 1, units from 0. As text, 2:87.

    >>> str(Cell(2, 87))
    '2:87'
    """

    layer: int
    unit: int

    def __str__(self) -> str:
        return f"{self.layer}:{self.unit}"


@dataclass(frozen=True)
class Scored:
    """A cell and its score on the part that nothing was chosen on; `sign` is -1 where the cell is low on the label."""

    cell: Cell
    sign: int
    score: float


@dataclass(frozen=True)
class Finding:
    """The best cells for one label.

    Attributes:
        measure: "AUC" for truth (0.5 is chance), "R2" for numbers (0 is chance).
        symbols: how many were scored on; `positives` of them have the label, in `spans` stretches.
        best: the five best in the part searched, in that order.
        low, high: the 95 % interval of the first one's score.
        threshold, balanced_accuracy: tanh(c) from where on the first one says yes, chosen on its own part, and the
            mean of the shares of positives and negatives that it gets right; None for numbers.
        untrained: the best cell of the same net before training, searched and scored in the same way.
        shuffled: the scores of the best cells for labels shifted around the text; none of them means anything.
        probe, probe_untrained: the score of a linear model on all cells; None without scikit-learn.
    """

    label: str
    about: str
    measure: str
    symbols: int
    positives: int | None
    spans: int | None
    best: tuple[Scored, ...]
    low: float
    high: float
    threshold: float | None
    balanced_accuracy: float | None
    untrained: Scored
    shuffled: tuple[float, ...]
    probe: float | None
    probe_untrained: float | None

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict for `json.dump`."""
        plain = asdict(self)
        for scored in (*plain["best"], plain["untrained"]):
            scored["cell"] = str(Cell(*scored["cell"]))
        return plain
