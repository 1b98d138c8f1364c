"""A kernel's step on arrays is a step of its sequence, for any number of rows, symbols and vectors."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_seq import nn
from tinygrad_seq.backend import get_backend

NETS = {
    "rnn": nn.RNN(5, 3, dtype="float64"),
    "relu": nn.RNN(5, 3, dtype="float64", nonlinearity="relu"),
    "lstm": nn.LSTM(5, 3, dtype="float64"),
    "bare": nn.LSTM(5, 3, dtype="float64", bias=False),
    "gru": nn.GRU(5, 3, dtype="float64"),
    "reset first": nn.GRU(5, 3, dtype="float64", reset_after=False),
    "mlstm": nn.MLSTM(5, 3, dtype="float64", weight_norm=True),
}


def stepper_of(net):
    weights = [None if w is None else w.data for w in net.weights("_l0")]
    return get_backend("numpy").kernels[net.op.name].stepper(*weights, **net.settings())


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("kind", ["symbols", "vectors"])
@pytest.mark.parametrize("name", NETS)
@pytest.mark.usefixtures("by")
def test_steps_are_those_of_the_cell_loop(name, kind, rows):
    net, rng = NETS[name], np.random.default_rng(0)
    x = rng.integers(0, 5, (6, rows)) if kind == "symbols" else rng.standard_normal((6, rows, 5))
    step, state = stepper_of(net), tuple(rng.standard_normal((rows, 3)) for _ in net.op.parts)
    expected = net.op.reference(
        nn.arguments.beside(x, net.weight_ih_l0),
        None,
        None,
        *(nn.arguments.beside(s, net.weight_ih_l0) for s in state),
        *net.weights("_l0"),
        reverse=False,
        **net.settings(),
    )
    begun = tuple(part.copy() for part in state)
    first = state
    for t in range(6):
        state = step(x[t], *state)
        np.testing.assert_allclose(state[0], expected[0].detach().numpy()[t], rtol=1e-12, atol=1e-14)
    for part, last in zip(state, expected[1:], strict=True):
        np.testing.assert_allclose(part, last.detach().numpy(), rtol=1e-12, atol=1e-14)
    for part, as_begun in zip(first, begun, strict=True):  # a state is never written into
        np.testing.assert_array_equal(part, as_begun)


@pytest.mark.usefixtures("by")
def test_the_number_of_rows_may_change_between_steps():
    net, rng = NETS["lstm"], np.random.default_rng(1)
    step, state = stepper_of(net), tuple(rng.standard_normal((4, 3)) for _ in range(2))
    together = step(np.array([0, 1, 2, 3]), *state)
    for k in range(4):
        alone = step(np.array([k]), *(part[k : k + 1] for part in state))
        for a, b in zip(alone, together, strict=True):
            np.testing.assert_allclose(a[0], b[k], rtol=1e-13, atol=1e-15)


def test_where_the_loops_do_not_compile_the_plain_step_is_taken(monkeypatch):
    pytest.importorskip("numba", reason="compiled loops need the extra [fast]")
    monkeypatch.delenv("TINYGRAD_SEQ_NUMBA", raising=False)
    from numba.core.errors import TypingError
    from tinygrad_seq_numpy.compiled import loops

    def refuses(*args):
        raise TypingError("not today")

    net = NETS["lstm"]
    state = (np.ones((1, 3)), np.ones((1, 3)))
    expected = stepper_of(net)(np.array([2]), *state)
    kernel = get_backend("numpy").kernels["LSTMSequence"]
    monkeypatch.setattr(kernel, "failures", {})
    monkeypatch.setattr(loops, "through", refuses)
    for part, other in zip(stepper_of(net)(np.array([2]), *state), expected, strict=True):
        np.testing.assert_allclose(part, other, rtol=1e-12)
    assert "not today" in kernel.obstacle(np.dtype("float64"))
    assert type(stepper_of(net)).__name__ == "Stepper"
