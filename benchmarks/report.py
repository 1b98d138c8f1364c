"""What a measurement is printed as, and kept with: a number without its machine says nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygrad_seq.analysis.bench import machine as about_this_machine
from tinygrad_seq.backend import get_backend

__all__ = ["RESULTS", "merge", "save", "table"]

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def save(name: str, results: dict[str, Any]) -> None:
    """Write results, with machine, versions, date and commit, to `results/<name>.json`."""
    write(name, {"environment": machine(1), **results})


def merge(name: str, key: str, results: dict[str, Any]) -> None:
    """Write results under a key of `results/<name>.json`, with a machine of their own, and leave the other keys."""
    path = RESULTS / f"{name}.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    write(name, {**kept, key: {"environment": machine(results["threads"]), **results}})


def write(name: str, results: dict[str, Any]) -> None:
    """Write results to `results/<name>.json` as they are."""
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    print(f"\nwritten: {path.relative_to(HERE.parent)}")


def machine(threads: int) -> dict[str, Any]:
    """Return what the numbers depend on. `threads` are those of the measured processes, whatever this one has."""
    cpu = get_backend("numpy").about()["device"]
    return {**about_this_machine(), "blas_threads": threads, "cpu": cpu, "cores": os.cpu_count()}


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table in Markdown, with columns wide enough to read it as it is."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in cells
    )
