"""Run one tutorial as a program and keep, cell by cell, what it prints, shows and draws.

    python tutorials/cells.py tutorials/04_backprop_through_time.py build/tutorials

It is the program that runs: one process, its cells in their order, as `__main__`. A cell's last expression is shown as
Jupyter shows it, and the files that it writes to `runs/tutorials` are copied. Into the folder build/tutorials/04_... go
these and `outputs.json`: the text of the program, whether it was shortened, how long it took, and the outputs.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import shutil
import sys
import time
from pathlib import Path
from types import ModuleType

import jupytext

DRAWN = Path("runs/tutorials")


def main(path, folder):
    tutorial, kept = Path(path), Path(folder) / Path(path).stem
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    sys.modules["__main__"] = program = ModuleType("__main__")
    program.__file__ = str(tutorial)
    before = time.perf_counter()
    outputs = [of_cell(code, tutorial, program, kept) for code in code_cells(tutorial)]
    found = {
        "program": tutorial.read_text("utf-8"),
        "short": bool(os.environ.get("TINYGRAD_SEQ_FAST")),
        "seconds": round(time.perf_counter() - before, 1),
        "outputs": outputs,
    }
    (kept / "outputs.json").write_text(json.dumps(found, indent=1), encoding="utf-8", newline="\n")


def code_cells(tutorial):
    """Find the code cells, each after as many empty lines as stand before it in the file: errors name its line."""
    lines = tutorial.read_text("utf-8").splitlines()
    at = 0
    for cell in jupytext.read(tutorial).cells:
        if cell.cell_type == "code":
            first = cell.source.partition("\n")[0]
            at = lines.index(first, at)
            yield "\n" * at + cell.source
            at += 1


def of_cell(code, tutorial, program, kept):
    """Return what a cell printed and showed, and the names of the files it wrote."""
    before = stamps()
    printed = io.StringIO()
    with contextlib.redirect_stdout(Tee(sys.stdout, printed)):
        body = ast.parse(code).body
        shown = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), tutorial, "exec"), vars(program))  # noqa: S102  our own tutorial
        if shown is not None:
            value = eval(compile(ast.Expression(shown.value), tutorial, "eval"), vars(program))  # noqa: S307
            if not hasattr(value, "_repr_svg_"):  # a picture is among the files
                sys.displayhook(value)
    written = sorted(path for path, stamp in stamps().items() if before.get(path) != stamp)
    for path in written:
        shutil.copy(path, kept)
    return {"text": printed.getvalue(), "files": [path.name for path in written]}


def stamps():
    return {path: path.stat().st_mtime_ns for path in DRAWN.glob("*") if path.is_file()}


class Tee(io.TextIOBase):
    """Text that goes to two places."""

    def __init__(self, *places):
        self.places = places

    def write(self, text):
        for place in self.places:
            place.write(text)
        return len(text)

    def flush(self):
        for place in self.places:
            place.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
