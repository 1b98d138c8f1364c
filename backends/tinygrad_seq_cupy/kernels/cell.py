"""What a cell says to its kernel: the launches of a step forward and of a step back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from .device import Device
from .inputs import Input
from .placement import Plan, Recurrence
from .sources import function
from .steps import Steps

__all__ = ["Cell", "named_gates"]

Kept = dict[str, Any]


class Cell(ABC):
    """The weights of one call, on a device. What is kept goes by name, arrays (T, B, ...)."""

    parts: ClassVar[tuple[str, ...]] = ("h",)
    recurrence: ClassVar[Recurrence] = ()  # the products of a step in one launch for all steps; none: there is none
    recurrence_back: ClassVar[Recurrence] = ()

    on: Device

    @abstractmethod
    def __init__(self, on: Device, *weights: Any, **settings: Any) -> None:
        """Take the weights of a call."""

    @classmethod
    def form(cls, **settings: Any) -> type[Cell]:
        """Return the class for these settings; a cell that has several forms says which."""
        return cls

    @abstractmethod
    def begin(self, x: Input, steps: Steps) -> Kept:
        """Project the input of all steps, and make room for what is kept."""

    @abstractmethod
    def forward(self, t: int, steps: Steps, kept: Kept) -> None:
        """Write the state after step t."""

    @abstractmethod
    def gradients_begin(self, steps: Steps) -> Kept:
        """Make room for the gradients of all that is made by a product, (T, B, ...) each."""

    @abstractmethod
    def backward(self, t: int, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        """Turn the gradient of the state after step t into that of the state before, in place, and write D at t."""

    def all_forward(self, plan: Plan, steps: Steps, kept: Kept) -> None:
        """Do all steps in one launch: as `forward`, one step after the other."""
        raise NotImplementedError

    def all_backward(self, plan: Plan, steps: Steps, kept: Kept, dy: Any, dstate: Sequence[Any], D: Kept) -> None:
        """Go back through all steps in one launch: as `backward`, one step after the other."""
        raise NotImplementedError

    @abstractmethod
    def gradients(self, x: Input, steps: Steps, kept: Kept, D: Kept, wanted: Sequence[bool]) -> list[Any]:
        """Return the gradients of the weights, those that are wanted."""

    @abstractmethod
    def reading(self, D: Kept) -> list[tuple[Any, Any]]:
        """Return the pairs D, W whose products D W add up to the gradient of the input."""

    def watched(self, steps: Steps, kept: Kept) -> Kept:
        """Return what a watcher reads, by the equations' names, (T, B, H) each."""
        return dict(zip(self.parts, steps.new, strict=True))

    def launch(self, name: str, steps: Steps, *arguments: Any) -> None:
        """Run a kernel on every row and unit; B and H are its last arguments."""
        n = steps.B * steps.H
        self.on.launch(function(name), steps.dtype, n, *arguments, steps.B, steps.H)

    def launch_on_chip(self, name: str, plan: Plan, steps: Steps, *arguments: Any) -> None:
        """Run a kernel for all steps; its last arguments are the counters that blocks meet by, the sizes, the plan."""
        arrived = None if plan.is_cluster else self.on.xp.zeros((plan.groups,), dtype="uint32")
        sizes = (int(steps.reverse), steps.T, steps.B, steps.H, plan.blocks, plan.rows, plan.units, plan.slices)
        kernel, blocks = function(name, *plan.options), plan.groups * plan.blocks
        self.on.launch_on_chip(kernel, steps.dtype, blocks, plan.numbers, *arguments, arrived, *sizes)

    def transposed(self, W: Any) -> Any:
        """Return W^T in C order: a kernel's neighbouring threads read neighbouring units."""
        return self.on.contiguous(self.on.xp.matrix_transpose(W), W.dtype)


def named_gates(a: Any, names: str, H: int) -> Kept:
    """Return the parts of (T, B, n H) by name."""
    return {name: a[:, :, k * H : (k + 1) * H] for k, name in enumerate(names)}
