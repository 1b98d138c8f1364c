"""Which digit somebody wrote: a dense network, no time at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..data import PaddedBatch, split
from ..models.inference import inference
from ..nn import Linear, Module, Sequential
from ..nn.arguments import beside
from ..ops import relu
from ..tensor import Tensor
from .recipe import Figures, Recipe, Settings
from .supervised import Supervised, nearest

__all__ = ["DIGITS"]

BRIGHTEST = 16
HELD_OUT = 0.25


class Dense(Module):
    """P(class | x) = softmax(W_2 relu(W_1 x + b_1) + b_2).

    Shapes: x (batch, inputs), scores (batch, classes).
    """

    def __init__(self, inputs: int, hidden_size: int, classes: int) -> None:
        self.layers = Sequential(Linear(inputs, hidden_size), relu, Linear(hidden_size, classes))

    def forward(self, x: Any) -> Tensor:
        """Return the scores of the classes."""
        return self.layers(Tensor(x))

    def loss(self, batch: PaddedBatch, state: None = None) -> tuple[Tensor, None]:
        """Return the mean cross-entropy of a batch in nats."""
        scores = self(batch.ids)
        return F.cross_entropy(scores, beside(batch.targets, scores)), None


class Digits(Supervised):
    """Scikit-learn's digits, 8 x 8 pixels, a quarter of them held out."""

    def __init__(self, pixels: np.ndarray, digits: np.ndarray, settings: Settings) -> None:
        inside, outside = split(len(digits), HELD_OUT, settings.seed)
        learnt, tested = (PaddedBatch(pixels[part], np.full(len(part), 64), digits[part]) for part in (inside, outside))
        super().__init__(learnt, tested, settings.batch_size, settings.seed)
        self.model: Dense = Dense(pixels.shape[1], settings.hidden_size, 10)

    def floors(self) -> dict[str, Figures]:
        """Return what the commonest digit reaches, and the digit whose mean picture is most similar."""
        x, y = self.learnt.ids, self.learnt.targets
        means = np.stack([x[y == digit].mean(axis=0) for digit in range(10)])
        return {
            "the commonest digit": self.share_right(np.array(np.bincount(y).argmax())),
            "the digit whose mean picture is most similar": self.share_right(nearest(self.tested.ids, means)),
        }

    def answers(self, batch: PaddedBatch) -> np.ndarray:
        """Return the likeliest digits."""
        with inference(self.model):
            return self.model(batch.ids).argmax(axis=-1).numpy()

    def given(self, i: int) -> str:
        """Return which picture it is."""
        return f"picture {i}"

    def text(self, answer: np.ndarray) -> str:
        """Return the digit."""
        return str(answer)


def make(settings: Settings) -> Digits:
    """Take the pictures that come with scikit-learn."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return Digits((found.data / BRIGHTEST).astype(np.float32), found.target, settings)


DIGITS = Recipe(
    name="digits",
    shape="one-to-one",
    about="pictures of written digits, 8 x 8 pixels, to the digit (needs scikit-learn)",
    settings=Settings(hidden_size=64, steps=1500, batch_size=64, lr=5e-3),
    make=make,
)
