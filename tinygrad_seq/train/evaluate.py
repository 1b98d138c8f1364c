"""How well a language model predicts a text."""

from __future__ import annotations

from .. import functional as F
from ..data import IGNORE, Corpus
from ..errors import DataError
from ..models import CharLM
from ..models.inference import inference
from ..nn.arguments import beside

__all__ = ["evaluate"]


def evaluate(model: CharLM, corpus: Corpus, *, streams: int = 32, window: int = 100) -> float:
    """Return -mean ln P(x_{t+1} | x_1 .. x_t) over a whole text, in nats per symbol, with the state carried throughout.

    Every symbol but the first is predicted once, without dropout. The text is read as `streams` parallel parts, each
    from a zero state, `window` symbols at a time: more streams are faster, one is exact. Where the parts would be
    shorter than a window, fewer are read. Divide by ln 2 for bits.

    Raises:
        DataError: the text has fewer than two symbols, or was encoded with another vocabulary than the model's.
    """
    if corpus.vocab != model.vocab:
        raise DataError(
            f"{corpus!r} has another vocabulary than the model, of {len(model.vocab)}: the same ids mean other symbols."
            "\n    Read the text with vocab=model.vocab."
        )
    streams = max(1, min(streams, (len(corpus) - 1) // window))
    total, count, state = 0.0, 0, None
    with inference(model):
        for batch in corpus.evaluation_batches(streams, window):
            logits, state = model(batch.x, state)
            y = beside(batch.y, logits)
            total += F.cross_entropy(logits, y, ignore_index=IGNORE, reduction="sum").item()
            count += int((batch.y != IGNORE).sum())
    return total / count
