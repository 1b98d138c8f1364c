"""The compiled kernels: when they run, that threads change nothing, and that what they do not cover is NumPy's."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import functional as F
from tinygrad_seq import nn, optim
from tinygrad_seq.backend import get_backend

NETS = {"RNNSequence": nn.RNN, "LSTMSequence": nn.LSTM, "GRUSequence": nn.GRU, "MLSTMSequence": nn.MLSTM}


@pytest.fixture
def _switched_on(monkeypatch):
    pytest.importorskip("numba", reason="the compiled kernels need the extra [fast]")
    monkeypatch.delenv("TINYGRAD_SEQ_NUMBA", raising=False)


@pytest.fixture
def _switched_off(monkeypatch):
    monkeypatch.setenv("TINYGRAD_SEQ_NUMBA", "0")


def kernels():
    return get_backend("numpy").kernels


def made_with(dtype="float32"):
    return get_backend("numpy").made_with("LSTMSequence", np.dtype(dtype))


# which kernels run


@pytest.mark.parametrize("name", NETS)
@pytest.mark.usefixtures("_switched_on")
def test_where_numba_is_installed_its_kernels_run(name):
    assert type(kernels()[name]).__name__ == "CompiledKernel"
    assert nn.explain(NETS[name](2, 3)).partition(", by ")[2].startswith(f"the numpy backend's kernel for {name}, comp")
    assert "numba" in made_with()
    assert made_with().endswith("; one step alone in plain NumPy")


@pytest.mark.usefixtures("_switched_off")
def test_one_variable_turns_them_off(monkeypatch):
    assert {type(kernels()[name]).__name__ for name in NETS} == {"SequenceKernel"}
    assert made_with() == "in plain NumPy, because TINYGRAD_SEQ_NUMBA=0 says so"


def test_without_numba_the_plain_kernels_run_and_say_what_is_missing(monkeypatch):
    from tinygrad_seq_numpy import choice

    monkeypatch.delenv("TINYGRAD_SEQ_NUMBA", raising=False)
    monkeypatch.setattr(choice, "missing", choice.missing.__wrapped__)
    monkeypatch.setattr(choice, "find_spec", lambda name: None if name == "numba" else object())
    assert made_with() == "in plain NumPy, because numba is not installed (the extra [fast])"
    assert type(kernels()["LSTMSequence"]).__name__ == "SequenceKernel"


@pytest.mark.usefixtures("_switched_on")
def test_a_numba_that_does_not_work_is_said_and_breaks_nothing(monkeypatch):
    from tinygrad_seq_numpy import choice, compiled

    def check():
        raise OSError("no locator")

    monkeypatch.setattr(choice, "missing", choice.missing.__wrapped__)
    monkeypatch.setattr(compiled, "check", check)
    assert made_with() == "in plain NumPy, because numba does not work here (OSError: no locator)"
    assert nn.LSTM(2, 3, path="fused")(np.zeros((2, 1, 2), np.float32)).output.shape == (2, 1, 3)


@pytest.mark.usefixtures("_switched_on")
def test_loops_that_do_not_compile_are_replaced_by_the_plain_ones(monkeypatch):
    from numba.core.errors import TypingError
    from tinygrad_seq_numpy.compiled import loops

    def fails(*given):
        raise TypingError("cannot\nsay")

    kernel = kernels()["LSTMSequence"]
    monkeypatch.setattr(kernel, "failures", {})
    monkeypatch.setattr(loops, "through", fails)
    net = nn.LSTM(2, 3, path="fused", dtype="float64")
    by_cells = nn.LSTM(2, 3, path="cell", dtype="float64")
    by_cells.load_state_dict(net.state_dict())
    x = np.random.default_rng(0).standard_normal((4, 2, 2))
    np.testing.assert_allclose(net(x).output.detach().numpy(), by_cells(x).output.detach().numpy(), rtol=1e-12)
    assert made_with("float64") == "in plain NumPy, because numba does not compile it (cannot)"


@pytest.mark.usefixtures("_switched_on")
def test_half_precision_is_numpys():
    assert made_with("float16") == "in plain NumPy, because only float32 and float64 are compiled"


def test_numba_is_imported_by_the_first_sequence_only():
    pytest.importorskip("numba")
    program = """
