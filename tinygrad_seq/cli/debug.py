"""The option `--debug`."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["DebugOption", "wants_traceback"]

KEY = "tinygrad_seq.debug"


def remember(ctx: typer.Context, debug: bool) -> bool:
    """Keep what the command was told where the group of commands finds it."""
    ctx.find_root().meta[KEY] = debug
    return debug


def wants_traceback(ctx: typer.Context) -> bool:
    """Tell whether a failure shall show where it happened."""
    return bool(ctx.meta.get(KEY))


DebugOption = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of a failure.", callback=remember, is_eager=True)
]
