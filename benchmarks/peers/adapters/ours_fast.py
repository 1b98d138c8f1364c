"""This library with the compiled kernels that the `fast` extra brings."""

import numba  # noqa: F401  without it this would be the row of `ours` again

from .ours import DISTRIBUTION, train, write

__all__ = ["DISTRIBUTION", "train", "write"]
