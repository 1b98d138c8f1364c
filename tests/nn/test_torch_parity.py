"""The modules that PyTorch has too are its own, number by number: outputs, states, gradients, names, initial values."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # on arrays this small its threads cost a hundred times what they save
pytestmark = pytest.mark.oracle

T, B, I, H = 5, 3, 4, 6

SEQUENCES = {
    "rnn-tanh": (nn.RNN, torch.nn.RNN, {"nonlinearity": "tanh"}),
    "rnn-relu": (nn.RNN, torch.nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, torch.nn.LSTM, {}),
    "gru": (nn.GRU, torch.nn.GRU, {}),
}
CELLS = {
    "rnn-tanh": (nn.RNNCell, torch.nn.RNNCell, {"nonlinearity": "tanh"}),
    "rnn-relu": (nn.RNNCell, torch.nn.RNNCell, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTMCell, torch.nn.LSTMCell, {}),
    "gru": (nn.GRUCell, torch.nn.GRUCell, {}),
}
each_sequence = pytest.mark.parametrize("kind", SEQUENCES)
each_cell = pytest.mark.parametrize("kind", CELLS)


def pair(classes, *sizes, dtype="float64", **options):
    """Our module and PyTorch's with the same weights, both in evaluation mode."""
    ours_class, theirs_class, extra = classes
    theirs = theirs_class(*sizes, **options, **extra, dtype=getattr(torch, dtype)).eval()
    ours = ours_class(*sizes, **options, **extra, dtype=dtype).eval()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def leaves(*arrays):
    """The same arrays as leaves of ours and of PyTorch's."""
    ours = [tg.Tensor(a, requires_grad=True) for a in arrays]
    return ours, [torch.tensor(a, requires_grad=True) for a in arrays]


def backward(rng, ours, theirs):
    """Go back from the same random projection of the outputs on both sides."""
    weights = [rng.standard_normal(y.shape).astype(y.dtype) for y in ours]
    sum(((y * tg.tensor(w)).sum() for y, w in zip(ours, weights, strict=True)), start=tg.tensor(0.0)).backward()
    sum((y * torch.from_numpy(w)).sum() for y, w in zip(theirs, weights, strict=True)).backward()


def assert_same(ours, theirs, tolerance=1e-10):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance)


def assert_same_gradients(ours, theirs, our_inputs, their_inputs, tolerance=1e-10):
    assert_same([x.grad for x in our_inputs], [x.grad for x in their_inputs], tolerance)
    their_parameters = dict(theirs.named_parameters())
    assert list(their_parameters) == [name for name, _ in ours.named_parameters()]
    for name, parameter in ours.named_parameters():
        expected = their_parameters[name].grad.numpy()
        np.testing.assert_allclose(parameter.grad.numpy(), expected, rtol=tolerance, atol=tolerance, err_msg=name)


def flat(output, state):
    """An output and its state, (h, c) or h, as a list of tensors."""
    return [output, *state] if isinstance(state, tuple) else [output, state]


def state_arrays(rng, kind, shape):
    return [rng.standard_normal(shape) for _ in range(2 if kind == "lstm" else 1)]


def packed(parts):
    """Parts of a state as the module takes them: h, or the pair (h, c)."""
    return parts[0] if len(parts) == 1 else tuple(parts)


