"""What a language model makes of a review: its cell state after the last byte, or after each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...data import ByteVocab, pad
from ...data.reviews import prepared
from ...errors import ConfigError
from ...models import CharLM
from ...models.inference import inference
from ...record import record
from ..cells.activity import layers_of

__all__ = ["cells", "features"]


def features(model: CharLM, reviews: Sequence[str], batch_size: int = 64) -> np.ndarray:
    """Return c_T of the top layer after each review, read as `data.prepared` has it from a zero state: (N, H).

    Reviews of like length are read side by side; what comes out does not depend on who stands beside whom.
    Raises ConfigError for a model that has no cell state, or does not read bytes.

    >>> from tinygrad_seq.models import CharLM
    >>> features(CharLM(ByteVocab(), 8, cell="mlstm"), ["Good.", "Not so good."]).shape
    (2, 8)
    """
    check(model)
    texts = [model.vocab.encode(prepared(review)) for review in reviews]  # type: ignore[arg-type]
    order = np.argsort([len(text) for text in texts], kind="stable")
    c = np.empty((len(texts), model.hidden_size), model.dtype)
    with inference(model):
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            ids, lengths = pad([texts[i] for i in rows])
            c[rows] = model.read(ids, lengths=lengths).state.c[-1].numpy()
    return c


def cells(model: CharLM, text: bytes) -> np.ndarray:
    """Return c_t of the top layer after every byte of a text, from a zero state: (T, H)."""
    check(model)
    ids = model.vocab.encode(text)  # type: ignore[arg-type]
    with inference(model), record(model, values=None, gradients=None, only=["c"]) as tape:
        model(ids[None])
    return tape.layers[layers_of(model)[-1]]["c"][:, 0]


def check(model: CharLM) -> None:
    """Raise ConfigError for a model without a cell state, or of another vocabulary than the 256 bytes."""
    if model.cell not in {"lstm", "mlstm"}:
        raise ConfigError(f"A {model.cell} has no cell state to read. Train one that has: --cell mlstm (or lstm).")
    if not isinstance(model.vocab, ByteVocab):
        raise ConfigError(f"This model reads {len(model.vocab)} characters, not bytes. Train one: --vocab bytes.")
