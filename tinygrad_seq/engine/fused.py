"""A fused operation: a reference composition, and per backend an optional kernel that computes the same in one call.

The reference is the definition, the drawing, every higher derivative, the fallback of every backend, and the test
oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from ..backend import Kernel, check_same_backend, owner
from ..errors import ConfigError
from ..scope import Call, mode
from .again import run_again
from .apply import several
from .rules import filled
from .variable import Variable

__all__ = ["FusedOp", "Path"]

Path = Literal["auto", "fused", "cell"]


class FusedOp:
    """The base of fused operations; an input may be None, outputs are always a tuple."""

    name: ClassVar[str]
    broadcasts: ClassVar[bool] = False
    views: ClassVar[bool] = False
    outputs: ClassVar[int] = -1
    results: ClassVar[tuple[str, ...]] = ()  # what the outputs are called
    activations: ClassVar[tuple[str, ...]] = ()
    """What has a name in the equations: a kernel hands it over as buffers (T, B, H), the reference by `scope.named`."""
    reference: ClassVar[Callable[..., tuple[Any, ...]]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.__name__

    @classmethod
    def kernel(cls, like: Any) -> Kernel | None:
        """Return the kernel that the backend of an array has for this operation."""
        return owner(like).kernels.get(cls.name)

    @classmethod
    def apply(cls, *inputs: Any, path: Path = "auto", **static: Any) -> tuple[Any, ...]:
        """Run the kernel or the reference. Raises ConfigError for path="fused" where there is no kernel."""
        like = next(v for v in inputs if isinstance(v, Variable))
        kernel = cls.kernel(like.data)
        if path == "fused" and kernel is None:
            raise ConfigError(
                f'path="fused": the backend {owner(like.data).name!r} has no kernel for {cls.name}.'
                '\n    path="auto" takes the cell loop where there is none.'
            )
        m = mode.get()
        if kernel is None or path == "cell" or (m.watcher is not None and m.watcher.expand):
            return cls.reference(*inputs, **static)
        data = tuple(v.data if isinstance(v, Variable) else v for v in inputs)
        check_same_backend(cls.name, *data)
        parents = tuple(v.node if isinstance(v, Variable) else None for v in inputs)
        training = m.grad and any(p is not None for p in parents)
        ys, buffers = kernel.forward(*data, training=training or m.watcher is not None, **static)
        saved = (data, ys, buffers, kernel, static) if training else None
        outs = several(cls, like.kind, ys, parents, saved, m)
        if m.watcher is not None:
            m.watcher.made(Call(cls, inputs, static, outs, m.where, buffers))
        return outs

    @classmethod
    def backward(cls, xp: Any, node: Any, dys: Any, wanted: Any, kind: Any) -> Any:
        """Gradients by the kernel; where they are to be a graph, by the reference run again on the true parents."""
        data, ys, buffers, kernel, static = node.saved
        dys = filled(dys, node, kind)
        if kind is None:
            return kernel.backward(dys, data, ys, buffers, [p is not None for p in wanted], **static)
        inputs = [x if x is None else kind.handle(x, p) for x, p in zip(data, node.parents, strict=True)]
        return run_again(lambda *xs: cls.reference(*xs, **static), inputs, wanted, dys, create_graph=True)

    @staticmethod
    def reads_value(i: int, wanted: Any) -> bool:
        return True

    @staticmethod
    def input_name(i: int) -> str:
        return f"input {i}"
