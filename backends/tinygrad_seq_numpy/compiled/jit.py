"""How functions are compiled here, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np

__all__ = ["OPTIONS", "SOURCES", "TYPES", "compiled", "compiled_and_kept"]

F = TypeVar("F", bound=Callable[..., Any])

TYPES = (np.dtype(np.float32), np.dtype(np.float64))

# The zero-division check of Python's error model keeps loops from being vectorised. "contract" joins a product and a
# sum; nothing is assumed about NaN: what has diverged is to be seen.
OPTIONS: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}

compiled: Callable[[F], F] = numba.njit(**OPTIONS)
compiled_and_kept: Callable[[F], F] = numba.njit(cache=True, **OPTIONS)

# To tell whether its code on disk is stale, numba looks at the file of a function, not at those of what it calls. What
# a function encloses is a part of the key: with this one enclosed, any change in this package counts. The default of
# an argument would be one as well, but costs 10 us a call.
SOURCES = sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()
