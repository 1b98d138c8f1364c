"""Training and validation examples that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, overload

import numpy as np
import numpy.typing as npt

from tinygrad_seq.errors import ConfigError, DataError

Example = TypeVar("Example")


@overload
def split(
    examples: int, validation: float = 0.1, seed: int = 0
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]: ...
@overload
def split(
    examples: Sequence[Example], validation: float = 0.1, seed: int = 0
) -> tuple[list[Example], list[Example]]: ...
def split(
    examples: int | Sequence[Example], validation: float = 0.1, seed: int = 0
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]] | tuple[list[Example], list[Example]]:
    """A training and a validation part, drawn at random under `seed`, each in the order the examples came in.

    Args:
        examples: the examples, or how many there are: then the parts are their indices.
        validation: the share of the validation part, which gets one example at least and never all.
        seed: the same seed draws the same parts.

    Raises:
        DataError: there are fewer than two examples.

    >>> train, held_out = split(list("abcdefghij"), validation=0.2, seed=1)
    >>> len(train), len(held_out), sorted(train + held_out) == list("abcdefghij")
    (8, 2, True)
    """
    check_share(validation)
    n = examples if isinstance(examples, int) else len(examples)
    if n < 2:
        raise DataError(f"A split needs two examples at least, got {n}.")
    size = min(max(round(n * validation), 1), n - 1)
    held_out = np.zeros(n, bool)
    held_out[np.random.default_rng(seed).permutation(n)[:size]] = True
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    if isinstance(examples, int):
        return train, test
    return [examples[i] for i in train.tolist()], [examples[i] for i in test.tolist()]


def check_share(validation: float) -> None:
    """Raise a ConfigError unless 0 < validation < 1."""
    if not 0 < validation < 1:
        raise ConfigError(f"validation is the share held out, between 0 and 1 (0.1 is a tenth); got {validation}.")
