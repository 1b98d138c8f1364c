"""An encoder reads the question, a decoder writes the answer, told the truth or left to itself."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import data, optim, train
from tinygrad_seq.data import IGNORE, PaddedBatch
from tinygrad_seq.errors import ConfigError
from tinygrad_seq.models import Seq2Seq

S, V = 5, 4  # how many symbols the two sides know


def made(teacher_forcing=1.0, cell="lstm", layers=1, **settings):
    tg.manual_seed(0)
    return Seq2Seq(S, V, 6, layers, cell=cell, teacher_forcing=teacher_forcing, dtype="float64", **settings)


@pytest.fixture
def batch(rng):
    """Questions and answers of unequal length."""
    targets = rng.integers(0, V, (3, 6))
    targets[1, 2:] = targets[2, 5:] = IGNORE
    return PaddedBatch(rng.integers(0, S, (3, 4)), np.array([4, 1, 3]), targets)


def step_by_step(model, batch, read):
    """Run the decoder one symbol at a time; `read(u, guess)` says what it reads after step u. Return (B, U, V)."""
    memory, state = model.read(batch.ids, batch.lengths)
    reads, scores = np.full((len(batch.ids), 1), V), []
    for u in range(batch.targets.shape[1]):
        output, state = model.decoder(reads, state)
        if model.attention is not None:
            output = model.attention(output, memory, batch.lengths).output
        scores.append(model.head(output).detach().numpy())
        reads = read(u, scores[-1].argmax(axis=-1))
    return np.concatenate(scores, axis=1)


def cross_entropy(scores, targets):
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    judged = targets != IGNORE
    picked = np.take_along_axis(log_p, np.where(judged, targets, 0)[..., None], axis=-1)[..., 0]
    return -picked[judged].mean()


def told_the_truth(batch):
    return lambda u, guess: np.where(batch.targets[:, u : u + 1] == IGNORE, V, batch.targets[:, u : u + 1])


@pytest.mark.parametrize("options", [{}, {"attention": True}, {"attention": True, "bidirectional": True}], ids="-".join)
@pytest.mark.parametrize("layers", [1, 2])
def test_teacher_forcing_1_is_the_decoder_run_step_by_step_over_the_true_answer(cell, layers, options, batch):
    model = made(cell=cell, layers=layers, **options)
    scores = step_by_step(model, batch, told_the_truth(batch))
    np.testing.assert_allclose(model(batch.ids, batch.targets, batch.lengths).detach().numpy(), scores, atol=1e-13)
    loss, state = model.loss(batch)
    assert loss.item() == pytest.approx(cross_entropy(scores, batch.targets), abs=1e-13)
    assert state is None


def test_free_running_that_is_told_every_symbol_is_teacher_forcing(cell, batch):
    model = made(cell=cell)
    told = model.free_running(batch.ids, 6, batch.lengths, batch.targets)
    np.testing.assert_allclose(
        told.detach().numpy(), model(batch.ids, batch.targets, batch.lengths).detach().numpy(), atol=1e-13
    )


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_teacher_forcing_0_reads_its_own_guesses_alone(cell, layers, attention, batch):
    model = made(0.0, cell=cell, layers=layers, attention=attention)
    scores = step_by_step(model, batch, lambda u, guess: guess)
    assert model.loss(batch)[0].item() == pytest.approx(cross_entropy(scores, batch.targets), abs=1e-13)
    np.testing.assert_array_equal(model.predict(batch.ids, 6, batch.lengths), scores.argmax(axis=-1))


def test_the_gradient_of_scheduled_sampling_is_that_of_its_loss(batch, rng):
    model = made(0.5)

    def loss():
        tg.random.at_step(1)
        return model.loss(batch)[0]

    loss().backward()
    for parameter in (model.encoder.weight_ih_l0, model.decoder.weight_hh_l0):
        w, direction = tg.tensor(parameter).data, tg.tensor(rng.normal(size=parameter.shape)).data
        parameter.assign_(w + 1e-5 * direction)
        above = loss().item()
        parameter.assign_(w - 1e-5 * direction)
        slope = (above - loss().item()) / 2e-5
        parameter.assign_(w)
        assert (parameter.grad * direction).sum().item() == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_between_them_a_coin_tossed_anew_at_each_step_of_training_says_what_is_read(step, batch):
    model = made(0.5)
    tg.random.at_step(step)
    told = model.told(batch.targets)
    scores = step_by_step(model, batch, lambda u, guess: told_the_truth(batch)(u, guess) if u + 1 in told else guess)
    tg.random.at_step(step)
    assert model.loss(batch)[0].item() == pytest.approx(cross_entropy(scores, batch.targets), abs=1e-13)


def test_coins_are_a_function_of_seed_and_step(batch):
    def coins(seed, step, p=0.5):
        model = made(p)
        tg.manual_seed(seed)
        tg.random.at_step(step)
        return tuple(model.told(np.zeros((2, 400), np.intp)))

    assert coins(0, 1) == coins(0, 1)
    assert len({coins(0, 1), coins(0, 2), coins(1, 1)}) == 3
    assert 150 < len(coins(0, 1)) < 250
    assert 20 < len(coins(0, 1, 0.1)) < 65
    assert coins(0, 1, 0.0) == ()
    assert coins(0, 1, 1.0) == tuple(range(400))


def test_answers_of_unequal_length_do_not_disturb_each_other(batch):
    model = made()
    alone, judged = 0.0, 0
    for b, (source, length, target) in enumerate(zip(batch.ids, batch.lengths, batch.targets, strict=True)):
        true = target[target != IGNORE]
        row = PaddedBatch(source[None, :length], np.array([length]), true[None, :])
        alone += model.loss(row)[0].item() * len(true)
        judged += len(true)
        np.testing.assert_array_equal(
            model.predict(batch.ids, 6, batch.lengths)[b], model.predict(source[None, :length], 6)[0]
        )
    assert model.loss(batch)[0].item() == pytest.approx(alone / judged, abs=1e-13)


def test_what_stands_behind_the_end_of_an_answer_is_never_learnt_from(batch):
    model = made()
    model.loss(batch)[0].backward()
    short = [parameter.grad.numpy().copy() for parameter in model.parameters()]
    model.zero_grad()
    longer = batch._replace(targets=np.concatenate([batch.targets, np.full((3, 2), IGNORE)], axis=1))
    model.loss(longer)[0].backward()
    for ours, theirs in zip(short, model.parameters(), strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), atol=1e-15)


def test_predict_writes_as_many_symbols_as_asked_without_dropout_and_leaves_the_mode(batch):
    model = made(dropout=0.9, layers=2)
    before = tg.random.position()
    answers = model.predict(batch.ids, 9, batch.lengths)
    assert answers.shape == (3, 9)
    assert answers.min() >= 0 <= answers.max() < V
    np.testing.assert_array_equal(answers, model.predict(batch.ids, 9, batch.lengths))
    np.testing.assert_array_equal(answers[:, :2], model.predict(batch.ids, 2, batch.lengths))
    assert model.training
    assert tg.random.position() == before


def test_dropout_reaches_a_decoder_of_one_layer(batch):
    model = made(dropout=0.5)
    noisy = model.loss(batch)[0].item()
    assert noisy != model.eval().loss(batch)[0].item()


@pytest.mark.parametrize("layers", [1, 2])
def test_an_encoder_of_both_directions_hands_each_layer_both_its_ends(cell, layers, batch):
    model = made(cell=cell, layers=layers, bidirectional=True)
    output, ends = model.encoder(batch.ids, lengths=batch.lengths)
    memory, state = model.read(batch.ids, batch.lengths)
    assert memory.shape == (3, 4, 6)
    np.testing.assert_array_equal(memory.detach().numpy(), output.detach().numpy())
    both = zip(ends, state, strict=True) if isinstance(state, tuple) else [(ends, state)]
    for end, start in both:
        assert start.shape == (layers, 3, 6)
        for k in range(layers):
            ends_of_k = np.concatenate(end.detach().numpy()[2 * k : 2 * k + 2], axis=-1)
            np.testing.assert_array_equal(start.detach().numpy()[k], ends_of_k)


def test_two_directions_need_an_even_number_of_units():
    with pytest.raises(ConfigError, match="hidden_size=5"):
        Seq2Seq(S, V, 5, bidirectional=True)


def test_an_alignment_is_what_attention_weighs_while_the_answer_is_written(batch):
    model = made(attention=True)
    answer = model.predict(batch.ids, 5, batch.lengths)
    weights = model.alignment(batch.ids, answer, batch.lengths)
    assert weights.shape == (3, 5, 4)
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    assert (weights[1, :, 1:] == 0).all()
    memory, state = model.encoder(batch.ids, lengths=batch.lengths)
    reads = np.full((3, 1), V)
    for u in range(5):
        output, state = model.decoder(reads, state)
        seen = model.attention(output, memory, batch.lengths)
        np.testing.assert_allclose(weights[:, u], seen.weights.detach().numpy()[:, 0], atol=1e-13)
        reads = answer[:, u : u + 1]
    with pytest.raises(ConfigError, match="no attention"):
        made().alignment(batch.ids, answer)


def test_settings_out_of_range_are_config_errors(batch):
    for wrong in (-0.1, 1.1, np.nan):
        with pytest.raises(ConfigError, match="teacher_forcing"):
            made(wrong)
    with pytest.raises(ConfigError, match="length=0"):
        made().predict(batch.ids, 0)


def reversal(n, length, rng):
    x = rng.integers(0, 4, (n, length))
    return x, x[:, ::-1]


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("teacher_forcing", [1.0, 0.75])
def test_it_learns_to_say_a_word_backwards(teacher_forcing, attention):
    tg.manual_seed(0)
    x, y = reversal(64, 3, np.random.default_rng(0))
    model = Seq2Seq(4, 4, 32, cell="gru", teacher_forcing=teacher_forcing, attention=attention)
    optimizer = optim.Adam(model, lr=1e-2)
    batches = (batch for epoch in range(40) for batch in data.padded(x, y, 32, seed=0, epoch=epoch))
    for _ in train.train(model, batches, optimizer, clip_norm=1.0):
        pass
    assert (model.predict(x, 3) == y).all()
