"""What was saved as JSON, checked against what would be saved now: the same keys, and values of the same types."""

from __future__ import annotations

from math import isfinite
from typing import Any

from ..errors import CheckpointError

__all__ = ["alike"]

LARGEST = 2**63


def alike(saved: Any, now: Any, where: str) -> None:
    """Raise CheckpointError that names the first place where two structures differ, other than in their numbers.

    Whole numbers are counts, from 0. Where there is no number yet (None) there may be one; an object that is still
    empty counts something by name.
    """
    match now:
        case dict():
            if not isinstance(saved, dict) or (now and saved.keys() != now.keys()):
                raise unlike(saved, where, f"an object with {', '.join(now)}" if now else "an object")
            for key, value in saved.items():
                alike(value, now[key] if now else 0, f"{where}.{key}")
        case list() | tuple():
            if not isinstance(saved, list) or len(saved) != len(now):
                raise unlike(saved, where, f"a list of {len(now)}")
            for i, (value, own) in enumerate(zip(saved, now, strict=True)):
                alike(value, own, f"{where}[{i}]")
        case bool() | str():
            if type(saved) is not type(now):
                raise unlike(saved, where, type(now).__name__)
        case int():
            if type(saved) is not int or not 0 <= saved < LARGEST:
                raise unlike(saved, where, "a count")
        case _:
            if not (saved is None and now is None) and not is_number(saved):
                raise unlike(saved, where, "a number")


def is_number(saved: Any) -> bool:
    """Tell whether this is a number that a training may have come to: a loss of 1e30 is one."""
    return isfinite(saved) if type(saved) is float else type(saved) is int and -LARGEST < saved < LARGEST


def unlike(saved: Any, where: str, expected: str) -> CheckpointError:
    """Return the error for a place that differs."""
    return CheckpointError(f"{where} is {saved!r:.60}, and {expected} is expected. It was written by another version.")
