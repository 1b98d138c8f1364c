"""What is done to a row, whatever the cell."""

from __future__ import annotations

from typing import Any

from .jit import compiled

__all__ = ["add"]


@compiled
def add(x: Any, y: Any) -> None:
    """x = x + y"""
    for j in range(len(x)):
        x[j] += y[j]
