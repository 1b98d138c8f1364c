"""A recurrent net one step at a time, without a graph, masks and checks: of one short step they would be most.

The equations are the net's own (`op.stepper`): operations take arrays as they take tensors, at a fraction of the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from ..nn import LSTMState
from ..nn.recurrent import Recurrent
from ..scope import Watcher, Where, switched

__all__ = ["Change", "bare", "by_layer", "step"]

Change: TypeAlias = Callable[[int, tuple[Any, ...], Mapping[str, Any]], tuple[Any, ...]]
"""`change(layer, state, gates)` returns the state (each part (B, H)) that the layer goes on with; layers from 0."""


class Gates(Watcher):
    """Keeps what the equations of one step name."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def named(self, where: Where, values: Mapping[str, Any]) -> None:
        """Keep gates by their letters."""
        self.values |= values


def bare(x: Any) -> Any:
    """Return a tensor's array, off the graph; an array of a device stays inside a tensor, for its attributes differ."""
    if x is None:
        return None
    return x.data if type(x.data) is np.ndarray else x.detach()


def by_layer(state: Any) -> list[tuple[Any, ...]]:
    """Return the state of a net, (layers, B, H) in each part, as the parts (B, H) of each layer, off the graph."""
    parts = state if isinstance(state, LSTMState) else (state,)
    return list(zip(*(list(bare(part)) for part in parts), strict=True))


def step(
    net: Recurrent, x_t: Any, state: list[tuple[Any, ...]], change: Change | None = None
) -> tuple[Any, list[tuple[Any, ...]]]:
    """Return h_t (B, H) of the top layer, and the next state by layer; there is no dropout.

    `change` may put another state in a layer's place, before the next layer reads it.
    Shapes: x_t (B, I), or a tensor of integers (B,).
    """
    new = []
    for k, parts in enumerate(state):
        (suffix,) = net.suffixes(k)
        next_state = net.op.stepper(*map(bare, net.weights(suffix)), **net.settings())
        if change is None:
            result = next_state(x_t, *parts)
        else:
            gates = Gates()
            with switched(watcher=gates):
                result = next_state(x_t, *parts)
        result = result if isinstance(result, tuple) else (result,)
        new.append(result if change is None else change(k, result, gates.values))
        x_t = new[-1][0]
    return x_t, new
