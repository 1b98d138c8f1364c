"""A page that is a table: its rows under the headings of their sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Row = TypeVar("Row")


def in_sections(intro: str, table: Mapping[str, Sequence[Row]], entry: Callable[[Row], str]) -> str:
    parts = [intro]
    for section, rows in table.items():
        parts.append(f"## {section}")
        parts += map(entry, rows)
    return "\n\n".join(parts) + "\n"
