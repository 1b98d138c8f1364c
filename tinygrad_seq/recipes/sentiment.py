"""Whether a sentence is meant well: read to the end, then judged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np

from ..data import Labelled, PaddedBatch, contrasts, pad, sst2
from ..models import SequenceClassifier
from .recipe import Figures, Recipe, Settings
from .supervised import Supervised

__all__ = ["SENTIMENT"]

PADDING, UNKNOWN = 0, 1


class Sentiment(Supervised):
    """Sentences as words, and their moods. A word that no training sentence has is the unknown one."""

    def __init__(self, learnt: Sequence[Labelled], tested: Sequence[Labelled], settings: Settings) -> None:
        known = sorted({word for text, _ in learnt for word in words(text)})
        self.number = {word: i for i, word in enumerate(known, UNKNOWN + 1)}
        self.sentences = learnt, tested
        super().__init__(self.encoded(learnt), self.encoded(tested), settings.batch_size, settings.seed)
        self.model: SequenceClassifier = SequenceClassifier(
            UNKNOWN + 1 + len(known),
            2,
            settings.hidden_size,
            cell=settings.cell or "lstm",
            embedding_size=settings.hidden_size,
        )

    def encoded(self, examples: Sequence[Labelled]) -> PaddedBatch:
        """Return sentences as numbers of words."""
        ids, lengths = pad([[self.number.get(word, UNKNOWN) for word in words(text)] for text, _ in examples], PADDING)
        return PaddedBatch(ids, lengths, np.array([int(positive) for _, positive in examples]))

    def floors(self) -> dict[str, Figures]:
        """Return what the commoner mood reaches, and a bag of words."""
        return {
            "the commoner mood": self.share_right(np.array(np.bincount(self.learnt.targets).argmax())),
            "a bag of words (naive Bayes)": self.share_right(naive_bayes(*self.sentences)),
        }

    def answers(self, batch: PaddedBatch) -> np.ndarray:
        """Return the likelier moods."""
        return self.model.predict(batch.ids, batch.lengths)

    def given(self, i: int) -> str:
        """Return the sentence."""
        return self.sentences[1][i].text

    def text(self, answer: np.ndarray) -> str:
        """Return the mood."""
        return "positive" if answer else "negative"


def words(text: str) -> list[str]:
    """Return words and punctuation marks, in small letters.

    >>> words("It's dull, and long.")
    ['it', "'", 's', 'dull', ',', 'and', 'long', '.']
    """
    return re.findall(r"\w+|[^\w\s]", text.lower())


def naive_bayes(learnt: Sequence[Labelled], tested: Sequence[Labelled]) -> np.ndarray:
    """Return the moods, 1 or 0, by log P(mood) + sum over words of log P(word | mood), each word counted once more.

    Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, section 13.2.
    """
    counts = {mood: Counter(w for text, own in learnt if own == mood for w in words(text)) for mood in (True, False)}
    known = counts[True].keys() | counts[False].keys()
    totals = {mood: count.total() + len(known) for mood, count in counts.items()}
    weight = {w: log((counts[True][w] + 1) / totals[True] / (counts[False][w] + 1) * totals[False]) for w in known}
    share = sum(positive for _, positive in learnt) / len(learnt)
    # in one order for the same words: rounding must not tell two sentences of the same words apart
    scores = [log(share / (1 - share)) + sum(weight.get(w, 0.0) for w in sorted(words(text))) for text, _ in tested]
    return np.array([int(score > 0) for score in scores])


def make(settings: Settings) -> Sentiment:
    """Draw sentences, or read the treebank from a folder."""
    if settings.data:
        return Sentiment(sst2(settings.data, "train"), sst2(settings.data, "dev"), settings)
    drawn = contrasts(train=settings.train // 2, test=settings.test // 2, seed=settings.seed)
    return Sentiment(drawn.train, drawn.test, settings)


SENTIMENT = Recipe(
    name="sentiment",
    shape="many-to-one",
    about='moods of sentences such as "the tea was not so very good but the soup was good"; --data reads SST-2',
    settings=Settings(cell="gru", hidden_size=32, steps=300, batch_size=32, lr=5e-3, train=4000, test=1000, data=""),
    make=make,
)
