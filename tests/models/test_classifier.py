"""A classifier reads a sequence to its true end and names its class."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import data, optim, train
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.models import SequenceClassifier


def taught(model, sequences, targets, epochs, lr=2e-2, batch_size=32):
    optimizer = optim.Adam(model, lr=lr)
    for epoch in range(epochs):
        batches = data.padded(sequences, targets, batch_size, seed=0, epoch=epoch)
        for _ in train.train(model, batches, optimizer, clip_norm=1.0):
            pass
    return model


def accuracy(model, sequences, targets):
    ids, lengths = data.pad(sequences)
    return (model.predict(ids, lengths) == targets).mean()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("embedding", [None, 4])
def test_shapes(cell, bidirectional, embedding, rng):
    model = SequenceClassifier(
        6, 3, 5, 2, cell=cell, embedding_size=embedding, bidirectional=bidirectional, dropout=0.5, dtype="float64"
    )
    logits = model(rng.integers(0, 6, (4, 7)), [7, 1, 3, 2])
    assert logits.shape == (4, 3)
    assert logits.dtype == np.float64
    assert model.head.weight.shape == (3, 10 if bidirectional else 5)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_row_is_classified_as_if_it_were_alone_whatever_stands_in_its_padding(cell, bidirectional, rng):
    model = SequenceClassifier(6, 3, 5, 2, cell=cell, bidirectional=bidirectional, dtype="float64")
    sequences = [rng.integers(0, 6, n) for n in (7, 1, 4, 2)]
    alone = np.concatenate([model(row[None, :]).detach().numpy() for row in sequences])
    for filler in (0, 5):
        ids, lengths = data.pad(sequences, filler)
        np.testing.assert_allclose(model(ids, lengths).detach().numpy(), alone, atol=1e-13)
    wider = np.concatenate([ids, np.full((4, 3), 2)], axis=1)
    np.testing.assert_allclose(model(wider, lengths).detach().numpy(), alone, atol=1e-13)


def test_rows_of_vectors_are_read_as_they_are(rng):
    model = SequenceClassifier(6, 3, 5, dtype="float64")
    ids = rng.integers(0, 6, (4, 7))
    np.testing.assert_allclose(
        model(np.eye(6)[ids], [7, 1, 3, 2]).detach().numpy(), model(ids, [7, 1, 3, 2]).detach().numpy(), atol=1e-13
    )


def test_loss_is_the_mean_cross_entropy_and_there_is_no_state_to_carry(rng):
    model = SequenceClassifier(6, 3, 5, dtype="float64")
    ids, lengths, targets = rng.integers(0, 6, (4, 7)), np.array([7, 1, 3, 2]), np.array([0, 2, 1, 1])
    scores = model(ids, lengths).detach().numpy()
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    loss, state = model.loss(data.PaddedBatch(ids, lengths, targets))
    assert loss.item() == pytest.approx(-log_p[np.arange(4), targets].mean(), abs=1e-13)
    assert state is None


def test_it_remembers_the_first_symbol_through_distractors_of_any_length(cell, rng):
    sequences = [rng.integers(0, 4, rng.integers(2, 8)) for _ in range(64)]
    targets = np.array([row[0] % 2 for row in sequences])
    model = taught(SequenceClassifier(4, 2, 16, cell=cell), sequences, targets, epochs=20)
    assert accuracy(model, sequences, targets) == 1.0


def test_it_learns_that_not_turns_a_word_round():
    good, bad, negation, filler = "ghi", "bcd", "n", "xyz"
    rng, vocab = np.random.default_rng(1), data.CharVocab("bcdghinxyz")
    sentences, targets = [], []
    for _ in range(120):
        is_good, is_negated = rng.integers(0, 2, 2)
        words = [negation] * is_negated + [rng.choice(list(good if is_good else bad))]
        before, after = ("".join(rng.choice(list(filler), rng.integers(0, 3))) for _ in range(2))
        sentences.append(vocab.encode(before + "".join(words) + after))
        targets.append(is_good ^ is_negated)
    model = SequenceClassifier(len(vocab), 2, 16, cell="lstm", embedding_size=8)
    model = taught(model, sentences, np.array(targets), epochs=12, lr=3e-2)
    assert accuracy(model, sentences, targets) == 1.0


def test_it_learns_the_sign_of_a_sum_of_numbers(rng):
    series = rng.normal(size=(64, 6, 1)).astype(np.float32)
    targets = (series.sum(axis=(1, 2)) > 0).astype(np.intp)
    model = SequenceClassifier(1, 2, 8, cell="gru", bidirectional=True)
    optimizer = optim.Adam(model, lr=5e-2)
    batches = [data.PaddedBatch(series, np.full(64, 6), targets)] * 60
    for _ in train.train(model, batches, optimizer, clip_norm=1.0):
        pass
    assert (model.predict(series) == targets).mean() == 1.0


def test_predict_is_the_likeliest_class_without_dropout_and_leaves_the_mode_as_it_was(rng):
    model = SequenceClassifier(6, 3, 8, dropout=0.9)
    ids = rng.integers(0, 6, (16, 5))
    predicted = model.predict(ids)
    np.testing.assert_array_equal(predicted, model.predict(ids))
    assert model.training
    np.testing.assert_array_equal(predicted, model.eval()(ids).detach().numpy().argmax(axis=1))
    model.predict(ids)
    assert not model.training


def test_a_failing_predict_leaves_the_mode_as_it_was():
    model = SequenceClassifier(6, 3, 8)
    with pytest.raises(tg.TinygradSeqError):
        model.predict(np.array([[7]]))
    assert model.training


def test_settings_out_of_range_are_config_errors():
    with pytest.raises(ConfigError, match="input_size=0"):
        SequenceClassifier(6, 3, embedding_size=0)
    with pytest.raises(ConfigError, match="cell='cnn'"):
        SequenceClassifier(6, 3, cell="cnn")
