"""A task's training step in this library, through what any user would call."""

from __future__ import annotations

import string
from functools import partial
from typing import Any

import numpy as np

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq import models, nn, optim
from tinygrad_seq.data import Batch, CharVocab
from tinygrad_seq.engine.fused import Path
from tinygrad_seq.train.replay import Replay, gradients

from .task import Task

__all__ = ["VOCAB", "Reader", "TrainingStep", "char_lm"]

VOCAB = CharVocab(string.printable[:96])


class Reader(nn.Module):
    """The language model for vectors in place of symbols, (T, B, H): `models.CharLM` takes symbols only."""

    def __init__(self, task: Task) -> None:
        self.rnn = models.CELLS[task.cell](task.H, task.H, task.layers)
        self.head = nn.Linear(task.H, task.V)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        """Return the scores of every next symbol."""
        output, _ = self.rnn(x)
        return self.head(output)

    def loss(self, batch: Batch, state: None = None) -> tuple[tg.Tensor, None]:
        """Return the mean cross-entropy of a batch, which begins from a zero state."""
        return F.cross_entropy(self(batch.x), batch.y), None


def char_lm(task: Task) -> models.CharLM:
    """Return the language model of a task on symbols, with the task's weights."""
    size = task.H if task.input == "embedding" else None
    model = models.CharLM(VOCAB, task.H, task.layers, cell=task.cell, embedding_size=size)
    model.load_state_dict(state_dict(task))
    return model


def state_dict(task: Task) -> dict[str, np.ndarray]:
    """Return the task's weights under our names; we and PyTorch keep matrices the other way round."""
    outside = {"E": "embedding.weight", "W_ho": "head.weight", "b_o": "head.bias"}
    whole = {"W_ih": "rnn.weight_ih", "W_hh": "rnn.weight_hh", "b_ih": "rnn.bias_ih", "b_hh": "rnn.bias_hh"}

    def ours(name: str) -> str:
        return outside.get(name) or whole[name[:4]] + name[4:]

    return {ours(name): np.ascontiguousarray(W if name == "E" else W.T) for name, W in task.weights().items()}


class TrainingStep:
    """One step, whole (`step()`) or in its three parts; every step sees the same data.

    The whole one is that of `train(..., replay=True)`, which the command line and the demo take; its parts, and every
    step cell by cell, are what a loop of one's own does.
    """

    def __init__(self, task: Task, path: Path = "auto") -> None:
        x, y = task.data()
        if task.input == "dense":
            self.model: Any = Reader(task)
            self.model.load_state_dict(state_dict(task))
            x, y = tg.tensor(x), tg.tensor(y)
        else:
            self.model = char_lm(task)
            x, y = np.ascontiguousarray(x.T), np.ascontiguousarray(y.T)
        self.batch = Batch(x, y, step=0, starts_epoch=True)
        self.model.rnn.path = path
        self.optimizer = optim.Adam(self.model)
        parameters = list(self.optimizer.parameters().values())
        self.gradients = Replay(self.model, parameters) if path == "auto" else partial(gradients, self.model)

    def forward(self) -> tg.Tensor:
        """Return the loss, in nats per symbol, with its graph."""
        loss, _ = self.model.loss(self.batch)
        return loss

    def backward(self, loss: tg.Tensor) -> None:
        """Leave the gradient in the parameters."""
        self.optimizer.zero_grad()
        loss.backward()

    def update(self) -> None:
        """Move the parameters."""
        self.optimizer.step()

    def __call__(self) -> float:
        """Take the whole step; return the loss before it."""
        self.optimizer.zero_grad()
        loss, _ = self.gradients(self.batch, None)
        self.update()
        return loss.item()
