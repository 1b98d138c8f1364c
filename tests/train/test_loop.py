"""The loop does what one would write by hand, says what it did, and stops before a bad step."""

from __future__ import annotations

from math import inf, nan, sqrt

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import data, models, nn, optim, train
from tinygrad_seq.errors import AnomalyError
from tinygrad_seq.optim.lr_scheduler import ExponentialLR

TEXT = "to be or not to be, that is the question: " * 6
CORPUS = data.Corpus.from_text(TEXT)


def language_model(dropout=0.0, **settings):
    tg.manual_seed(0)
    return models.CharLM(CORPUS.vocab, 8, 2, dropout=dropout, **settings)


def batches(steps, start=0):
    return CORPUS.batches(3, 7, steps=steps, start=start)


def weights(model):
    return {name: array.tobytes() for name, array in model.state_dict().items()}


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mlstm"])
@pytest.mark.parametrize(("clip_norm", "clip_value"), [(inf, inf), (0.05, inf), (0.05, 0.01)])
def test_it_equals_the_loop_written_by_hand_bit_for_bit(cell, clip_norm, clip_value):
    by_hand = language_model(0.3, cell=cell)
    optimizer = optim.Adam(by_hand, lr=1e-2)
    expected, state = [], None
    for number, batch in enumerate(batches(15), 1):  # the corpus has 11 batches: the streams start again in between
        tg.random.at_step(number)
        logits, state = by_hand(batch.x, None if batch.starts_epoch else state)
        by_time = (
            tg.swapaxes(logits, 0, 1),
            tg.tensor(batch.y.T),
        )  # as the model lays them out: a sum depends on its order
        loss, state = tg.functional.cross_entropy(*by_time), state.detach()
        optimizer.zero_grad()
        loss.backward()
        norm = optim.clip_grad_norm_(by_hand, clip_norm)
        if clip_value != inf:
            optim.clip_grad_value_(by_hand, clip_value)
        optimizer.step()
        expected.append((number, loss.item(), norm, 1e-2))

    model = language_model(0.3, cell=cell)
    settings = {"clip_norm": clip_norm, "clip_value": clip_value}
    steps = list(train.train(model, batches(15), optim.Adam(model, lr=1e-2), **settings))
    assert [step[:4] for step in steps] == expected
    assert weights(model) == weights(by_hand)


@pytest.mark.parametrize("stop", [1, 6, 11])
def test_a_resumed_run_repeats_the_uninterrupted_one_bit_for_bit(stop):
    model = language_model(0.5)
    optimizer = optim.Adam(model)
    schedule = ExponentialLR(optimizer, 0.9)
    whole = list(train.train(model, batches(16), optimizer, schedule=schedule))

    first = language_model(0.5)
    optimizer = optim.Adam(first)
    schedule = ExponentialLR(optimizer, 0.9)
    steps = list(train.train(first, batches(stop), optimizer, schedule=schedule))
    resumed = language_model(0.5)
    resumed.load_state_dict(first.state_dict())
    again = optim.Adam(resumed)
    again.load_state_dict(optimizer.state_dict())
    rest = ExponentialLR(again, 0.9)
    rest.load_state_dict(schedule.state_dict())
    steps += train.train(resumed, batches(16, start=stop), again, schedule=rest, state=steps[-1].state, start=stop)
    assert [step[:4] for step in steps] == [step[:4] for step in whole]
    assert weights(resumed) == weights(model)


def test_dropout_draws_by_the_number_of_the_step_whatever_is_drawn_in_between():
    def losses(disturbed):
        model = language_model(0.5)
        for step in train.train(model, batches(5), optim.Adam(model)):
            if disturbed:
                model.generate(length=3)
                tg.random.next_key()
            yield step.loss

    assert list(losses(disturbed=True)) == list(losses(disturbed=False))


def test_the_model_is_in_training_mode_at_each_step_whatever_the_caller_left():
    def losses(left):
        model = language_model(0.5)
        for step in train.train(model, batches(5), optim.SGD(model)):
            model.train(left)
            yield step.loss

    assert list(losses(left=False)) == list(losses(left=True))


# What is told of a step


