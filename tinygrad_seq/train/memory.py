"""How much memory a run takes, reckoned before it is taken."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import OutOfMemoryError
from ..models.cells import CELLS
from ..nn import Parameter
from .room import available, shown
from .settings import OPTIMIZERS, Settings

__all__ = ["Need", "check", "of_model", "of_training"]

OF_A_LAYER = 20_000
"""Bytes of Python objects that a layer takes beside its weights."""
EVALUATED = 32 * 100
"""Symbols that an evaluation reads at once."""


class Need(NamedTuple):
    """Bytes, by what takes them."""

    weights: int
    optimizer: int = 0
    steps: int = 0
    text: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)

    def __str__(self) -> str:
        parts = (f"{name} {shown(size)}" for name, size in self._asdict().items() if size)
        return f"{shown(self.total)} ({', '.join(parts)})"


def of_model(settings: Settings, symbols: int) -> Need:
    """Reckon the memory of a model alone, for a vocabulary of so many symbols.

    A layer has g H (I + H + 2) weights, g being 4 in an LSTM; the head V (H + 1).
    """
    H, layers = settings.hidden_size, settings.num_layers
    gates = CELLS[settings.cell].gates
    below = symbols + (layers - 1) * H
    weights = gates * H * (below + layers * (H + 2)) + symbols * (H + 1)
    if settings.cell == "mlstm":
        weights += H * (below + layers * H)  # m_t, the state that a symbol chooses
    return Need(weights * np.dtype(settings.dtype).itemsize + layers * OF_A_LAYER)


def of_training(settings: Settings, symbols: int, length: int) -> Need:
    """Reckon the memory of a training on a text of that length, at its peak.

    Beside every weight stand its gradient and what the optimizer remembers; a checkpoint is made of copies. A step
    keeps of each symbol (g + 3) H numbers a layer, gates and states, as many again for the gradient of one layer, and
    the scores of V symbols, their exponentials and gradients.
    """
    size = np.dtype(settings.dtype).itemsize
    weights = of_model(settings, symbols).weights
    kept = 1 + slots(settings)
    gates = CELLS[settings.cell].gates
    own = 6 if settings.cell == "mlstm" else 3
    of_a_symbol = (settings.num_layers + 1) * (gates + own) * settings.hidden_size + 3 * symbols
    evaluated = min(EVALUATED, int(length * settings.validation))
    at_once = max(settings.batch_size * settings.seq_length, evaluated)
    return Need(weights * 2, weights * (kept - 1) + 2 * weights * kept, at_once * of_a_symbol * size, 8 * length)


def slots(settings: Settings) -> int:
    """Return how many numbers an optimizer remembers of each weight."""
    make, lr, options = OPTIMIZERS[settings.optimizer]
    optimizer = make([Parameter(0.0)], lr=lr, **options)
    return len(optimizer.slots(optimizer.settings(optimizer.param_groups[0])))


def check(need: Need) -> None:
    """Raise OutOfMemoryError where there is less memory than needed."""
    there = available()
    if there is not None and need.total > there:
        raise OutOfMemoryError(
            f"this needs about {need}, and there are {shown(there)}. Nothing was begun."
            "\n    Lower --hidden, --layers, --batch-size or --seq-length; or say how much it may take (--memory 64)."
        )
