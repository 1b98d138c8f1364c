"""What a benchmark has found, on one machine or several, and as JSON: format `tinygrad_seq.bench`, version 1."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
from math import log
from typing import Any, NamedTuple, get_args

from ...errors import DataError
from ...record.format import COUNT, TEXT, TEXTS, Check, Format, maybe, whole
from .agreement import Distance
from .cases import Kind, Size
from .peaks import Peak
from .timing import Timing
from .work import Work

__all__ = ["FORMAT", "Crossover", "Machine", "NoRoom", "Row", "Runner", "crossovers", "from_json", "to_json"]

FORMAT = Format("tinygrad_seq.bench", 1, "benchmark", "Measure it again: tinygrad-seq bench --json FILE.")
MOST_ROWS = 10_000  # a page shows all of them


@dataclass(frozen=True)
class Runner:
    """Who computed: its device, what else the backend says of itself, its kernels, and what it can do at most."""

    name: str
    about: Mapping[str, str]
    kernels: str
    kernel_hash: str
    peak: Peak


@dataclass(frozen=True)
class Row:
    """One case at one size by one runner. There is no timing where its results were farther off than the tolerance."""

    case: str
    kind: Kind
    size: Size
    runner: str
    work: Work
    distance: Distance
    tolerance: float
    timing: Timing | None

    @property
    def gflops(self) -> float | None:
        """10^9 operations a second, at the median time."""
        return None if self.timing is None else self.work.flops / self.timing.median_ms / 1e6

    @property
    def gbytes(self) -> float | None:
        """10^9 bytes a second, at the median time: those that have to be moved at least."""
        return None if self.timing is None else self.work.bytes / self.timing.median_ms / 1e6

    def of_roof(self, peak: Peak) -> float | None:
        """Return the share of what the peaks allow: the larger of the two times that they need, over the median."""
        if self.timing is None:
            return None
        return max(self.work.flops / peak.gflops, self.work.bytes / peak.gbytes) / self.timing.median_ms / 1e6


@dataclass(frozen=True)
class NoRoom:
    """One case at one size that ran out of memory: the runner's, or that of the results that it is held against."""

    case: str
    kind: Kind
    size: Size
    runner: str
    out_of_memory: str


@dataclass(frozen=True)
class Machine:
    """What one run on one machine has found; `not_measured` has the reason for each that could not run there."""

    environment: Mapping[str, str]
    runners: Sequence[Runner]
    not_measured: Mapping[str, str]
    rows: Sequence[Row | NoRoom]


class Crossover(NamedTuple):
    """From which H on `winner` is faster than `loser`, for one case, T and B; between two sizes, drawn straight."""

    case: str
    kind: Kind
    T: int
    B: int
    winner: str
    loser: str
    H: float


def crossovers(rows: Sequence[tuple[str, Row]]) -> Iterator[Crossover]:
    """Yield where two runners' times cross as H grows, on logarithmic axes. Rows come with their runner's label.

    A size at which the middle halves of both runners' times overlap tells nothing, and is passed over.
    """
    curves: dict[tuple[str, Kind, int, int], dict[str, dict[int, Timing]]] = {}
    for label, row in rows:
        if row.timing is not None:
            place = row.case, row.kind, row.size.T, row.size.B
            curves.setdefault(place, {}).setdefault(label, {})[row.size.H] = row.timing
    for (case, kind, T, B), by_label in curves.items():
        for a, b in combinations(by_label, 2):
            for winner, loser, H in crossed(a, by_label[a], b, by_label[b]):
                yield Crossover(case, kind, T, B, winner, loser, H)


def crossed(a: str, f: Mapping[int, Timing], b: str, g: Mapping[int, Timing]) -> Iterator[tuple[str, str, float]]:
    """Yield who overtakes whom between two sizes, and at which H."""
    clear = [H for H in sorted(f.keys() & g.keys()) if f[H].high_ms < g[H].low_ms or g[H].high_ms < f[H].low_ms]
    ratios = {H: log(f[H].median_ms / g[H].median_ms) for H in clear}  # above zero: b is faster
    for low, high in pairwise(clear):
        before, after = ratios[low], ratios[high]
        if (before > 0) != (after > 0):
            H = low * (high / low) ** (before / (before - after))
            yield (a, b, H) if after < 0 else (b, a, H)


def to_json(machines: Sequence[Machine]) -> str:
    """Return the results of machines as JSON."""
    written = [asdict(m) | {"rows": [row_json(row) for row in m.rows]} for m in machines]
    for machine in written:
        machine["runners"] = [runner | {"peak": runner["peak"]._asdict()} for runner in machine["runners"]]
    return json.dumps({"format": FORMAT.name, "version": FORMAT.version, "machines": written}, indent=1)


