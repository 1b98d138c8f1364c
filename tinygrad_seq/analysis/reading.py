"""A language model reading a text, without dropout: the loss of every prediction, and every hidden state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import functional as F
from ..autograd import enable_grad
from ..errors import ConfigError
from ..models.inference import evaluating
from ..nn.arguments import beside
from ..tensor import Tensor
from .hidden import HiddenStates, hidden_states

__all__ = ["Reading", "encoded", "read"]


@dataclass(frozen=True)
class Reading:
    """Losses L_t in nats, shape (T,), of predicting the symbol after x_t, on one graph with the hidden states."""

    losses: Tensor
    hidden: HiddenStates


def encoded(model: Any, text: str, at_least: int = 2) -> np.ndarray:
    """Return a text as the model's symbols. Raises ConfigError for too few, DataError for one that it does not know."""
    ids = np.asarray(model.vocab.encode(text, strict=True), np.intp)
    if len(ids) < at_least:
        raise ConfigError(f"The text {text!r} has {len(ids)} symbols; at least {at_least} are needed here.")
    return ids


def read(model: Any, text: str) -> Reading:
    """Let a model read all of a text but the last symbol, from a zero state.

    >>> from tinygrad_seq.data import CharVocab
    >>> from tinygrad_seq.models import CharLM
    >>> reading = read(CharLM(CharVocab("ab"), hidden_size=4), "abba")
    >>> reading.losses.shape, len(reading.hidden.of("CharLM.rnn.l0"))
    ((3,), 3)
    """
    ids = encoded(model, text)
    with evaluating(model), enable_grad(), hidden_states() as hidden:
        logits, _ = model(ids[None, :-1])
        losses = F.cross_entropy(logits[0], beside(ids[1:], logits), reduction="none")
    return Reading(losses, hidden)