def test_the_caller_sees_a_step_when_it_has_been_taken_and_stops_by_break():
    model = language_model()
    before = weights(model)
    seen = []
    for step in train.train(model, batches(100), optim.SGD(model, lr=1.0), start=0):
        assert weights(model) != before
        seen.append(step.number)
        if step.number == 3:
            break
    assert seen == [1, 2, 3]


def test_steps_are_numbered_after_those_taken_before():
    model = language_model()
    steps = train.train(model, batches(7, start=5), optim.SGD(model), start=5)
    assert [step.number for step in steps] == [6, 7]


def test_norm_is_that_of_the_whole_gradient_before_clipping_and_the_step_is_that_after():
    by_hand = language_model()
    loss, _ = by_hand.loss(batches(1).at(0))
    loss.backward()
    g = {name: parameter.grad.numpy() for name, parameter in by_hand.named_parameters()}
    norm = sqrt(sum((x.astype(np.float64) ** 2).sum() for x in g.values()))
    for clip_norm, clip_value in [(inf, inf), (norm / 2, inf), (inf, 1e-3), (norm / 2, 1e-3)]:
        model = language_model()
        (step,) = train.train(model, batches(1), optim.SGD(model, lr=1.0), clip_norm=clip_norm, clip_value=clip_value)
        assert step.norm == pytest.approx(norm, rel=1e-6)
        scale = min(1.0, clip_norm / norm)
        for name, parameter in model.named_parameters():
            moved = np.clip(scale * g[name], -clip_value, clip_value)
            expected = by_hand.state_dict()[name] - moved
            np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-5, atol=1e-7)


def test_lr_is_that_of_the_step_and_the_schedule_goes_on_after_it():
    model = language_model()
    optimizer = optim.SGD(model, lr=1.0)
    schedule = ExponentialLR(optimizer, 0.5)
    steps = train.train(model, batches(3), optimizer, schedule=schedule)
    assert [step.lr for step in steps] == [1.0, 0.5, 0.25]
    assert optimizer.param_groups[0]["lr"] == 0.125


def test_only_what_the_optimizer_updates_is_clipped_and_measured():
    model = language_model()
    steps = train.train(model, batches(3), optim.SGD(model.head, lr=0.1))
    frozen = language_model().rnn.state_dict()
    for step in steps:
        own = sqrt(sum((p.grad.numpy().astype(np.float64) ** 2).sum() for p in model.head.parameters()))
        assert step.norm == pytest.approx(own, rel=1e-6)
    for name, array in model.rnn.state_dict().items():
        np.testing.assert_array_equal(array, frozen[name])


def test_a_model_without_state_and_batches_of_ones_own():
    class Line(nn.Module):
        """y = w x, by least squares."""

        def __init__(self):
            self.w = nn.Parameter(0.0)

        def loss(self, batch, state):
            assert state is None
            x, y = batch
            return tg.functional.mse_loss(self.w * x, y), None

    x = tg.tensor([1.0, 2.0, 3.0])
    model = Line()
    steps = list(train.train(model, [(x, 2 * x)] * 50, optim.SGD(model, lr=0.05)))
    assert model.w.item() == pytest.approx(2.0, abs=1e-4)
    assert steps[-1].state is None


def test_whole_models_without_state_train_too():
    tg.manual_seed(0)
    x = np.arange(12).reshape(4, 3) % 5
    classifier = models.SequenceClassifier(5, 2, 4)
    answers = data.padded(x, [0, 1, 1, 0], 2)
    assert len(list(train.train(classifier, answers, optim.SGD(classifier)))) == 2
    translator = models.Seq2Seq(5, 5, 4, teacher_forcing=0.5)
    assert len(list(train.train(translator, data.padded(x, x, 2), optim.SGD(translator)))) == 2


# Steps that must not be taken


class Poisoned(nn.Module):
    """Its loss is w, until a step at which `bad(w)` comes in its place."""

    def __init__(self, bad, at=3):
        self.w = nn.Parameter([2.0, 0.0])
        self.bad, self.at = bad, at

    def forward(self, w, number):
        return self.bad(w) if number == self.at else w

    def loss(self, batch, state):
        return self(self.w, batch).sum(), None