@each_sequence
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("batch_first", [False, True], ids=["time-first", "batch-first"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("given", [False, True], ids=["from-zero", "state-given"])
def test_sequence_modules(rng, kind, layers, bidirectional, batch_first, bias, given):
    options = {"bidirectional": bidirectional, "batch_first": batch_first, "bias": bias}
    ours, theirs = pair(SEQUENCES[kind], I, H, layers, dropout=0.3 * (layers > 1), **options)
    x = rng.standard_normal((B, T, I) if batch_first else (T, B, I))
    start = state_arrays(rng, kind, (layers * (1 + bidirectional), B, H)) if given else []
    (our_x, *our_start), (their_x, *their_start) = leaves(x, *start)
    our_result = flat(*ours(our_x, packed(our_start) if given else None))
    their_result = flat(*theirs(their_x, packed(their_start) if given else None))
    assert_same(our_result, their_result)
    backward(rng, our_result, their_result)
    assert_same_gradients(ours, theirs, [our_x, *our_start], [their_x, *their_start])


@each_sequence
@pytest.mark.parametrize("batch_first", [False, True], ids=["time-first", "batch-first"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("lengths", [[5, 3, 1], [2, 5, 4], [1, 1, 3]], ids=str)
def test_lengths_are_packed_sequences(rng, kind, batch_first, bidirectional, lengths):
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    ours, theirs = pair(SEQUENCES[kind], I, H, 2, bidirectional=bidirectional, batch_first=batch_first)
    x = rng.standard_normal((B, T, I) if batch_first else (T, B, I))
    start = state_arrays(rng, kind, (2 * (1 + bidirectional), B, H))
    (our_x, *our_start), (their_x, *their_start) = leaves(x, *start)
    our_result = flat(*ours(our_x, packed(our_start), lengths=lengths))
    sequence = pack_padded_sequence(their_x, lengths, batch_first, enforce_sorted=False)
    output, state = theirs(sequence, packed(their_start))
    their_result = flat(pad_packed_sequence(output, batch_first, total_length=T)[0], state)
    assert_same(our_result, their_result)
    backward(rng, our_result, their_result)
    assert_same_gradients(ours, theirs, [our_x, *our_start], [their_x, *their_start])


@each_cell
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("given", [True, False], ids=["state-given", "from-zero"])
def test_cells(rng, kind, bias, given):
    ours, theirs = pair(CELLS[kind], I, H, bias=bias)
    start = state_arrays(rng, kind, (B, H)) if given else []
    (our_x, *our_start), (their_x, *their_start) = leaves(rng.standard_normal((B, I)), *start)
    our_state = ours(our_x, packed(our_start) if given else None)
    their_state = theirs(their_x, packed(their_start) if given else None)
    our_parts, their_parts = ([*s] if kind == "lstm" else [s] for s in (our_state, their_state))
    assert_same(our_parts, their_parts)
    backward(rng, our_parts, their_parts)
    assert_same_gradients(ours, theirs, [our_x, *our_start], [their_x, *their_start])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(), (B,), (T, B)], ids=str)
def test_linear(rng, bias, lead):
    ours, theirs = pair((nn.Linear, torch.nn.Linear, {}), I, H, bias=bias)
    (our_x,), (their_x,) = leaves(rng.standard_normal((*lead, I)))
    y, expected = ours(our_x), theirs(their_x)
    assert_same([y], [expected])
    backward(rng, [y], [expected])
    assert_same_gradients(ours, theirs, [our_x], [their_x])


def test_embedding_with_repeated_ids(rng):
    ours, theirs = pair((nn.Embedding, torch.nn.Embedding, {}), 7, I)
    ids = rng.integers(0, 4, (T, B))
    y, expected = ours(tg.tensor(ids)), theirs(torch.from_numpy(ids))
    assert_same([y], [expected])
    backward(rng, [y], [expected])
    assert_same_gradients(ours, theirs, [], [])


def test_layer_norm(rng):
    ours, theirs = pair((nn.LayerNorm, torch.nn.LayerNorm, {}), I)
    values = {name: rng.standard_normal(I) for name in ("weight", "bias")}
    ours.load_state_dict(values)
    theirs.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
    (our_x,), (their_x,) = leaves(3 + 2 * rng.standard_normal((T, B, I)))
    y, expected = ours(our_x), theirs(their_x)
    assert_same([y], [expected])
    backward(rng, [y], [expected])
    assert_same_gradients(ours, theirs, [our_x], [their_x])


# names, shapes, files


def modules_with_state():
    for kind, layers, bidirectional, bias in product(SEQUENCES, [1, 2], [False, True], [False, True]):
        ours, theirs, extra = SEQUENCES[kind]
        yield ours, theirs, (I, H, layers), {"bidirectional": bidirectional, "bias": bias, **extra}
    for kind, bias in product(CELLS, [False, True]):
        ours, theirs, extra = CELLS[kind]
        yield ours, theirs, (I, H), {"bias": bias, **extra}
    yield nn.Linear, torch.nn.Linear, (I, H), {}
    yield nn.Embedding, torch.nn.Embedding, (I, H), {}
    yield nn.LayerNorm, torch.nn.LayerNorm, (I,), {}


@pytest.mark.parametrize(("ours_class", "theirs_class", "sizes", "options"), list(modules_with_state()))
def test_state_dicts_have_the_same_names_shapes_and_order_and_load_both_ways(ours_class, theirs_class, sizes, options):
    ours, theirs = ours_class(*sizes, **options), theirs_class(*sizes, **options)
    saved = ours.state_dict()
    assert [(name, array.shape) for name, array in saved.items()] == [
        (name, tuple(tensor.shape)) for name, tensor in theirs.state_dict().items()
    ]
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in saved.items()})
    back = ours_class(*sizes, **options)
    back.load_state_dict(theirs.state_dict())
    for name, array in back.state_dict().items():
        np.testing.assert_array_equal(array, saved[name])


