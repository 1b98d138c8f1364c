"""Modules: objects that hold parameters and other modules, and compute when called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from .. import scope
from ..backend import get_backend, owner
from ..errors import CheckpointError
from ..tensor import Tensor

__all__ = ["Module", "Parameter"]


class Parameter(Tensor):
    """A tensor that a module owns and an optimizer updates; arithmetic with it gives plain tensors."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None, backend: str | None = None) -> None:
        super().__init__(data, requires_grad, dtype, backend)


class Module:
    """The base of all layers and models: assign parameters and modules as attributes, write `forward`.

    Those in lists, tuples and dicts count too: `self.layers = [a, b]` gives the names `layers.0` and `layers.1`.

    >>> import tinygrad_seq as tg
    >>> from tinygrad_seq import nn
    >>> class Halve(nn.Module):
    ...     def __init__(self):
    ...         self.scale = nn.Parameter(0.5)
    ...
    ...     def forward(self, x):
    ...         return self.scale * x
    >>> Halve()(tg.tensor(8.0))
    tensor(4., op=multiply)
    """

    training: bool = True
    _name: str = ""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's result; every module writes its own."""
        raise TypeError(f"{type(self).__name__} has no forward().")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`; errors and pictures name the operations inside after this module."""
        with scope.module(self._name or type(self).__name__):
            return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        for suffix, item in members(value):
            if isinstance(item, Module):
                item.__dict__["_name"] = name + suffix
            elif item.node is not None:
                item.name = name + suffix
        object.__setattr__(self, name, value)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules held by this one, with their names; those in lists are numbered, those in dicts keyed."""
        for name, value in vars(self).items():
            for suffix, item in members(value):
                if isinstance(item, Module):
                    yield name + suffix, item

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield this module and all below it, with their dotted paths."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield every parameter once, under the first dotted path that leads to it."""
        seen: set[int] = set()
        for name, parameter in self.all_parameters():
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield name, parameter

    def all_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield parameters under every path, a shared one more than once: what a state dict lists."""
        for path, module in self.named_modules():
            for name, value in vars(module).items():
                for suffix, item in members(value):
                    if isinstance(item, Parameter):
                        yield (f"{path}.{name}" if path else name) + suffix, item

    def parameters(self) -> Iterator[Parameter]:
        """Yield every parameter once."""
        return (parameter for _, parameter in self.named_parameters())

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            if parameter.requires_grad:
                parameter.grad = None

    def train(self, mode: bool = True) -> Self:
        """Switch dropout on (or off, see `eval`) in this module and all below it."""
        for _, module in self.named_modules():
            module.__dict__["training"] = mode
        return self

    def eval(self) -> Self:
        """Switch dropout off in this module and all below it."""
        return self.train(False)

    def to(self, backend: str) -> Self:
        """Move all parameters to another backend, in place; gradients are forgotten."""
        place = get_backend(backend)
        for parameter in self.parameters():
            if parameter.backend == backend:
                continue
            wanted, name = parameter.requires_grad, parameter.name
            parameter.requires_grad_(False)
            parameter.data = place.from_host(parameter.numpy())
            if wanted:
                parameter.requires_grad_().name = name
        return self

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return the parameters by dotted path as NumPy arrays, copied; names and layouts are PyTorch's."""
        return {name: np.array(owner(p.data).to_host(p.data)) for name, p in self.all_parameters()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Copy arrays (NumPy's, Tensors, or PyTorch's) into the parameters of these names.

        With `strict=False` names that only one side has are passed over. Raises CheckpointError that lists all that is
        missing, unknown, or of another shape; then nothing has been changed.
        """
        own = dict(self.all_parameters())
        arrays = {name: np.asarray(v.detach().numpy() if isinstance(v, Tensor) else v) for name, v in state.items()}
        problems = [f"{name}: missing" for name in own if name not in arrays] if strict else []
        problems += [f"{name}: unknown" for name in arrays if name not in own] if strict else []
        problems += [
            f"{name}: shape {arrays[name].shape}, the model has {own[name].shape}"
            for name in own
            if name in arrays and arrays[name].shape != own[name].shape
        ]
        if problems:
            raise CheckpointError(
                f"the saved weights do not fit this {type(self).__name__}:\n    " + "\n    ".join(problems)
            )
        fitting = [(p, owner(p.data).from_host(arrays[n].astype(p.dtype))) for n, p in own.items() if n in arrays]
        for parameter, array in fitting:
            parameter.assign_(array, by="load_state_dict()")

    def extra_repr(self) -> str:
        """Return the settings that `repr` prints in the brackets."""
        return ""

    def __repr__(self) -> str:
        children = [f"  ({name}): " + repr(child).replace("\n", "\n  ") for name, child in self.named_children()]
        head = f"{type(self).__name__}({self.extra_repr()}"
        return head + ")" if not children else head + "\n" + "\n".join(children) + "\n)"


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the modules and parameters in an attribute's value, with the suffixes that lists and dicts give them."""
    if isinstance(value, Module | Parameter):
        yield "", value
    elif isinstance(value, list | tuple | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            for suffix, member in members(item):
                yield f".{key}{suffix}", member
