"""What stands in a box: the operation or the name, and its shape, its value or its gradient."""

from __future__ import annotations

from math import prod
from typing import Literal

from ..record import Entry, Summary
from .grid import short
from .outline import Box

__all__ = ["Show", "lines"]

Show = Literal["shape", "value", "grad"]

SIGNS = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "divide": "÷",
    "negative": "−",
    "matmul": "@",
    "pow": "**",
    "sigmoid": "σ",
    "matrix_transpose": "ᵀ",
}


def lines(box: Box, show: Show) -> list[str]:
    """Return the lines of text in a box."""
    text = [f"… {box.folded} steps …", *place(box)] if box.folded else [title(box)]
    entry = box.entry
    if show == "grad" and box.gradient is not None:
        text.append(short(box.gradient))
    elif box.folded:
        return text
    elif show == "shape" and entry.shape:
        text.append(str(entry.shape))
    elif show == "value" and entry.value is not None and entry.kind != "constant":
        text.append(size(entry.value, entry))
        if entry.gradient is not None and alone(entry):
            text.append(f"grad {size(entry.gradient, entry)}")
    return text


def title(box: Box) -> str:
    """Return what a box is called."""
    entry = box.entry
    if len(box.operations) > 1:
        return together(box)
    if entry.kind == "result":
        return entry.name or f"{SIGNS.get(entry.op, entry.op)}[{entry.index}]"
    if entry.kind == "op":
        return operation(entry)
    if entry.kind == "constant" and entry.value is not None:
        return number(entry.value.max)
    return entry.name or entry.kind


def together(box: Box) -> str:
    """Return what several operations are called: the module they are one step of, or their number or names."""
    if box.t is not None and box.entry.path:
        return place(box)[0]
    few = len(box.operations) <= 3
    return " · ".join(
        [*place(box), *map(operation, box.operations)] if few else [*place(box), f"{len(box.operations)} ops"]
    )


def place(box: Box) -> list[str]:
    """Return the module path below the model, if there is one."""
    path = box.entry.path
    return [path.partition(".")[2] or path] if path else []


def operation(entry: Entry) -> str:
    """Return an operation as it is written in a formula, if it has a sign."""
    if entry.op == "getitem":
        return f"[{entry.settings.get('index', '')}]"
    if entry.op == "pow_constant":
        return f"** {entry.settings.get('n', '')}"
    if entry.op == "carry":
        return entry.name
    return SIGNS.get(entry.op, entry.op)


def alone(entry: Entry) -> bool:
    """Tell whether an entry is a single number."""
    return entry.shape is not None and prod(entry.shape) == 1


def size(summary: Summary, entry: Entry) -> str:
    """Return a single number as it is, an array by its length."""
    return number(summary.max) if alone(entry) else f"‖ ‖ {short(summary.norm)}"


def number(x: float | None) -> str:
    """Return a number in four digits.

    >>> number(3), number(0.70710678), number(-1234567.0)
    ('3', '0.7071', '-1.235e+06')
    """
    return "" if x is None else f"{x:.4g}"
