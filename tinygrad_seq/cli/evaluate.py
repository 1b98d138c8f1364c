"""`tinygrad-seq eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..data import ByteVocab
from ..train.evaluate import evaluate as evaluated
from ..train.run import Run
from ..train.settings import read_text
from .backend import BackendOption, selected
from .debug import DebugOption
from .figures import losses, size
from .folder import quoted

__all__ = ["evaluate"]


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    text: Annotated[list[str], typer.Argument(metavar="TEXT...|stdlib|-", help="Text to predict, as for train.")],
    streams: Annotated[
        int, typer.Option(min=1, help="Parts read side by side, each from a zero state: 1 is exact, more is faster.")
    ] = 32,
    backend: BackendOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Measure how well a trained model predicts a text: its loss per character, with the state carried throughout.

    - `tinygrad-seq eval runs/demo my_script.py`
    """
    folder = Run.open(run)
    folder.change(backend=selected(backend))
    corpus = read_text(tuple(text), folder.vocab)
    nats = evaluated(folder.model(), corpus, streams=streams)
    print(f"Text: {size(corpus)}")
    if isinstance(folder.vocab, ByteVocab):
        print(f"{losses(nats)} per byte")
        nats *= (len(corpus) - 1) / max(1, len(corpus.text) - 1)
    print(f"{losses(nats)} per character")
    print(f"Next: tinygrad-seq sample {quoted(run)}")
