"""A language model: it predicts what follows, carries its state on, and writes."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq.data import Batch, ByteVocab, CharVocab
from tinygrad_seq.errors import AnomalyError, ConfigError, DataError
from tinygrad_seq.models import CharLM

VOCAB = CharVocab("\nabcde")
V = len(VOCAB)


def parts(state):
    return list(state) if isinstance(state, tuple) else [state]


def ids_of(rng, batch=3, time=7):
    return rng.integers(0, V, (batch, time))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("embedding", [None, 4])
def test_shapes(cell, layers, embedding, rng):
    model = CharLM(VOCAB, 5, layers, cell=cell, embedding_size=embedding, dropout=0.5, dtype="float64")
    logits, state = model(ids_of(rng))
    assert logits.shape == (3, 7, V)
    assert logits.dtype == np.float64
    assert [part.shape for part in parts(state)] == [(layers, 3, 5)] * len(parts(state))


def test_without_an_embedding_a_symbol_enters_as_a_one_hot_vector(cell, rng):
    model, x = CharLM(VOCAB, 5, cell=cell, dtype="float64"), ids_of(rng)
    output, _ = model.rnn(np.eye(V)[x.T])
    np.testing.assert_allclose(
        model(x)[0].detach().numpy(), tg.swapaxes(model.head(output), 0, 1).detach().numpy(), atol=1e-13
    )


def test_with_an_embedding_a_symbol_enters_as_its_row_of_the_table(rng):
    model, x = CharLM(VOCAB, 5, embedding_size=3), ids_of(rng)
    output, _ = model.rnn(model.embedding.weight.detach().numpy()[x.T])
    np.testing.assert_allclose(
        model(x)[0].detach().numpy(), tg.swapaxes(model.head(output), 0, 1).detach().numpy(), atol=1e-6
    )


@pytest.mark.parametrize("embedding", [None, 4])
def test_the_state_carried_from_batch_to_batch_makes_one_long_run(cell, embedding, rng):
    model, x = CharLM(VOCAB, 5, 2, cell=cell, embedding_size=embedding, dtype="float64"), ids_of(rng, time=12)
    whole, end = model(x)
    state, pieces = None, []
    for start, stop in [(0, 1), (1, 5), (5, 12)]:
        logits, state = model(x[:, start:stop], state)
        pieces.append(logits.detach().numpy())
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole.detach().numpy(), atol=1e-13)
    for ours, theirs in zip(parts(state), parts(end), strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-13)


def test_loss_is_the_mean_cross_entropy_in_nats(cell, rng):
    model, x, y = CharLM(VOCAB, 5, cell=cell, dtype="float64"), ids_of(rng), ids_of(rng)
    scores = model(x)[0].detach().numpy()
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    loss, _ = model.loss(Batch(x, y, 0, starts_epoch=True))
    assert loss.item() == pytest.approx(-np.take_along_axis(log_p, y[..., None], axis=-1).mean(), abs=1e-13)


def test_loss_starts_from_zero_where_an_epoch_starts_and_carries_on_elsewhere(cell, rng):
    model = CharLM(VOCAB, 5, cell=cell)
    x, y = ids_of(rng), ids_of(rng)
    _, state = model(ids_of(rng))
    fresh = model.loss(Batch(x, y, 0, starts_epoch=True), state)[0].item()
    carried = model.loss(Batch(x, y, 5, starts_epoch=False), state)[0].item()
    assert fresh == model.loss(Batch(x, y, 0, starts_epoch=True), None)[0].item()
    assert carried != fresh
    logits, _ = model(x, state)
    assert carried == pytest.approx(tg.functional.cross_entropy(logits, tg.tensor(y)).item(), rel=1e-6)


def test_the_state_that_loss_hands_on_is_detached(cell, rng):
    model = CharLM(VOCAB, 5, cell=cell)
    state = None
    for step in range(3):
        loss, state = model.loss(Batch(ids_of(rng), ids_of(rng), step, starts_epoch=step == 0), state)
        loss.backward()  # would reach a freed graph through an attached state
        assert not any(part.requires_grad for part in parts(state))


def test_dropout_works_between_layers_and_before_the_output_and_only_in_training(rng):
    model, x = CharLM(VOCAB, 16, 2, dropout=0.5), ids_of(rng)
    assert model.rnn.dropout == model.dropout.p == 0.5
    assert CharLM(VOCAB, 16, 1, dropout=0.5).rnn.dropout == 0  # one layer has no between

    def run():
        tg.random.at_step(1)
        return model(x)[0].detach().numpy()

    noisy = run()
    np.testing.assert_array_equal(noisy, run())
    tg.random.at_step(2)
    assert (noisy != model(x)[0].detach().numpy()).any()
    quiet = model.eval()(x)[0].detach().numpy()
    assert (noisy != quiet).any()
    np.testing.assert_array_equal(quiet, model(x)[0].detach().numpy())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cell": "gru", "num_layers": 2, "dropout": 0.25, "dtype": np.float64},
        {"cell": "mlstm", "hidden_size": 7, "embedding_size": 3},
    ],
)
def test_config_builds_the_same_model_again(settings, rng):
    model = CharLM(VOCAB, **{"hidden_size": 5, **settings})
    again = CharLM(VOCAB, **json.loads(json.dumps(model.config())))
    again.load_state_dict(model.state_dict())
    assert again.config() == model.config()
    x = ids_of(rng)
    np.testing.assert_array_equal(model.eval()(x)[0].detach().numpy(), again.eval()(x)[0].detach().numpy())


def test_settings_out_of_range_are_config_errors():
    with pytest.raises(ConfigError, match="cell='transformer': expected one of rnn, lstm, gru, mlstm"):
        CharLM(VOCAB, cell="transformer")
    with pytest.raises(ConfigError, match="input_size=0"):
        CharLM(VOCAB, embedding_size=0)
    with pytest.raises(ConfigError, match="hidden_size=0"):
        CharLM(VOCAB, 0)


def test_a_short_text_is_learnt_by_heart(cell):
    text = "\nbad deed added, a cab faced decade"
    corpus = tg.data.Corpus.from_text(text * 3)
    model = CharLM(corpus.vocab, 32, cell=cell)
    optimizer = tg.optim.Adam(model, lr=3e-2)
    batches = corpus.batches(1, len(text), steps=60)
    losses = [step.loss for step in tg.train.train(model, batches, optimizer, clip_norm=1.0)]
    assert losses[0] > 2.0
    assert losses[-1] < 0.1
    assert model.generate("\nbad", length=len(text) - 4, temperature=0) == text


# Generation


@pytest.fixture
def writer():
    return CharLM(VOCAB, 12, 2, dropout=0.5)


def test_the_same_seed_gives_the_same_text_whatever_was_drawn_before(writer):
    text = writer.generate("ab", length=40, seed=3)
    tg.random.next_key()
    tg.random.generator().random(5)
    assert writer.generate("ab", length=40, seed=3) == text
    assert writer.generate("ab", length=40, seed=4) != text


def test_stream_yields_what_generate_returns_after_the_prime(writer):
    pieces = list(writer.stream("ab", length=40, seed=3))
    assert all(len(piece) == 1 for piece in pieces)
    assert "ab" + "".join(pieces) == writer.generate("ab", length=40, seed=3)


def test_temperature_zero_takes_the_likeliest_symbol_given_all_before_it(cell):
    model = CharLM(VOCAB, 8, cell=cell)
    text = model.generate("cab", length=12, temperature=0)
    assert len(text) == 15
    for t in range(3, 15):
        logits, _ = model(VOCAB.encode(text[:t])[None, :])  # without the carried state: all from the start
        assert text[t] == VOCAB.decode([int(logits.detach().numpy()[0, -1].argmax())])


def test_symbols_come_as_often_as_the_model_says():
    model = CharLM(VOCAB, 4)
    scores = np.log([0.4, 0.3, 0.15, 0.1, 0.04, 0.01])
    model.head.weight.assign_(0.0)
    model.load_state_dict({"head.bias": scores}, strict=False)  # the same distribution at every step
    ids = VOCAB.encode(model.generate(length=600))
    np.testing.assert_allclose(np.bincount(ids, minlength=V) / 600, np.exp(scores), atol=0.06)
    assert set(VOCAB.encode(model.generate(length=50, top_k=2))) == {0, 1}
    assert set(VOCAB.encode(model.generate(length=50, top_p=0.8))) == {0, 1, 2}


def test_without_a_prime_the_model_reads_a_newline_or_else_the_first_symbol_it_knows(writer):
    assert writer.generate(length=20) == writer.generate("\n", length=20)[1:]
    without = CharLM(CharVocab("xyz"), 8)
    assert without.generate(length=20) == without.generate("x", length=20)[1:]
    octets = CharLM(ByteVocab(), 4)
    assert octets.generate(length=20) == octets.generate("\n", length=20)[1:]


def test_an_unknown_symbol_in_the_prime_is_named_with_its_place(writer):
    with pytest.raises(DataError, match=r"'z' \(first at character 2\)"):
        writer.generate("abz")
    generous = CharLM(CharVocab("ab", has_unknown=True), 4)  # in training it is the unknown symbol; here it is a typo
    with pytest.raises(DataError, match="'z'"):
        generous.generate("z")


def test_settings_of_generation_out_of_range_are_config_errors(writer):
    with pytest.raises(ConfigError, match="length=-1"):
        writer.generate(length=-1)
    for wrong in [{"temperature": -1}, {"temperature": np.nan}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1}]:
        (name,) = wrong
        with pytest.raises(ConfigError, match=name):
            writer.generate(length=1, **wrong)
    assert writer.generate("ab", length=0) == "ab"


def test_a_model_of_nan_weights_says_so_instead_of_writing(writer):
    writer.head.bias.assign_(np.nan)
    with pytest.raises(AnomalyError, match="weights are not finite"):
        writer.generate(length=1)


class Parrot(CharLM):
    """Writes the bytes that it was given, one after the other; its state is how many it has written."""

    def __init__(self, written):
        super().__init__(ByteVocab(), 1)
        self.written = written

    def forward(self, x, state=None):
        t = state or 0
        return tg.tensor(100 * np.eye(256)[self.written[t]][None, None, :]), t + 1


def test_a_byte_model_streams_characters_whole():
    text = "né €😀."
    written = text.encode()
    pieces = list(Parrot(written).stream(length=len(written)))
    assert pieces == ["n", "", "é", " ", "", "", "€", "", "", "", "😀", "."]
    assert Parrot(written).generate("prime ", length=len(written)) == "prime " + text


def test_a_character_cut_off_at_the_end_is_left_out_and_bytes_that_are_no_utf8_show_as_such():
    assert Parrot("a€".encode()).generate(length=3) == "a"
    assert Parrot(b"a\xffb\xc3c").generate(length=5) == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("training", [True, False])
def test_generation_leaves_every_module_in_the_mode_it_was_in(writer, training):
    writer.train(training)
    writer.rnn.eval()
    modes = [module.training for _, module in writer.named_modules()]
    writer.generate("ab", length=3)
    assert [module.training for _, module in writer.named_modules()] == modes


def test_between_two_symbols_the_model_is_the_callers(writer):
    stream = writer.stream("ab", length=5)
    next(stream)
    assert writer.training
    loss, _ = writer.loss(Batch(np.array([[1]]), np.array([[2]]), 0, starts_epoch=True))
    loss.backward()  # gradients are on
    stream.close()
    assert writer.training


def test_a_failure_while_generating_leaves_the_mode_as_it_was(writer):
    writer.head.weight.assign_(np.nan)
    with pytest.raises(AnomalyError):
        writer.generate(length=1)
    assert writer.training


def test_generation_draws_no_dropout_and_builds_no_graph(writer):
    noise_free = CharLM(VOCAB, 12, 2)
    noise_free.load_state_dict(writer.state_dict())
    before = tg.random.position()
    assert writer.generate(length=30) == noise_free.generate(length=30)
    assert tg.random.position() == before
    assert all(parameter.grad is None for parameter in writer.parameters())


def test_who_watches_sees_every_symbol_pass_through_the_modules(writer):
    text = writer.generate("ab", length=3, seed=3)
    with tg.record() as tape:
        assert writer.generate("ab", length=3, seed=3) == text
    assert [node.path for node in tape.nodes if node.op == "linear"].count("CharLM.head") == 3


def test_repr_tells_the_vocabulary():
    assert repr(CharLM(VOCAB, 4)).startswith("CharLM(6 chars\n")


@pytest.mark.parametrize("time", [1, 7])
def test_the_embedding_and_the_weights_that_read_it_have_the_gradients_of_the_two_products(cell, time, rng):
    """Three texts of one symbol are fewer than the vocabulary, of seven they are more: two ways, one result."""
    model, x = CharLM(VOCAB, 5, 2, cell=cell, embedding_size=4, dtype="float64"), ids_of(rng, time=time)
    logits, _ = model(x)
    output, _ = model.rnn(model.embedding(tg.tensor(x.T)))
    expected = tg.swapaxes(model.head(output), 0, 1)
    np.testing.assert_allclose(logits.detach().numpy(), expected.detach().numpy(), atol=1e-13)
    wrt = list(model.parameters())
    for a, b in zip(*(tg.grad((y**3).sum(), wrt) for y in (logits, expected)), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10, atol=1e-12)


def test_weight_norm_is_the_mlstms_and_nobody_elses():
    model = CharLM(CharVocab("ab"), 4, cell="mlstm", weight_norm=True)
    assert model.rnn.weight_norm
    assert CharLM(model.vocab, **model.config()).rnn.weight_norm
    with pytest.raises(ConfigError, match="cell='lstm': only the mlstm"):
        CharLM(CharVocab("ab"), 4, cell="lstm", weight_norm=True)
