"""One module after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """y = f_n(... f_2(f_1(x))); functions such as `tg.relu` may stand between the modules.

    Names are 0, 1, ... as in PyTorch.
    """

    def __init__(self, *layers: Module | Callable[[Any], Any]) -> None:
        self.layers = layers
        for name, layer in self.named_children():
            layer.__dict__["_name"] = name

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules among the layers, with their numbers."""
        for i, layer in enumerate(self.layers):
            if isinstance(layer, Module):
                yield str(i), layer

    def forward(self, x: Any) -> Any:
        """Return x passed through all layers."""
        for layer in self.layers:
            x = layer(x)
        return x
