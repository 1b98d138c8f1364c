"""A student's file, and what its functions give back."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import wraps
from inspect import isclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ConfigError

__all__ = ["Answer", "WrongAnswerError", "kind", "load", "parted"]


class WrongAnswerError(Exception):
    """An answer that is not right; its text is for the student."""


def load(path: str | Path) -> ModuleType:
    """Return a student's file as a module. Raises ConfigError where there is none, and whatever the file itself raises.

    It is run in this very process: see `graded` for files of others.
    """
    path = Path(path)
    name = f"answer_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.exists() or spec is None or spec.loader is None:
        raise ConfigError(f"There is no {path}. Begin with: tinygrad-seq exercise new {path.stem}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where a dataclass looks for the names in its annotations
    spec.loader.exec_module(module)
    return module


class Answer:
    """The functions of a student's file; one that is missing, or returns nothing where it should, says so in words."""

    def __init__(self, module: ModuleType, returns: bool = True) -> None:
        self._module, self._returns = module, returns

    def __getattr__(self, name: str) -> Any:
        """Return what goes by that name in the file."""
        found = getattr(self._module, name, None)
        if found is None:
            raise WrongAnswerError(f"there is no `{name}` in the file: keep the names of the stub.")
        return returning(name, found) if self._returns and not isclass(found) else found


def returning(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises WrongAnswerError where the given one returns None."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        if value is None:
            raise WrongAnswerError(f"{name} returned None: is there a `return` at its end?")
        return value

    return called


def parted(function: str, value: Any, *names: str) -> tuple[Any, ...]:
    """Return what a function gave back as that many values. Raises WrongAnswerError where it is not."""
    if not isinstance(value, tuple | list) or len(value) != len(names):
        raise WrongAnswerError(
            f"{function} returns {', '.join(names)}: expected {len(names)} values, got {kind(value)}."
        )
    return tuple(value)


def kind(value: Any) -> str:
    """Return in words what a value is."""
    if value is None:
        return "None"
    shape = getattr(value, "shape", None)
    if shape is not None:
        return f"one array of shape {shape}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"{type(value).__name__} {value!r:.60}"
