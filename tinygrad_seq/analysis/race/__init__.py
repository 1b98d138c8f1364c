"""Optimizers side by side on surfaces that can be seen: the same start, the real classes of `optim`."""

from .contenders import CONTENDERS, Contender
from .recurrence import Line, recurrence
from .run import Path, Race, escape_rates, race
from .slice import rnn_slice
from .surfaces import SURFACES, Surface

__all__ = [
    "CONTENDERS",
    "SURFACES",
    "Contender",
    "Line",
    "Path",
    "Race",
    "Surface",
    "escape_rates",
    "race",
    "recurrence",
    "rnn_slice",
]
