"""The recorder: a watcher that writes down what ran, where, at which time step, and each gradient on its way back.

It costs nothing when off: an operation looks once whether anybody watches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from os import PathLike
from typing import Any, Literal, get_args
from weakref import ref

import numpy as np

from ..backend import SCALARS, is_array, namespace
from ..engine import Leaf, Op, Part, Variable
from ..engine.walk import memory_of
from ..errors import ConfigError
from ..scope import Call, Purpose, Watcher, Where, switched
from .describe import result_name, settings
from .entries import Entry, Kind, Sent, Walk
from .layers import Layers
from .summary import host, length, summary
from .tape import Record
from .views import added_up, places, view_of, where_it_lies

__all__ = ["record"]

Values = Literal["summary", "full"] | None
Gradients = Literal["summary", "parts", "full"] | None

SMALL = 64 * 1024  # bytes: the parts of a parameter's gradient are kept if these or the parameter have no more


@contextmanager
def record(
    model: Any = None,
    *,
    values: Values = "summary",
    gradients: Gradients = "summary",
    expand: bool = False,
    only: Sequence[str] | None = None,
    to: str | PathLike[str] | None = None,
) -> Iterator[Record]:
    """Record every operation inside the `with` block, and every backward pass inside it.

    With a `model` the record's `layers` hold, after the block, the states and gates of each of its recurrent layers at
    every step, from the kernels as from the loop over cells: `tape.layers["rnn.l0"]["f"]`, shape (T, B, H), the calls
    end to end in time. `only` names those that are wanted. With a folder `to` they are written there as they come, one
    `.npy` each, and `layers` are read from the disk; `nn.activation_bytes` says beforehand how much that is.

    `values` and `gradients` say what is kept of arrays: "summary" (length, least, largest), "full" (the arrays too), or
    None. `gradients="parts"` keeps, besides summaries, how long a parameter's gradient is after each part that is added
    to it, that of one time step in a loop, and the parts themselves where they or the parameter have at most 64 kB;
    "full" keeps these too. Raises ConfigError for another word, and for a model without recurrent layers.
    With `expand` fused operations run their reference, step by step, and not their kernel: every step is seen, and
    rounding may differ from the kernel's. Otherwise a recorded run computes the same numbers.

    >>> import tinygrad_seq as tg
    >>> w = tg.tensor(2.0, requires_grad=True)
    >>> with tg.record() as tape:
    ...     loss = (3 * w) ** 2
    ...     loss.backward()
    >>> for node in tape.nodes:
    ...     print(node.kind, node.op, node.value.max, node.gradient and node.gradient.norm)
    constant  3 None
    parameter  2.0 36.0
    op multiply 6.0 12.0
    op pow_constant 36.0 1.0
    >>> lstm = tg.nn.LSTM(2, 3)
    >>> with tg.record(lstm) as tape:
    ...     output, state = lstm(tg.randn(5, 1, 2))
    >>> {name: values.shape for name, values in tape.layers["l0"].items()}
    {'h': (5, 1, 3), 'c': (5, 1, 3), 'i': (5, 1, 3), 'f': (5, 1, 3), 'g': (5, 1, 3), 'o': (5, 1, 3)}
    """
    for name, given, known in (("values", values, get_args(Values)), ("gradients", gradients, get_args(Gradients))):
        if given not in (*get_args(known[0]), None):
            raise ConfigError(f"record({name}={given!r}): expected one of {', '.join(get_args(known[0]))}, or None.")
    tape = Record()
    layers = None if model is None else Layers(model, only, to)
    try:
        with switched(watcher=Recorder(tape, values, gradients, expand, layers)):
            yield tape
    finally:
        tape.layers = {} if layers is None else layers.finished()


class Recorder(Watcher):
    """Writes into a record. It keeps nothing alive: it knows nodes by number, arrays by weak reference."""

    def __init__(
        self, tape: Record, values: Values, gradients: Gradients, expand: bool, layers: Layers | None = None
    ) -> None:
        self.tape = tape
        self.values = values
        self.gradients = gradients
        self.expand = expand
        self.layers = layers
        self.leaves: dict[Leaf, Entry] = {}
        self.numbered: dict[int, Entry] = {}  # by the number of a node on the graph
        self.held: dict[int, tuple[Any, Entry]] = {}  # arrays by id, with a weak reference that says if it still is

    def made(self, call: Call) -> None:
        op, outputs = call.op, call.outputs
        n = len(op.inputs) if isinstance(op, type) and issubclass(op, Op) and not op.variadic else len(call.args)
        inputs = [self.known(x, call.where) for x in call.args[:n]]
        several = op.outputs != 1
        entry = self.add("op", call.where, None if several else outputs[0].data)
        entry.op = op.name
        entry.inputs = tuple(None if x is None else x.id for x in inputs)
        entry.settings = settings(op, call.args[n:], call.named)
        entry.name = entry.settings.get("name", "")
        entry.view_of = view_of(op, inputs)
        if self.layers is not None and call.buffers:
            self.layers.add_call(call.where, {name: call.buffers[name] for name in op.activations})
        for i, output in enumerate(outputs):
            one = entry
            if several:
                one = self.add("result", call.where, output.data)
                one.op, one.inputs, one.index, one.name = op.name, (entry.id,), i, result_name(op, i)
                if output.node is not None:
                    self.numbered[output.node.parents[0].seq] = entry
            self.remember(output, one)

    def named(self, where: Where, values: Mapping[str, Any]) -> None:
        if self.layers is not None:
            self.layers.add_step(where, values)

    def add(self, kind: Kind, where: Where, data: Any) -> Entry:
        """Return a new entry of the record; `data` is an array, or None where there is no single one."""
        shape, dtype = (None, None) if data is None else (tuple(data.shape), str(data.dtype))
        entry = Entry(len(self.tape.nodes), kind, shape, dtype)
        entry.path, entry.t, entry.backward = where
        if data is not None and self.values is not None:
            entry.value = summary(data, self.values == "full")
        self.tape.nodes.append(entry)
        return entry

    def remember(self, variable: Any, entry: Entry) -> None:
        """Know a variable again when an operation reads it."""
        if type(variable.node) is Leaf:
            self.leaves[variable.node] = entry
        elif variable.node is not None:
            self.numbered[variable.node.seq] = entry
        self.hold(variable.data, entry)

    def hold(self, array: Any, entry: Entry) -> None:
        """Know an array again."""
        self.held[id(array)] = (weakly(array), entry)

    def known(self, x: Any, where: Where) -> Entry | None:
        """Return the entry of an argument, a new one if it is met for the first time."""
        if x is None:
            return None
        node = x.node if isinstance(x, Variable) else None
        entry = self.met(x, node)
        if entry is None:
            entry = self.outside(x, node, where)
        elif entry.kind == "input" and entry.t != where.t:
            entry.t = None  # read at several steps: it belongs to none
        return entry

    def met(self, x: Any, node: Any) -> Entry | None:
        """Return the entry of what has been seen before."""
        if type(node) is Leaf:
            return self.leaves.get(node)
        if node is not None:
            return self.numbered.get(node.seq)
        array = x.data if isinstance(x, Variable) else x
        reference, entry = self.held.get(id(array), (None, None))
        return entry if reference is not None and reference() is array else None

    def outside(self, x: Any, node: Any, where: Where) -> Entry:
        """Return a new entry for what the block did not make."""
        data = x.data if isinstance(x, Variable) else x
        number = type(data) in SCALARS or (not isinstance(x, Variable) and is_array(x) and not x.shape)
        if type(node) is Leaf:
            entry = self.add("parameter", Where(where.path), data)
            entry.name = node.name
        else:
            entry = self.add("constant" if number else "input", where, host(data) if number else data)
        if isinstance(x, Variable):
            self.remember(x, entry)
        elif not number:
            self.hold(x, entry)
        return entry

    def walk(self, purpose: Purpose) -> Watcher:
        if self.gradients is None:
            return Watcher()
        self.tape.walks.append(Walk(purpose))
        return Backward(self, len(self.tape.walks) - 1)

    def entry(self, node: Any) -> Entry | None:
        """Return the entry of a node or leaf."""
        return self.leaves.get(node) if type(node) is Leaf else self.numbered.get(node.seq)


def weakly(array: Any) -> Any:
    """Return a function that gives the array as long as it is alive; NumPy's scalars stay alive, and are small."""
    try:
        return ref(array)
    except TypeError:
        return lambda: array


