"""Text that a model writes while one of its units is held."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ... import ops
from ...backend import owner
from ...data.reviews import BEFORE
from ...errors import ConfigError
from ...models import CharLM
from ...models.inference import inference
from ...models.sampling import choose, probabilities
from ...models.stepping import by_layer
from .features import check

__all__ = ["write_pinned"]


def write_pinned(
    model: CharLM,
    pins: Mapping[int, float],
    prime: str = BEFORE,
    *,
    length: int = 200,
    temperature: float = 1.0,
    seed: int = 0,
) -> str:
    """Return `length` bytes written after a prime, with units of the top layer's cell state held at values.

        c_{t-1}[unit] := value        before each byte is read, from the last one of the prime on

    Without pins it is `model.generate`'s text. The same seed draws the same random numbers, whatever is held.
    Raises ConfigError for a prime of fewer than two bytes, and for a model that has no cell state or reads no bytes.
    """
    check(model)
    rng = np.random.default_rng(seed)
    ids = model.vocab.encode(prime)
    if len(ids) < 2:
        raise ConfigError(f"The prime {prime!r} has {len(ids)} bytes; two are needed to hold a unit between them.")
    held, values = np.zeros((1, model.hidden_size), bool), np.zeros((1, model.hidden_size), model.dtype)
    held[0, list(pins)], values[0, list(pins)] = True, list(pins.values())
    to_backend = owner(model.head.weight.data).from_host
    held, values = to_backend(held), to_backend(values)
    with inference(model):
        state = by_layer(model.read(ids[None, :-1]).state)
    symbol, written = ids[-1:], []
    for _ in range(length):
        *below, (h, c) = state
        scores, state = model.after(symbol, [*below, (h, ops.where(held, values, c))])
        symbol = np.array([choose(rng, probabilities(scores, temperature))])
        written.append(symbol[0])
    return model.vocab.decode(written)
