"""How an operation meets its arguments: run `forward` on the arrays, and hang a node on the result.

Built once per operation as one of five closures (one input; one input and several outputs; two inputs; more; a list).
One general loop would do, at 6.3 microseconds per operation instead of 4.0: see the decision record on closures by
arity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend import SCALARS, check_same_backend, is_array, is_floating, namespace, namespaces, weak
from ..errors import DTypeError, ShapeError, SpellingError
from ..scope import Call, Mode, mode
from .variable import Node, Variable

__all__ = ["application", "refuse_foreign", "several"]

WEAK = SCALARS | {type(None)}

new = object.__new__
mode_get = mode.get


def application(op: Any) -> Callable[..., Any]:
    """Return the function that applies `op`."""
    if op.variadic:
        apply = variadic(op)
    elif op.outputs == 1 and len(op.inputs) == 1:
        apply = unary(op)
    elif len(op.inputs) == 1:
        apply = parting(op)
    elif op.outputs == 1 and len(op.inputs) == 2 and not op.static and len({rule is None for rule in op.rules}) == 1:
        apply = binary(op)
    else:
        apply = nary(op)
    apply.__name__, apply.__doc__ = op.name, op.__doc__
    apply.__module__, apply.__qualname__ = op.__module__, f"{op.__qualname__}.apply"  # where pickle finds it again
    return apply


def unary(op: Any) -> Callable[..., Any]:
    """One input, any static attributes."""
    forward, plain = op.forward, op.plain
    read = op.reader(True) if op.rules[0] else None

    def apply(x: Any, *args: Any, **named: Any) -> Any:
        if not isinstance(x, Variable):
            return forward(namespace(x), x, *args, **named)
        data = x.data
        m = mode_get()
        try:
            y = forward(namespaces[type(data)], data, *args, **named)
        except (ValueError, TypeError, IndexError, OverflowError) as e:
            raise explained(op, m, e, (data,), named) from e
        parent = x.node
        out = new(x.kind)
        out.data = y
        if parent is None or read is None or not m.grad:
            out.node = None
        else:
            saved = read((None, data, y) if plain else (None, data, y, data.shape, *static_values(op, args, named)))
            shape = y.shape
            if shape == parent.shape:  # one tuple for both
                shape = parent.shape
            out.node = Node(op, (parent,), saved, shape, y.dtype, m.where)
        if m.watcher is not None:
            m.watcher.made(Call(op, (x, *args), named, (out,), m.where))
        return out

    return apply


def binary(op: Any) -> Callable[..., Any]:
    """Two inputs with a rule each, or without any, and no static attribute: the arithmetic."""
    forward, plain = op.forward, op.plain
    read, read_a, read_b = op.reader(True, True), op.reader(True, False), op.reader(False, True)
    flat = op.rules[0] is None

    def apply(a: Any, b: Any) -> Any:
        if isinstance(a, Variable):
            kind, left, node_a = a.kind, a.data, a.node
            if isinstance(b, Variable):
                right, node_b = b.data, b.node
            else:
                right, node_b = b if type(b) in SCALARS else operand(op, b, left), None
        elif isinstance(b, Variable):
            kind, right, node_a, node_b = b.kind, b.data, None, b.node
            left = a if type(a) in SCALARS else operand(op, a, right)
        else:
            return forward(namespace(b if type(a) in SCALARS else a), a, b)
        array = type(left)
        if type(right) is not array:
            if array in SCALARS:
                array = type(right)
            elif type(right) not in SCALARS:
                check_same_backend(op.name, left, right)
        m = mode_get()
        try:
            y = forward(namespaces[array], left, right)
        except (ValueError, TypeError, OverflowError) as e:
            raise explained(op, m, e, (left, right), {}) from e
        out = new(kind)
        out.data = y
        if (node_a is None and node_b is None) or flat or not m.grad:
            out.node = None
        else:
            values = (None, left, right, y) if plain else (None, left, right, y, shape_of(left), shape_of(right))
            if node_b is None:
                saved, like = read_a(values), node_a
            elif node_a is None:
                saved, like = read_b(values), node_b
            else:
                saved, like = read(values), node_a
            shape = y.shape
            if shape == like.shape:  # one tuple for both
                shape = like.shape
            out.node = Node(op, (node_a, node_b), saved, shape, y.dtype, m.where)
        if m.watcher is not None:
            m.watcher.made(Call(op, (a, b), {}, (out,), m.where))
        return out

    return apply


def parting(op: Any) -> Callable[..., Any]:
    """One input, several outputs: a split."""
    forward = op.forward
    read = op.reader(True) if op.rules[0] else None

    def apply(x: Any, *args: Any, **named: Any) -> Any:
        if not isinstance(x, Variable):
            return forward(namespace(x), x, *args, **named)
        data = x.data
        m = mode_get()
        try:
            ys = forward(namespaces[type(data)], data, *args, **named)
        except (ValueError, TypeError, IndexError, OverflowError) as e:
            raise explained(op, m, e, (data,), named) from e
        saved = None
        if read is not None and x.node is not None and m.grad:
            saved = read((None, data, ys, data.shape, *static_values(op, args, named)))
        outs = several(op, x.kind, ys, (x.node,), saved, m)
        if m.watcher is not None:
            m.watcher.made(Call(op, (x, *args), named, outs, m.where))
        return outs

    return apply


def nary(op: Any) -> Callable[..., Any]:
    """Any number of inputs and static attributes, one output or several."""
    n, rules, forward = len(op.inputs), op.rules, op.forward
    ruled_first = sorted(range(n), key=lambda i: rules[i] is None)  # a mask does not say what type the numbers have

    def apply(*args: Any, **named: Any) -> Any:
        if len(args) < n:
            raise DTypeError(f"{op.name}() takes {', '.join(op.inputs)}; got {len(args)} of these {n}.")
        inputs, rest = args[:n], args[n:]
        for i in ruled_first:
            if isinstance(inputs[i], Variable):
                kind, like = inputs[i].kind, inputs[i].data
                break
        else:
            like = next((x for x in inputs if is_array(x)), None)
            return forward(namespace(like), *inputs, *rest, **named)
        array, data, parents, mixed = type(like), [], [], False
        for v, rule in zip(inputs, rules, strict=True):
            if isinstance(v, Variable):
                x, parent = v.data, v.node if rule else None
            else:
                x, parent = raw(op, v, like, rule), None
            data.append(x)
            parents.append(parent)
            mixed = mixed or (type(x) is not array and type(x) not in WEAK)
        if mixed:
            check_same_backend(op.name, *data)
        m = mode_get()
        try:
            y = forward(namespace(like), *data, *rest, **named)
        except (ValueError, TypeError, IndexError, OverflowError) as e:
            raise explained(op, m, e, tuple(data), named) from e
        saved: Any = None
        if m.grad and any(p is not None for p in parents):
            more = () if op.plain else (*map(shape_of, data), *static_values(op, rest, named))
            saved = op.reader(*[p is not None for p in parents])((None, *data, y, *more))
        return results(op, args, named, kind, y, tuple(parents), saved, m)

    return apply


def variadic(op: Any) -> Callable[..., Any]:
    """A list of inputs; its one rule `d<name>(xp, dy, i, ...)` is called for each element that needs it."""
    read = op.reader(True)

    def apply(*items: Any, **named: Any) -> Any:
        kind = next((v.kind for v in items if isinstance(v, Variable)), None)
        if kind is None:
            if not items:
                raise ShapeError(f"{op.name}() needs at least one array.")
            return op.forward(namespace(items[0]), *items, **named)
        like = next(v.data for v in items if isinstance(v, Variable))
        data = tuple(raw(op, v, like, True) for v in items)
        check_same_backend(op.name, *data)
        m = mode_get()
        try:
            y = op.forward(namespace(like), *data, **named)
        except (ValueError, TypeError) as e:
            raise explained(op, m, e, data, named) from e
        parents = tuple(v.node if isinstance(v, Variable) else None for v in items)
        saved: Any = None
        if m.grad and any(p is not None for p in parents):
            shapes = tuple(x.shape for x in data)
            saved = read((None, data, y, shapes, *static_values(op, (), named)))
        return results(op, items, named, kind, y, parents, saved, m)

    return apply


def results(
    op: Any,
    args: tuple[Any, ...],
    named: dict[str, Any],
    kind: Any,
    y: Any,
    parents: tuple[Any, ...],
    saved: Any,
    m: Mode,
) -> Any:
    """Return what `forward` gave as variables on the graph (`saved` is None where nothing can flow)."""
    if op.outputs != 1:
        outs = several(op, kind, y, parents, saved, m)
    else:
        node = None if saved is None else Node(op, parents, saved, y.shape, y.dtype, m.where)
        outs = (kind.handle(y, node),)
    if m.watcher is not None:
        m.watcher.made(Call(op, args, named, outs, m.where))
    return outs[0] if op.outputs == 1 else outs


class Output:
    """Marks one result of an operation that has several: a thin node above the operation's own."""

    name = "output"
    outputs = 1
    broadcasts = False
    views = True

    @staticmethod
    def input_name(i: int) -> str:
        return "result"


