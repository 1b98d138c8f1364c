"""A backend may bring a kernel for a whole sequence: it is used where it may be, seen by watchers, and never needed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn, scope
from tinygrad_seq.backend import current_backend
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.nn.lstm import LSTMSequence

T, B, I, H = 4, 2, 3, 5


class KernelForTests:
    """Computes an LSTM by the reference, and counts how often it was asked."""

    def __init__(self):
        self.calls = Counter()

    def reference(self, arrays, leaves, **static):
        tensors = [a if a is None or i in (1, 2) else tg.Tensor(a, i in leaves) for i, a in enumerate(arrays)]
        with tg.enable_grad():
            return tensors, LSTMSequence.reference(*tensors, **static)

    def forward(self, *arrays, training, **static):
        self.calls["forward", training] += 1
        self.seen = arrays, static
        _, ys = self.reference(arrays, (), **static)
        return tuple(y.data for y in ys), {"h": ys[0].data, "last c": ys[2].data}

    def backward(self, dys, arrays, outputs, buffers, wanted, **static):
        self.calls["backward"] += 1
        leaves = [i for i, w in enumerate(wanted) if w]
        tensors, ys = self.reference(arrays, leaves, **static)
        found = iter(tg.grad(list(ys), [tensors[i] for i in leaves], [tg.Tensor(dy) for dy in dys]))
        return [next(found).data if w else None for w in wanted]


@pytest.fixture
def kernel(monkeypatch):
    kernel = KernelForTests()
    monkeypatch.setattr(current_backend(), "kernels", {"LSTMSequence": kernel})
    return kernel


def lstm(path, **options):
    tg.manual_seed(1)
    return nn.LSTM(I, H, path=path, dtype="float64", **options)


def step(net, **options):
    """One forward and backward pass: output, state and all gradients as arrays."""
    x = tg.Tensor(np.random.default_rng(2).standard_normal((T, B, I)), requires_grad=True)
    output, (h, c) = net(x, **options)
    (output.sum() + (h * c).sum()).backward()
    return [v.detach().numpy() for v in (output, h, c)] + [v.grad.numpy() for v in (x, *net.parameters())]


@pytest.mark.parametrize("path", ["auto", "fused"])
def test_the_kernel_runs_on_these_paths(kernel, path):
    step(lstm(path))
    assert kernel.calls == {("forward", True): 1, "backward": 1}


def test_the_cell_path_does_not_ask_the_kernel(kernel):
    step(lstm("cell"))
    assert not kernel.calls


@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2}, {"bidirectional": True}, {"num_layers": 2, "bidirectional": True}], ids=str
)
def test_the_kernel_is_called_once_per_layer_and_direction_and_changes_nothing(kernel, options):
    by_kernel, by_cell = step(lstm("fused", **options)), step(lstm("cell", **options))
    assert kernel.calls["forward", True] == options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    for a, b in zip(by_kernel, by_cell, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_the_kernel_gets_masks_and_resets_as_arrays_and_resets_in_the_order_of_its_direction(kernel):
    mask, reset = np.ones((T, B), bool), np.zeros((T, B), bool)
    mask[0, 1], reset[2, 0] = False, True
    options = {"mask": mask, "reset": reset}
    results = [step(lstm(path, bidirectional=True), **options) for path in ("fused", "cell")]
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    (_, seen_mask, seen_reset, *_), static = kernel.seen
    assert static == {"reverse": True}
    np.testing.assert_array_equal(tg.Tensor(seen_mask).numpy(), mask)
    assert np.argwhere(tg.Tensor(seen_reset).numpy()).tolist() == [
        [1, 0]
    ]  # met first of the earlier one, backwards in time


def test_without_gradients_the_kernel_is_told_so(kernel):
    with tg.no_grad():
        lstm("fused")(np.zeros((T, B, I)))
    assert kernel.calls == {("forward", False): 1}


def test_the_buffers_of_the_kernel_reach_a_watcher(kernel):
    class Watcher(scope.Watcher):
        def __init__(self):
            self.seen = []

        def made(self, call):
            if call.buffers:
                self.seen.append((call.op.name, str(call.where), call.buffers))

    watcher = Watcher()
    with scope.switched(watcher=watcher):
        output, (_, c) = lstm("fused")(np.ones((T, B, I)))
    [(name, where, buffers)] = watcher.seen
    assert (name, where) == ("LSTMSequence", "'LSTM.l0'")
    np.testing.assert_array_equal(tg.Tensor(buffers["h"]).numpy(), output.detach().numpy())
    np.testing.assert_array_equal(tg.Tensor(buffers["last c"]).numpy(), c.detach().numpy()[0])


def test_second_derivatives_come_from_the_reference(kernel):
    second = []
    for path in ("fused", "cell"):
        net = lstm(path)
        x = tg.Tensor(np.random.default_rng(2).standard_normal((T, B, I)), requires_grad=True)
        g = tg.grad((net(x).output ** 2).sum(), x, create_graph=True)
        assert kernel.calls == ({("forward", True): 1} if path == "fused" else {})  # no graph grows from its backward
        second.append(tg.grad((g * g).sum(), list(net.parameters())))
        kernel.calls.clear()
    for a, b in zip(*second, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10)


# which path, and why


def test_explain_the_cell_path():
    assert nn.explain(lstm("cell")) == 'LSTM: cell loop, because path="cell" asks for it'


@pytest.fixture
def _no_kernels(monkeypatch):
    monkeypatch.setattr(current_backend(), "kernels", {})


@pytest.mark.usefixtures("_no_kernels")
def test_explain_a_backend_without_a_kernel():
    assert (
        nn.explain(lstm("auto"))
        == f"LSTM: cell loop, because the {current_backend().name} backend has no kernel for LSTMSequence"
    )


def test_explain_a_kernel(kernel):
    assert nn.explain(lstm("auto")).startswith(
        f"LSTM: fused, by the {current_backend().name} backend's kernel for LSTMSequence, "
    )


def test_explain_a_block_in_which_every_step_is_watched(kernel):
    with tg.record(expand=True):
        for path in ("auto", "fused"):
            assert nn.explain(lstm(path)) == "LSTM: cell loop, because a watcher asks to see every step"
            step(lstm(path))
    assert not kernel.calls


@pytest.mark.usefixtures("_no_kernels")
def test_explain_a_path_that_cannot_be_taken():
    assert nn.explain(lstm("fused")).startswith('LSTM: an error when called: path="fused"')


def test_explain_a_model_has_a_line_for_each_recurrent_module(kernel):
    model = nn.Sequential(nn.Embedding(4, I), nn.LSTM(I, H), nn.Linear(H, H), nn.GRU(H, H))
    first, second = nn.explain(model).splitlines()
    assert first.startswith(f"1: fused, by the {current_backend().name} backend's kernel for LSTMSequence")
    assert second == f"3: cell loop, because the {current_backend().name} backend has no kernel for GRUSequence"


def test_explain_a_model_without_a_recurrent_module():
    assert nn.explain(nn.Linear(2, 2)) == "no recurrent module here: every operation is its own node"


def test_a_path_that_does_not_exist_is_an_error_when_the_module_is_made():
    with pytest.raises(ConfigError, match="path='fast': expected one of auto, fused, cell"):
        nn.LSTM(I, H, path="fast")
