"""Which path runs, and why: the cell loop, or a kernel for the whole sequence."""

from __future__ import annotations

from ..backend import owner
from ..scope import mode
from .module import Module
from .recurrent import Recurrent

__all__ = ["explain"]


def explain(module: Module) -> str:
    """Return one line per recurrent module below this one: the path that it takes, and the reason.

    >>> from tinygrad_seq import nn
    >>> print(nn.explain(nn.LSTM(8, 16, path="cell")))
    LSTM: cell loop, because path="cell" asks for it
    """
    lines = []
    watcher = mode.get().watcher
    for path, m in module.named_modules():
        if not isinstance(m, Recurrent):
            continue
        like = m.weight_ih_l0.data
        backend, kernel = owner(like).name, m.op.kernel(like)
        if m.path == "cell":
            said = 'cell loop, because path="cell" asks for it'
        elif kernel is None:
            said = f"cell loop, because the {backend} backend has no kernel for {m.op.name}"
            if m.path == "fused":
                said = f'an error when called: path="fused", and the {backend} backend has no kernel for {m.op.name}'
        elif watcher is not None and watcher.expand:
            said = "cell loop, because a watcher asks to see every step"
        else:
            made_with = owner(like).made_with(m.op.name, like.dtype, hidden_size=m.hidden_size, **m.settings())
            said = f"fused, by the {backend} backend's kernel for {m.op.name}, {made_with}"
        lines.append(f"{path or type(m).__name__}: {said}")
    return "\n".join(lines) or "no recurrent module here: every operation is its own node"
