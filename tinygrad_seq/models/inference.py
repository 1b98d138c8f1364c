"""Using a model rather than training it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..autograd import no_grad
from ..nn import Module

__all__ = ["evaluating", "inference"]


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Switch dropout off inside the block; afterwards every module is in the mode that it was in."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def inference(model: Module) -> Iterator[None]:
    """Switch dropout and gradients off inside the block."""
    with evaluating(model), no_grad():
        yield
