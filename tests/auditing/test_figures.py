"""Shares are corrected where counting fails, intervals hold the truth, and rules say no more than they know."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import false_discovery_control

from gcmtag.auditing.confusing import learn_errors, problem_labels
from gcmtag.auditing.deciding import adjusted, difference, emphasised, judge
from gcmtag.auditing.quantifying import Quantifier, Tuning, at_size, design_effects, stretched
from gcmtag.auditing.tuning import TRUSTS, covers, draw_sample, halves, learn_tuning
from gcmtag.classifying.storage import Unseen


def labelled(passages: int, missed: float | NDArray[np.float64], seed: int) -> Unseen:
    """A made-up classifier: passages about an objective score high, except for a portion that it overlooks."""
    rng = np.random.default_rng(seed)
    labels = rng.random((passages, 23)) < 0.08
    overlooked = rng.random(labels.shape) < missed
    logits = rng.normal(np.where(labels & ~overlooked, 3.0, -3.5), 1.2)
    return Unseen(expit(logits).astype(np.float32), labels, rng.integers(0, 20, passages))


def test_correction_halves_the_error_of_counting_where_the_classifier_overlooks_a_third() -> None:
    quantifier = Quantifier(learn_errors(labelled(1500, 0.33, 1), 40, np.random.default_rng(1)), 1)
    text = labelled(1500, 0.33, 2)
    truth = text.labels.mean(axis=0)
    tagged = problem_labels(text.scores >= 0.5)
    estimate = quantifier.shares(quantifier.alone(quantifier.errors.bins(text.scores), tagged)).estimate[:23]
    counted = (text.scores >= 0.5).mean(axis=0)
    assert np.abs(estimate - truth).mean() < np.abs(counted - truth).mean() / 2


def test_stretched_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    known, text = labelled(900, 0.2, 3), labelled(900, 0.2, 4)
    rng = np.random.default_rng(5)
    quantifier = Quantifier(learn_errors(known, 40, rng), 5, learn_tuning(known, 0.5, rng, 16))
    held = []
    for trial in range(24):
        sample = draw_sample(text.labels, trial, rng)
        scores = text.scores[sample.rows]
        shares = quantifier.shares(quantifier.alone(quantifier.errors.bins(scores), problem_labels(scores >= 0.5)))
        held.append(covers(shares.draws[:, :23], sample.profile, 0.9))
    assert 0.84 <= np.mean(held) <= 0.96


def test_small_shares_are_drawn_to_the_count_only_where_counting_is_good() -> None:
    rng = np.random.default_rng(6)
    even, uneven = (learn_tuning(labelled(2000, missed, 7), 0.5, rng, 24) for missed in (0.0, np.linspace(0, 0.9, 23)))
    assert even.trust == max(TRUSTS)
    assert uneven.trust == 0


def test_the_estimate_of_a_large_share_is_the_corrected_one() -> None:
    errors = learn_errors(labelled(900, 0.3, 8), 40, np.random.default_rng(8))
    text = labelled(900, 0.3, 9)
    quantifier = Quantifier(errors, 1, Tuning(trust=0.001))
    shares = quantifier.shares(quantifier.alone(errors.bins(text.scores), problem_labels(text.scores >= 0.5)))
    assert shares.estimate == pytest.approx(shares.corrected, abs=2e-3)


def test_the_factor_lies_between_that_of_small_and_that_of_large_sets() -> None:
    factors = [at_size((1.0, 2.0), passages) for passages in (1, 50, 200, 400, 20_000)]
    assert factors == sorted(factors)
    assert factors[0] == 1.0
    assert 1.0 < factors[2] < 2.0
    assert factors[-1] == 2.0


def test_stretching_keeps_the_median_and_widens() -> None:
    draws = np.random.default_rng(1).beta(2, 20, (400, 3))
    wide = stretched(draws, 2.0)
    assert np.median(wide, axis=0) == pytest.approx(np.median(draws, axis=0), rel=0.01)
    assert (np.ptp(wide, axis=0) > np.ptp(draws, axis=0)).all()
    assert wide.min() >= 0


def test_halves_part_documents_and_never_their_passages() -> None:
    documents = np.repeat(np.arange(9), 7)
    half = halves(documents, np.random.default_rng(1))
    assert set(documents[half]).isdisjoint(documents[~half])
    assert 0 < half.sum() < len(half)


def test_alike_documents_tell_as_much_as_their_passages_and_unlike_ones_less() -> None:
    documents = np.repeat(np.arange(20), 30)
    even = np.tile(np.arange(30) % 3 == 0, 20).astype(float)[:, None].repeat(27, axis=1)
    lumped = (documents % 3 == 0).astype(float)[:, None].repeat(27, axis=1)
    assert design_effects(even, documents).max() == pytest.approx(1)
    assert design_effects(lumped, documents).min() > 10


def test_a_reference_of_zero_leaves_it_unsaid() -> None:
    verdict = judge(200, (0.0, 0.01), 0.02, 0.0, 0.5)
    assert verdict is not None
    assert verdict.verdict == "cannot say"
    assert judge(200, (0.05, 0.1), 0.12, 0.0, 0.5) is None


@pytest.mark.parametrize("passages", [0, 1, 9])
def test_few_passages_leave_it_unsaid(passages: int) -> None:
    verdict = judge(passages, (0.0, 0.0), 0.01, 0.06, 0.5)
    assert verdict is not None
    assert verdict.verdict == "cannot say"


def test_emphasis_needs_passages_and_a_lower_bound_above_equal_shares() -> None:
    assert emphasised(5, 0.1, 0.08, 0.05, 0.5)
    assert not emphasised(2, 0.1, 0.08, 0.05, 0.5)
    assert not emphasised(5, 0.04, 0.03, 0.05, 0.5)


def test_adjusted_p_values_are_those_of_scipy() -> None:
    values = np.random.default_rng(1).random(40) ** 3
    assert adjusted(values) == pytest.approx(false_discovery_control(values, method="bh"))


def test_equal_shares_differ_by_chance_alone() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = rng.beta(10, 90, (500, 2)), rng.beta([10, 40], [90, 60], (500, 2))
    _, low, high, p = difference(ours, theirs, 0.95)
    assert low[0] < 0 < high[0]
    assert p[0] > 0.5
    assert p[1] < 0.001