def several(op: Any, kind: Any, ys: Any, parents: tuple[Any, ...], saved: Any, m: Mode) -> tuple[Any, ...]:
    """Return several results as variables: one node for the operation, one thin node per result above it."""
    if saved is None or not m.grad or all(p is None for p in parents):
        return tuple(kind.handle(y, None) for y in ys)
    where = m.where
    first = ys[0].shape
    shapes = tuple([first if y.shape == first else y.shape for y in ys])  # parts of one size share a tuple
    main = Node(op, parents, saved, shapes, ys[0].dtype, where)
    above = (main,)
    outs = []
    for i, (y, shape) in enumerate(zip(ys, shapes, strict=True)):
        out = new(kind)
        out.data = y
        out.node = Node(Output, above, i, shape, y.dtype, where) if is_floating(y.dtype) else None
        outs.append(out)
    return tuple(outs)


def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of an array or of a Python number."""
    shape: tuple[int, ...] = getattr(x, "shape", ())
    return shape


def static_values(op: Any, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Return the static attributes of one call in the order of their declaration."""
    given = {**op.defaults, **dict(zip(op.static, args, strict=False)), **named}
    return tuple(given[name] for name in op.static)


def raw(op: Any, v: Any, like: Any, rule: Any) -> Any:
    """Return the array of an argument; an operand without a rule (a mask, an index) keeps its type."""
    if isinstance(v, Variable):
        return v.data
    return v if type(v) in SCALARS or v is None or rule is None else operand(op, v, like)


