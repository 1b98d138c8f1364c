"""The search: for each label the best cells, scored on text that neither training nor the search has seen.

Two controls go the same way: the net before it was trained, which shows what any recurrence knows of its last
characters; and the labels shifted around the text, which keep how they are spread and lose what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...models import CharLM
from ..labels import Label
from .activity import Activity, activity, layers_of, shown
from .interval import auc_interval, r2_interval
from .probe import ROWS, probe
from .ranking import auc, correlations, midranks, r2, standardised
from .scores import Cell, Finding, Scored
from .text import Part, Parts

__all__ = ["Findings", "find"]

SHUFFLES, BEST = 10, 5
AT_ONCE = 32  # cells
NO_SHIFT = np.zeros(1, np.intp)


@dataclass(frozen=True)
class Findings:
    """What was found, label by label, in the order asked."""

    findings: tuple[Finding, ...]
    symbols: tuple[int, int, int]
    skipped: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict for `json.dump`."""
        search, threshold, test = self.symbols
        return {
            "symbols": {"search": search, "threshold": threshold, "test": test},
            "skipped": list(self.skipped),
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True)
class Candidate:
    """A cell, and the line from its values to a numeric label; for truth, the sign alone counts."""

    cell: Cell
    sign: int
    slope: float
    intercept: float


@dataclass(frozen=True, eq=False)
class Search:
    """The best cells in the part searched: by label the first few, and by label and shift the first."""

    best: dict[str, list[Candidate]]
    shifted: dict[str, list[Candidate]]


