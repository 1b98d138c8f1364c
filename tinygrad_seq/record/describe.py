"""An operation's static attributes in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..backend import is_array
from ..engine import Variable

__all__ = ["result_name", "settings"]

LONGEST = 60


def settings(op: Any, args: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, str]:
    """Return the static attributes that one call was given, by name, as text."""
    given = {**dict(zip(getattr(op, "static", ()), args, strict=False)), **named}
    return {name: shortened(spelled(value)) for name, value in given.items() if value is not None}


def result_name(op: Any, i: int) -> str:
    """Return what an operation calls its result i, "" if it has no name for it."""
    names = getattr(op, "results", ())
    return names[i] if i < len(names) else ""


def spelled(value: Any) -> str:
    """Return a value as one would write it; an array by its type and shape.

    >>> spelled((slice(1, None), ..., 2)), spelled("h"), spelled(slice(None, None, -1))
    ('1:, ..., 2', 'h', '::-1')
    """
    if isinstance(value, Variable) or (is_array(value) and value.shape):
        return f"{value.dtype} {tuple(value.shape)}"
    if isinstance(value, slice):
        start, stop, step = ("" if part is None else spelled(part) for part in (value.start, value.stop, value.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(value, tuple):
        return ", ".join(map(spelled, value))
    return "..." if value is Ellipsis else str(value)


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