def row_json(row: Row | NoRoom) -> dict[str, Any]:
    """Return a row as JSON writes it; a distance that is not finite by its name."""
    place = {"case": row.case, "kind": row.kind, "size": row.size._asdict(), "runner": row.runner}
    if isinstance(row, NoRoom):
        return {**place, "out_of_memory": row.out_of_memory}
    size = row.distance.size
    return {
        **place,
        "work": row.work._asdict(),
        "distance": {"what": row.distance.what, "size": size if size - size == 0 else "Infinity"},
        "tolerance": row.tolerance,
        "timing": None if row.timing is None else row.timing._asdict(),
    }


def from_json(text: str) -> list[Machine]:
    """Return results that `to_json` wrote. Raises DataError for anything else, saying what and where."""
    given = FORMAT.read(text)
    FORMAT.expect("it", given, {"format": TEXT, "version": COUNT, "machines": LIST})
    return [read_machine(f"machines[{i}]", one) for i, one in enumerate(given["machines"])]


def read_machine(where: str, given: Any) -> Machine:
    """Return the results of one machine."""
    FORMAT.expect(where, given, {"environment": TEXTS, "runners": LIST, "not_measured": TEXTS, "rows": LIST})
    if len(given["rows"]) > MOST_ROWS:
        raise DataError(f"this benchmark is damaged: {where} has {len(given['rows']):,} rows; at most {MOST_ROWS:,}.")
    runners = [read_runner(f"{where}.runners[{i}]", one) for i, one in enumerate(given["runners"])]
    names = {runner.name for runner in runners}
    if len(names) < len(runners):
        raise FORMAT.damaged(where, "runners", sorted(names), "a name of its own for each")
    rows = [read_row(f"{where}.rows[{i}]", one, names) for i, one in enumerate(given["rows"])]
    return Machine(given["environment"], runners, given["not_measured"], rows)


def read_runner(where: str, given: Any) -> Runner:
    """Return one runner."""
    FORMAT.expect(where, given, {"name": TEXT, "about": TEXTS, "kernels": TEXT, "kernel_hash": TEXT, "peak": ANY})
    FORMAT.expect(f"{where}.peak", given["peak"], dict.fromkeys(Peak._fields, POSITIVE))
    if "device" not in given["about"]:
        raise FORMAT.damaged(where, "about", given["about"], "a device among them")
    return Runner(**given | {"peak": Peak(**given["peak"])})


def read_row(where: str, given: Any, runners: set[str]) -> Row | NoRoom:
    """Return one row."""
    has_no_room = isinstance(given, dict) and "out_of_memory" in given
    FORMAT.expect(where, given, PLACE | ({"out_of_memory": TEXT} if has_no_room else RESULT))
    if given["runner"] not in runners:
        raise FORMAT.damaged(where, "runner", given["runner"], f"one of {', '.join(sorted(runners))}")
    FORMAT.expect(f"{where}.size", given["size"], dict.fromkeys(Size._fields, SIDE))
    size = Size(**given["size"])
    if has_no_room:
        return NoRoom(given["case"], given["kind"], size, given["runner"], given["out_of_memory"])
    FORMAT.expect(f"{where}.work", given["work"], dict.fromkeys(Work._fields, AMOUNT))
    FORMAT.expect(f"{where}.distance", given["distance"], {"what": TEXT, "size": DISTANCE})
    timing = None
    if given["timing"] is not None:
        times = dict.fromkeys(Timing._fields, POSITIVE) | {"repeats": COUNT}
        FORMAT.expect(f"{where}.timing", given["timing"], times)
        timing = Timing(**given["timing"])
    distance = Distance(given["distance"]["what"], float(given["distance"]["size"]))
    return Row(
        given["case"], given["kind"], size, given["runner"], Work(**given["work"]), distance, given["tolerance"],
        timing,
    )  # fmt: skip


def between(x: Any, low: float, high: float) -> bool:
    """Tell whether x is a number from low to high; no NaN is."""
    return type(x) in {int, float} and low <= x <= high


LIST: Check = (lambda x: isinstance(x, list)), "a list"
ANY: Check = (lambda x: True), "anything"
POSITIVE: Check = (lambda x: between(x, 1e-9, 1e15)), "a number above zero"
DISTANCE: Check = (lambda x: between(x, 0, 1e300) or x == "Infinity"), 'a number from 0, or "Infinity"'
AMOUNT: Check = (lambda x: whole(x) and 0 <= x < 2**63), "a whole number from 0, below 2^63"
SIDE: Check = (lambda x: whole(x) and 0 < x < 2**31), "a whole number from 1, below 2^31"
PLACE: dict[str, Check] = {
    "case": TEXT,
    "kind": ((lambda x: x in get_args(Kind)), f"one of {', '.join(get_args(Kind))}"),
    "size": ANY,
    "runner": TEXT,
}
RESULT: dict[str, Check] = {"work": ANY, "distance": ANY, "tolerance": POSITIVE, "timing": maybe(ANY)}