def data_of(gradient: Any) -> Any:
    """Return the array of a gradient, or of the part of one that is not zero."""
    values = gradient.values if type(gradient) is Part else gradient
    return values.data if isinstance(values, Variable) else values


def summed(part: Part, parent: Any) -> Any:
    """Return a part as an array of its parent's shape, added up as the walk adds: smaller, where places repeat."""
    values = data_of(part)
    xp = namespace(values)
    return xp.index_add(xp.zeros(parent.shape, dtype=parent.dtype), part.index, values)


class Backward(Watcher):
    """Sees one backward walk."""

    def __init__(self, recorder: Recorder, number: int) -> None:
        self.recorder = recorder
        self.number = number
        self.own = recorder.tape.walks[number]
        self.gathered: dict[int, np.ndarray | None] = {}  # what parameters and views of them hold so far, by id
        self.lies: dict[int, np.ndarray] = {}  # where in its parameter each number of a view lies, by the view's id

    def arrived(self, node: Any, gradient: Any) -> None:
        entry = self.recorder.entry(node)
        if entry is None or entry.shape is None:
            return
        before = self.before(node) if type(node) is Leaf else None
        entry.gradient = summary(gradient if before is None else before + gradient, self.recorder.gradients == "full")

    def before(self, leaf: Leaf) -> Any:
        """Return the array that `.grad` holds while this walk goes back to add to it, None if there is none."""
        return leaf.grad.data if self.own.purpose == "backward" and leaf.grad is not None else None

    def sent(self, node: Any, i: int, gradient: Any) -> None:
        parent = node.parents[i]
        source, target = self.recorder.entry(node), self.recorder.entry(parent)
        if source is None or target is None:
            return
        if type(gradient) is Part and data_of(gradient).size > prod(parent.shape):
            gradient = summed(gradient, parent)
        data = host(data_of(gradient))
        at = places(gradient, parent.shape) if type(gradient) is Part else None
        sent = Sent(self.number, source.id, target.id, length(data if at is None else added_up(data, at)))
        self.recorder.tape.sent.append(sent)
        if self.recorder.gradients != "summary" and (target.kind == "parameter" or target.view_of is not None):
            sent.data, sent.at = np.array(data if at is None else data.ravel()), at
            self.add_up(sent, target, parent, data_of(gradient))
        for kept in (self.gathered, self.lies):
            kept.pop(source.id, None)  # a view has passed its gradient on

    def add_up(self, sent: Sent, target: Entry, parent: Any, like: Any) -> None:
        """Say how long the parameter's gradient is with one more part; keep the part if it is small."""
        data: Any = sent.data
        leaf: Any = memory_of(parent)
        before = self.before(leaf)
        whole_is_small = prod(leaf.shape) * data.itemsize <= SMALL
        is_small = whole_is_small or (before is None and data.nbytes <= SMALL)
        so_far = self.gathered[target.id] = sent.add_into(self.gathered.get(target.id), parent.shape)
        if target.view_of is not None and target.id not in self.lies and (is_small or before is not None):
            self.lies[target.id] = where_it_lies(parent, like)
        lies = self.lies.get(target.id)
        if before is None:
            sent.total = length(so_far)
        else:
            sent.total = length(Sent(0, 0, 0, 0.0, so_far, lies).add_into(host(before), leaf.shape))
        if not is_small:
            sent.data = sent.at = None
            return
        target.at = lies
        if before is not None:
            self.own.before.setdefault(target.id if target.view_of is None else target.view_of, np.array(host(before)))
