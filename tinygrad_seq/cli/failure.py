"""What a failure is called on the terminal."""

from __future__ import annotations

import os
import sys
from concurrent.futures import BrokenExecutor

from ..errors import TinygradSeqError
from .ctrl_c import INTERRUPTED

__all__ = ["report"]

FAILED = 1


def report(error: BaseException) -> int:
    """Say on stderr what happened and the cure; return the exit code."""
    if isinstance(error, BrokenPipeError):
        # What is still in the buffer has no reader either: Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    try:
        say(message(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED


def message(error: BaseException) -> str:
    """Return what happened and the cure."""
    match error:
        case TinygradSeqError():
            return f"Error: {error}"
        case KeyboardInterrupt():
            return "Interrupted."
        case BrokenPipeError():
            return "Stopped: nobody reads the output any more."
        case ModuleNotFoundError():
            return f"Error: the package {error.name} is not installed. tinygrad-seq doctor tells what installs it."
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return f"Error: {where}{error.strerror or error}. Check the path, its permissions and the room on the disk."
        case MemoryError():
            return "Error: out of memory. Lower --batch-size, --seq-length or --hidden."
        case BrokenExecutor():
            return (
                "Error: a process of this sweep has died or was killed, and the others have ended with it. "
                "Was there too little memory? Fewer --processes take less. Give the same command again: it goes on."
            )
        case _:
            return (
                f"Error: {type(error).__name__}: {error}. This is a bug in tinygrad-seq: "
                "run the command again with --debug and report what it prints."
            )


def say(text: str) -> None:
    """Print to stderr, red where that is a terminal."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True).print(Text(text, style="red"), soft_wrap=True)
