"""Steps one after the other in compiled loops, with weights that are laid out for them once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

from ..kernels.cell import Cell
from ..kernels.stepper import Stepper
from . import loops
from .cell import Rows
from .layout import NO_ROWS, NONE, plain
from .packed import Packed, packed

__all__ = ["CompiledStepper"]


class CompiledStepper(Stepper):
    """`of` lays out the weights of a cell; where the loops do not compile, the plain step does it."""

    def __init__(
        self,
        cell: Callable[..., Cell],
        parts: int,
        weights: Sequence[Any],
        of: Callable[[Any], Any],
        failed: Callable[[Any, NumbaError], None],
    ) -> None:
        super().__init__(cell, parts, weights)
        self.of, self.failed = of, failed

    def advance(self, x_t: np.ndarray, state: Sequence[np.ndarray], new: np.ndarray) -> None:
        if x_t.ndim == 1:
            entering, at, W_x = self.table, x_t.astype(np.int64)[None], self.nothing
        else:
            entering, at, W_x = plain(x_t), NO_ROWS, self.packed_W_x
        rows = Rows(tuple([plain(part)[None] for part in state]), tuple(new), self.kept, 0, self.rows)
        try:
            loops.through(self.laid_out, entering, W_x, self.b_x, at, rows, NONE, NONE, False)
        except NumbaError as e:
            self.failed(self.dtype, e)
            super().advance(x_t, state, new)

    @cached_property
    def laid_out(self) -> Any:
        """The weights as the compiled step takes them."""
        return self.of(self.cell)

    @cached_property
    def b_x(self) -> np.ndarray:
        """The bias, zeros where there is none."""
        b_x = self.cell.b_x
        return np.zeros(len(self.cell.W_x), self.dtype) if b_x is None else plain(b_x)

    @cached_property
    def packed_W_x(self) -> Packed:
        """W_x for vectors."""
        return packed(plain(self.cell.W_x).T)

    @cached_property
    def nothing(self) -> Packed:
        """What stands for W_x where its table is read."""
        return packed(self.table[:0])
