"""The run: every case at every size, checked first, then timed turn by turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from .agreement import TOLERANCES, distance, outcome
from .cases import Case, Job, Size
from .contenders import SWITCH, Contender
from .machine import kernel_hash, package_of
from .peaks import Peak, measured
from .results import NoRoom, Row, Runner
from .timing import Timed, interleaved
from .work import Work, at_size, recorded

__all__ = ["compared", "runners"]

REFERENCE = Contender("NumPy in float64", "numpy", {SWITCH: "0"})


def runners(contenders: Iterable[Contender]) -> list[Runner]:
    """Return who the contenders are, and the peaks of their backends, measured now."""
    peaks: dict[str, Peak] = {}
    found = []
    for contender in contenders:
        with contender.active() as backend:
            if contender.backend not in peaks:
                peaks[contender.backend] = measured(backend)
            about, hashed = backend.about(), kernel_hash(package_of(backend))
            found.append(Runner(contender.name, about, contender.kernels(), hashed, peaks[contender.backend]))
    return found


def compared(
    contenders: Sequence[Contender], who: Sequence[Runner], cases: Iterable[Case], sizes: Iterable[Size],
    seconds: float,
) -> Iterator[Row | NoRoom]:  # fmt: skip
    """Yield the rows of each case at each size: all contenders are checked, and those that are right are timed."""
    tolerances = {r.name: TOLERANCES[r.about.get("tf32", "off")] for r in who}
    sizes = list(sizes)
    for case in cases:
        for size in sizes:
            yield from rows(contenders, tolerances, case, size, seconds)


def rows(
    contenders: Sequence[Contender], tolerances: Mapping[str, float], case: Case, size: Size, seconds: float
) -> Iterator[Row | NoRoom]:
    """Yield a row for each contender."""
    try:
        with REFERENCE.active():
            expected = outcome(case.make(size, "float64"))
            work = counted(case, size)
    except MemoryError:
        for contender in contenders:
            yield NoRoom(case.name, case.kind, size, contender.name, REFERENCE.name)
        return
    distances, right = {}, {}
    for contender in contenders:
        with suppress(MemoryError), contender.active() as backend:
            job = case.make(size, "float32")
            far = distances[contender.name] = distance(outcome(job), expected)
            if far.size <= tolerances[contender.name]:
                right[contender.name] = Timed(job, backend.synchronize, contender.active)
    timings = interleaved(right, seconds)
    for name in (contender.name for contender in contenders):
        if name not in distances or (name in right and name not in timings):
            yield NoRoom(case.name, case.kind, size, name, name)
        else:
            yield Row(case.name, case.kind, size, name, work, distances[name], tolerances[name], timings.get(name))


def counted(case: Case, size: Size) -> Work:
    """Return what a case has to do at a size, from recordings of few steps and few rows."""
    jobs: list[Job] = []

    def small(T: int, B: int) -> Work:
        jobs.append(case.make(Size(T, B, size.H), "float32"))
        return recorded(lambda: jobs[-1](create_graph=True))

    return at_size(small, size.T, size.B).plus(jobs[-1].update())  # an update's work depends on H alone