def operand(op: Any, x: Any, like: Any) -> Any:
    """Return an operand that is no variable: NumPy scalars are weak like Python's, arrays take the floating type."""
    x = weak(x)
    if type(x) in SCALARS:
        return x
    if not is_array(x):
        raise DTypeError(f"{op.name}() cannot take a {type(x).__name__}. Make it a tensor first: tg.tensor(...).")
    check_same_backend(op.name, x, like)
    if is_floating(like.dtype) and x.dtype != like.dtype:
        return namespace(like).astype(x, like.dtype)
    return x


FOREIGN = {
    "dim": "axis",
    "dims": "axis",
    "keepdim": "keepdims",
    "input": "x",
    "other": "b",
    "ddof": "correction",
    "unbiased": "correction",
}


def refuse_foreign(name: str, named: dict[str, Any]) -> None:
    """Raise SpellingError if a function was given an argument by the name that another library has for it."""
    for theirs, ours in FOREIGN.items():
        if theirs in named:
            raise SpellingError(f"{name}() takes {ours}=, not {theirs}=: names are those of the Python Array API.")


def explained(op: Any, m: Mode, e: Exception, data: tuple[Any, ...], named: dict[str, Any]) -> Exception:
    """Return the array library's error in our words: the operation, where, and the shapes by name."""
    refuse_foreign(op.name, named)
    names = (op.input_name(i) for i in range(len(data)))
    shapes = "   ".join(f"{n}: {getattr(x, 'shape', x)}" for n, x in zip(names, data, strict=True))
    settings = "".join(f", {n}={v!r}" for n, v in named.items())
    error = ShapeError if isinstance(e, ValueError | IndexError) else DTypeError
    return error(f"{op.name} in {m.where}: {e}\n    {shapes}{settings}")
