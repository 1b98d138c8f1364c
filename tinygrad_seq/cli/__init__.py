"""The command `tinygrad-seq`: train, sample, evaluate, draw, and see what this machine has."""

from __future__ import annotations

import sys
from io import TextIOWrapper

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit: 0, 1 where something failed, 2 for a wrong call, 130 after Ctrl-C."""
    from .ctrl_c import listen

    listen()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # generated text may hold what the terminal cannot show

    from .app import app

    app(prog_name="tinygrad-seq")