import sys, numpy as np, tinygrad_seq as tg
from tinygrad_seq import nn, optim
net = nn.RNN(2, 3)
net.weight_ih_l0.grad = tg.zeros((3, 2))
optim.Adam(net).step()
tg.functional.cross_entropy(tg.zeros((1, 2)), [0])  # has a compiled kernel too: not for its sake alone
print("numba" in sys.modules)
net(np.zeros((2, 1, 2), np.float32))
print("numba" in sys.modules)
"""
    environment = {name: value for name, value in os.environ.items() if name != "TINYGRAD_SEQ_NUMBA"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["False", "True"]


# threads


@pytest.fixture
def on_threads(monkeypatch):
    """The compiled kernels with a number of threads, and nothing too little to be shared."""
    pytest.importorskip("numba")
    from tinygrad_seq_numpy.compiled import shards

    monkeypatch.setattr(shards, "SMALL", 0)
    return lambda n: monkeypatch.setenv("NUMBA_NUM_THREADS", str(n))


def one_pass(net, x, **options):
    """Outputs, and the gradients of the input and of all weights."""
    leaf = tg.Tensor(x, requires_grad=True)
    output, _ = net(leaf, **options)
    weights = tg.Tensor(np.cos(np.arange(output.size)).reshape(output.shape))
    return [a.numpy() for a in (output.detach(), *tg.grad((output * weights).sum(), [leaf, *net.parameters()]))]


@pytest.mark.usefixtures("_switched_on")
@pytest.mark.parametrize("name", NETS)
def test_rows_are_the_same_however_they_are_shared(name, on_threads):
    rng = np.random.default_rng(0)
    net = NETS[name](5, 7, bidirectional=True, dtype="float64")
    x, mask, reset = rng.standard_normal((6, 5, 5)), rng.random((6, 5)) < 0.7, rng.random((6, 5)) < 0.3
    found = []
    for n in (1, 2, 3, 16):
        on_threads(n)
        found.append(one_pass(net, x, mask=mask, reset=reset))
        for again, once in zip(one_pass(net, x, mask=mask, reset=reset), found[-1], strict=True):
            np.testing.assert_array_equal(again, once)
    for one in found[1:]:
        for a, b in zip(one, found[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.usefixtures("_switched_on")
def test_two_trainings_at_once_are_those_one_after_the_other(on_threads):
    on_threads(2)
    expected = [curve(seed, steps=5) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda seed: curve(seed, steps=5), (1, 2))) == expected


@pytest.mark.usefixtures("_switched_on")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own(on_threads):
    on_threads(2)
    expected = curve(1, steps=2)
    child = os.fork()
    if not child:
        os._exit(0 if curve(1, steps=2) == expected else 1)
    assert os.waitpid(child, 0)[1] == 0


# results


def curve(seed, steps, path="auto", name="LSTMSequence", dtype="float32"):
    """The losses of a small net that learns to name the symbol before the last one."""
    rng = np.random.default_rng(seed)
    net, head = NETS[name](6, 16, path=path, dtype=dtype), nn.Linear(16, 6, dtype=dtype)
    for p in (*net.parameters(), *head.parameters()):
        p.data[...] = rng.uniform(-0.25, 0.25, p.shape)
    adam = optim.Adam([*net.parameters(), *head.parameters()], lr=1e-2)
    losses = []
    for _ in range(steps):
        x = rng.integers(0, 6, (12, 8))
        loss = F.cross_entropy(head(net(x).output)[1:], x[:-1])
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return losses


# How far two paths may be apart, relative to the loss, at first and after 200 steps: rounding, and what training makes
# of it. About ten times the most that was measured for four cells and three seeds: 1.6e-7, 5.8e-6; 7e-16, 1.2e-13.
APART = {"float32": (2e-6, 6e-5), "float64": (1e-14, 2e-12)}


@pytest.mark.usefixtures("_switched_on")
@pytest.mark.parametrize("dtype", APART)
@pytest.mark.parametrize("name", NETS)
def test_training_goes_the_same_way_on_all_three_paths(monkeypatch, name, dtype):
    steps = 200
    by_numba = curve(3, steps, name=name, dtype=dtype)
    monkeypatch.setenv("TINYGRAD_SEQ_NUMBA", "0")
    by_numpy, by_cells = (curve(3, steps, path, name, dtype) for path in ("fused", "cell"))
    assert by_numba[-1] < by_numba[0] / 4
    first, last = APART[dtype]
    bound = first * (last / first) ** (np.arange(steps) / (steps - 1))
    for one, other in ((by_numba, by_numpy), (by_numba, by_cells), (by_numpy, by_cells)):
        assert (np.abs(np.subtract(one, other)) < bound * np.array(other)).all()


@pytest.mark.usefixtures("_switched_on")
@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_has_diverged_is_seen(name, dtype):
    net = NETS[name](2, 3, path="fused", dtype=dtype)
    x = np.ones((3, 2, 2), dtype)
    x[1, 0, 0] = np.nan
    output = net(x).output.detach().numpy()
    assert np.isnan(output[1:, 0]).all()
    assert np.isfinite(output[:, 1]).all()


@pytest.mark.usefixtures("_switched_on")
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 4e-7), ("float64", 1e-13)])
def test_tanh_and_sigmoid_are_right_everywhere(dtype, tolerance):
    import numba
    from tinygrad_seq_numpy.compiled.functions import sigma, tanh
    from tinygrad_seq_numpy.compiled.lanes import by_lanes

    of_both = by_lanes(lambda x: (tanh(x), sigma(x)))

    @numba.njit
    def both(x):
        t, s = np.empty_like(x), np.empty_like(x)
        of_both((x,), (t, s))
        return t, s

    x = np.concatenate([np.linspace(-30, 30, 50001), [np.inf, -np.inf, 1e30, -1e30, 1e-30]]).astype(dtype)
    exact = x.astype(np.longdouble)
    for t, s in (both(x[None]), both(x[:, None])):  # by vectors, and one by one
        t, s = t.reshape(-1), s.reshape(-1)
        assert np.abs(t - np.tanh(exact)).max() < tolerance
        assert np.abs(s - (1 + np.tanh(exact / 2)) / 2).max() < tolerance
        assert np.abs(t).max() <= 1
        assert s.min() >= 0 <= 1 - s.max()
