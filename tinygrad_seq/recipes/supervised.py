"""Tasks with a right answer for each example: a class, or a text."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from ..data import PaddedBatch
from .recipe import Example, Figures, Task

__all__ = ["Supervised"]


class Supervised(Task):
    """Examples to learn from and others to be tested on, both as one large batch each."""

    def __init__(self, learnt: PaddedBatch, tested: PaddedBatch, batch_size: int, seed: int) -> None:
        self.learnt, self.tested = learnt, tested
        self.batch_size, self.seed = min(batch_size, len(learnt.ids)), seed
        self.unit = "character" if learnt.targets.ndim == 2 else "case"
        self.units = self.batch_size * int(np.prod(learnt.targets.shape[1:]))

    @abstractmethod
    def answers(self, batch: PaddedBatch) -> np.ndarray:
        """Return the net's answers, in the form of `batch.targets`; a text is written without the right one's help."""

    @abstractmethod
    def given(self, i: int) -> str:
        """Return test example i in words."""

    @abstractmethod
    def text(self, answer: np.ndarray) -> str:
        """Return an answer in words."""

    def batches(self, steps: int) -> Iterator[PaddedBatch]:
        """Yield batches: every example once, in a new order, before one comes again; a rest too small is left out."""
        rng = np.random.default_rng(self.seed)
        n, per_epoch = len(self.learnt.ids), len(self.learnt.ids) // self.batch_size
        for step in range(steps):
            if step % per_epoch == 0:
                order = rng.permutation(n)
            first = step % per_epoch * self.batch_size
            yield rows(self.learnt, order[first : first + self.batch_size])

    def measure(self) -> Figures:
        """Return the share of whole answers that are right, and of characters."""
        return self.share_right(self.answers(self.tested))

    def share_right(self, answers: np.ndarray) -> Figures:
        """Return the share of answers that are right; one answer alone is given to all."""
        right = answers == self.tested.targets
        if right.ndim == 1:
            return {"right": float(right.mean())}
        return {"exact": float(right.all(axis=1).mean()), "characters": float(right.mean())}

    def floors(self) -> dict[str, Figures]:
        """Return what the commonest answer reaches (of a text, that at each place), and the nearest example's."""
        commonest = np.apply_along_axis(lambda column: np.bincount(column).argmax(), 0, self.learnt.targets)
        blind = np.broadcast_to(commonest, self.tested.targets.shape)
        copied = self.learnt.targets[nearest(self.tested.ids, self.learnt.ids)]
        return {
            "the commonest answer" + " at each place" * (blind.ndim == 2): self.share_right(blind),
            "the answer of the most similar training example": self.share_right(copied),
        }

    def examples(self) -> list[Example]:
        """Return the first thousand test examples."""
        few = rows(self.tested, np.arange(min(1000, len(self.tested.ids))))
        answers = self.answers(few)
        return [
            Example(self.given(i), self.text(wanted), self.text(said))
            for i, (wanted, said) in enumerate(zip(few.targets, answers, strict=True))
        ]

    def describe(self) -> str:
        """Return how many examples there are."""
        return f"{len(self.learnt.ids):,} examples to learn from, {len(self.tested.ids):,} others to be tested on"


def rows(batch: PaddedBatch, chosen: np.ndarray) -> PaddedBatch:
    """Return some rows of a batch."""
    return PaddedBatch(*(part[chosen] for part in batch))


def nearest(asked: np.ndarray, known: np.ndarray, at_once: int = 100) -> np.ndarray:
    """Return for each row asked which known row is most similar: least squared distance, or most symbols in common."""
    if known.dtype.kind in "iu":
        symbols = np.arange(known.max() + 1)
        asked, known = ((a[:, :, None] == symbols).reshape(len(a), -1).astype(np.float32) for a in (asked, known))
    lengths = (known**2).sum(axis=1)
    chunks = (asked[i : i + at_once] for i in range(0, len(asked), at_once))
    return np.concatenate([(lengths - 2 * chunk @ known.T).argmin(axis=1) for chunk in chunks])
