"""The matrices of a growing gradient: the last bit for bit, each before it to a level of colour, and few bytes."""

from __future__ import annotations

from base64 import b64decode

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import models, nn, scope
from tinygrad_seq.data import CharVocab
from tinygrad_seq.record.summary import length
from tinygrad_seq.viz.drawable import drawable, full_name
from tinygrad_seq.viz.growth import FINEST, LEVELS, factors, matrices


def frames_of(matrix, shape):
    """The matrices that the page draws, put together as its script does."""
    last = np.frombuffer(b64decode(matrix["last"]), matrix["dtype"]).reshape(shape)
    columns = shape[-1] if shape else 1
    if matrix["levels"] is not None:
        levels = np.frombuffer(b64decode(matrix["levels"]), np.int8).reshape(-1, last.size) / LEVELS
        before = [np.sign(share) * share**2 for share in levels]
    else:
        rows = last.size // columns
        found = np.frombuffer(b64decode(matrix["factors"]), np.float32).reshape(-1, rows + columns)
        each = [np.outer(one[:rows], one[rows:]).ravel() for one in found]
        before = [sum(each[:n], np.zeros(last.size)) for n in np.cumsum(matrix["terms"])]
    return [share.reshape(shape) * matrix["largest"] for share in before] + [last]


def level(gradient, largest):
    """The level of colour that an entry is drawn in, as a real number."""
    return 255 * np.sign(gradient) * np.sqrt(np.abs(gradient) / largest)


def record_of(batch, hidden=8, layers=2, dtype="float32", expand=True):
    tg.manual_seed(1)
    text = "the quick brown fox jumps"
    model = models.CharLM(CharVocab.from_text(text), hidden, layers, cell="lstm", dtype=dtype, embedding_size=3)
    ids = model.vocab.encode(text)
    rows = np.stack([np.roll(ids, k) for k in range(batch)])
    with tg.record(gradients="parts", expand=expand) as tape:
        logits, _ = model(rows[:, :-1])
        tg.functional.cross_entropy(logits[:, -1], rows[:, -1]).backward()
    return model, tape


@pytest.mark.parametrize("batch", [1, 2, 20])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_frame_is_the_gradient_so_far(batch, dtype):
    model, tape = record_of(batch, dtype=dtype)
    data = drawable(tape)
    leaves = {full_name(entry): entry.id for entry in tape.nodes if entry.kind == "parameter"}
    assert len(data["parameters"]) == len(leaves) == len(list(model.parameters()))
    for parameter in data["parameters"]:
        place = data["places"][parameter["place"]]
        matrix = parameter["matrix"]
        frames = frames_of(matrix, tuple(place["shape"]))
        leaf = leaves[place["name"]]
        expected = {length(g): g for _, g in tape.growth(leaf)}
        assert len(frames) == len(parameter["frames"])
        assert frames[-1].dtype == dtype
        for frame, (_, norm) in zip(frames, parameter["frames"], strict=True):
            off = np.abs(level(frame, matrix["largest"]) - level(expected[norm], matrix["largest"]))
            assert off.max() < 1.5


def test_the_part_of_one_sequence_is_one_product_and_that_of_a_batch_is_levels():
    data = drawable(record_of(1)[1])
    shared = [p for p in data["parameters"] if len(p["frames"]) > 10 and len(data["places"][p["place"]]["shape"]) > 1]
    assert len(shared) == 3
    assert all(set(p["matrix"]["terms"]) <= {0, 1} for p in shared)
    batched = [p for p in drawable(record_of(20)[1])["parameters"] if len(p["frames"]) > 10]
    assert any(p["matrix"]["levels"] is not None for p in batched)


def test_errors_do_not_add_up_over_the_frames():
    shares = [k * 0.9 * FINEST * np.ones((40, 30)) for k in range(300)]  # each adds less than the finest share
    counts, found = factors(shares)
    each = [np.outer(one[:40], one[40:]) for one in found.astype(float).reshape(-1, 70)]
    for share, n in zip(shares, np.cumsum(counts), strict=True):
        assert np.abs(sum(each[:n]) - share).max() <= FINEST * 1.01


def test_what_adds_nothing_takes_nothing():
    gradient = np.outer(np.arange(8.0), np.arange(9.0))
    assert matrices([gradient, gradient, 2 * gradient, gradient])["terms"] == [1, 0, 1]
    assert matrices([np.zeros((8, 9))] * 3)["terms"] == [0, 0]


def test_what_is_no_number_has_no_matrix():
    assert matrices([np.ones((2, 2)), np.array([[1.0, np.nan], [0.0, 0.0]])]) is None
    assert matrices([np.full((2, 2), np.inf), np.ones((2, 2))]) is None


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3, 4)])
def test_numbers_vectors_and_stacks_grow_too(shape):
    w = tg.tensor(np.full(shape, 0.5), requires_grad=True)
    with tg.record(gradients="parts") as tape:
        y = tg.zeros(shape, dtype="float64")
        for x_t in scope.steps([1.0, -2.0, 3.0]):
            y = y + w * x_t
        y.sum().backward()
    (parameter,) = drawable(tape)["parameters"]
    frames = frames_of(parameter["matrix"], shape)
    np.testing.assert_allclose([frame.ravel()[0] for frame in frames], [3.0, 1.0, 2.0], rtol=1e-2)  # a level of colour


def test_a_small_matrix_shows_whole_though_its_frames_together_are_large():
    _, tape = record_of(1, hidden=64, layers=1)
    data = drawable(tape)
    (W_hh,) = [p for p in data["parameters"] if data["places"][p["place"]]["name"] == "weight_hh_l0"]
    assert len(b64decode(W_hh["matrix"]["last"])) == 64 * 1024
    assert len(W_hh["frames"]) > 20


def test_a_small_matrix_shows_whole_though_it_is_read_at_many_places_at_once():
    table = nn.Embedding(5, 4)
    ids = np.arange(10_000) % 5
    with tg.record(gradients="parts") as tape:
        (table(ids) * tg.randn(10_000, 4)).sum().backward()
    (parameter,) = drawable(tape)["parameters"]
    assert frames_of(parameter["matrix"], (5, 4))[-1].tobytes() == table.weight.grad.numpy().tobytes()


def test_a_large_matrix_is_not_put_together_in_memory():
    W = tg.tensor(np.zeros((300_000, 8), np.float32), requires_grad=True)
    with tg.record(values=None, gradients="parts") as tape:
        W[np.array([3, 4])].sum().backward()
    (parameter,) = drawable(tape)["parameters"]
    assert parameter["matrix"] is None
    assert parameter["frames"][-1][1] == pytest.approx(4.0)


def test_a_large_matrix_read_through_a_view_grows_step_by_step_in_every_pass():
    W = tg.tensor(np.full((100, 100), 0.01), requires_grad=True)
    h = tg.ones((1, 100), dtype="float64")
    with tg.record(gradients="parts") as tape:
        for _ in range(2):
            turned = W.mT
            for _ in scope.steps(range(3)):
                h = tg.tanh(h @ turned)
            h.sum().backward()
            h = h.detach()
    (parameter,) = drawable(tape)["parameters"]
    assert parameter["matrix"] is None
    norms = [norm for _, norm in parameter["frames"]]
    assert len(norms) == 6
    assert norms == sorted(norms)
    assert norms[-1] == pytest.approx(np.linalg.norm(W.grad.numpy()))