@dataclass(frozen=True, eq=False)
class Draws:
    """What is drawn for one part: how far labels are shifted, and which symbols a probe sees."""

    shifts: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, part: Part, rng: np.random.Generator) -> Draws:
        """Draw for a part. A shift is a tenth of the text at least: none of what a label meant is left."""
        n = len(part)
        return cls(rng.integers(n // 10, n - n // 10, SHUFFLES), np.sort(rng.permutation(n)[:ROWS]))


@dataclass(frozen=True, eq=False)
class Examined:
    """What one net gave, by label; of an untrained one the best cell and the probe alone."""

    best: dict[str, tuple[Scored, ...]]
    probe: dict[str, float | None]
    shuffled: dict[str, tuple[float, ...]]
    interval: dict[str, tuple[float, float]]
    accuracy: dict[str, tuple[float, float]]  # the threshold, and the balanced accuracy with it


def find(
    model: CharLM, untrained: CharLM, text: Parts, *, seed: int = 0, say: Callable[[str], None] = lambda what: None
) -> Findings:
    """Find the cells of a model; `untrained` is the same net with its first weights. `say` hears what is being done.

    A label that is the same for all of a part is left out. Memory: the states of 32 cells over the part searched,
    and the labels twice; the states of all cells wait on disk.
    """
    names = [label.name for label in text.labels if all(varies(p.values[label.name]) for p in (text.search, text.test))]
    rng = np.random.default_rng(seed)
    draws = Draws.of(text.search, rng), Draws.of(text.test, rng)
    own = examine(model, text, names, draws, "the trained net", say, is_control=False)
    control = examine(untrained, text, names, draws, "the untrained net", say, is_control=True)
    findings = [
        finding(label, text.test.values[label.name], own, control) for label in text.labels if label.name in names
    ]
    return Findings(tuple(findings), (len(text.search), len(text.threshold), len(text.test)), text.skipped)


def examine(
    net: CharLM,
    text: Parts,
    names: list[str],
    draws: tuple[Draws, Draws],
    whose: str,
    say: Callable[[str], None],
    *,
    is_control: bool,
) -> Examined:
    """Search one part of the text, choose thresholds on another, score on the third."""
    letter = [shown(net)]
    say(f"{whose} reads {len(text.search):,} symbols to search in")
    with activity(net, text.search.ids, letter) as seen:
        say(f"{whose}: ranking {net.num_layers * net.hidden_size:,} cells for {len(names)} labels")
        searched = search(net, seen, text.search, names, NO_SHIFT[:0] if is_control else draws[0].shifts)
        X = everything(net, seen, draws[0].rows)
    first = {name: searched.best[name][0] for name in names}
    thresholds = {}
    if not is_control and len(text.threshold):
        with activity(net, text.threshold.ids, letter) as seen:
            thresholds = {
                name: best_threshold(first[name].sign * values_of(net, seen, first[name].cell), y)
                for name, y in text.threshold.values.items()
                if name in names and y.dtype == np.bool_ and varies(y)
            }
    say(f"{whose} reads {len(text.test):,} symbols to be scored on")
    values, own = text.test.values, Examined({}, {}, {}, {}, {})
    with activity(net, text.test.ids, letter) as seen:
        X_test = everything(net, seen, draws[1].rows)
        for name in names:
            own.best[name] = tuple(scored(net, seen, candidate, values[name]) for candidate in searched.best[name])
            if is_control:
                continue
            own.interval[name] = interval(net, seen, first[name], values[name])
            own.shuffled[name] = tuple(
                scored(net, seen, candidate, np.roll(values[name], shift)).score
                for candidate, shift in zip(searched.shifted[name], draws[1].shifts, strict=True)
            )
            if name in thresholds:
                sign, threshold = first[name].sign, thresholds[name]
                says = sign * values_of(net, seen, first[name].cell) >= threshold
                own.accuracy[name] = sign * threshold, balanced_accuracy(says, values[name])
    say(f"{whose}: linear probes on all cells")
    for name in names:
        y, y_test = text.search.values[name][draws[0].rows], values[name][draws[1].rows]
        own.probe[name] = probe(X, y, X_test, y_test)
    return own


def finding(label: Label, y: np.ndarray, own: Examined, control: Examined) -> Finding:
    """Return what was found for a label; y are its values on the part scored on."""
    name, is_truth = label.name, y.dtype == np.bool_
    threshold, accuracy = own.accuracy.get(name, (None, None))
    return Finding(
        label=name,
        about=label.about,
        measure="AUC" if is_truth else "R2",
        symbols=len(y),
        positives=int(y.sum()) if is_truth else None,
        spans=int(np.sum(y[1:] & ~y[:-1]) + y[0]) if is_truth else None,
        best=own.best[name],
        low=own.interval[name][0],
        high=own.interval[name][1],
        threshold=threshold,
        balanced_accuracy=accuracy,
        untrained=control.best[name][0],
        shuffled=own.shuffled[name],
        probe=own.probe[name],
        probe_untrained=control.probe[name],
    )


def varies(y: np.ndarray) -> bool:
    """Tell whether a label has two different values."""
    return bool(len(y)) and bool(np.any(y != y[0]))


def cells_of(model: CharLM, seen: Activity) -> Iterator[tuple[list[Cell], np.ndarray]]:
    """Yield cells, some at a time, and their values over the text, (cells, N)."""
    for k, layer in enumerate(layers_of(model), 1):
        for start in range(0, model.hidden_size, AT_ONCE):
            units = range(start, min(start + AT_ONCE, model.hidden_size))
            values = seen.columns(layer, shown(model), slice(units.start, units.stop))
            yield [Cell(k, unit) for unit in units], values


def search(model: CharLM, seen: Activity, part: Part, names: list[str], shifts: np.ndarray) -> Search:
    """Rank all cells for all labels, and for the labels shifted."""
    truths = [name for name in names if part.values[name].dtype == np.bool_]
    numbers = [name for name in names if name not in truths]
    all_shifts = np.concatenate([NO_SHIFT, shifts])
    truth = np.array([part.values[name] for name in truths], np.bool_).reshape(len(truths), len(part))
    number = np.array([part.values[name] for name in numbers], np.float64).reshape(len(numbers), len(part))
    standard = standardised(number)
    cells: list[Cell] = []
    found: list[np.ndarray] = []
    moments: list[np.ndarray] = []
    for some, values in cells_of(model, seen):
        cells += some
        areas = 2 * auc(midranks(values), truth, all_shifts) - 1  # from -1 to 1, as correlations are
        agreement = correlations(standardised(values), standard, all_shifts)
        found.append(np.concatenate([areas, agreement], axis=2))
        moments.append(np.stack([values.mean(axis=1), values.std(axis=1)], axis=1))
    scores, moment = np.concatenate(found, axis=1), np.concatenate(moments)

    def candidate(score: float, i: int, y: np.ndarray) -> Candidate:
        mean, spread = (float(m) for m in moment[i])
        slope = float(score) * float(y.std()) / spread if spread else 0.0
        return Candidate(cells[i], 1 if score >= 0 else -1, slope, float(y.mean()) - slope * mean)

    search = Search({}, {})
    for column, name in enumerate([*truths, *numbers]):
        y = part.values[name]
        own = scores[0, :, column]
        order = np.argsort(-np.abs(own), kind="stable")[:BEST]
        search.best[name] = [candidate(own[i], int(i), y) for i in order]
        firsts = np.abs(scores[1:, :, column]).argmax(axis=1)
        search.shifted[name] = [candidate(scores[s, i, column], int(i), y) for s, i in enumerate(firsts, 1)]
    return search


def values_of(model: CharLM, seen: Activity, cell: Cell) -> np.ndarray:
    """Return one cell's values over the text."""
    return seen.columns(layers_of(model)[cell.layer - 1], shown(model), slice(cell.unit, cell.unit + 1))[0]


def scored(model: CharLM, seen: Activity, candidate: Candidate, y: np.ndarray) -> Scored:
    """Return the score of a cell found elsewhere: AUC, or R^2 of the line found elsewhere."""
    x = values_of(model, seen, candidate.cell)
    if y.dtype == np.bool_:
        score = float(auc(midranks(candidate.sign * x[None]), y[None], NO_SHIFT)[0, 0, 0])
    else:
        score = r2(x, y, candidate.slope, candidate.intercept)
    return Scored(candidate.cell, candidate.sign, score)


def interval(model: CharLM, seen: Activity, candidate: Candidate, y: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a cell's score."""
    x = values_of(model, seen, candidate.cell)
    if y.dtype == np.bool_:
        return auc_interval(midranks(candidate.sign * x[None])[0], y)
    return r2_interval(y - candidate.slope * x - candidate.intercept, y)


def everything(model: CharLM, seen: Activity, at: np.ndarray) -> np.ndarray:
    """Return all cells of all layers at some symbols, (len(at), cells)."""
    return np.concatenate([seen.rows(layer, shown(model), at) for layer in layers_of(model)], axis=1)


def best_threshold(x: np.ndarray, y: np.ndarray) -> float:
    """Return the value from which on a yes has the best balanced accuracy.

    >>> best_threshold(np.array([0.1, 0.4, 0.3, 0.9]), np.array([False, True, False, True]))
    0.4
    """
    order = np.argsort(-x)
    truth = y[order]
    right, wrong = np.cumsum(truth) / truth.sum(), np.cumsum(~truth) / (~truth).sum()
    ends = np.append(x[order][1:] != x[order][:-1], True)  # equal values go together
    best = np.flatnonzero(ends)[(right - wrong)[ends].argmax()]
    return float(x[order][best])


def balanced_accuracy(says: np.ndarray, y: np.ndarray) -> float:
    """Return the mean of the share of positives and the share of negatives that are said rightly."""
    return float((says[y].mean() + (~says[~y]).mean()) / 2)
