"""From text to text: the encoder-decoder on any pairs of texts."""

from __future__ import annotations

import numpy as np

from ..data import PaddedBatch, TextPairs
from ..models import Seq2Seq
from ..viz import Picture, alignment
from .recipe import Settings
from .supervised import Supervised, rows

__all__ = ["Pairs"]


class Pairs(Supervised):
    """Sources to read and targets to write, of one length each; read from the end if they stand `backwards`."""

    def __init__(self, pairs: TextPairs, settings: Settings, *, backwards: bool = False) -> None:
        learnt, tested = (whole(*pairs.encode(part)) for part in (pairs.train, pairs.test))
        super().__init__(learnt, tested, settings.batch_size, settings.seed)
        self.pairs, self.backwards = pairs, backwards
        V = len(pairs.vocab)
        self.model: Seq2Seq = Seq2Seq(
            V,
            V,
            settings.hidden_size,
            cell=settings.cell or "lstm",
            attention=bool(settings.attention),
            bidirectional=bool(settings.attention and settings.bidirectional),
        )

    def answers(self, batch: PaddedBatch) -> np.ndarray:
        """Return what the decoder writes, reading its own last character at each step."""
        return self.model.predict(batch.ids, batch.targets.shape[1])

    def given(self, i: int) -> str:
        """Return the source as it is written forwards."""
        source = self.pairs.test[i].source
        return (source[::-1] if self.backwards else source).strip()

    def text(self, answer: np.ndarray) -> str:
        """Return the characters."""
        return self.pairs.vocab.decode(answer).rstrip()

    def alignment(self, i: int = 0) -> Picture:
        """Draw where the net looks in source i of the test while it writes; ConfigError for one without attention."""
        asked = rows(self.tested, np.array([i]))
        answer = self.answers(asked)
        written = len(self.text(answer[0]))
        (weights,) = self.model.alignment(asked.ids, answer)
        decode = self.pairs.vocab.decode
        return alignment(decode(asked.ids[0]), decode(answer[0])[:written], weights[:written])


def whole(sources: np.ndarray, targets: np.ndarray) -> PaddedBatch:
    """Return texts of one length as a batch."""
    return PaddedBatch(sources, np.full(len(sources), sources.shape[1]), targets)
