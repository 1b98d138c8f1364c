"""A recurrent net one step at a time, without a graph, masks and checks: of one short step they would be most.

The backend's kernel takes the step where it can (`kernel.stepper`); else the net's own equations do (`op.stepper`), in
operations that take arrays as they take tensors, at a fraction of the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from ..engine.variable import Leaf
from ..nn import LSTMState
from ..nn.recurrent import Recurrent
from ..scope import Watcher, Where, switched

__all__ = ["Change", "Stepwise", "bare", "by_layer"]

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
    if x is None or type(x) is np.ndarray:
        return x
    return x.data if type(x.data) is np.ndarray else x.detach()


def by_layer(state: Any) -> list[tuple[Any, ...]]:
    """Return the state of a net, (layers, B, H) in each part, as the parts (B, H) of each layer, off the graph."""
    parts = state if isinstance(state, LSTMState) else (state,)
    return list(zip(*(list(bare(part)) for part in parts), strict=True))


class Stepwise:
    """A net that takes one step at a time: `h_t, state = steps(x_t, state)`; there is no dropout.

    h_t (B, H) is that of the top layer, the state is by layer. What all steps share is made again after a weight has
    been written. `change` may put another state in a layer's place, before the next layer reads it; the equations then
    take the step, whose gates it is shown.
    Shapes: x_t (B, I), or integers (B,), as an array, or inside a tensor where it is a device's.
    """

    def __init__(self, net: Recurrent) -> None:
        self.net, self.seen = net, -1

    def __call__(
        self, x_t: Any, state: list[tuple[Any, ...]], change: Change | None = None
    ) -> tuple[Any, list[tuple[Any, ...]]]:
        """Take one step of every layer."""
        if self.seen != Leaf.last_write:
            self.seen, self.layers = Leaf.last_write, list(map(self.of_layer, range(self.net.num_layers)))
        new = []
        for k, (parts, (by_kernel, by_equations)) in enumerate(zip(state, self.layers, strict=True)):
            if change is not None:
                gates = Gates()
                with switched(watcher=gates):
                    result = by_equations(x_t, *parts)
                new.append(change(k, in_parts(result), gates.values))
            else:
                new.append(in_parts((by_kernel or by_equations)(x_t, *parts)))
            x_t = new[-1][0]
        return x_t, new

    def of_layer(self, k: int) -> tuple[Callable[..., Any] | None, Callable[..., Any]]:
        """Return the step of a layer by the backend's kernel, if it has one for arrays, and by the equations."""
        net = self.net
        (suffix,) = net.suffixes(k)
        weights, settings = tuple(map(bare, net.weights(suffix))), net.settings()
        by_kernel = None
        if net.path != "cell" and type(weights[0]) is np.ndarray:
            by_kernel = getattr(net.op.kernel(weights[0]), "stepper", None)
        return by_kernel and by_kernel(*weights, **settings), net.op.stepper(*weights, **settings)


def in_parts(state: Any) -> tuple[Any, ...]:
    """Return the parts of a state; that of a GRU or an RNN is one."""
    return state if isinstance(state, tuple) else (state,)
