"""Which backend a command uses, and why."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from typing import Annotated, NamedTuple

import typer

from ..backend import get_backend
from ..errors import BackendUnavailableError

__all__ = ["BackendOption", "Selection", "automatic", "selected"]

NAMES = re.compile(r"auto|numpy|cupy(:\d+)?")


def checked(asked: str) -> str:
    """Return the name of a backend, which may say one of its GPUs."""
    if not NAMES.fullmatch(asked):
        raise typer.BadParameter(
            f"{asked!r} is none of auto, numpy, cupy, or cupy:0, cupy:1, ... for one of several GPUs."
        )
    return asked


BackendOption = Annotated[
    str,
    typer.Option(
        envvar="TINYGRAD_SEQ_BACKEND",
        metavar="auto|numpy|cupy|cupy:N",
        callback=checked,
        help="Who computes; cupy:1 is the second GPU. auto takes CuPy where it works, else NumPy; "
        "tinygrad-seq doctor tells which and why.",
    ),
]


class Selection(NamedTuple):
    """A backend and the reason for it."""

    name: str
    reason: str


def automatic() -> Selection:
    """Return CuPy where it is installed and works, else NumPy."""
    try:
        get_backend("cupy")
    except BackendUnavailableError as error:
        return Selection("numpy", str(error).partition("\n")[0].rstrip("."))
    return Selection("cupy", "CuPy is installed and finds a GPU")


def selected(asked: str) -> str:
    """Return the name of the backend to use; raises BackendUnavailableError where the one asked for cannot run here.

    Where `auto` falls back although CuPy is installed, one line on stderr says why.
    """
    if asked != "auto":
        return get_backend(asked).name
    name, reason = automatic()
    if name == "numpy" and find_spec("cupy") is not None:
        print(f"Computing with NumPy: {reason}. tinygrad-seq doctor says more.", file=sys.stderr)
    return name
