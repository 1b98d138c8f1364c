"""A fused operation: a reference written in operations, and a kernel that must be nothing but faster."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import FusedOp, backend, ops, scope
from tinygrad_seq.autograd import gradcheck, gradgradcheck
from tinygrad_seq.errors import BackendError, ConfigError, GraphFreedError, StaleReadError

pytestmark = pytest.mark.host("its kernel is written in NumPy")


class TanhRNN(FusedOp):
    """h_t = tanh(x_t + h_{t-1} W), where mask_t is False h_t = h_{t-1}; returns all h_t and the last."""

    @staticmethod
    def reference(x, h, W, mask=None, *, scale=1.0):
        hs = []
        for t in scope.steps(range(x.shape[0])):
            new = ops.tanh(x[t] * scale + h @ W)
            h = new if mask is None else ops.where(mask[t], new, h)
            hs.append(h)
        return ops.stack(hs), h


class Kernel:
    """The same by hand, for NumPy."""

    def __init__(self):
        self.calls = Counter()
        self.wanted = []

    def forward(self, x, h, W, mask=None, *, training, scale=1.0):
        self.calls["training" if training else "inference"] += 1
        hs = [h]
        for t in range(len(x)):
            new = np.tanh(x[t] * scale + hs[-1] @ W)
            hs.append(new if mask is None else np.where(mask[t], new, hs[-1]))
        states = np.stack(hs)
        return (states[1:].copy(), hs[-1].copy()), ({"h": states} if training else {})

    def backward(self, dys, arrays, outputs, buffers, wanted, *, scale=1.0):
        self.calls["backward"] += 1
        self.wanted.append(list(wanted))
        x, _, W, *rest = arrays
        mask = rest[0] if rest else None
        d_all, dh = dys[0], dys[1].copy()
        dx, dW = np.zeros_like(x), np.zeros_like(W)
        for t in reversed(range(len(x))):
            dh = dh + d_all[t]
            da = dh * (1 - buffers["h"][t + 1] ** 2)
            through = 0.0
            if mask is not None:
                da, through = np.where(mask[t], da, 0), np.where(mask[t], 0, dh)
            dx[t] = da * scale
            dW += buffers["h"][t].T @ da
            dh = da @ W.T + through
        gradients = [dx, dh, dW, *([None] if rest else [])]
        return [g if w else None for g, w in zip(gradients, wanted, strict=True)]


@pytest.fixture
def kernel(monkeypatch):
    kernel = Kernel()
    monkeypatch.setattr(type(backend.get_backend("numpy")), "kernels", {"TanhRNN": kernel})
    return kernel


def inputs(T=4, B=2, H=3, seed=0):
    rng = np.random.default_rng(seed)
    arrays = (rng.standard_normal((T, B, H)), rng.standard_normal((B, H)), rng.standard_normal((H, H)) * 0.5)
    return [tg.tensor(a, requires_grad=True) for a in arrays]


MASK = np.array([[[True], [True]], [[True], [False]], [[False], [False]], [[True], [True]]])


def weigh(ys, seed=5):
    """Return a scalar that depends on every element of every output."""
    rng = np.random.default_rng(seed)
    return sum((y * y * rng.standard_normal(y.shape)).sum() for y in ys)


def close(ps, qs):
    return all(
        np.allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-10, atol=1e-13) for p, q in zip(ps, qs, strict=True)
    )


# which path


def test_without_a_kernel_the_reference_runs():
    hs, last = TanhRNN.apply(*inputs())
    assert hs.shape == (4, 2, 3)
    assert np.array_equal(hs[-1].detach().numpy(), last.detach().numpy())


def test_a_registered_kernel_is_used_and_agrees(kernel):
    xs = inputs()
    fused, cell = TanhRNN.apply(*xs), TanhRNN.apply(*xs, path="cell")
    assert kernel.calls == {"training": 1}
    assert close(fused, cell)
    assert close(tg.grad(weigh(fused), xs), tg.grad(weigh(cell), xs))
    assert kernel.calls == {"training": 1, "backward": 1}


def test_path_cell_never_asks_the_kernel(kernel):
    xs = inputs()
    weigh(TanhRNN.apply(*xs, path="cell")).backward()
    assert not kernel.calls


def test_path_fused_without_a_kernel_is_an_error_and_no_slow_path():
    with pytest.raises(
        ConfigError, match=r'path="fused": the backend \'numpy\' has no kernel for TanhRNN.\n.*path="auto"'
    ):
        TanhRNN.apply(*inputs(), path="fused")


def test_path_fused_with_a_kernel_runs_it(kernel):
    TanhRNN.apply(*inputs(), path="fused")
    assert kernel.calls == {"training": 1}


def test_static_attributes_reach_kernel_reference_and_both_backwards(kernel):
    xs = inputs()
    f, c = (lambda *xs, p=p: weigh(TanhRNN.apply(*xs, path=p, scale=0.25)) for p in ("fused", "cell"))
    assert close(tg.grad(f(*xs), xs), tg.grad(c(*xs), xs))
    assert close(tg.grad(f(*xs), xs, create_graph=True), tg.grad(c(*xs), xs))


@pytest.mark.parametrize("why", ["no_grad", "constants"])
def test_where_no_gradient_can_flow_the_kernel_is_told_and_nothing_is_kept(kernel, why):
    xs = inputs()
    if why == "no_grad":
        with tg.no_grad():
            ys = TanhRNN.apply(*xs)
    else:
        ys = TanhRNN.apply(*(x.detach() for x in xs))
    assert kernel.calls == {"inference": 1}
    assert not any(y.requires_grad for y in ys)


# gradients


def test_first_and_second_derivatives_agree_with_differences(kernel):
    assert gradcheck(TanhRNN.apply, inputs(T=3, B=1, H=2))
    assert gradgradcheck(TanhRNN.apply, inputs(T=3, B=1, H=2))
    assert kernel.calls["training"] > 0


@pytest.mark.parametrize("used", [0, 1], ids=["all steps", "last state"])
def test_an_unused_output_counts_as_zeros(kernel, used):
    xs = inputs()
    one = TanhRNN.apply(*xs)[used], TanhRNN.apply(*xs, path="cell")[used]
    assert close(tg.grad(weigh(one[:1]), xs, create_graph=True), tg.grad(weigh(one[1:]), xs))
    one = TanhRNN.apply(*xs)[used], TanhRNN.apply(*xs, path="cell")[used]
    assert close(tg.grad(weigh(one[:1]), xs), tg.grad(weigh(one[1:]), xs))


def test_only_wanted_gradients_are_asked_of_the_kernel(kernel):
    x, h, W = inputs()
    weigh(TanhRNN.apply(x.detach(), h, W)).backward()
    tg.grad(weigh(TanhRNN.apply(x, h, W)), W)
    assert kernel.wanted == [[False, True, True], [False, False, True]]


def test_an_input_may_be_none(kernel):
    xs = inputs()
    ys = TanhRNN.apply(*xs, None)
    assert close(tg.grad(weigh(ys), xs), tg.grad(weigh(TanhRNN.apply(*xs, path="cell")), xs))
    ys = TanhRNN.apply(*xs, None)
    assert close(tg.grad(weigh(ys), xs, create_graph=True), tg.grad(weigh(TanhRNN.apply(*xs, path="cell")), xs))


def test_a_mask_is_an_input_without_gradient(kernel):
    xs = inputs()
    for mask in (MASK, tg.tensor(MASK)):
        fused, cell = (TanhRNN.apply(*xs, mask, path=path) for path in ("fused", "cell"))
        assert close(fused, cell)
        assert close(tg.grad(weigh(fused), xs, create_graph=True), tg.grad(weigh(cell), xs))
    x, h, W = inputs(B=2, H=2)
    assert gradgradcheck(lambda x, h, W: TanhRNN.apply(x, h, W, MASK), [x, h, W], full=False)


def test_an_input_that_depends_on_another_is_not_counted_twice(kernel):
    """h is computed from W, and both are inputs: the path through h must not be walked twice."""
    x, h, W = inputs()

    def loss(path):
        state = ops.tanh(h + W[:2])
        return weigh(TanhRNN.apply(x, state, W, path=path))

    expected = tg.grad(loss("cell"), [x, h, W])
    assert close(tg.grad(loss("fused"), [x, h, W]), expected)
    assert close(tg.grad(loss("fused"), [x, h, W], create_graph=True), expected)


def test_one_tensor_as_two_inputs(kernel):
    W = tg.tensor(np.random.default_rng(2).standard_normal((3, 3)), requires_grad=True)
    x = tg.tensor(np.random.default_rng(3).standard_normal((2, 3, 3)), requires_grad=True)
    for create_graph in (False, True):
        fused, cell = (weigh(TanhRNN.apply(x, W, W, path=path)) for path in ("fused", "cell"))
        assert close(tg.grad(fused, [x, W], create_graph=create_graph), tg.grad(cell, [x, W]))


def test_third_derivative(kernel):
    xs = inputs(T=2, B=1, H=2)

    def third(path):
        g = tg.grad(weigh(TanhRNN.apply(*xs, path=path)), xs, create_graph=True)
        gg = tg.grad(weigh(g), xs, create_graph=True)
        return tg.grad(weigh(gg), xs)

    assert close(third("fused"), third("cell"))


def test_two_chunks_in_a_row(kernel):
    x, h, W = inputs()

    def loss(path):
        _, state = TanhRNN.apply(x[:2], h, W, path=path)
        ys, _ = TanhRNN.apply(x[2:], state, W, path=path)
        return weigh([ys])

    for create_graph in (False, True):
        assert close(tg.grad(loss("fused"), [x, h, W], create_graph=create_graph), tg.grad(loss("cell"), [x, h, W]))


# it is an operation like others


def test_a_second_backward_and_a_stale_read_are_errors(kernel):
    xs = inputs()
    loss = weigh(TanhRNN.apply(*xs))
    loss.backward()
    with pytest.raises(GraphFreedError):
        loss.backward()
    loss = weigh(TanhRNN.apply(*xs))
    xs[2].assign_(xs[2].data * 0.5)
    with pytest.raises(StaleReadError, match="TanhRNN"):
        loss.backward()


def test_a_watcher_gets_the_buffers_of_the_kernel(kernel):
    seen = []

    class Watcher(scope.Watcher):
        def made(self, call):
            seen.append((call.op.name, len(call.outputs), str(call.where), sorted(call.buffers)))

        def sent(self, node, i, gradient):
            seen.append((node.op.name, node.op.input_name(i), gradient.shape))

    xs = inputs()
    with scope.switched(watcher=Watcher()), scope.module("rnn"):
        hs, _ = TanhRNN.apply(*xs)
        hs.backward(tg.ones(hs.shape))
    assert seen[0] == ("TanhRNN", 2, "'rnn'", ["h"])
    assert ("TanhRNN", "input 2", (3, 3)) in seen


def test_inputs_of_two_backends_are_refused(kernel):
    x, h, W = inputs()
    with pytest.raises(BackendError, match="TanhRNN in 'top level' got arrays of 2 backends"):
        TanhRNN.apply(x, h.detach().to("fake"), W)
