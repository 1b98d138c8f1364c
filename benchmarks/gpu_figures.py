"""What documents may say of times on a GPU: the newest file that `gpu_check` has written, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .report import RESULTS, table

__all__ = ["HEAD", "NOTHING", "newest", "quotation", "rows"]

HEAD = ("step", "ours, ms", "PyTorch, ms", "ratio", "PyTorch recorded, ms")
NOTHING = "**Nothing here has been measured on a GPU yet.**"


def newest(folder: Path = RESULTS) -> dict[str, Any] | None:
    """Return the results with the latest date in their name; None where no GPU has been measured."""
    files = sorted(folder.glob("gpu-*.json"), key=lambda path: path.stem[-10:])
    return json.loads(files[-1].read_text("utf-8")) if files else None


def rows(steps: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return one row per step: medians, and the ratio to PyTorch's eager one."""
    found = []
    for name, entry in steps.items():
        if isinstance(entry, str):
            found.append((name, entry, "", "", ""))
            continue
        mine, other, recorded = (median(entry.get(key)) for key in ("ours", "torch", "torch_graphed"))
        ratio = "" if mine is None or other is None else f"{mine / other:.2f}"
        found.append((name, *("" if ms is None else f"{ms:.3f}" for ms in (mine, other)), ratio, shown(recorded)))
    return found


def median(times: Any) -> float | None:
    """Return the median of times; None of what was not measured."""
    return times["median_ms"] if isinstance(times, dict) else None


def shown(ms: float | None) -> str:
    """Return milliseconds as text, nothing where there are none."""
    return "" if ms is None else f"{ms:.3f}"


def quotation(results: dict[str, Any] | None, kernels: str) -> str:
    """Return what docs/gpu.md has to say, word by word; `kernels` is the hash of those that are here now."""
    if results is None:
        return NOTHING
    device, day = results["device"], results["environment"]["date"]
    said = f"Measured on {device['name']}, driver {device['driver']}, {day}.\n\n{table(HEAD, rows(results['steps']))}"
    if results["kernels"] != kernels:
        said += "\n\nThe kernels have changed since."
    return said
