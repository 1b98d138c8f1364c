"""The backward walk: nodes by falling creation number, gradients in a dict of the walk's own.

A node is created after all that it reads, so falling numbers are a topological order; a heap replaces recursion and
sort.
Gradients never live on nodes: an exception in a hook or a rule leaves the graph as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from heapq import heappop, heappush
from typing import Any

from ..backend import check_same_backend, is_array, namespace
from ..errors import DTypeError, GradientError, GraphFreedError, ShapeError, StaleReadError
from ..scope import Purpose, mode, switched
from .apply import Output
from .variable import Leaf, Variable

__all__ = ["Part", "backward", "grad", "walk"]

FREED: Any = ("freed",)


class Part:
    """A gradient that is zero outside `index`. A rule may return it instead of an array.

    The walk adds it into one owned buffer, so T reads of `x[t]` cost T slices and not T arrays of the size of x.
    """

    __slots__ = ("index", "values")

    def __init__(self, index: Any, values: Any) -> None:
        self.index = index
        self.values = values


def walk(  # noqa: PLR0912, PLR0915  every call inside the loop would be paid once per node
    roots: Sequence[Any],
    seeds: Sequence[Any],
    targets: Collection[Any] | None,
    create_graph: bool,
    retain_graph: bool | None,
    stop: int = 1,
    purpose: Purpose = "grad",
) -> dict[Any, Any]:
    """Return the gradient of the roots, weighted by the seeds, at every target (`None`: every leaf), by node.

    Nodes numbered below `stop` are ends: their gradient is returned and nothing behind them is visited. With
    `create_graph` rules are called with variables, and the gradients are a graph themselves.
    """
    kind = type(roots[0]).kind
    raw = namespace(roots[0].data)
    xp: Any = kind.xp if create_graph else raw
    lifted = kind if create_graph else None
    free = not (create_graph if retain_graph is None else retain_graph)
    last_write = Leaf.last_write
    keep = None if targets is None else leading_to(roots, targets, stop)
    grads = seeded(roots, seeds, create_graph)
    owned: set[Any] = set()  # whose gradient is an array of this walk's own: later contributions are added in place
    found: dict[Any, Any] = {}
    heap = sorted((-node.seq, node) for node in grads if node.seq >= stop)
    with switched(grad=create_graph):
        m = mode.get()
        watcher = None if m.watcher is None else m.watcher.walk(purpose)
        while heap:
            node = heappop(heap)[1]
            dy = grads.pop(node)
            op, parents = node.op, node.parents
            if parents is FREED:
                raise GraphFreedError(freed_message(node, m.carried))
            if node.hooks is not None:
                dy = hooked(node, dy, kind)
                owned.discard(node)
            if targets is not None and node in targets:
                found[node] = dy
            m.where = node.where if lifted is None else node.where._replace(backward=True)
            if watcher is not None:
                watcher.arrived(node, dy)
            if op is Output:
                main = parents[0]
                if keep is not None and main not in keep:
                    continue
                if main not in grads:
                    grads[main] = [None] * len(main.shape)
                    heappush(heap, (-main.seq, main))
                grads[main][node.saved] = dy
                if watcher is not None:
                    watcher.sent(node, 0, dy)
                if free:
                    node.parents = FREED
                continue
            wanted = parents
            if keep is not None:
                wanted = [p if p in keep else None for p in parents]
                if wanted.count(None) == len(wanted):
                    continue  # a target with none behind it: its own past is neither read nor freed
            if node.seq < last_write:
                check_stale(node, wanted)
            i = -1
            for d in op.backward(xp, node, dy, wanted, lifted):
                i += 1
                if d is None:
                    continue
                parent = parents[i]
                if type(d) is Part:
                    if watcher is not None:
                        watcher.sent(node, i, d)
                    d = placed(d, xp, grads, owned, parent)
                    if d is None:
                        continue
                else:
                    if d.shape != parent.shape:
                        if not op.broadcasts:
                            raise ShapeError(wrong_shape(op, i, d, node))
                        d = unbroadcast(xp, d, parent.shape)
                    if d.dtype is not parent.dtype and d.dtype != parent.dtype:
                        d = xp.astype(d, parent.dtype)
                    if watcher is not None:
                        watcher.sent(node, i, d)
                so_far = grads.get(parent)
                if so_far is None:
                    grads[parent] = d
                    if parent.seq >= stop:
                        heappush(heap, (-parent.seq, parent))
                elif parent in owned:
                    so_far += d
                else:
                    grads[parent] = so_far + d
                    if lifted is None and d.shape:  # NumPy's 0-d results are immutable scalars
                        owned.add(parent)
            if free:
                node.parents = FREED
                node.saved = None
        for end, d in grads.items():
            if end.hooks is not None and stop == 1:  # a walk inside another leaves the hooks of its ends to that one
                d = hooked(end, d, kind)
                owned.discard(end)
            if watcher is not None and stop == 1:
                watcher.arrived(end, d)
            found[end] = d
    return {end: handed_over(d, end in owned, raw, kind) for end, d in found.items()}


def handed_over(d: Any, owned: bool, raw: Any, kind: Any) -> Any:
    """Return a gradient as a variable that shares its array with no seed, no leaf and no saved value."""
    if isinstance(d, Variable):
        return d
    return kind.handle(d if owned else raw.asarray(d, copy=True), None)


def seeded(roots: Sequence[Any], seeds: Sequence[Any], create_graph: bool) -> dict[Any, Any]:
    """Return the gradients that the walk starts with."""
    grads: dict[Any, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        if root.node is None:
            raise GradientError(
                "backward() from a tensor that no gradient can leave: nothing it was made of has requires_grad=True,"
                "\n    or it was made under no_grad(), or it is detached."
            )
        shape = root.data.shape
        if seed is None:
            if shape:
                raise GradientError(
                    f"backward() without a gradient starts at a scalar; this tensor has shape {shape}."
                    "\n    Reduce it first, loss.sum() or loss.mean(), or pass gradient= of that shape."
                )
            seed = namespace(root.data).ones(shape, dtype=root.data.dtype)
        data = seed.data if isinstance(seed, Variable) else seed
        if not is_array(data):
            raise DTypeError(f"the gradient passed to backward() is a tensor; got {type(data).__name__}.")
        check_same_backend("backward", root.data, data)
        if data.shape != shape:
            raise ShapeError(f"the gradient passed to backward() has shape {data.shape}, the tensor {shape}.")
        if not create_graph:
            seed = data
        elif not isinstance(seed, Variable):
            seed = root.handle(seed, None)
        if data.dtype != root.data.dtype:
            seed = (root.xp if create_graph else namespace(data)).astype(seed, root.data.dtype)
        grads[root.node] = grads[root.node] + seed if root.node in grads else seed
    return grads


def leading_to(roots: Sequence[Any], targets: Collection[Any], stop: int) -> set[Any]:
    """Return the nodes on a path from a root to a target, targets included."""
    seen: set[Any] = set()
    stack = [root.node for root in roots if root.node is not None]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if node.seq >= stop and node.parents is not FREED:
                stack += [p for p in node.parents if p is not None]
    keep = set(targets)
    for node in sorted(seen, key=lambda n: n.seq):
        if node.seq >= stop and (node.parents is FREED or any(p in keep for p in node.parents)):
            keep.add(node)  # a freed node is kept, so that the walk meets it and says so
    return keep


def placed(part: Part, xp: Any, grads: dict[Any, Any], owned: set[Any], parent: Any) -> Any:
    """Add a part into the gradient of `parent`; return an array if the walk still has to take it up."""
    values = part.values
    if isinstance(values, Variable):
        d = xp.unindex(values, index=part.index, shape=parent.shape)
        return d if d.dtype == parent.dtype else xp.astype(d, parent.dtype)
    if parent not in grads:
        owned.add(parent)
        return xp.index_add(xp.zeros(parent.shape, dtype=parent.dtype), part.index, values)
    if parent not in owned:
        grads[parent] = xp.asarray(grads[parent], copy=True)
        owned.add(parent)
    xp.index_add(grads[parent], part.index, values)
    return None


def unbroadcast(xp: Any, d: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes that broadcasting added or stretched."""
    extra = d.ndim - len(shape)
    stretched = (i + extra for i, n in enumerate(shape) if n == 1 and d.shape[i + extra] != 1)
    y = xp.sum(d, axis=(*range(extra), *stretched))
    return y if y.shape == shape else xp.reshape(y, shape)


