"""The kernel of one kind of cell with compiled loops; all else is that of the plain one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

from ..kernels.cell import Cell
from ..kernels.inputs import Input, OneHot
from ..kernels.sequence import Kept, SequenceKernel
from ..kernels.stepper import Stepper
from . import loops
from .cell import Rows
from .jit import TYPES
from .layout import NO_ROWS, NONE, plain
from .packed import packed
from .products import ShardedProducts
from .shards import in_shards
from .stepper import CompiledStepper

__all__ = ["CompiledKernel"]


class CompiledKernel(SequenceKernel):
    """`weights` of a cell are the named tuple that the compiled loops take."""

    products = ShardedProducts()

    def __init__(self, cell: Callable[..., Cell], parts: int, weights: Callable[[Any], Any]) -> None:
        super().__init__(cell, parts)
        self.weights = weights
        self.failures: dict[Any, str] = {}

    def obstacle(self, dtype: Any) -> str:
        """Return why numbers of a type go through the plain loops, empty where they do not."""
        if dtype not in TYPES:
            return "only float32 and float64 are compiled"
        return self.failures.get(dtype, "")

    def is_plain(self, new: np.ndarray) -> bool:
        """Tell whether the plain loops do it, (parts, T, B, H): a step alone is done before its matrix is packed."""
        return new.shape[1] == 1 or bool(self.obstacle(new.dtype))

    def stepper(self, *weights: Any, **settings: Any) -> Callable[..., tuple[Any, ...]]:
        cell = partial(self.cell, **settings)
        if self.obstacle(weights[0].dtype):
            return Stepper(cell, self.parts, weights)
        return CompiledStepper(cell, self.parts, weights, partial(self.of, turned=np.transpose), self.failed)

    def through(self, cell: Cell, x: Input, mask: Any, reset: Any, memory: Kept, reverse: bool) -> None:
        if self.is_plain(memory.new):
            super().through(cell, x, mask, reset, memory, reverse)
            return
        prev, new, kept = tuple(memory.prev), tuple(memory.new), memory.kept
        T, B, H = new[0].shape
        weights, mask_or_none, reset_or_none = self.of(cell, np.transpose), flags(mask), flags(reset)
        b_x = np.zeros(len(cell.W_x), new[0].dtype) if cell.b_x is None else plain(cell.b_x)
        if isinstance(x, OneHot):
            entering, at = x.picked(cell.W_x, cell.b_x)
            at, W_x = (at.astype(np.int64) % len(entering)).reshape(T, B), packed(entering[:0])
        else:
            entering, at, W_x = plain(x.x), NO_ROWS, packed(plain(cell.W_x).T)

        def of_rows(first: int, stop: int) -> None:
            rows = Rows(prev, new, kept, first, stop)
            loops.through(weights, entering, W_x, b_x, at, rows, mask_or_none, reset_or_none, reverse)

        if not self.ran(of_rows, B, T * B * H * cell.width, memory.new.dtype):
            super().through(cell, x, mask, reset, memory, reverse)

    def back(
        self,
        cell: Cell,
        dy: np.ndarray,
        dstate: np.ndarray,
        mask: Any,
        reset: Any,
        memory: Kept,
        reverse: bool,
        D: np.ndarray,
    ) -> None:
        if self.is_plain(memory.new):
            super().back(cell, dy, dstate, mask, reset, memory, reverse, D)
            return
        prev, new, kept = tuple(memory.prev), tuple(memory.new), memory.kept
        T, B, H = new[0].shape
        weights, dy, mask_or_none, reset_or_none = self.of(cell, np.asarray), plain(dy), flags(mask), flags(reset)

        def of_rows(first: int, stop: int) -> None:
            rows = Rows(prev, new, kept, first, stop)
            loops.back(weights, dy, dstate, D, rows, mask_or_none, reset_or_none, reverse)

        if not self.ran(of_rows, B, T * B * H * cell.width, memory.new.dtype):
            super().back(cell, dy, dstate, mask, reset, memory, reverse, D)

    def ran(self, of_rows: Callable[[int, int], Any], B: int, multiplications: int, dtype: Any) -> bool:
        """Run compiled loops in shards; tell whether they compile, which is known before anything is written."""
        try:
            in_shards(of_rows, B, multiplications)
        except NumbaError as e:
            self.failed(dtype, e)
        return dtype not in self.failures

    def failed(self, dtype: Any, error: Any) -> None:
        """Remember why loops do not compile, by an error of numba."""
        self.failures[dtype] = f"numba does not compile it ({error.msg.partition(chr(10))[0]})"  # str() may be coloured

    def of(self, cell: Cell, turned: Callable[[np.ndarray], np.ndarray]) -> Any:
        """Return the weights for the compiled loops, matrices packed: W^T for the way there, W for the way back."""

        def given(w: Any) -> Any:
            if not isinstance(w, np.ndarray):
                return w
            return packed(turned(plain(w))) if w.ndim == 2 else plain(w)

        weights = self.weights(cell)
        return type(weights)(*map(given, weights))


def flags(rows: Any) -> np.ndarray:
    return NONE if rows is None else plain(rows)
