"""From one sequence to another: many-to-many, the answer begun when the question has been read."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from .. import ops, random
from ..data import IGNORE, PaddedBatch
from ..errors import ConfigError
from ..nn import Attention, Dropout, Linear, Module
from ..nn.arguments import beside
from ..nn.state import LSTMState
from ..tensor import Tensor
from .cells import CellName, recurrent
from .inference import inference

__all__ = ["Seq2Seq"]


class Seq2Seq(Module):
    """An encoder reads x_1 .. x_S into its last state; a decoder starts from there and writes y_1 .. y_U.

    P(y_u | y_1 .. y_{u-1}, x) = softmax(W h_u + b), where the decoder reads y_{u-1} (a start symbol for u = 1).
    Shapes: x (batch, S) and y (batch, U), whole numbers; logits (batch, U, target_size). Source: Sutskever et al.,
    2014.

    `teacher_forcing` is the probability that a step of training reads the true y_{u-1} and not the model's own guess:
    1 is teacher forcing, 0 is free running as in `predict`, between them is scheduled sampling (Bengio et al., 2015).
    Dropout works between layers and before the output. With `attention` h_u is first what `nn.Attention` makes of it
    and of all states of the encoder, and `alignment` tells where it looked.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        hidden_size: int = 128,
        num_layers: int = 1,
        *,
        cell: CellName = "lstm",
        dropout: float = 0.0,
        teacher_forcing: float = 1.0,
        attention: bool = False,
        bidirectional: bool = False,
        dtype: Any = "float32",
    ) -> None:
        if not 0 <= teacher_forcing <= 1:
            raise ConfigError(f"teacher_forcing={teacher_forcing} is a probability, from 0 to 1.")
        if bidirectional and hidden_size % 2:
            raise ConfigError(f"hidden_size={hidden_size}: two directions share the units, so there is an even number.")
        self.start, self.teacher_forcing = target_size, teacher_forcing
        units = hidden_size // 2 if bidirectional else hidden_size
        self.encoder = recurrent(
            cell, source_size, units, num_layers, dropout, bidirectional=bidirectional, dtype=dtype
        )
        self.decoder = recurrent(cell, target_size + 1, hidden_size, num_layers, dropout, dtype=dtype)
        self.attention = Attention(hidden_size, dtype=dtype) if attention else None
        self.dropout = Dropout(dropout)
        self.head = Linear(hidden_size, target_size, dtype=dtype)

    def forward(self, x: Any, y: Any, lengths: Any = None) -> Tensor:
        """Return the scores of every symbol of the answer, where the decoder reads the true symbols before it."""
        memory, state = self.read(x, lengths)
        output, _ = self.decoder(self.shifted(np.asarray(y)), state)
        return self.scores(output, memory, lengths)

    def read(self, x: Any, lengths: Any) -> tuple[Tensor, Any]:
        """Return all states of the encoder (batch, S, H), and what the decoder starts from."""
        memory, state = self.encoder(x, lengths=lengths)
        if not self.encoder.bidirectional:
            return memory, state
        return memory, LSTMState(*map(joined, state)) if isinstance(state, LSTMState) else joined(state)

    def scores(self, output: Tensor, memory: Tensor, lengths: Any) -> Tensor:
        """Return the scores of the symbols for the decoder's states and the encoder's."""
        if self.attention is not None:
            output = self.attention(output, memory, lengths).output
        return self.head(self.dropout(output))

    def shifted(self, y: np.ndarray) -> np.ndarray:
        """Return what the decoder reads: the start symbol, then the answer but for its last symbol."""
        known = np.where(y == IGNORE, self.start, y)  # what is read behind the end is never judged
        return np.concatenate([np.full((len(y), 1), self.start), known[:, :-1]], axis=1)

    def free_running(self, x: Any, length: int, lengths: Any = None, y: np.ndarray | None = None) -> Tensor:
        """Return the scores of `length` symbols, where the decoder reads its own guess of the symbol before.

        With the answer y it reads the true one at some steps, see `told`. Raises ConfigError for a length below 1.
        """
        if length < 1:
            raise ConfigError(f"length={length}: how many symbols the answer has, at least 1.")
        told = {} if y is None else self.told(y)
        memory, state = self.read(x, lengths)
        reads: Any = np.full((len(x), 1), self.start)
        scores = []
        for u in range(length):
            output, state = self.decoder(told.get(u, reads), state)
            scores.append(self.scores(output, memory, lengths))
            reads = scores[-1].argmax(axis=-1)
        return ops.concat(scores, axis=1)

    def told(self, y: np.ndarray) -> dict[int, np.ndarray]:
        """Return the true symbols at the steps where a coin, a function of (seed, step, draw), says to read them."""
        truth = self.shifted(y)
        coins = np.random.default_rng(random.next_key()).random(truth.shape[1])
        return {int(u): truth[:, u : u + 1] for u in np.flatnonzero(coins < self.teacher_forcing)}

    def loss(self, batch: PaddedBatch, state: None = None) -> tuple[Tensor, None]:
        """Return the mean cross-entropy of a batch in nats per symbol; there is no state to carry between batches."""
        if self.teacher_forcing == 1:
            logits = self(batch.ids, batch.targets, batch.lengths)
        else:
            logits = self.free_running(batch.ids, batch.targets.shape[1], batch.lengths, batch.targets)
        return F.cross_entropy(logits, beside(batch.targets, logits), ignore_index=IGNORE), None

    def predict(self, x: Any, length: int, lengths: Any = None) -> np.ndarray:
        """Return the answer written greedily, (batch, length): each step reads the symbol that the last one chose."""
        with inference(self):
            return self.free_running(x, length, lengths).argmax(axis=-1).numpy()

    def alignment(self, x: Any, y: Any, lengths: Any = None) -> np.ndarray:
        """Return how much of each x_s went into each y_u, (batch, U, S), while y is written.

        Raises ConfigError for a model without attention.
        """
        if self.attention is None:
            raise ConfigError("this model has no attention: make it with attention=True and train it.")
        with inference(self):
            memory, state = self.read(x, lengths)
            output, _ = self.decoder(self.shifted(np.asarray(y)), state)
            return self.attention(output, memory, lengths).weights.numpy()


def joined(state: Tensor) -> Tensor:
    """Return the last states of both directions side by side: (layers * 2, B, H / 2) as (layers, B, H)."""
    n, B, H = state.shape
    return ops.reshape(ops.swapaxes(ops.reshape(state, (n // 2, 2, B, H)), 1, 2), (n // 2, B, 2 * H))
