"""What `import tinygrad_seq` costs on top of `import numpy`, and which modules take the time. The aim is 30 ms.

    python -m benchmarks.import_cost [--pairs 15]

Every import happens in a fresh interpreter that finds its byte code compiled, as after an installation. The two kinds
take turns, and the cost is the median of the differences.
"""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from .measure import ONE_THREAD
from .report import save, table

ROOT = Path(__file__).parents[1]
AIM_MS = 30
LISTINGS = 5
CLOCKED = "import {}; from time import process_time; print(process_time())"
LISTED = "import numpy, sys; print('--', file=sys.stderr); import tinygrad_seq"


class Imported(NamedTuple):
    """One module: what its own lines took, and what they took with everything that they import first; milliseconds."""

    module: str
    own: float
    total: float


class Interpreter:
    """Runs a line of Python in a process of its own, with byte code kept in a folder of ours."""

    def __init__(self, cache: str) -> None:
        self.environment = {**os.environ, **ONE_THREAD, "PYTHONPYCACHEPREFIX": cache}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(self, line: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Return what the process has written."""
        command = [sys.executable, *options, "-c", line]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True)

    def milliseconds(self, module: str) -> float:
        """Return the CPU time from the start of the process to the end of an import."""
        return float(self.run(CLOCKED.format(module)).stdout) * 1e3

    def modules(self) -> list[Imported]:
        """Return what ours imports and NumPy has not yet."""
        lines = self.run(LISTED, "-X", "importtime").stderr.partition("--\n")[2].splitlines()
        columns = (line.removeprefix("import time:").split("|") for line in lines)
        return [Imported(module.strip(), int(own) / 1e3, int(total) / 1e3) for own, total, module in columns]


def slowest(listings: Iterable[list[Imported]]) -> list[Imported]:
    """Return the ten modules that take longest for themselves, each at its fastest."""
    best = [min(same, key=lambda imported: imported.own) for same in zip(*listings, strict=True)]
    return sorted(best, key=lambda imported: -imported.own)[:10]


def main() -> None:
    """Measure the pairs, list the modules, print and keep both."""
    parser = ArgumentParser(prog="python -m benchmarks.import_cost", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=15)
    pairs = parser.parse_args().pairs
    with TemporaryDirectory() as cache:
        interpreter = Interpreter(cache)
        interpreter.milliseconds("tinygrad_seq")  # compiles
        times = [(interpreter.milliseconds("numpy"), interpreter.milliseconds("tinygrad_seq")) for _ in range(pairs)]
        top = slowest(interpreter.modules() for _ in range(LISTINGS))
    numpy_ms, ours_ms = (median(column) for column in zip(*times, strict=True))
    cost_ms = median(ours - numpy for numpy, ours in times)
    rows = [("numpy", numpy_ms), ("tinygrad_seq", ours_ms), ("difference", cost_ms), ("aim", AIM_MS)]
    print(f"\n{table(('import', 'CPU ms'), [(what, f'{ms:.1f}') for what, ms in rows])}\n")
    head = ("slowest modules", "own ms", "with its imports")
    print(table(head, [(module, f"{own:.1f}", f"{total:.1f}") for module, own, total in top]))
    save(
        "import_cost",
        {
            "cost_ms": cost_ms,
            "aim_ms": AIM_MS,
            "numpy_ms": numpy_ms,
            "ours_ms": ours_ms,
            "differences_ms": [ours - numpy for numpy, ours in times],
            "slowest": [imported._asdict() for imported in top],
        },
    )


if __name__ == "__main__":
    main()
