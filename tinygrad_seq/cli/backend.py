"""Which backend a command uses, and why."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Literal, NamedTuple

import typer

from ..backend import get_backend
from ..errors import BackendUnavailableError, TinygradSeqError

__all__ = ["BackendName", "BackendOption", "Selection", "automatic", "selected"]

BackendName = Literal["auto", "numpy", "cupy"]

BackendOption = Annotated[
    BackendName,
    typer.Option(
        envvar="TINYGRAD_SEQ_BACKEND",
        help="Who computes. auto takes CuPy where it works, else NumPy; tinygrad-seq doctor tells which and why.",
    ),
]


class Selection(NamedTuple):
    """A backend and the reason for it."""

    name: str
    reason: str


def automatic() -> Selection:
    """Return CuPy where it is installed and works, else NumPy."""
    if find_spec("cupy") is None:
        return Selection("numpy", "CuPy is not installed")
    if find_spec("tinygrad_seq_cupy") is None:
        return Selection("numpy", "CuPy is installed, but this version has no backend for it")
    try:
        get_backend("cupy")
    except (TinygradSeqError, ImportError) as error:
        return Selection("numpy", f"CuPy does not work here: {error}")
    return Selection("cupy", "CuPy is installed and finds a GPU")


def selected(asked: BackendName) -> str:
    """Return the name of the backend to use; raises BackendUnavailableError where the one asked for cannot run here."""
    if asked == "auto":
        return automatic().name
    try:
        return get_backend(asked).name
    except ModuleNotFoundError as error:
        raise BackendUnavailableError(
            f"the backend {asked!r} cannot run here: there is no package {error.name}. "
            "Leave --backend out, or see tinygrad-seq doctor."
        ) from error
