"""What users of such libraries ran into again and again, at the level of whole modules: it must not happen here."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import models, nn, optim, train
from tinygrad_seq.backend import get_backend
from tinygrad_seq.data import Corpus
from tinygrad_seq.errors import GraphFreedError

CORPUS = Corpus.from_text("to be or not to be, that is the question. " * 8)


class Encoder(nn.Module):
    """Holds a recurrent net."""

    def __init__(self, net):
        self.net = net

    def forward(self, x, state):
        return self.net(x, state)


class Tagger(nn.Module):
    """A recurrent net two levels down."""

    def __init__(self, net):
        self.encoder = Encoder(net)

    def forward(self, x, state=None):
        return self.encoder(x, state)


PATH = "Tagger.encoder.net"


def used_state(model):
    """The state of a first chunk whose graph a backward pass has freed."""
    output, state = model(np.zeros((4, 2, 3), np.float32))
    output.sum().backward()
    return state


@pytest.mark.parametrize(("net", "parts"), [(nn.RNN, "h"), (nn.GRU, "h"), (nn.LSTM, "hc"), (nn.MLSTM, "hc")])
def test_finding_1_a_second_chunk_without_detach_is_told_which_state_of_which_module_and_the_cure(net, parts):
    tg.manual_seed(0)
    model = Tagger(net(3, 5))
    output, _ = model(np.zeros((4, 2, 3), np.float32), used_state(model))
    with pytest.raises(GraphFreedError) as caught:
        output.sum().backward()
    said = str(caught.value)
    assert "an earlier backward() has freed" in said
    assert re.search(rf"through the carried state `[{parts}]` of '{PATH}'", said)
    assert said.index("state = state.detach()") < said.index("retain_graph")  # the cure first


@pytest.mark.parametrize(("h", "c", "part"), [(True, False, "h"), (False, True, "c")])
def test_finding_1_the_part_of_an_lstm_state_that_was_left_attached_is_named(h, c, part):
    tg.manual_seed(0)
    model = Tagger(nn.LSTM(3, 5))
    old = used_state(model)
    state = (old.h if h else old.h.detach(), old.c if c else old.c.detach())
    output, _ = model(np.zeros((4, 2, 3), np.float32), state)
    with pytest.raises(GraphFreedError, match=f"through the carried state `{part}` of '{PATH}'"):
        output.sum().backward()


def test_finding_1_the_loop_of_the_readme_without_its_detach():
    model = models.CharLM(CORPUS.vocab, hidden_size=8, cell="lstm")
    chunks = CORPUS.batches(batch_size=2, seq_len=5)
    logits, state = model(chunks.at(0).x)
    tg.functional.cross_entropy(logits, chunks.at(0).y).backward()
    logits, state = model(chunks.at(1).x, state)
    with pytest.raises(GraphFreedError, match=r"through the carried state `[hc]` of 'CharLM\.rnn'"):
        tg.functional.cross_entropy(logits, chunks.at(1).y).backward()


@pytest.mark.parametrize("net", [nn.RNN, nn.GRU, nn.LSTM, nn.MLSTM])
def test_finding_2_detach_returns_a_state_that_is_cut_off_and_leaves_the_old_one_attached(net):
    tg.manual_seed(0)
    model = net(3, 5)
    _, old = model(np.zeros((4, 2, 3), np.float32))
    new = old.detach()
    for before, after in zip(parts(old), parts(new), strict=True):
        assert before.requires_grad
        assert not after.requires_grad
        np.testing.assert_array_equal(before.detach().numpy(), after.numpy())
    assert type(new) is type(old)
    sum(part.sum() for part in parts(old)).backward()  # it still leads to the weights
    assert model.weight_ih_l0.grad is not None


@pytest.mark.parametrize("net", [nn.RNN, nn.GRU, nn.LSTM, nn.MLSTM])
def test_finding_2_modules_never_detach_by_themselves(net):
    tg.manual_seed(0)
    model = net(3, 5, dtype="float64")
    x = np.random.default_rng(0).normal(size=(6, 2, 3))
    first = tg.tensor(x[:3], requires_grad=True)
    _, state = model(first)
    output, _ = model(x[3:], state)
    output.sum().backward()
    assert (first.grad.numpy() != 0).any()  # the gradient of the second chunk reaches the first


def parts(state):
    return list(state) if isinstance(state, tuple) else [state]


def steps_on(backend, make, batches, **settings):
    """Train on a backend; return the losses, and what crossed between host and device at each step."""
    tg.manual_seed(0)
    model = make().to(backend)
    counted = getattr(get_backend(backend), "transfers", None)
    losses, crossed = [], []
    for step in train.train(model, batches, optim.Adam(model, lr=1e-2), **settings):
        losses.append((step.loss, step.norm))
        if counted is not None:
            crossed.append(dict(counted))
            counted.clear()
    return losses, crossed[1:]  # the first step also counts what it took to move the model


def language_model(**settings):
    return lambda: models.CharLM(CORPUS.vocab, 8, 2, **settings)


@pytest.mark.parametrize(
    "make",
    [
        language_model(cell="lstm"),
        language_model(cell="lstm", embedding_size=6),
        language_model(cell="rnn"),
        language_model(cell="gru"),
        language_model(cell="mlstm"),
    ],
)
def test_finding_18_training_on_a_device_gives_the_host_s_losses_and_crosses_four_times_a_step(make):
    batches = list(CORPUS.batches(3, 7, steps=5))
    here, _ = steps_on("numpy", make, batches, clip_norm=1.0)
    there, crossed = steps_on("fake", make, batches, clip_norm=1.0)
    np.testing.assert_allclose(there, here, rtol=1e-6)
    # To the device x and y; to the host the loss and the gradient's norm, both once the backward pass is queued.
    assert crossed == [{"to device": 2, "to host": 2}] * 4


def test_finding_18_dropout_and_clipping_by_value_stay_on_the_device():
    batches = list(CORPUS.batches(3, 7, steps=3))
    _, crossed = steps_on("fake", language_model(dropout=0.5), batches, clip_norm=1.0, clip_value=0.1)
    assert crossed == [{"to device": 2, "to host": 2}] * 2


@pytest.mark.parametrize("teacher_forcing", [1.0, 0.5, 0.0])
def test_finding_18_scheduled_sampling_never_reads_its_guesses_back_to_the_host(teacher_forcing):
    rng = np.random.default_rng(0)
    examples = [
        tg.data.PaddedBatch(rng.integers(0, 5, (3, 6)), np.array([6, 2, 4]), rng.integers(0, 4, (3, 5)))
        for _ in range(3)
    ]

    def make():
        return models.Seq2Seq(5, 4, 8, cell="gru", teacher_forcing=teacher_forcing)

    here, _ = steps_on("numpy", make, examples)
    there, crossed = steps_on("fake", make, examples)
    np.testing.assert_allclose(there, here, rtol=1e-6)
    assert [counts["to host"] for counts in crossed] == [2, 2]
    assert all("waited" not in counts for counts in crossed)


def test_finding_18_a_classifier_trains_and_predicts_on_a_device():
    rng = np.random.default_rng(0)
    examples = [tg.data.PaddedBatch(rng.integers(0, 5, (3, 6)), np.array([6, 2, 4]), np.array([0, 1, 1]))] * 3

    def make():
        return models.SequenceClassifier(5, 2, 8, embedding_size=4, bidirectional=True)

    here, _ = steps_on("numpy", make, examples)
    there, crossed = steps_on("fake", make, examples)
    np.testing.assert_allclose(there, here, rtol=1e-6)
    assert crossed == [{"to device": 3, "to host": 2}] * 2  # ids, lengths, targets; loss, norm


def test_finding_18_a_model_on_a_device_writes_is_evaluated_and_is_drawn_as_on_the_host():
    tg.manual_seed(0)
    here, there = language_model()(), language_model()().to("fake")
    there.load_state_dict(here.state_dict())
    assert there.generate("to be", length=20) == here.generate("to be", length=20)
    assert train.evaluate(there, CORPUS) == pytest.approx(train.evaluate(here, CORPUS), rel=1e-6)
    assert tg.viz.unroll(there, "to be").svg == tg.viz.unroll(here, "to be").svg
