"""A model's forward pass over a short text, drawn step by step with the gradient's fate."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import category

import numpy as np

from .. import functional as F
from .. import ops
from ..autograd import enable_grad, grad
from ..errors import ConfigError
from ..record import Entry, Record, record
from ..tensor import Tensor
from .grid import Column, Prediction, grid
from .page import Panels, page
from .svg import Picture
from .wording import Show

__all__ = ["unroll"]

LONGEST = 60  # symbols of the text in a heading


def unroll(
    model: Any,
    text: str,
    to: str | Path | None = None,
    *,
    panels: Panels | None = None,
    rolled: bool = False,
    show: Show = "grad",
) -> Picture:
    """Draw a language model reading `text`: a column per time step, a row per layer.

    The model reads all but the last symbol, without dropout; the cells show |dL/dh_t|, where L is the loss of
    predicting that last one. In a plain RNN it fades to the left, in an LSTM it lives longer. The picture is returned,
    and shows itself in Jupyter. `to` writes it (.svg), or writes the interactive page of the same run (.html), with
    every operation; the other arguments are those of `page`. The model and its gradients stay as they are.

    Raises:
        ConfigError: the model is no language model, the text has fewer than two symbols, the model marks no time steps,
            or `to` ends otherwise.
        DataError: the model does not know a symbol.
    """
    ids, logits, tape = recorded(model, text)
    vocab = model.vocab
    steps = tape.steps()
    paths = list(dict.fromkeys(path for path, _ in steps))
    if not paths:
        raise ConfigError("unroll: the model marks no time steps. Loop over them with `for x_t in scope.steps(x):`.")
    probabilities = ops.softmax(logits.detach()).numpy()[0]
    columns = [
        Column(
            shown(vocab, ids[t]),
            [hidden_gradient(steps.get((path, t), [])) for path in paths],
            Prediction(shown(vocab, p.argmax()), float(p.max())),
        )
        for t, p in enumerate(probabilities)
    ]
    picture = grid(columns, [path.partition(".")[2] or path for path in paths], shown(vocab, ids[-1]))
    if to is not None and Path(to).suffix == ".html":
        title = f"{type(model).__name__} reads “{text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}”"
        reads = [column.symbol for column in columns]
        page(tape, title=title, reads=reads, panels=panels, rolled=rolled, show=show).save(to)
    elif to is not None:
        picture.save(to)
    return picture


class Recorded(NamedTuple):
    """A text as symbols, the scores that a model gave when it had read all but the last, and what ran."""

    ids: np.ndarray
    logits: Tensor
    tape: Record


def recorded(model: Any, text: str) -> Recorded:
    """Let a model read a text, without dropout, and follow back the loss of the last symbol; raises as `unroll`."""
    if not hasattr(model, "vocab"):
        raise ConfigError(
            "unroll: expected a language model, with `model.vocab` and `logits, state = model(ids)`, such as CharLM; "
            f"got {type(model).__name__}.\n    What else runs is drawn from a record: "
            'with tg.record(gradients="parts", expand=True) as tape: ...; viz.page(tape).save("graph.html")'
        )
    ids = np.asarray(model.vocab.encode(text, strict=True), np.intp)
    if len(ids) < 2:
        raise ConfigError(
            f"unroll: the text is {text!r}; at least two symbols are needed, one to read and one to predict."
        )
    was_training = model.training
    model.eval()
    try:
        with enable_grad(), record(gradients="parts", expand=True) as tape:
            logits, _ = model(ids[None, :-1])
            loss = F.cross_entropy(logits[:, -1], Tensor(ids[-1:], backend=logits.backend))
            grad(loss, [parameter for parameter in model.parameters() if parameter.requires_grad])
    finally:
        model.train(was_training)
    return Recorded(ids, logits, tape)


def hidden_gradient(made: list[Entry]) -> float | None:
    """Return the gradient's length at the last result of a step: its hidden state."""
    return made[-1].gradient.norm if made and made[-1].gradient else None


def shown(vocab: Any, i: int) -> str:
    """Return a symbol as a box can show it: what would look like nothing is written as Python writes it."""
    if vocab.kind == "bytes" and i >= 0x80:
        return f"\\x{i:02x}"
    symbol: str = vocab.decode(np.array([i]))
    if symbol == " ":
        return "␣"
    if category(symbol).startswith("M"):
        return "◌" + symbol
    return symbol if symbol.isprintable() else repr(symbol)[1:-1]
