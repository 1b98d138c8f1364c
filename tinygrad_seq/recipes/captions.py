"""What a picture shows, in words."""

from __future__ import annotations

import numpy as np

from ..data import PaddedBatch, Scenes, scenes
from ..models import Captioner
from .recipe import Recipe, Settings
from .supervised import Supervised

__all__ = ["CAPTIONS"]


class Captions(Supervised):
    """Pictures of two shapes, and captions; no picture of the test was learnt."""

    def __init__(self, scenes: Scenes, settings: Settings) -> None:
        learnt, tested = (
            seen(images, scenes.encode(captions))
            for images, captions in (
                (scenes.train_images, scenes.train_captions),
                (scenes.test_images, scenes.test_captions),
            )
        )
        super().__init__(learnt, tested, settings.batch_size, settings.seed)
        self.scenes = scenes
        self.model: Captioner = Captioner(
            learnt.ids.shape[1], len(scenes.vocab), settings.hidden_size, cell=settings.cell or "lstm"
        )

    def answers(self, batch: PaddedBatch) -> np.ndarray:
        """Return what the decoder writes, reading its own last character at each step."""
        return self.model.predict(batch.ids, batch.targets.shape[1])

    def given(self, i: int) -> str:
        """Return which picture it is."""
        return f"picture {i}"

    def text(self, answer: np.ndarray) -> str:
        """Return the characters."""
        return self.scenes.vocab.decode(answer).rstrip()


def seen(images: np.ndarray, captions: np.ndarray) -> PaddedBatch:
    """Return pictures as rows of pixels, with their captions."""
    pixels = images.reshape(len(images), -1)
    return PaddedBatch(pixels, np.full(len(pixels), pixels.shape[1]), captions)


def make(settings: Settings) -> Captions:
    """Draw pictures."""
    return Captions(scenes(train=settings.train, test=settings.test, seed=settings.seed), settings)


CAPTIONS = Recipe(
    name="captions",
    shape="one-to-many",
    about='pictures of two shapes into captions: "a small circle left of a large square"',
    settings=Settings(cell="gru", hidden_size=128, steps=4000, batch_size=64, lr=4e-3, train=40_000, test=1000),
    make=make,
)