def test_models_of_several_modules_have_the_same_names(rng):
    ours = nn.Sequential(nn.Linear(I, H), tg.tanh, nn.Sequential(nn.LayerNorm(H), nn.Linear(H, 2)))
    theirs = torch.nn.Sequential(
        torch.nn.Linear(I, H), torch.nn.Tanh(), torch.nn.Sequential(torch.nn.LayerNorm(H), torch.nn.Linear(H, 2))
    )
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = rng.standard_normal((B, I)).astype(np.float32)
    assert_same([ours(tg.Tensor(x))], [theirs(torch.from_numpy(x))], 1e-6)


def test_a_safetensors_file_saved_from_torch_gives_its_outputs_and_gradients(rng, tmp_path):
    from safetensors.numpy import load_file
    from safetensors.torch import save_file

    theirs = torch.nn.LSTM(I, H, 2, bidirectional=True)
    save_file(theirs.state_dict(), tmp_path / "lstm.safetensors")
    ours = nn.LSTM(I, H, 2, bidirectional=True)
    ours.load_state_dict(load_file(tmp_path / "lstm.safetensors"))
    (our_x,), (their_x,) = leaves(rng.standard_normal((T, B, I)).astype(np.float32))
    our_result, their_result = flat(*ours(our_x)), flat(*theirs(their_x))
    assert_same(our_result, their_result, 1e-6)
    backward(rng, our_result, their_result)
    assert_same_gradients(ours, theirs, [our_x], [their_x], 1e-6)


def test_torch_loads_a_safetensors_file_saved_from_ours(rng, tmp_path):
    from safetensors.numpy import save_file
    from safetensors.torch import load_file

    ours, theirs = nn.GRU(I, H, 2), torch.nn.GRU(I, H, 2)
    save_file(ours.state_dict(), tmp_path / "gru.safetensors")
    theirs.load_state_dict(load_file(tmp_path / "gru.safetensors"))
    x = rng.standard_normal((T, B, I)).astype(np.float32)
    assert_same(flat(*ours(x)), flat(*theirs(torch.from_numpy(x))), 1e-6)


# initial values


@pytest.mark.parametrize(
    ("ours_class", "theirs_class", "sizes"),
    [
        (nn.LSTM, torch.nn.LSTM, (100, 400)),
        (nn.GRU, torch.nn.GRU, (100, 400)),
        (nn.RNN, torch.nn.RNN, (100, 400)),
        (nn.LSTMCell, torch.nn.LSTMCell, (100, 400)),
        (nn.Linear, torch.nn.Linear, (400, 100)),
        (nn.Embedding, torch.nn.Embedding, (300, 100)),
        (nn.LayerNorm, torch.nn.LayerNorm, (100,)),
    ],
)
def test_initial_values_are_distributed_as_in_torch(ours_class, theirs_class, sizes):
    torch.manual_seed(0)
    ours, theirs = ours_class(*sizes).state_dict(), theirs_class(*sizes).state_dict()
    for name, a in ours.items():
        b = theirs[name].numpy()
        assert a.mean() == pytest.approx(b.mean(), abs=6 * max(b.std(), 1e-9) / np.sqrt(b.size)), name
        assert a.std() == pytest.approx(b.std(), rel=0.12), name
        if ours_class is not nn.Embedding:  # a normal distribution has no bound
            assert a.max() == pytest.approx(b.max(), rel=0.1), name
            assert a.min() == pytest.approx(b.min(), rel=0.1), name