def hooked(node: Any, d: Any, kind: Any) -> Any:
    """Run a node's hooks on its gradient; a hook may return another one."""
    for hook in node.hooks:
        result = hook(d if isinstance(d, Variable) else kind.handle(d, None))
        if result is not None:
            if not isinstance(result, Variable):
                raise DTypeError(f"a hook returns a tensor or None; this one returned a {type(result).__name__}.")
            if result.data.shape != d.shape:
                raise ShapeError(f"a hook returned a gradient of shape {result.data.shape}; it was given {d.shape}.")
            d = result if isinstance(d, Variable) else result.data
    return d


def check_stale(node: Any, wanted: Any) -> None:
    """Raise StaleReadError if a rule about to be called reads a leaf that was changed after the node was made."""
    for i, p in enumerate(node.parents):
        leaf = memory_of(p)
        if leaf is not None and leaf.modified > node.seq and node.op.reads_value(i, wanted):
            who = f"'{leaf.name}'" if leaf.name else f"a tensor of shape {leaf.shape}"
            raise StaleReadError(
                f"{node.op.name} in {node.where} read {who}, which {leaf.writer} changed afterwards:"
                f"\n    its value at the time is gone, and the gradient would be silently wrong."
                "\n    Call backward() before the step, or run the forward pass again after it."
            )


