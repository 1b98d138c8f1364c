"""Names that other libraries use: each is a function that says what ours is called."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Never, TypeVar, cast

from ..engine.apply import refuse_foreign
from ..errors import SpellingError

F = TypeVar("F", bound=Callable[..., Any])

OURS = {
    "absolute": "abs(x)",
    "amax": "max(x, axis=...)",
    "amin": "min(x, axis=...)",
    "bmm": "matmul(a, b)",
    "cat": "concat(xs, axis=...)",
    "clamp": "clip(x, min=..., max=...)",
    "concatenate": "concat(xs, axis=...)",
    "gather": "take_along_axis(x, indices, axis=...)",
    "index_select": "take(x, indices, axis=...)",
    "mm": "matmul(a, b)",
    "movedim": "permute_dims(x, axes)",
    "permute": "permute_dims(x, axes)",
    "power": "pow(a, b)",
    "repeat_interleave": "repeat(x, repeats, axis=...)",
    "transpose": "permute_dims(x, axes), swapaxes(x, i, j) or x.T",
    "unsqueeze": "expand_dims(x, axis=...)",
    "view": "reshape(x, shape)",
}


def foreign(name: str) -> Callable[..., Never]:
    """Return a function of that name which raises SpellingError."""

    def stub(*args: Any, **named: Any) -> Never:
        raise SpellingError(f"there is no {name}() here: write {OURS[name]}. Names are those of the Python Array API.")

    stub.__name__ = stub.__qualname__ = name
    stub.__doc__ = f"Not here: write {OURS[name]}."
    return stub


def spelled(f: F) -> F:
    """Make `f(..., dim=0)` raise a SpellingError that says axis=, as the operations themselves do."""

    @wraps(f)
    def checked(*args: Any, **named: Any) -> Any:
        try:
            return f(*args, **named)
        except TypeError:
            refuse_foreign(f.__name__, named)
            raise

    return cast(F, checked)
