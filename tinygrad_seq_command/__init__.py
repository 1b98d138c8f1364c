"""The command `tinygrad-seq`: a package of its own, so that Ctrl-C is heard before the library is imported."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit: 0, 1 where something failed, 2 for a wrong call, 130 after Ctrl-C."""
    from .ctrl_c import listen

    listen()

    from tinygrad_seq.cli import main as run

    run()