def memory_of(node: Any) -> Leaf | None:
    """Return the leaf whose memory the array of a node may be: its own, or by way of views."""
    while node is not None and type(node) is not Leaf:
        node = node.parents[0] if node.op.views and node.parents is not FREED else None
    return node


def freed_message(node: Any, carried: str) -> str:
    through = f"through the carried state {carried}" if carried else f"at {node.op.name} in {node.where}"
    return (
        f"backward() reached a graph that an earlier backward() has freed, {through}."
        "\n    For truncated BPTT write state = state.detach() between chunks."
        "\n    (To go through the same graph twice on purpose: backward(retain_graph=True) the first time.)"
    )


def wrong_shape(op: Any, i: int, d: Any, node: Any) -> str:
    return (
        f"{op.name} in {node.where}: the rule for input {op.input_name(i)!r} gave a gradient of shape {d.shape},"
        f" the input has {node.parents[i].shape}."
    )


def backward(root: Any, gradient: Any = None, retain_graph: bool | None = None) -> None:
    """Add the gradient of `root` into `.grad` of every leaf it was made of."""
    for leaf, g in walk([root], [gradient], None, False, retain_graph, purpose="backward").items():
        leaf.grad = g if leaf.grad is None else g.handle(leaf.grad.data + g.data, None)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> Any:
    """Return dL/dx for each input x, L being the sum of the outputs weighted by `grad_outputs`; `.grad` is untouched.

    One input (not in a list) gives one gradient. An input that the outputs do not depend on gives None. With
    `create_graph` the gradients can be differentiated again, to any order. Raises GradientError for an input without
    requires_grad.

    >>> import tinygrad_seq as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> dy = tg.grad(x**3, x, create_graph=True)
    >>> dy, tg.grad(dy, x)
    (tensor(27., op=multiply), tensor(18.))
    """
    roots = [outputs] if isinstance(outputs, Variable) else list(outputs)
    wrt = [inputs] if isinstance(inputs, Variable) else list(inputs)
    if any(x.node is None for x in wrt):
        raise GradientError("grad() with respect to a tensor without requires_grad=True: no graph leads to it.")
    if grad_outputs is None:
        seeds: list[Any] = [None] * len(roots)
    else:
        seeds = [grad_outputs] if isinstance(outputs, Variable) else list(grad_outputs)
    found = walk(roots, seeds, {x.node for x in wrt}, create_graph, retain_graph)
    gradients = [found.get(x.node) for x in wrt]
    return gradients[0] if isinstance(inputs, Variable) else gradients
