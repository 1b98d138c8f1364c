"""`tinygrad-seq graph`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from ..train.run import Run
from ..viz import graph as drawn
from ..viz import unroll
from ..viz.unroll import recorded
from ..viz.wording import Show
from .backend import BackendOption, selected
from .debug import DebugOption
from .folder import quoted

__all__ = ["TEXT", "TextOption", "graph", "wrote"]

TEXT = "def __init__(self"
STEPS = 12
"""A longer text is folded in the middle of a picture; the page folds by itself."""
TextOption = Annotated[
    str, typer.Option("--text", help="What the model reads, a symbol per step, all but the last, which it predicts.")
]


def graph(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    text: TextOption = TEXT,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .html (interactive), .svg, .png, .pdf or .dot.")
    ] = Path("graph.html"),
    rolled: Annotated[bool, typer.Option("--rolled", help="Open the page with the loop rolled up.")] = False,
    show: Annotated[Show, typer.Option(help="What the boxes say.")] = "grad",
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Draw a trained model that reads a text: every step, every operation, every gradient.

    - `tinygrad-seq graph runs/demo --text "if x: return"`

    - `tinygrad-seq graph runs/demo --rolled --show value -o rolled.html`
    """
    if rolled and out.suffix != ".html":
        raise ConfigError(f"{out}: only the page can be rolled up. Write -o graph.html, or leave --rolled out.")
    folder = Run.open(run)
    folder.change(backend=selected(backend))
    if out.suffix == ".html":
        unroll(folder.model(), text, to=out, rolled=rolled, show=show)
    else:
        drawn(recorded(folder.model(), text).tape, show=show, steps=STEPS).save(out)
    wrote(out, f"tinygrad-seq grads {quoted(run)} --text {shlex.quote(text)}")


def wrote(out: Path, following: str) -> None:
    """Say what was written and what to try next."""
    print(f"Wrote: {out}" + ": open it in a browser." * (out.suffix == ".html"))
    print(f"Next:  {following}")
