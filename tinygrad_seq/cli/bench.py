"""`tinygrad-seq bench`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..analysis.bench import (
    Machine,
    NoRoom,
    Row,
    Runner,
    Size,
    cases,
    compared,
    contenders,
    from_json,
    machine,
    runners,
    to_json,
)
from ..analysis.bench.report import METHOD, NUMBERS, TEXT_COLUMNS, cells_of, crossing_lines, page
from ..backend import available_backends
from ..errors import BackendUnavailableError, ConfigError, DataError
from ..models import CELLS
from .debug import DebugOption
from .graph import wrote

__all__ = ["bench"]

SIZES = ("32,32,32", "32,32,64", "32,32,128", "32,32,256")
SECONDS = 0.15
WIDTHS = (13, 13, 16, 4, 4, 5, 10, 15, 10, 8, 8, 7, 8)


def bench(
    backends: Annotated[
        list[str] | None,
        typer.Option(
            "--backend", "-b", help="Who computes; may be given several times.", show_default="all that there are"
        ),
    ] = None,
    cells: Annotated[
        list[str] | None,
        typer.Option("--cells", "-c", help=f"{', '.join(CELLS)}; several times.", show_default="rnn, lstm, gru"),
    ] = None,
    sizes: Annotated[
        list[str] | None,
        typer.Option(
            "--sizes",
            "-s",
            metavar="T,B,H",
            help="Steps, sequences, features; several times.",
            show_default=" ".join(SIZES),
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="File for the numbers.")] = None,
    merge: Annotated[
        list[Path] | None,
        typer.Option("--merge", help="Measure nothing: show what --json wrote, here or elsewhere; several times."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write.")] = Path("bench.html"),
    debug: DebugOption = False,
) -> None:
    """Time the backends against each other, and against what this machine can do at most.

    Only what computes the same is timed. About a minute, with the sizes that are given by default.

    - `tinygrad-seq bench --json here.json`

    - `tinygrad-seq bench --backend cupy --cells lstm --sizes 50,32,128 --sizes 50,32,512`

    - `tinygrad-seq bench --merge here.json --merge there.json`
    """  # fmt: skip
    if merge:
        if backends or cells or sizes:
            raise ConfigError("--merge measures nothing: leave out --backend, --cells and --sizes.")
        found = [one for path in merge for one in read(path)]
    else:
        found = [measure(backends or available_backends(), cells or ("rnn", "lstm", "gru"), sizes or SIZES)]
    for (case, kind, T, B), lines in crossing_lines(found).items():
        for line in lines:
            print(f"{case}, {kind}, T = {T}, B = {B}: {line}")
    if json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        json.write_text(to_json(found), "utf-8")
        print(f"Wrote: {json}")
    page(found).save(out)
    wrote(out, f"tinygrad-seq bench --merge {json or 'here.json'} --merge there.json")


def read(path: Path) -> list[Machine]:
    """Return the results in a file. Raises DataError that names it."""
    try:
        return from_json(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: this is no benchmark: it is not text.") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def measure(backends: Sequence[str], cells: Sequence[str], sizes: Sequence[str]) -> Machine:
    """Measure, and print what is found as it is."""
    asked = [size(text) for text in sizes]
    if strange := [cell for cell in cells if cell not in CELLS]:
        raise ConfigError(f"--cells {strange[0]}: expected one of {', '.join(CELLS)}.")
    able, unable = contenders(backends)
    for name, reason in unable.items():
        print(f"{name}: not measured: {reason}")
    if not able:
        raise BackendUnavailableError("nothing to measure: none of these backends can run here.")
    print(METHOD)
    who = runners(able)
    for one in who:
        print(f"{one.name}: {one.about['device']}, {one.kernels}.")
        print(f"    At most {one.peak.gflops:.4g} GFLOP/s in a product, {one.peak.gbytes:.4g} GB/s in a copy.")
    print(line(NUMBERS))
    rows: list[Row | NoRoom] = []
    for row in compared(able, who, cases(tuple(dict.fromkeys(cells))), asked, SECONDS):
        print(shown(row, who), flush=True)
        rows.append(row)
    return Machine({name: str(value) for name, value in machine().items()}, who, unable, rows)


def size(text: str) -> Size:
    """Return a size that was written as T,B,H."""
    numbers = text.split(",")
    if len(numbers) != 3 or not all(n.isascii() and n.isdecimal() and 0 < int(n) < 2**20 for n in numbers):
        raise ConfigError(f"--sizes {text}: expected T,B,H, three whole numbers from 1, such as 32,32,128.")
    return Size(*map(int, numbers))


def shown(row: Row | NoRoom, who: Sequence[Runner]) -> str:
    """Return a row as a line of the table."""
    return line(cells_of(row.runner, row, next(runner for runner in who if runner.name == row.runner)))


def line(cells: Sequence[str]) -> str:
    """Return cells in columns, numbers to the right."""
    aligned = [
        cell.ljust(width) if i < TEXT_COLUMNS else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    ]
    return " ".join(aligned).rstrip()
