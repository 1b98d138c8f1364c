"""Using a model rather than training it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..autograd import no_grad
from ..nn import Module

__all__ = ["inference"]


@contextmanager
def inference(model: Module) -> Iterator[None]:
    """Switch dropout and gradients off inside the block; afterwards every module is in the mode that it was in."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
