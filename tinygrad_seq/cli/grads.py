"""`tinygrad-seq grads`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..analysis import study
from ..errors import ConfigError
from ..train.run import Run
from ..viz import unroll
from .backend import BackendOption, selected
from .debug import DebugOption
from .folder import quoted
from .graph import TEXT, TextOption, wrote

__all__ = ["grads"]


def grads(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folder of a run; others to compare it with.")],
    text: TextOption = TEXT,
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write, .html.")] = Path("credit.html"),
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Show where a model's gradients go: which step answers for which loss, why they fade, what truncation costs.

    With one run, fresh nets of each kind stand beside it; with several, these.

    - `tinygrad-seq grads runs/demo -o credit.html`

    - `tinygrad-seq grads runs/lstm runs/rnn --text "if x: return"`
    """
    if out.suffix != ".html":
        raise ConfigError(f"{out}: the page is written as .html. Give it such a name (-o credit.html).")
    folders = [Run.open(run) for run in runs]
    for folder in folders:
        folder.change(backend=selected(backend))
    model, *others = [folder.model() for folder in folders]
    beside = [(f"{run.name}: {other.cell}", other) for run, other in zip(runs[1:], others, strict=True)]
    unroll(model, text, to=out, panels=study(model, text, beside or None))
    wrote(out, f"tinygrad-seq sample {quoted(runs[0])}")
