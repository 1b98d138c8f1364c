"""The formula of an optimizer, read off its docstring, with numbers put in.

The docstrings of `optim` print each recurrence line by line. Here the lines that its settings switch on are found and
computed; a test holds every value beside what the class itself computes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from inspect import cleandoc
from typing import Any, NamedTuple

import numpy as np

from ...optim import Adam, Optimizer

__all__ = ["Line", "evaluated", "recurrence"]

TOKEN = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e-?\d+)?|[-+*/^(),]")
DECAY = "g = g + weight_decay p"
FUNCTIONS = {"sqrt": np.sqrt, "max": np.maximum}


class Line(NamedTuple):
    """`name = right`, where products have their sign: `m = b1 × m + (1 - b1) × g`."""

    name: str
    right: str


def recurrence(kind: type[Optimizer], settings: Mapping[str, Any]) -> list[Line]:
    """Return the lines of an optimizer's docstring that hold with these settings.

    >>> from tinygrad_seq.optim import SGD
    >>> for name, right in recurrence(SGD, {"momentum": 0.9, "nesterov": True}):
    ...     print(name, "=", right)
    u = g
    z = momentum × z + u
    p = p - lr × (u + momentum × z)
    """
    lines: list[Line] = []
    for printed in block(kind).splitlines():
        said, _, comment = (part.strip() for part in printed.partition("#"))
        if said.startswith("m, v, p as in Adam"):
            lines += recurrence(Adam, {**settings, "weight_decay": 0.0})
            continue
        if said == DECAY and not settings.get("weight_decay"):
            continue
        condition = re.match(r"(only )?(\w+)=True(?::\s+(.*)|,|$)", comment)
        if condition and condition[1] and not settings.get(condition[2]):
            continue
        if condition and condition[3] and settings.get(condition[2]):
            said = condition[3]
        elif re.match(r"\w+_t = ", comment):
            lines += parsed(comment)
        lines += parsed(said)
    return lines


def block(kind: type[Optimizer]) -> str:
    """Return what stands between the fences of a docstring."""
    found = re.search(r"```\n(.*?)\n```", cleandoc(kind.__doc__ or ""), re.DOTALL)
    return found[1] if found else ""


def parsed(text: str) -> list[Line]:
    """Return the equations of a printed line, parted by a comma and two spaces; words at their end are left out.

    >>> parsed("v_max = max(v_max, v),  v_hat = v_max / (1 - b2^t)")
    [Line(name='v_max', right='max(v_max, v)'), Line(name='v_hat', right='v_max / (1 - b2^t)')]
    """
    found = []
    for equation in text.split(",  "):
        name, _, right = equation.partition(" = ")
        found.append(Line(name.strip(), spaced(TOKEN.findall(right.partition(", the ")[0]))))
    return found


def spaced(tokens: Sequence[str]) -> str:
    """Return tokens as a formula with a sign in every product."""
    text = ""
    before = ""
    for part in tokens:
        is_factor = re.match(r"[\w(]", part) is not None
        if is_factor and re.fullmatch(r"\w[\w.]*|\)", before) and before not in FUNCTIONS:
            text += " × "
        between = part in "+-/" and before not in ("", "(")
        text += f" {part} " if between else part + (" " if part == "," else "")
        before = part
    return text


def evaluated(lines: Sequence[Line], values: Mapping[str, Any]) -> list[Any]:
    """Return what each line makes; `values` has every name as it is before the first.

    >>> evaluated([Line("z", "b × z + g"), Line("p", "p - z")], {"p": 1.0, "z": 2.0, "b": 0.5, "g": 1.0})
    [2.0, -1.0]
    """
    known, made = dict(values), []
    for line in lines:
        program = line.right.replace("×", "*").replace("^", "**")
        known[line.name] = eval(program, {"__builtins__": {}, **FUNCTIONS}, known)  # noqa: S307  our own docstrings
        made.append(known[line.name])
    return made
