"""Backends side by side, as one page: how close each is to its limit, and where one overtakes another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .html import rendered
from .loglog import Curve, Point, loglog
from .page import Page
from .svg import Picture

__all__ = ["Compared", "Measured", "Report", "Roof", "Table", "bench_page"]

COLOURS = ("var(--hot)", "var(--cool)", "var(--ink)", "var(--soft)")
DASHES = ("", "6 3", "2 3", "9 3 2 3")
KINDS = {"operation": "var(--soft)", "layer": "var(--cool)", "training step": "var(--hot)"}


class Measured(NamedTuple):
    """A case over its sizes on the roofline: (operations per byte, 10^9 operations a second, what it is)."""

    name: str
    kind: str
    points: Sequence[tuple[float, float, str]]


class Roof(NamedTuple):
    """Who computed, its peaks in 10^9 operations and bytes a second, and what it reached."""

    name: str
    gflops: float
    gbytes: float
    cases: Sequence[Measured]


class Compared(NamedTuple):
    """A case over H: by runner, (H, median, both quartiles) in milliseconds; and where curves cross, in words."""

    title: str
    runners: Mapping[str, Sequence[tuple[int, float, float, float]]]
    says: Sequence[str]


class Table(NamedTuple):
    """Headings and rows of text; the first `text_columns` of them are no numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int


class Report(NamedTuple):
    """All that the page shows. `not_measured` are pairs of a name and a reason, `facts` those of each machine."""

    title: str
    summary: str
    method: str
    runners: Table
    not_measured: Sequence[tuple[str, str]]
    roofs: Sequence[Roof]
    compared: Sequence[Compared]
    numbers: Table
    facts: Sequence[tuple[str, Mapping[str, str]]]


def bench_page(report: Report) -> Page:
    """Return the page."""
    styles = {roof.name: (COLOURS[i % 4], DASHES[i // 4 % 4]) for i, roof in enumerate(report.roofs)}
    roofs = [(roof.name, roofline(roof).svg) for roof in report.roofs if roof.cases]
    charts = [(one.title, compared_chart(one, styles), one.says) for one in report.compared]
    return Page(rendered("bench.html", report=report, roofs=roofs, charts=charts, kinds=KINDS))


def roofline(roof: Roof) -> Picture:
    """Return the roofline of one runner: what it reached, under what its peaks allow."""
    ridge = roof.gflops / roof.gbytes
    xs = [x for case in roof.cases for x, _, _ in case.points]
    low, high = min(*xs, ridge) / 1.5, max(*xs, ridge) * 1.5
    says = f"up to {roof.gbytes:.3g} GB/s and {roof.gflops:.3g} GFLOP/s"
    roof_line = [Point(x, min(roof.gflops, roof.gbytes * x), says) for x in (low, ridge, high)]
    curves = [Curve("peak", roof_line, "var(--ink)", 2.5, marks=False)]
    curves += [
        Curve(label(case), [Point(*point) for point in case.points], KINDS[case.kind], 1.2) for case in roof.cases
    ]
    return loglog(curves, "operations per byte", "GFLOP/s", f"Roofline of {roof.name}")


def label(case: Measured) -> str:
    """Return what stands beside a case: the colour tells its kind, the last word of it is enough."""
    return case.name if case.kind == "operation" else f"{case.name} {case.kind.rpartition(' ')[2]}"


def compared_chart(one: Compared, styles: Mapping[str, tuple[str, str]]) -> str:
    """Return the times of one case over H, a curve for each runner, with the middle half of its times."""
    curves = [
        Curve(name, [Point(H, ms, f"{name}, H = {H}: {ms:.3g} ms", (low, high)) for H, ms, low, high in points],
              styles[name][0], 2.0, styles[name][1])
        for name, points in one.runners.items()
    ]  # fmt: skip
    sizes = sorted({H for points in one.runners.values() for H, *_ in points})
    return loglog(curves, "H", "milliseconds", one.title, x_ticks=sizes).svg
