"""How well a language model predicts a text."""

from __future__ import annotations

from .. import functional as F
from ..autograd import no_grad
from ..data import IGNORE, Corpus
from ..models import CharLM

__all__ = ["evaluate"]


def evaluate(model: CharLM, corpus: Corpus, *, streams: int = 32, window: int = 100) -> float:
    """Return -mean ln P(x_{t+1} | x_1 .. x_t) over a whole text, in nats per symbol, with the state carried throughout.

    Every symbol but the first is predicted once. The text is read as `streams` parallel parts, each from a zero state:
    more of them is faster, one is exact. Divide by ln 2 for bits.
    """
    streams = max(1, min(streams, (len(corpus.ids) - 1) // window))
    was_training = model.training
    model.eval()
    total, count, state = 0.0, 0, None
    with no_grad():
        for batch in corpus.evaluation_batches(streams, window):
            logits, state = model(batch.x, state)
            total += F.cross_entropy(logits, batch.y, ignore_index=IGNORE, reduction="sum").item()
            count += int((batch.y != IGNORE).sum())
    model.train(was_training)
    return total / count
