"""Who computes: every backend by its name, NumPy's twice, plain and compiled."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from ...backend import Backend, get_backend, use_backend
from ...errors import BackendUnavailableError

__all__ = ["Contender", "contenders"]

SWITCH = "TINYGRAD_SEQ_NUMBA"
KERNEL = "LSTMSequence"


class Contender(NamedTuple):
    """A backend, and the environment variables that it computes under."""

    name: str
    backend: str
    variables: Mapping[str, str] = {}

    @contextmanager
    def active(self) -> Iterator[Backend]:
        """Compute by it inside the `with` block."""
        before = {variable: os.environ.get(variable) for variable in self.variables}
        os.environ.update(self.variables)
        try:
            with use_backend(self.backend) as backend:
                yield backend
        finally:
            for variable, value in before.items():
                if value is None:
                    os.environ.pop(variable, None)
                else:
                    os.environ[variable] = value

    def kernels(self) -> str:
        """Return what its kernels are made with."""
        with self.active() as backend:
            return backend.made_with(KERNEL, np.dtype(np.float32))


def contenders(backends: Sequence[str]) -> tuple[list[Contender], dict[str, str]]:
    """Return those that can run here, and of the others the reason. Raises BackendError for an unknown name."""
    able: list[Contender] = []
    unable: dict[str, str] = {}
    for name in dict.fromkeys(backends):
        try:
            get_backend(name)
        except BackendUnavailableError as error:
            unable[name] = str(error)
            continue
        if name != "numpy":
            able.append(Contender(name, name))
            continue
        plain, compiled = Contender("numpy, plain", name, {SWITCH: "0"}), Contender("numpy, compiled", name)
        able.append(plain)
        made_with = compiled.kernels()
        if made_with.startswith("compiled"):
            able.append(compiled)
        else:
            unable[compiled.name] = made_with
    return able, unable
