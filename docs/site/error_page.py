"""The errors page: of each class a few lines that raise it, run when the page is made, and what they print."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tinygrad_seq import errors

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).with_name("errors")
INTRO = """# Errors and their cures

Every error of this package says what came, what was expected, where, and what to write instead. All inherit
[tinygrad_seq.errors.TinygradSeqError][] and the built-in error that a Python programmer would expect: `except` either.
Each program below was run when this page was made; under it stands what it printed, from the error's name on.
"""


def classes() -> list[type[Exception]]:
    """Return the errors in the order in which errors.py defines them, but for the base of all."""
    found = [value for value in vars(errors).values() if inspect.isclass(value) and value.__module__ == errors.__name__]
    return [error for error in found if error is not errors.TinygradSeqError]


def program(error: type[Exception]) -> str:
    return (PROGRAMS / f"{error.__name__}.py").read_text("utf-8")


def printed(error: type[Exception]) -> str:
    """Return what Python prints of the error that the program of a class ends with."""
    path = PROGRAMS / f"{error.__name__}.py"
    places = os.pathsep.join([str(ROOT), str(ROOT / "backends"), *filter(None, [os.environ.get("PYTHONPATH")])])
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(path)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": places},
            capture_output=True,
            text=True,
            check=False,
        )
    last = re.search(r"^[\w.]+: .*\Z", done.stderr, re.MULTILINE | re.DOTALL)
    if done.returncode != 1 or last is None:
        raise RuntimeError(f"{path.name} was to raise {error.__name__}; it ended with {done.returncode}: {done.stderr}")
    return last[0].rstrip()


def page() -> str:
    return "\n\n".join([INTRO, *map(entry, classes())]) + "\n"


def entry(error: type[Exception]) -> str:
    also = next(base.__name__ for base in error.__mro__ if base.__module__ == "builtins")
    return (
        f"## {error.__name__}\n\n{inspect.getdoc(error)} Also a `{also}`: "
        f"[reference][tinygrad_seq.errors.{error.__name__}].\n\n"
        f"```python\n{program(error)}```\n\n```{{ .text .output }}\n{printed(error)}\n```"
    )
