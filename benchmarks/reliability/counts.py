"""Run the tests that try something again and again, and keep how often it was tried and what went wrong.

    python -m benchmarks.reliability.counts [nth_call] [full_disk] [resume] [ranks] [sweeps]

These are tests of CI, whole: `docs/reliability.md` has the counts. A test says how often it tried something by
`record_property`. The others in `results/counts.json` stay, each with its own date and commit. `ranks` needs the extra
`mpi`; where that is missing, or no file system can be mounted, the tests count as skipped.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from time import perf_counter
from typing import Any

import pytest

from ..report import merge
from .versions import OUTCOMES, Outcomes

__all__ = ["Counts"]

TESTS = {
    "nth_call": ["-k", "whichever_call_fails", "tests/checkpoint"],
    "full_disk": ["tests/reliability/test_full_disk.py"],
    "resume": ["tests/checkpoint/test_resume.py"],
    "ranks": ["-m", "mpi", "tests/reliability", "tests/train", "tests/cli"],
    "sweeps": ["tests/reliability/test_sweeps.py", "tests/train/test_lock.py"],
}


class Counts(Outcomes):
    """Counts besides the tests what each of them has counted."""

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count a test, and if it passed what it tried."""
        super().pytest_runtest_logreport(report)
        if report.when == "call" and report.outcome == "passed":
            self.update(dict(report.user_properties))


def main() -> None:
    """Run the command line."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(TESTS)}; all if none is named")
    names = parser.parse_args().names or list(TESTS)
    if unknown := set(names) - TESTS.keys():
        parser.error(f"there is no {', '.join(unknown)}")
    os.environ["TINYGRAD_SEQ_NUMBA"] = "0"  # nothing of this depends on the kernels
    failed = 0
    for name in names:
        counts, began = Counts(), perf_counter()
        code = pytest.main(["-q", *TESTS[name]], plugins=[counts])
        if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            raise SystemExit(code)
        failed += counts["failed"]
        about = {"threads": 1, "tests": TESTS[name], "seconds": round(perf_counter() - began, 1)}
        merge("counts", name, about | dict.fromkeys(OUTCOMES, 0) | counts)
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
