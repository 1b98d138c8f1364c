"""The range of every setting that optimizers share, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConfigError

__all__ = ["checked"]

Range = tuple[str, Callable[[float], bool]]

NOT_NEGATIVE: Range = "0 or more, and finite", lambda x: 0 <= x < math.inf
FRACTION: Range = "at least 0 and below 1", lambda x: 0 <= x < 1
CLOSED_FRACTION: Range = "from 0 to 1", lambda x: 0 <= x <= 1  # momentum 1 is a ball without friction: legal, if lively

RANGES = {
    "lr": NOT_NEGATIVE,
    "lr_decay": NOT_NEGATIVE,
    "eps": NOT_NEGATIVE,
    "weight_decay": NOT_NEGATIVE,
    "initial_accumulator_value": NOT_NEGATIVE,
    "alpha": FRACTION,
    "rho": FRACTION,
    "betas": FRACTION,
    "momentum": CLOSED_FRACTION,
}


def checked(settings: Mapping[str, Any], who: str) -> dict[str, Any]:
    """Return the settings as plain Python numbers, which are weak: a NumPy float64 would widen float32 parameters.

    Raises ConfigError for one out of its range.
    """
    return {name: number(name, value, who) if name in RANGES else value for name, value in settings.items()}


def number(name: str, value: Any, who: str) -> Any:
    if name == "betas":
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise ConfigError(f"{who}: betas is a pair such as (0.9, 0.999), got {value!r}.")
        return tuple(in_range(name, b, value, who) for b in value)
    return in_range(name, value, value, who)


def in_range(name: str, x: Any, shown: Any, who: str) -> float:
    allowed, test = RANGES[name]
    try:
        x = float(x)
    except (TypeError, ValueError, OverflowError):
        x = math.nan
    if not test(x):
        raise ConfigError(f"{who}: {name} must be {allowed}, got {shown!r}.")
    return float(x)
