"""A model's forward pass over a short text, drawn step by step with the gradient's fate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .. import functional as F
from .. import ops
from ..errors import ConfigError
from ..record import record
from .grid import Column, Prediction, grid
from .svg import Picture
from .text import visible

__all__ = ["unroll"]


def unroll(model: Any, text: str, to: str | Path | None = None) -> Picture:
    """Draw a language model reading `text`: a column per time step, a row per layer.

    The model reads all but the last symbol; the cells show |dL/dh_t|, where L is the loss of predicting that last one. In
    a plain RNN it fades to the left, in an LSTM it lives longer. `to` writes .svg or .html; the picture is returned, and
    shows itself in Jupyter. Raises ConfigError for a text of fewer than two symbols, DataError for symbols that the model
    does not know.
    """
    if len(text) < 2:
        raise ConfigError(
            f"unroll: the text is {text!r}; at least two symbols are needed, one to read and one to predict."
        )
    vocab = model.vocab
    ids = np.asarray(vocab.encode(text, strict=True), np.intp)
    was_training = model.training
    model.eval()
    with record() as tape:
        logits, _ = model(ids[None, :-1])
        loss = F.cross_entropy(logits[:, -1], ids[None, -1])
    loss.backward()
    model.zero_grad()
    model.train(was_training)
    steps = tape.steps()
    paths = list(dict.fromkeys(path for path, _ in steps))
    probabilities = ops.softmax(logits.detach()).numpy()[0]
    columns = [
        Column(
            shown(vocab.decode(ids[t : t + 1])),
            [hidden_gradient(steps.get((path, t), [])) for path in paths],
            Prediction(shown(vocab.decode(np.array([p.argmax()]))), float(p.max())),
        )
        for t, p in enumerate(probabilities)
    ]
    names = [path.partition(".")[2] or path for path in paths]
    picture = grid(columns, names, shown(vocab.decode(ids[-1:])))
    if to is not None:
        picture.save(to)
    return picture


def hidden_gradient(made: list[Any]) -> float | None:
    """Return the gradient's length at the last result of a step: its hidden state."""
    return made[-1].gradient_norm if made else None


def shown(symbol: str) -> str:
    """Return one symbol as a box can show it; a space would look like nothing."""
    return "␣" if symbol == " " else visible(symbol)
