"""A small autodiff library for sequence models: build the graph, unroll it, look at it, train it. Not part of tinygrad.

>>> import tinygrad_seq as tg
>>> w = tg.tensor(2.0, requires_grad=True)
>>> loss = (w * 3 - 1) ** 2
>>> loss.backward()
>>> w.grad
tensor(30.)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import autograd, functional, ops, scope
from .autograd import detect_anomaly, enable_grad, grad, no_grad
from .backend import available_backends, get_backend, memory, use_backend
from .creation import arange, eye, full, linspace, ones, ones_like, rand, randn, zeros, zeros_like
from .engine import FusedOp, Op, Part
from .errors import TinygradSeqError
from .ops import *  # noqa: F403  the functions of `ops` are the library's own: tg.tanh, tg.concat
from .ops.foreign import OURS, foreign
from .random import manual_seed
from .record import record
from .tensor import Tensor, from_dlpack, from_numpy, tensor

if TYPE_CHECKING:
    from . import analysis, data, models, nn, optim, train, viz
    from .nn import explain

__version__ = "0.1.0"

__all__ = [
    "FusedOp", "Op", "Part", "Tensor", "TinygradSeqError",
    "arange", "eye", "from_dlpack", "from_numpy", "full", "linspace", "ones", "ones_like", "rand", "randn", "tensor",
    "zeros", "zeros_like",
    "detect_anomaly", "enable_grad", "explain", "grad", "manual_seed", "no_grad", "record",
    "available_backends", "get_backend", "memory", "use_backend",
    "analysis", "autograd", "data", "functional", "models", "nn", "ops", "optim", "scope", "train", "viz",
]  # fmt: skip
__all__ += ops.__all__

LATE = {"explain": "nn"}  # what is imported on first use, and from where; a subpackage is itself
LATE |= {name: name for name in ("analysis", "data", "models", "nn", "optim", "train", "viz")}

get_backend("numpy")  # its array types are how the other backends recognise an array of the host


def __getattr__(name: str) -> Any:
    """Import a subpackage on first use; answer another library's name with a function that says ours."""
    if name in LATE:
        module = import_module(f"{__name__}.{LATE[name]}")
        return module if LATE[name] == name else getattr(module, name)
    if name in OURS:
        return foreign(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
