"""Calibrated probabilities mean what they say, rare labels follow the common one, and the threshold pays most."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit, log_expit

from gcmtag.classifying.calibration import (
    SHRINKAGE,
    Calibration,
    best_threshold,
    class_probabilities,
    fit_calibration,
    fit_temperatures,
)


def drawn(
    slope: float = 0.5, offsets: tuple[float, ...] = (-1.0, 0.0, 1.0), passages: int = 4_000, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Logits of one member, and labels drawn with probability sigmoid(slope * logit + offset)."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 3, (1, passages, len(offsets)))
    labels = draw.random((passages, len(offsets))) < expit(slope * logits[0] + np.array(offsets))
    return logits, labels


def test_the_slope_and_offsets_that_made_the_labels_are_found() -> None:
    found = fit_calibration(*drawn())
    assert found.slopes == pytest.approx((0.5,), abs=0.05)
    assert found.offsets == pytest.approx((-1.0, 0.0, 1.0), abs=0.15)


def test_among_passages_with_probability_p_the_label_applies_to_a_share_of_p() -> None:
    """On new data, in ten bins: the logits alone are far too sure."""
    logits, labels = drawn(seed=2)
    found = fit_calibration(*drawn(seed=1)).probabilities(logits)
    raw = expit(logits[0])

    def worst_gap(p: np.ndarray) -> float:
        bins = np.minimum((p * 10).astype(int), 9)
        return max(abs(p[bins == b].mean() - labels[bins == b].mean()) for b in range(10))

    assert worst_gap(found) < 0.05
    assert worst_gap(raw) > 0.1


def test_probabilities_are_float32_between_0_and_1_even_at_extreme_logits() -> None:
    p = Calibration((1.0,), (0.0, 0.0)).probabilities(np.array([[[1e6, -1e6]]]))
    assert p.dtype == np.float32
    assert p.tolist() == [[1.0, 0.0]]


def test_a_rare_label_is_drawn_towards_the_common_offset() -> None:
    """Both labels apply to none of their passages; the one seen 3 times must not be taken for impossible."""
    draw = np.random.default_rng(5)
    logits = draw.normal(0, 0.1, (1, 400, 10))
    labels = draw.random((400, 10)) < 0.5
    few, labels_few = logits[:, :3], labels[:3].copy()
    labels_few[:, 0] = False
    many, labels_many = logits, labels.copy()
    labels_many[:, 0] = False
    offset_few = fit_calibration(few, labels_few).offsets[0]
    offset_many = fit_calibration(many, labels_many).offsets[0]
    assert -1.5 < offset_few < 0
    assert offset_many < -2.5


def test_members_that_know_nothing_or_the_contrary_get_no_weight() -> None:
    """A negative slope would turn a member's opinion round; it can only be an accident."""
    logits, labels = drawn(slope=1.0)
    noise = np.random.default_rng(8).normal(0, 3, logits.shape)
    good, against, idle = fit_calibration(np.concatenate([logits, -0.8 * logits + noise, noise]), labels).slopes
    assert good > 0.5
    assert against >= 0
    assert idle == pytest.approx(0, abs=0.05)
    assert fit_calibration(-logits, labels).slopes == (0.0,)


def test_the_fit_is_the_minimum_of_the_penalised_loss() -> None:
    """At the minimum the numerical gradient vanishes, so the gradient that the search went by was right."""
    logits, labels = drawn(passages=60)
    signs = np.where(labels, 1.0, -1.0)
    logits = np.concatenate([logits, 0.3 * signs[None] + np.random.default_rng(4).normal(0, 1, logits.shape)])
    found = fit_calibration(logits, labels)
    assert min(found.slopes) > 0, "else the bound and not the gradient would hold the minimum"

    def loss(parameters: np.ndarray) -> float:
        slopes, common, deviations = parameters[:2], parameters[2], parameters[3:]
        margins = signs * (np.tensordot(slopes, logits, 1) + common + deviations)
        return float(-log_expit(margins).sum() + SHRINKAGE * (deviations**2).sum())

    slow = minimize(loss, np.zeros(6), method="Nelder-Mead", options={"maxiter": 20_000, "xatol": 1e-7, "fatol": 1e-9})
    # The penalty alone divides an offset: at the minimum the deviations sum to 0.
    common = float(np.mean(found.offsets))
    ours = np.array([*found.slopes, common, *(offset - common for offset in found.offsets)])
    assert loss(ours) <= slow.fun + 1e-4
    np.testing.assert_allclose(approx_fprime(ours, loss, 1e-6), 0, atol=0.05)


def test_logits_and_labels_of_different_shapes_are_refused() -> None:
    logits, labels = drawn(passages=10)
    with pytest.raises(ValueError, match="shape"):
        fit_calibration(logits, labels[:9])


def test_temperatures_soften_a_member_that_is_too_sure() -> None:
    draw = np.random.default_rng(6)
    logits = draw.normal(0, 6, (1, 2_000, 7))
    chances = np.exp(logits[0] / 4) / np.exp(logits[0] / 4).sum(axis=1, keepdims=True)
    classes = np.array([draw.choice(7, p=row) for row in chances])
    assert fit_temperatures(logits, classes) == pytest.approx((0.25,), abs=0.03)


def test_class_probabilities_sum_to_1() -> None:
    logits = np.random.default_rng(7).normal(0, 50, (2, 30, 7))
    p = class_probabilities((0.5, 1.0), logits)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(p.argmax(axis=1), (0.5 * logits[0] + logits[1]).argmax(axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_is_the_best_of_all_by_expected_f1(seed: int) -> None:
    """By brute force over the hundredths: expected hits are the sum of the chosen probabilities."""
    p = np.random.default_rng(seed).beta(0.3, 2.0, (50, 23))

    def expected_f1(threshold: float) -> float:
        chosen = p >= threshold
        return 2 * p[chosen].sum() / (chosen.sum() + p.sum())

    best = max(expected_f1(t / 100) for t in range(10, 81))
    found = best_threshold(p)
    assert 0.1 <= found <= 0.8
    assert expected_f1(found) == pytest.approx(best)


def test_the_threshold_follows_the_probabilities() -> None:
    """Where all probabilities are low, half would choose nothing."""
    low = np.full((20, 23), 0.02)
    low[:, 0] = 0.3
    assert best_threshold(low) <= 0.3
