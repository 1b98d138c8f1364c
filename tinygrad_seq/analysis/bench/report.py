"""The results as the page shows them and as the terminal prints them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...viz.bench import Compared, Measured, Report, Roof, Table, bench_page
from ...viz.page import Page
from .results import Machine, NoRoom, Row, Runner, crossovers
from .timing import FEWEST, WARM

__all__ = ["METHOD", "NUMBERS", "TEXT_COLUMNS", "cells_of", "crossing_lines", "labelled", "page"]

METHOD = (
    f"Each case is called {WARM} times before the clock starts, then {FEWEST} times at least, all backends turn by "
    "turn. Times are medians until the device is done, with both quartiles; issued is the time until the call returns, "
    "when a device may still be at work. A backend's results are held against NumPy's in float64 first: where they are "
    "farther off than the tolerance, or where either runs out of memory, no time is taken."
)
NUMBERS = (
    "case", "kind", "backend", "T", "B", "H", "median, ms", "quartiles, ms", "issued, ms", "GFLOP/s", "GB/s",
    "of peak", "off by",
)  # fmt: skip
TEXT_COLUMNS = 3


def labelled(machines: Sequence[Machine]) -> list[tuple[str, Machine, Runner]]:
    """Return every runner with a label of its own: its name, and which machine where there are several."""
    return [
        (runner.name if len(machines) == 1 else f"{runner.name} · {i}", machine, runner)
        for i, machine in enumerate(machines, start=1)
        for runner in machine.runners
    ]


def rows_of(machine: Machine, runner: Runner) -> list[Row]:
    """Return the rows of one runner that there was memory for."""
    return [row for row in machine.rows if row.runner == runner.name and isinstance(row, Row)]


def cells_of(label: str, row: Row | NoRoom, runner: Runner) -> list[str]:
    """Return a row as text, in the order of NUMBERS."""
    start = [row.case, row.kind, label, *map(str, row.size)]
    if isinstance(row, NoRoom):
        whose = "" if row.out_of_memory == row.runner else f"for {row.out_of_memory}"
        return [*start, "out of memory", whose, "", "", "", "", ""]
    off = f"{row.distance.size:.1e}"
    if row.timing is None:
        return [*start, "differs", f"in {row.distance.what}", "", "", "", "", f"{off} > {row.tolerance:g}"]
    t = row.timing
    times = [ms(t.median_ms), f"{ms(t.low_ms)} - {ms(t.high_ms)}", ms(t.issue_ms)]
    share = row.of_roof(runner.peak) or 0.0
    return [*start, *times, f"{row.gflops:.3g}", f"{row.gbytes:.3g}", f"{share:.0%}", off]


def ms(t: float) -> str:
    """Return milliseconds with three digits."""
    return f"{t:.3g}" if t < 1000 else f"{t:.0f}"


def crossing_lines(machines: Sequence[Machine]) -> dict[tuple[str, str, int, int], list[str]]:
    """Return in words where one runner overtakes another, by case, kind, T and B."""
    rows = [(label, row) for label, machine, runner in labelled(machines) for row in rows_of(machine, runner)]
    said: dict[tuple[str, str, int, int], list[str]] = {}
    for cross in crossovers(rows):
        line = f"{cross.winner} overtakes {cross.loser} at about H = {cross.H:.0f}."
        said.setdefault((cross.case, cross.kind, cross.T, cross.B), []).append(line)
    return said


def page(machines: Sequence[Machine]) -> Page:
    """Return the page of all results, those of several machines side by side."""
    runners = labelled(machines)
    numbers = [
        cells_of(label, row, runner)
        for label, machine, runner in runners
        for row in machine.rows
        if row.runner == runner.name
    ]
    return bench_page(
        Report(
            "Backends side by side",
            "The same computations by each backend: " + "; ".join(label for label, _, _ in runners) + ".",
            METHOD,
            Table(
                ("backend", "device", "kernels", "TF32", "peak GFLOP/s", "peak GB/s", "code"),
                [about(label, runner) for label, _, runner in runners],
                4,
            ),
            [
                (name if len(machines) == 1 else f"{name} · {i}", reason)
                for i, machine in enumerate(machines, start=1)
                for name, reason in machine.not_measured.items()
            ],
            [roof(label, machine, runner) for label, machine, runner in runners],
            list(compared(machines)),
            Table(NUMBERS, numbers, TEXT_COLUMNS),
            [
                ("The machine" if len(machines) == 1 else f"Machine {i}", machine.environment)
                for i, machine in enumerate(machines, start=1)
            ],
        )
    )


def about(label: str, runner: Runner) -> list[str]:
    """Return a runner's row in the table of who computes."""
    others = [f"{name} {value}" for name, value in runner.about.items() if name not in {"device", "tf32"}]
    device = ", ".join([runner.about["device"], *others])
    peaks = [f"{runner.peak.gflops:.4g}", f"{runner.peak.gbytes:.4g}"]
    return [label, device, runner.kernels, runner.about.get("tf32", "off"), *peaks, runner.kernel_hash[:12]]


def roof(label: str, machine: Machine, runner: Runner) -> Roof:
    """Return what a runner reached."""
    found: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
    for row in rows_of(machine, runner):
        if row.gflops and row.work.bytes:
            says = f"{row.case}, {row.kind}, T {row.size.T}, B {row.size.B}, H {row.size.H}: {row.gflops:.3g} GFLOP/s"
            point = row.work.flops / row.work.bytes, row.gflops, says
            found.setdefault((row.case, row.kind), []).append(point)
    cases = [Measured(name, kind, sorted(points)) for (name, kind), points in found.items()]
    return Roof(label, runner.peak.gflops, runner.peak.gbytes, cases)


def compared(machines: Sequence[Machine]) -> Iterator[Compared]:
    """Yield the curves over H of each case, T and B that was measured at two sizes or more."""
    curves: dict[tuple[str, str, int, int], dict[str, list[tuple[int, float, float, float]]]] = {}
    for label, machine, runner in labelled(machines):
        for row in rows_of(machine, runner):
            if row.timing is not None:
                place = row.case, row.kind, row.size.T, row.size.B
                point = row.size.H, row.timing.median_ms, row.timing.low_ms, row.timing.high_ms
                curves.setdefault(place, {}).setdefault(label, []).append(point)
    said = crossing_lines(machines)
    for (case, kind, T, B), by_label in curves.items():
        if len({point[0] for points in by_label.values() for point in points}) > 1:
            ordered = {label: sorted(points) for label, points in by_label.items()}
            yield Compared(f"{case}, {kind}, T = {T}, B = {B}", ordered, said.get((case, kind, T, B), []))
