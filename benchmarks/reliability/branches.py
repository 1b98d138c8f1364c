"""Sum up by package which lines and branches the tests have reached.

    python -m coverage json -o - | python -m benchmarks.reliability.branches

`make coverage` runs the tests before. What nobody reached stands in the report that it prints, file by file.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import PurePath
from typing import Any

from ..report import save, table

__all__ = ["by_package", "shown"]

COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def by_package(files: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Return lines and branches, all and reached, of each folder under the top one, and of each file beside them."""
    packages: dict[str, Counter[str]] = defaultdict(Counter)
    for file, about in files.items():
        packages["/".join(PurePath(file).parts[:2])].update({name: about["summary"][name] for name in COUNTS})
    return {package: dict(counts) for package, counts in sorted(packages.items())}


def shown(packages: dict[str, dict[str, int]]) -> str:
    """Return the table of docs/reliability.md."""
    rows = []
    for package, counts in packages.items():
        lines, reached, branches, taken = (counts[name] for name in COUNTS)
        rows.append((f"`{package}`", f"{lines:,}", percent(reached, lines), f"{branches:,}", percent(taken, branches)))
    return table(("package", "lines", "reached", "branches", "taken"), rows)


def percent(part: int, whole: int) -> str:
    """Return a share, rounded down: 100 % is all."""
    return f"{1000 * part // whole / 10:.1f} %" if whole else ""


def main() -> None:
    """Run the command line."""
    packages = by_package(json.load(sys.stdin)["files"])
    print(shown(packages))
    save("branches", {"packages": packages})


if __name__ == "__main__":
    main()
