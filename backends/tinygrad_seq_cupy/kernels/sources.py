"""The kernels' text, and what one of them is called."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["Function", "function", "text", "whole"]


class Function(NamedTuple):
    """One kernel: the text that it stands in, and its name there."""

    name: str
    source: str


@cache
def text(file: str) -> str:
    """Return what is in a file of this folder."""
    return (files(__package__) / file).read_text("utf-8")


@cache
def function(name: str) -> Function:
    """Return the kernel of that name; it begins with the name of its file: `lstm_forward` stands in lstm.cu."""
    return Function(name, whole(name.partition("_")[0]))


@cache
def whole(file: str) -> str:
    """Return all that is compiled of a kernel file; the compiler's messages count lines in the file itself."""
    return f'{text("common.cuh")}#line 1 "{file}.cu"\n{text(f"{file}.cu")}'
