"""The rows of the tables: an adapter, and the process that it runs in."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from ..task import NAMES, task

__all__ = ["LIBRARIES", "PEERS", "YARDSTICK", "Library"]


class Library(NamedTuple):
    """`environment` is set before the process starts; `threads`: it makes use of more than one."""

    adapter: str
    environment: tuple[tuple[str, str], ...] = ()
    threads: bool = False
    python: str = sys.executable


COMPILED, NOT_COMPILED = (("TINYGRAD_SEQ_NUMBA", "1"),), (("TINYGRAD_SEQ_NUMBA", "0"),)

LIBRARIES = {
    "ours": Library("ours", NOT_COMPILED, threads=True),
    "ours_fast": Library("ours_fast", COMPILED, threads=True),
    "ours_cell": Library("ours_cell", NOT_COMPILED),
    "torch": Library("torch", threads=True),
    "torch_cell": Library("torch_cell", threads=True),
    "jax": Library("jax", threads=True),
    "dezero": Library("dezero"),
    "mygrad": Library("mygrad"),
    "mygrad_layer": Library("mygrad_layer"),
    "autograd": Library("autograd"),
    "chainer": Library("chainer", python=os.environ.get("CHAINER_PYTHON", sys.executable)),
    "micrograd": Library("micrograd"),
    "numpy": Library("numpy", threads=True),
}
YARDSTICK = "torch"

TRAINED = (
    *("ours", "ours_fast", "ours_cell", "torch", "torch_cell", "jax"),
    *("dezero", "mygrad", "autograd", "chainer", "numpy"),
)
PEERS = {
    "chain": ("ours", "torch", "dezero", "mygrad", "autograd", "micrograd", "numpy"),
    "lstm": ("ours", "ours_cell", "torch", "torch_cell", "dezero", "mygrad", "autograd"),
    **{name: TRAINED + ("mygrad_layer",) * (task(name).cell == "gru") for name in NAMES},
    "write": ("ours", "ours_fast", "torch", "torch_cell"),
}
