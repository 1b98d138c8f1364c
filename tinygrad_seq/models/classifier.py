"""A classifier of sequences: many-to-one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..data import PaddedBatch
from ..nn import Dropout, Embedding, Linear, Module
from ..nn.arguments import beside
from ..tensor import Tensor
from .cells import CellName, recurrent
from .inference import inference

__all__ = ["SequenceClassifier"]


class SequenceClassifier(Module):
    """P(class | x_1 .. x_T) = softmax(W h_T + b), h_T from a recurrent net after the true last step of each row.

    `embedding_size=None` takes whole numbers as one-hot vectors, and vectors of `input_size` as they are. Shapes: x
    (batch, time) or (batch, time, input_size); lengths (batch,); logits (batch, classes).
    """

    def __init__(
        self,
        input_size: int,
        classes: int,
        hidden_size: int = 128,
        num_layers: int = 1,
        *,
        cell: CellName = "lstm",
        embedding_size: int | None = None,
        bidirectional: bool = False,
        dropout: float = 0.0,
        dtype: Any = "float32",
    ) -> None:
        self.embedding = None if embedding_size is None else Embedding(input_size, embedding_size, dtype)
        size = input_size if embedding_size is None else embedding_size
        self.rnn = recurrent(cell, size, hidden_size, num_layers, dropout, bidirectional=bidirectional, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.head = Linear(hidden_size * self.rnn.directions, classes, dtype=dtype)

    def forward(self, x: Any, lengths: Any = None) -> Tensor:
        """Return the scores of the classes."""
        inputs = x if self.embedding is None else self.embedding(beside(x, self.head.weight))
        return self.head(self.dropout(self.rnn(inputs, lengths=lengths).last))

    def loss(self, batch: PaddedBatch, state: None = None) -> tuple[Tensor, None]:
        """Return the mean cross-entropy of a batch in nats; there is no state to carry."""
        logits = self(batch.ids, batch.lengths)
        return F.cross_entropy(logits, beside(batch.targets, logits)), None

    def predict(self, x: Any, lengths: Any = None) -> np.ndarray:
        """Return the most likely class of every row, without dropout."""
        with inference(self):
            return self(x, lengths).argmax(axis=-1).numpy()