def taken_until_it_raises(model, match, **settings):
    optimizer = optim.Adam(model, lr=0.1)
    steps = train.train(model, range(1, 10), optimizer, **settings)
    assert [next(steps).number, next(steps).number] == [1, 2]
    before, remembered = weights(model), optimizer.state_dict()
    with pytest.raises(AnomalyError, match=match) as caught:
        next(steps)
    assert weights(model) == before
    np.testing.assert_equal(optimizer.state_dict(), remembered)
    return str(caught.value)


def test_a_loss_of_nan_stops_before_the_step_and_names_step_operation_and_place():
    said = taken_until_it_raises(Poisoned(lambda w: tg.log(w - 5)), r"^step 3: the loss is nan\.")
    assert "First: log in 'Poisoned': its result is not finite: nan at index (0,) of shape (2,)" in said
    assert "The step was not taken. Lower the learning rate, or clip" in said


def test_an_update_that_made_weights_infinite_is_named_and_no_operation():
    model = Poisoned(lambda w: w)
    steps = train.train(model, range(1, 10), optim.SGD(model, lr=0.1), clip_norm=0.5)
    next(steps), next(steps)
    model.w.assign_(model.w.data * inf, by="the test")
    with pytest.raises(AnomalyError) as caught:
        next(steps)
    assert str(caught.value) == (
        "step 3: the loss is nan.\n    First: SGD.step() of step 2: after it not all of w is finite."
        "\n    The step was not taken. "
        "Lower the learning rate, or clip the gradient's norm to less than 0.5 (--clip 0.1)."
    )


def test_a_loss_of_infinity_too():
    said = taken_until_it_raises(Poisoned(lambda w: w + tg.exp(w + 1000)), r"^step 3: the loss is inf\.")
    assert "First: exp in 'Poisoned'" in said


@pytest.mark.parametrize("settings", [{}, {"clip_norm": 1.0}, {"clip_value": 1.0}])
@pytest.mark.parametrize(
    ("norm", "bad"),
    [
        ("inf", lambda w: tg.sqrt(w - w.detach())),  # 1 / (2 sqrt 0)
        ("nan", lambda w: 0 * tg.sqrt(w - w.detach())),  # 0 / (2 sqrt 0)
    ],
)
def test_a_finite_loss_whose_gradient_is_not_stops_before_the_step_clipped_or_not(norm, bad, settings):
    said = taken_until_it_raises(Poisoned(bad), rf"^step 3: the gradient's norm is {norm}\.", **settings)
    assert f"First: the backward pass of sqrt in 'Poisoned': the gradient of `x` is not finite: {norm}" in said


def test_the_first_bad_operation_is_found_under_the_same_dropout():
    class Lottery(nn.Module):
        """Too large for float32 if dropout keeps it, and doubles it."""

        def __init__(self):
            self.w, self.dropout = nn.Parameter(2e38), nn.Dropout(0.5)

        def loss(self, batch, state):
            return self.dropout(self.w), None

    def keeps(step):
        tg.random.at_step(step)
        return tg.functional.dropout(tg.tensor(1.0), 0.5).item() > 0

    steps = [step for step in range(1, 13) if keeps(step)]
    assert 0 < len(steps) < 12
    for step in steps:
        model = Lottery()
        with pytest.raises(AnomalyError, match="First: multiply in 'dropout'"):
            next(train.train(model, [None], optim.SGD(model), start=step - 1))


def test_the_time_step_of_a_bad_number_is_named():
    class Exploding(nn.Module):
        """h_t = 1e15 w h_{t-1}"""

        def __init__(self):
            self.w = nn.Parameter(1.0)

        def forward(self, x, h):
            for _ in tg.scope.steps(x):
                h = 1e15 * self.w * h
            return h

        def loss(self, batch, state):
            return self(batch, 1.0), None

    model = Exploding()
    said = r"step 1: the loss is inf\.\n    First: multiply in 'Exploding' \(t=2\): its result is not finite: inf"
    with pytest.raises(AnomalyError, match=said):
        next(train.train(model, ["abcd"], optim.SGD(model)))
    assert model.w.item() == 1.0


def test_a_state_that_was_bad_when_it_came_is_named_as_such():
    model = language_model(cell="rnn")
    state = tg.full((2, 3, 8), nan)
    with pytest.raises(AnomalyError, match=r"First: carry in 'CharLM.rnn': its result is not finite: nan"):
        next(train.train(model, batches(6, start=5), optim.SGD(model), state=state, start=5))
