"""From one vector to a sequence: one-to-many."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from .. import ops
from ..data import IGNORE, PaddedBatch
from ..nn import Linear, Module
from ..nn.arguments import beside
from ..nn.state import LSTMState
from ..tensor import Tensor
from .cells import CellName, recurrent
from .inference import inference

__all__ = ["Captioner"]


class Captioner(Module):
    """A dense layer makes the first state of a decoder out of a vector x; the decoder writes y_1 .. y_U from there.

    h_0 = tanh(W_xh relu(W_x x + b_x) + b_h),  P(y_u | y_1 .. y_{u-1}, x) = softmax(W h_u + b); an LSTM's c_0 is h_0.
    Shapes: x (batch, input_size); y (batch, U), whole numbers; logits (batch, U, target_size). Source: Vinyals et al.,
    Show and Tell, 2015.
    """

    def __init__(
        self,
        input_size: int,
        target_size: int,
        hidden_size: int = 128,
        *,
        cell: CellName = "lstm",
        dtype: Any = "float32",
    ) -> None:
        self.start = target_size
        self.see = Linear(input_size, hidden_size, dtype=dtype)
        self.begin = Linear(hidden_size, hidden_size, dtype=dtype)
        self.decoder = recurrent(cell, target_size + 1, hidden_size, 1, 0.0, dtype=dtype)
        self.head = Linear(hidden_size, target_size, dtype=dtype)
        self.has_cell_state = cell in ("lstm", "mlstm")

    def first_state(self, x: Any) -> Any:
        """Return the state that the decoder starts from."""
        h = ops.expand_dims(ops.tanh(self.begin(ops.relu(self.see(x)))), axis=0)
        return LSTMState(h, h) if self.has_cell_state else h

    def forward(self, x: Any, y: Any) -> Tensor:
        """Return the scores of every symbol, where the decoder reads the true symbols before it."""
        y = np.asarray(y)
        reads = np.concatenate([np.full((len(y), 1), self.start), np.where(y == IGNORE, self.start, y)[:, :-1]], axis=1)
        output, _ = self.decoder(reads, self.first_state(beside(x, self.head.weight)))
        return self.head(output)

    def loss(self, batch: PaddedBatch, state: None = None) -> tuple[Tensor, None]:
        """Return the mean cross-entropy of a batch in nats per symbol; `batch.ids` are the vectors x."""
        logits = self(batch.ids, batch.targets)
        return F.cross_entropy(logits, beside(batch.targets, logits), ignore_index=IGNORE), None

    def predict(self, x: Any, length: int) -> np.ndarray:
        """Return the text written greedily, (batch, length): each step reads the symbol that the last one chose."""
        with inference(self):
            state = self.first_state(beside(x, self.head.weight))
            reads: Any = np.full((len(x), 1), self.start)
            written = []
            for _ in range(length):
                output, state = self.decoder(reads, state)
                reads = self.head(output).argmax(axis=-1)
                written.append(reads)
        return ops.concat(written, axis=1).numpy()
