"""The hidden states of a forward pass, as tensors on its graph: what the analyses differentiate by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..scope import Call, Watcher, switched
from ..tensor import Tensor

__all__ = ["HiddenStates", "hidden_states"]


class HiddenStates(Watcher):
    """A watcher that keeps the last result of every time step, by module path: the hidden state h_t."""

    expand = True  # a kernel would show no steps

    def __init__(self) -> None:
        self.found: dict[str, dict[int, Tensor]] = {}

    def made(self, call: Call) -> None:
        """Keep a result, in place of the one before it at the same step."""
        path, t, backward = call.where
        if t is not None and not backward:
            self.found.setdefault(path, {})[t] = call.outputs[-1]

    def paths(self) -> list[str]:
        """Return the paths of the modules that marked time steps, in the order in which they ran."""
        return list(self.found)

    def of(self, path: str) -> list[Tensor]:
        """Return h_0, h_1, ... of the module at a path, by time, whatever the direction in which it ran."""
        steps = self.found[path]
        return [steps[t] for t in sorted(steps)]


@contextmanager
def hidden_states() -> Iterator[HiddenStates]:
    """Keep the hidden states of what runs inside the `with` block.

    >>> import tinygrad_seq as tg
    >>> with hidden_states() as states:
    ...     output, _ = tg.nn.GRU(2, 3)(tg.zeros((4, 1, 2)))
    >>> states.paths(), [h_t.shape for h_t in states.of("GRU.l0")]
    (['GRU.l0'], [(1, 3), (1, 3), (1, 3), (1, 3)])
    """
    watcher = HiddenStates()
    with switched(watcher=watcher):
        yield watcher
