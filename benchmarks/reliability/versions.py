"""Run the tests on this Python and NumPy, and keep what became of them beside those of the others.

    python -W error -m benchmarks.reliability.versions tests/engine tests/ops ...

nox calls it in a fresh environment for each Python that there is, with the oldest NumPy and with the newest
(`noxfile.py`, `make versions`). The order is random, and warnings are errors.
"""

from __future__ import annotations

import json
import platform
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest

from ..report import RESULTS, merge, table

__all__ = ["Outcomes", "shown"]

OUTCOMES = ("passed", "failed", "skipped")


class Outcomes(Counter[str]):
    """Counts the tests that passed, failed and were skipped, as a plugin of pytest."""

    __hash__ = object.__hash__  # pytest keeps its plugins in sets

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count a test when it has run; one that fails before or after that, or is skipped, when it does."""
        if report.when == "call" or report.outcome != "passed":
            self[report.outcome] += 1


def order(pair: dict[str, Any]) -> list[int]:
    """Return the numbers of the two versions."""
    return [int(number) for name in ("python", "numpy") for number in pair["environment"][name].split(".")]


def shown(pairs: dict[str, Any]) -> str:
    """Return the table of docs/reliability.md."""
    rows = []
    for pair in sorted(pairs.values(), key=order):
        about = pair["environment"]
        counts = (f"{pair[name]:,}" for name in OUTCOMES)
        rows.append((about["python"], about["numpy"], *counts, about["date"][:10]))
    return table(("Python", "NumPy", *OUTCOMES, "date"), rows)


def main() -> None:
    """Run the command line."""
    outcomes = Outcomes()
    code = pytest.main(["-q", *sys.argv[1:]], plugins=[outcomes])
    pair = f"Python {platform.python_version()}, NumPy {np.__version__}"
    counts = {name: outcomes[name] for name in OUTCOMES}
    merge("versions", pair, {"threads": 1, "tests": sys.argv[1:], **counts})
    print(shown(json.loads((RESULTS / "versions.json").read_text("utf-8"))))
    raise SystemExit(code)


if __name__ == "__main__":
    main()
