"""What an operation is: a stateless class with `forward` and one rule per differentiable input.

The signatures are the declaration. In `forward(xp, x, /, axis=None)` what stands before the slash is an input, what
follows is a static attribute (without a slash all are inputs). The rule of input `x` is the static method
`dx(xp, dy, ...)`, and the names of its further parameters are exactly what is saved for it: an input by name,
`<input>_shape`, `y` (the output), a static attribute by name. A mistake in them is an error when the class is created.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from itertools import accumulate
from operator import itemgetter
from types import FunctionType
from typing import Any, ClassVar

from .apply import application
from .rules import rule_caller

__all__ = ["Op", "Reader"]

Reader = Callable[[tuple[Any, ...]], tuple[Any, ...]]


class Op:
    """The base of all operations; `apply` is the function that a subclass becomes.

    >>> from tinygrad_seq.engine import Op
    >>> class Cube(Op):
    ...     @staticmethod
    ...     def forward(xp, x):
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     def dx(xp, dy, x):
    ...         return dy * (3 * x * x)
    >>> import tinygrad_seq as tg
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    forward: ClassVar[Callable[..., Any]]
    outputs: ClassVar[int] = 1  # -1: a tuple of any length
    broadcasts: ClassVar[bool] = False  # gradients of a broadcast shape are summed back to the input's
    views: ClassVar[bool] = False  # y may share the memory of its first input: writing into that changes y

    name: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    variadic: ClassVar[bool]
    static: ClassVar[tuple[str, ...]]
    defaults: ClassVar[Mapping[str, Any]]
    rules: ClassVar[tuple[Callable[..., Any] | None, ...]]
    reads: ClassVar[tuple[tuple[str, ...], ...]]
    readers: ClassVar[dict[tuple[bool, ...], Reader]]
    spans: ClassVar[tuple[slice, ...]]  # where in what is saved each rule finds its own
    plain: ClassVar[bool]  # every rule reads only inputs and y
    apply: ClassVar[Callable[..., Any]]
    backward: ClassVar[Callable[..., Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "forward" not in cls.__dict__:
            return
        declare(cls)
        cls.apply = staticmethod(application(cls))
        if "backward" not in cls.__dict__:
            cls.backward = staticmethod(rule_caller(cls))

    @classmethod
    def reader(cls, *wanted: bool) -> Reader:
        """Return the function that picks what is saved out of `(None, *values)`: what each rule reads, in their order.

        `wanted` says of each input with a rule of its own whether it needs a gradient; None stands for what is read
        for the others alone.
        """
        if wanted not in cls.readers:
            layout = [None, *value_names(cls)]
            names = [n if w else None for w, reads in zip(wanted, cls.reads, strict=True) for n in reads]
            cls.readers[wanted] = reader([layout.index(n) for n in names])
        return cls.readers[wanted]

    @classmethod
    def reads_value(cls, i: int, wanted: Any) -> bool:
        """Tell whether a rule that is going to be called reads the array of input i."""
        if cls.variadic:
            return cls.inputs[0] in cls.reads[0]
        return any(p is not None and cls.inputs[i] in reads for p, reads in zip(wanted, cls.reads, strict=True))

    @classmethod
    def input_name(cls, i: int) -> str:
        """Return the name of input i, as errors and pictures print it."""
        return f"{cls.inputs[0]}[{i}]" if cls.variadic else cls.inputs[i]


def declare(op: type[Op]) -> None:
    """Read the signatures of an operation into its attributes, and refuse what cannot be meant."""
    params = list(signature(op.forward).parameters.values())[1:]
    lists = [p.name for p in params if p.kind is Parameter.VAR_POSITIONAL]
    slash = any(p.kind is Parameter.POSITIONAL_ONLY for p in params)
    before = Parameter.POSITIONAL_ONLY if slash else Parameter.POSITIONAL_OR_KEYWORD
    op.variadic = bool(lists)
    op.inputs = tuple(lists) if lists else tuple(p.name for p in params if p.kind is before)
    op.static = tuple(p.name for p in params if p.name not in op.inputs)
    op.defaults = {p.name: p.default for p in params if p.default is not Parameter.empty}
    op.name = snake(op.__name__)
    op.rules = tuple(getattr(op, "d" + name, None) for name in op.inputs)
    skip = 3 if op.variadic else 2  # xp, dy (and i)
    op.reads = tuple(tuple(signature(rule).parameters)[skip:] if rule else () for rule in op.rules)
    refuse_mistakes(op)
    simple = {*op.inputs, "y"}
    op.plain = not op.static and all(set(names) <= simple for names in op.reads)
    op.readers = {}
    ends = list(accumulate(map(len, op.reads), initial=0))
    op.spans = tuple(map(slice, ends[:-1], ends[1:]))


def refuse_mistakes(op: type[Op]) -> None:
    """Raise TypeError for an input called y, a rule for no input, and a rule that reads what nobody saves."""
    if "y" in op.inputs:
        raise TypeError(f"{op.__name__}: an input may not be called y; that is the output.")
    rules = {n for n, v in vars(op).items() if n.startswith("d") and isinstance(v, staticmethod | FunctionType)}
    if strange := sorted(rules - {"d" + n for n in op.inputs}):
        raise TypeError(f"{op.__name__} has rules {strange} for inputs it does not have; its inputs are {op.inputs}.")
    known = value_names(op)
    for name, reads in zip(op.inputs, op.reads, strict=True):
        if unknown := [n for n in reads if n not in known]:
            raise TypeError(f"{op.__name__}.d{name} reads {unknown}; it may read {sorted(known)}.")


def value_names(op: type[Op]) -> list[str]:
    """Return the names of all that a rule may read, in the order in which `apply` lays the values out."""
    shape = "_shapes" if op.variadic else "_shape"
    return [*op.inputs, "y", *(n + shape for n in op.inputs), *op.static]


def reader(places: list[int]) -> Reader:
    """Return a function that picks the values at these places as a tuple."""
    if not places:
        return lambda values: ()
    if len(places) == 1:
        return itemgetter(slice(places[0], places[0] + 1))  # a slice: one value, and still a tuple
    return itemgetter(*places)


def snake(name: str) -> str:
    """Return `LogSoftmax` as `log_softmax`."""
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))
