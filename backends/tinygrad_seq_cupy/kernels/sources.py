"""The kernels' text, and what one of them is called."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["Function", "function", "text", "whole"]

INCLUDE = re.compile(r'^#include "([\w.]+)"$', re.MULTILINE)


class Function(NamedTuple):
    """One kernel: its name, the text that it stands in, and what the compiler is told beside it."""

    name: str
    source: str
    options: tuple[str, ...] = ()

    @property
    def is_grid(self) -> bool:
        """Whether all blocks of a launch meet, through the GPU's memory."""
        return bool(self.options) and not any(option.startswith("-DCLUSTER") for option in self.options)


@cache
def text(file: str) -> str:
    """Return what is in a file of this folder."""
    return (files(__package__) / file).read_text("utf-8")


@cache
def function(name: str, *options: str) -> Function:
    """Return the kernel of that name; it begins with the name of its file: `lstm_forward` stands in lstm.cu."""
    stems = (file.name.removesuffix(".cu") for file in files(__package__).iterdir() if file.name.endswith(".cu"))
    file = max((stem for stem in stems if name.startswith(f"{stem}_")), key=len)
    return Function(name, whole(file), options)


@cache
def whole(file: str) -> str:
    """Return all that is compiled of a kernel file: what it includes stands in it, for CuPy's cache goes by the text.

    The compiler's messages count lines in the files themselves.
    """
    return expanded(f"{file}.cu", set())


def expanded(file: str, met: set[str]) -> str:
    """Return a file with the files of this folder that it includes, each at its first place."""
    met.add(file)
    parts, line = [f'#line 1 "{file}"\n'], 0
    pieces = INCLUDE.split(text(file))
    for before, included in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        parts.append(before)
        line += before.count("\n")
        if included:
            parts.append("" if included in met else expanded(included, met))
            parts.append(f'\n#line {line + 1} "{file}"')
    return "".join(parts)
