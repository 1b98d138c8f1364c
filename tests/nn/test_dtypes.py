"""A float32 model computes in float32: a training step has no number of another type, forward or backward."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_seq import Tensor, functional, nn, scope

T, B, I, H = 4, 3, 5, 6
IDS = np.random.default_rng(0).integers(0, I, (T, B))
FEATURES = np.random.default_rng(0).standard_normal((T, B, I))


class Types(scope.Watcher):
    """Collects the floating types of all results and gradients, by operation."""

    def __init__(self):
        self.seen = {}

    def made(self, call):
        self.seen |= {f"{call.op.name} in {call.where}": y.dtype for y in call.outputs if y.dtype.kind == "f"}

    def sent(self, node, i, gradient):
        name = f"gradient of {node.op.input_name(i)}, {node.op.name} in {node.where}"
        self.seen[name] = getattr(gradient, "values", gradient).dtype


def nodes(tensor):
    """All nodes of a tensor's graph."""
    seen, stack = set(), [tensor.node]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += [p for p in getattr(node, "parents", ()) if p is not None]
    return seen


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x", [IDS, FEATURES], ids=["ids", "features"])
@pytest.mark.parametrize(
    "options",
    [{}, {"lengths": [4, 0, 2]}, {"mask": IDS > 0, "reset": IDS == 1}],
    ids=["plain", "lengths", "mask-and-reset"],
)
@pytest.mark.parametrize("path", [pytest.param("fused", marks=pytest.mark.host("NumPy's kernels")), "cell"])
def test_a_training_step_has_one_floating_type(net_of, x, options, dtype, path):
    net = net_of(I, H, 2, bidirectional=True, dropout=0.2, path=path, dtype=dtype)
    norm, head = nn.LayerNorm(2 * H, dtype=dtype), nn.Linear(2 * H, I, dtype=dtype)
    drop = nn.Dropout(0.5)
    types = Types()
    with scope.switched(watcher=types):
        state = None
        for _ in range(2):  # the second time with a state that was carried
            output, state = net(x, state, **options)
            loss = functional.cross_entropy(head(drop(norm(output))), Tensor(IDS), mask=Tensor(IDS > 0))
        graph = nodes(loss)
        loss.backward()
    assert len(graph) > 50
    assert {str(node.dtype) for node in graph} == {dtype}
    assert {place: str(t) for place, t in types.seen.items() if str(t) != dtype} == {}
    for module in (net, norm, head):
        assert {str(p.grad.dtype) for p in module.parameters()} == {dtype}


def test_an_array_of_another_floating_type_takes_the_types_of_the_weights(net_of, cell_of):
    for dtype in ("float32", "float64"):
        output, _ = net_of(I, H, dtype=dtype)(FEATURES.astype("float16"))
        assert str(output.dtype) == dtype
        state = cell_of(I, H, dtype=dtype)(FEATURES[0])
        assert str((state[0] if isinstance(state, tuple) else state).dtype) == dtype


def test_a_state_given_as_array_takes_the_type_of_the_weights():
    output, state = nn.GRU(I, H)(FEATURES, np.zeros((1, B, H)))
    assert output.dtype == state.dtype == np.float32
