"""Temperature, top-k and top-p: what may be drawn, how often, and that nothing else ever is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_seq.errors import AnomalyError, ConfigError
from tinygrad_seq.models.sampling import choose, probabilities

scores = hnp.arrays(np.float32, st.integers(1, 12), elements=st.floats(-50, 50, width=32))
temperatures = st.floats(0.05, 20)
shares = st.floats(0.01, 1)


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


@given(scores, temperatures)
def test_without_cuts_it_is_the_softmax_of_the_scores_over_the_temperature(x, temperature):
    np.testing.assert_allclose(probabilities(x, temperature), softmax(x.astype(np.float64) / temperature), atol=1e-12)


@given(scores, temperatures, st.none() | st.integers(1, 20), st.none() | shares)
def test_every_distribution_sums_to_one_and_keeps_the_order_of_the_scores(x, temperature, top_k, top_p):
    p = probabilities(x, temperature, top_k, top_p)
    assert p.shape == x.shape
    assert p.dtype == np.float64
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert p[x.argmax()] == p.max() > 0
    assert (p[:, None] >= p)[x[:, None] > x].all()


@given(scores, temperatures, st.integers(1, 20))
def test_top_k_keeps_the_k_likeliest_in_their_proportions(x, temperature, k):
    whole, p = probabilities(x, temperature), probabilities(x, temperature, top_k=k)
    kept = p > 0
    assume((whole > 0).all())
    assert kept.sum() == min(k, len(x))
    assert whole[kept].min() >= whole[~kept].max(initial=0)
    np.testing.assert_allclose(p[kept], whole[kept] / whole[kept].sum(), atol=1e-12)


@given(scores, temperatures, shares)
def test_top_p_keeps_the_fewest_that_together_have_that_probability(x, temperature, share):
    whole, p = probabilities(x, temperature), probabilities(x, temperature, top_p=share)
    kept = p > 0
    assert whole[kept].sum() >= share - 1e-12
    assert whole[kept].sum() - whole[kept].min() < share + 1e-12  # without its least likely it would not be enough
    assert whole[kept].min() >= whole[~kept].max(initial=0)
    np.testing.assert_allclose(p[kept], whole[kept] / whole[kept].sum(), atol=1e-12)


@given(scores, temperatures, st.integers(1, 20), shares)
def test_both_cuts_together_keep_what_both_keep(x, temperature, k, share):
    by_k = probabilities(x, temperature, top_k=k) > 0
    by_p = probabilities(x, temperature, top_p=share) > 0
    np.testing.assert_array_equal(probabilities(x, temperature, k, share) > 0, by_k & by_p)


def test_closed_forms():
    x = np.log([0.5, 0.25, 0.125, 0.125])
    np.testing.assert_allclose(probabilities(x), [0.5, 0.25, 0.125, 0.125])
    np.testing.assert_allclose(probabilities(x, temperature=0.5), np.array([16, 4, 1, 1]) / 22)
    np.testing.assert_allclose(probabilities(x, temperature=np.inf), [0.25] * 4)
    np.testing.assert_allclose(probabilities(x, top_k=2), [2 / 3, 1 / 3, 0, 0])
    np.testing.assert_allclose(probabilities(x, top_p=0.74), [2 / 3, 1 / 3, 0, 0])
    np.testing.assert_allclose(probabilities(x, top_p=0.76), [4 / 7, 2 / 7, 1 / 7, 0])
    np.testing.assert_allclose(probabilities(x, top_p=1.0), [0.5, 0.25, 0.125, 0.125])


@pytest.mark.parametrize("temperature", [0, 1e-300, 1e-30])
def test_at_temperature_zero_and_next_to_it_all_is_on_the_likeliest_the_first_of_equals(temperature):
    assert probabilities(np.array([1.0, 3.0, -4e30, 2.0]), temperature).tolist() == [0, 1, 0, 0]
    assert probabilities(np.array([3.0, 3.0]), 0).tolist() == [1, 0]


def test_scores_as_large_as_float32_holds_do_not_overflow():
    assert probabilities(np.array([3e38, -3e38], np.float32)).tolist() == [1, 0]


def test_a_score_of_minus_infinity_is_never_drawn_and_other_scores_must_be_finite():
    assert probabilities(np.array([0.0, -np.inf, 0.0])).tolist() == [0.5, 0, 0.5]
    for bad in ([np.nan, 1.0], [np.inf, 1.0], [-np.inf, -np.inf]):
        with pytest.raises(AnomalyError):
            probabilities(np.array(bad))


def test_the_scores_are_not_written_to():
    x = np.array([1.0, 2.0])
    x.flags.writeable = False
    probabilities(x, 0.7, top_k=1)


@pytest.mark.parametrize("wrong", [{"temperature": -0.1}, {"top_k": 0}, {"top_p": 0}, {"top_p": 1.5}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ConfigError):
        probabilities(np.zeros(3), **wrong)


class Fixed:
    """Draws one number."""

    def __init__(self, number):
        self.number = number

    def random(self):
        return self.number


@given(hnp.arrays(np.float64, st.integers(1, 8), elements=st.sampled_from([0.0, 1e-9, 0.1, 1.0])), st.floats(0, 1))
def test_what_has_no_probability_is_never_chosen(weights, drawn):
    assume(weights.sum() > 0)
    p = weights / weights.sum()
    assert p[choose(Fixed(min(drawn, 1 - 2**-53)), p)] > 0


def test_each_is_chosen_on_a_stretch_of_its_probability():
    p = np.array([0.25, 0, 0.5, 0.25])
    drawn = [0, 0.2499, 0.25, 0.7499, 0.75, 1 - 2**-53]
    assert [choose(Fixed(x), p) for x in drawn] == [0, 0, 2, 2, 3, 3]


def test_a_draw_beyond_a_sum_that_rounded_down_takes_the_last_possible_symbol():
    class Last:
        def random(self):
            return np.nextafter(1.0, 0.0)

    assert choose(Last(), np.array([0.5, 0.0, 0.5 - 2**-40, 0.0])) == 2
