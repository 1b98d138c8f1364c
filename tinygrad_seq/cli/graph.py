"""`tinygrad-seq graph`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..data.vocab import UNKNOWN
from ..errors import ConfigError
from ..models import CharLM
from ..train.run import Run
from ..viz import graph as drawn
from ..viz import unroll
from ..viz.graph import FORMATS
from ..viz.unroll import recorded
from ..viz.wording import Show
from .backend import BackendOption, selected
from .debug import DebugOption
from .folder import quoted

__all__ = ["TextOption", "graph", "own_words", "wrote"]

LENGTH = 17
STEPS = 12
"""A longer text is folded in the middle of a picture; the page folds by itself."""
TextOption = Annotated[
    str | None,
    typer.Option(
        "--text",
        help="What the model reads, a symbol per step, all but the last, which it predicts.",
        show_default="what it writes itself",
    ),
]


def graph(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    text: TextOption = None,
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
    if out.suffix not in (".html", *FORMATS):
        raise ConfigError(f"{out}: expected a name that ends in .html (the page), {', '.join(FORMATS)} (a picture).")
    if rolled and out.suffix != ".html":
        raise ConfigError(f"{out}: only the page can be rolled up. Write -o graph.html, or leave --rolled out.")
    folder = Run.open(run)
    folder.change(backend=selected(backend))
    model = folder.model()
    read = own_words(model) if text is None else text
    if out.suffix == ".html":
        unroll(model, read, to=out, rolled=rolled, show=show)
    else:
        drawn(recorded(model, read).tape, show=show, steps=STEPS).save(out)
    wrote(out, f"tinygrad-seq grads {quoted(run)}" + (f" --text {shlex.quote(text)}" if text is not None else ""))


def own_words(model: CharLM) -> str:
    """Return a short text that a model writes itself, always the same: whatever it was trained on, it can read that."""
    written = model.generate(length=200)
    words = written.replace(UNKNOWN, "").strip()
    return (words if len(words) >= LENGTH else written)[:LENGTH]


def wrote(out: Path, following: str) -> None:
    """Say what was written and what to try next."""
    print(f"Wrote: {out}" + ": open it in a browser." * (out.suffix == ".html"))
    print(f"Next:  {following}")
