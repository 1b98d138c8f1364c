"""`tinygrad-seq sample`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..train.run import Run
from .backend import BackendOption, selected
from .debug import DebugOption
from .folder import quoted

__all__ = ["sample"]


def sample(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    prime: Annotated[
        str, typer.Option("--prime", "--primetext", help="Text that the model reads first; the sample begins with it.")
    ] = "",
    length: Annotated[int, typer.Option(min=0, help="Symbols to write.")] = 400,
    temperature: Annotated[
        float, typer.Option(min=0, help="Below 1 bolder in what it is sure of, above 1 wilder, 0 always the likeliest.")
    ] = 1.0,
    top_k: Annotated[int | None, typer.Option(min=1, help="Choose among the k likeliest symbols only.")] = None,
    top_p: Annotated[
        float | None, typer.Option(min=0, max=1, help="Choose among the fewest symbols that have this probability.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed writes the same text.")] = 0,
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Let a trained model write, symbol by symbol. The text goes to standard output, everything else does not.

    - `tinygrad-seq sample runs/demo --prime "def " --temperature 0.7`

    - `tinygrad-seq sample runs/demo --length 5000 --top-p 0.9 --seed 3 > sample.txt`
    """
    folder = Run.open(run)
    folder.change(backend=selected(backend))
    pieces = folder.model().stream(prime, length=length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    print(prime, end="", flush=True)
    for piece in pieces:
        print(shown(piece), end="", flush=sys.stdout.isatty())
    print(flush=True)
    print(f"\nNext: tinygrad-seq sample {quoted(run)} --temperature 0.5 --seed {seed + 1}", file=sys.stderr)


def shown(piece: str) -> str:
    """Return text as it may reach a terminal: control characters, which could move its cursor, as symbols."""
    if not sys.stdout.isatty():
        return piece
    return "".join(chr(0x2400 + ord(c)) if ord(c) < 0x20 and c not in "\n\t" else c for c in piece)
