"""The text that a command looks at: what the run held out, or what the user names."""

from __future__ import annotations

from typing import Annotated

import typer

from ..data import Corpus
from ..errors import ConfigError, DataError
from ..train.run import Run
from ..train.settings import read_text
from .folder import quoted

__all__ = ["LimitOption", "TextsOption", "held_out"]

TextsOption = Annotated[
    list[str] | None,
    typer.Option("--text", help="Files, folders, stdlib or - to read, as for train.", show_default="what was held out"),
]
LimitOption = Annotated[int, typer.Option(min=1000, help="Symbols to read at most.")]


def held_out(run: Run, text: list[str] | None) -> Corpus:
    """Return the text named, in the run's symbols, or the part of the run's own text that it never trained on.

    Raises ConfigError where the run held out nothing, DataError where its text is no longer there.
    """
    if text:
        return read_text(tuple(text), run.vocab)
    cure = f"Name a text that it has not seen: tinygrad-seq cells {quoted(run.folder)} --text FILE"
    if not run.settings.validation:
        raise ConfigError(f"{run.folder} held out nothing: all of its text was trained on. {cure}")
    try:
        _, kept = run.settings.split(run.corpus())
    except DataError as error:
        raise DataError(f"{error}\n    {cure}") from error
    if kept is None:
        raise ConfigError(f"{run.folder} held out nothing. {cure}")
    return kept
