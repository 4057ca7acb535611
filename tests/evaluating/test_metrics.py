"""Measures against counts made by hand and against scikit-learn."""

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from gcmtag.evaluating.metrics import (
    MEASURES,
    WITH_INTERVALS,
    Judged,
    _average_precision,
    calibration_error,
    cluster_micro_f1,
    difference,
    exact_match,
    f1,
    macro_f1,
    mean_average_precision,
    measure,
    micro_f1,
    per_objective,
)


def matrix(rows: Sequence[Sequence[int]]) -> np.ndarray:
    labels = np.zeros((len(rows), 23), dtype=bool)
    for row, numbers in zip(labels, rows, strict=True):
        row[[number - 1 for number in numbers]] = True
    return labels


def judged(gold: Sequence[Sequence[int]], chosen: Sequence[Sequence[int]]) -> Judged:
    answers = matrix(chosen)
    return Judged(matrix(gold), answers, answers.astype(np.float32))


def random_judged(seed: int = 0, passages: int = 80) -> Judged:
    draw = np.random.default_rng(seed)
    gold = draw.random((passages, 23)) < 0.1
    scores = np.clip(0.3 * gold + draw.random((passages, 23)) * 0.7, 0, 1).astype(np.float32)
    return Judged(gold, scores >= 0.5, scores)


# Two hits (5, 20), one wrongly said (6), one missed (13).
BY_HAND = judged([[5], [13, 20], []], [[5, 6], [20], []])


def test_micro_f1_counts_pairs_of_passage_and_objective() -> None:
    assert micro_f1(BY_HAND) == pytest.approx(2 * 2 / (3 + 3))


def test_macro_f1_is_the_mean_over_the_objectives_concerned() -> None:
    """5 and 20 have F1 of 1; 6 and 13 of 0; the other 19 are in neither gold nor answers."""
    assert macro_f1(BY_HAND) == pytest.approx(2 / 4)


def test_exact_match_counts_whole_sets() -> None:
    assert exact_match(BY_HAND) == pytest.approx(1 / 3)


def test_cluster_f1_follows_from_the_objectives() -> None:
    """5 and 6 are both of cluster 1, so the wrong 6 costs nothing; 13 (cluster 2) is missed."""
    assert cluster_micro_f1(BY_HAND) == pytest.approx(2 * 2 / (2 + 3))


def test_an_objective_predicted_everywhere_but_absent_from_gold_lowers_macro_f1() -> None:
    """Taken from gold alone, the label set would hide that the model cries wolf."""
    gold = [[5], [20], [5]]
    clean, wolf = judged(gold, gold), judged(gold, [[5, 9], [9, 20], [5, 9]])
    assert macro_f1(clean) == 1
    assert macro_f1(wolf) == pytest.approx(2 / 3)
    assert micro_f1(wolf) < 1


def test_figures_of_one_objective_are_undefined_where_nothing_was_said_or_to_be_found() -> None:
    precision, recall, value, positives = per_objective(BY_HAND, 12)
    assert np.isnan(precision)
    assert (recall, value, positives) == (0, 0, 1)
    precision, recall, value, positives = per_objective(BY_HAND, 5)
    assert np.isnan(recall)
    assert (precision, value, positives) == (0, 0, 0)
    assert per_objective(BY_HAND, 4) == (1, 1, 1, 1)


def test_saying_nothing_is_right_where_there_is_nothing_to_say() -> None:
    nothing = judged([[], []], [[], []])
    assert f1(0, 0, 0) == micro_f1(nothing) == macro_f1(nothing) == exact_match(nothing) == 1
    assert micro_f1(judged([[], []], [[3], []])) == 0


@pytest.mark.parametrize("seed", range(3))
def test_micro_f1_and_average_precision_are_those_of_scikit_learn(seed: int) -> None:
    found = random_judged(seed)
    present = found.gold.any(axis=0)
    assert present.any()
    assert micro_f1(found) == pytest.approx(f1_score(found.gold, found.chosen, average="micro"))
    expected = average_precision_score(found.gold[:, present], found.scores[:, present], average="macro")
    assert mean_average_precision(found) == pytest.approx(expected)


@pytest.mark.parametrize("decimals", [0, 1, 7])
def test_average_precision_with_ties_is_that_of_scikit_learn(decimals: int) -> None:
    draw = np.random.default_rng(decimals)
    gold, scores = draw.random(200) < 0.2, draw.random(200).round(decimals).astype(np.float32)
    assert _average_precision(gold, scores) == pytest.approx(average_precision_score(gold, scores))
    assert _average_precision(gold[:1] | True, scores[:1]) == 1


def test_macro_f1_over_all_concerned_is_that_of_scikit_learn() -> None:
    found = random_judged()
    concerned = (found.gold | found.chosen).any(axis=0)
    expected = f1_score(found.gold[:, concerned], found.chosen[:, concerned], average="macro", zero_division=0)
    assert macro_f1(found) == pytest.approx(expected)


def test_average_precision_goes_by_the_scores_and_not_by_the_answers() -> None:
    found = random_judged()
    silent = Judged(found.gold, np.zeros_like(found.chosen), found.scores)
    assert mean_average_precision(silent) == mean_average_precision(found)


def test_average_precision_without_any_gold_label_is_undefined() -> None:
    assert np.isnan(mean_average_precision(judged([[]], [[5]])))


def test_calibration_error_is_the_gap_between_said_and_true_by_bin() -> None:
    """All scores are 0.8, and 2 of 46 labels apply."""
    gold = matrix([[5], [20]])
    found = Judged(gold, gold, np.full((2, 23), 0.8, dtype=np.float32))
    assert calibration_error(found) == pytest.approx(0.8 - 2 / 46, abs=1e-6)
    assert calibration_error(judged([[5], [20]], [[5], [20]])) == 0


def test_certain_scores_fall_into_the_last_bin() -> None:
    gold = matrix([[5]])
    assert calibration_error(Judged(gold, gold, gold.astype(np.float32))) == 0


@pytest.mark.usefixtures("few_draws")
def test_every_interval_holds_its_figure_and_is_the_same_again() -> None:
    found = random_judged()
    measures = measure(found, seed=3)
    assert measures.passages == 80
    assert measures.values.keys() == MEASURES.keys()
    assert set(measures.intervals) == set(WITH_INTERVALS)
    for name, (low, high) in measures.intervals.items():
        assert low <= measures.values[name] <= high
        assert 0.005 < high - low < 0.5
    assert measure(found, seed=3) == measures
    assert measure(found, seed=4).intervals != measures.intervals


@pytest.mark.usefixtures("few_draws")
def test_intervals_narrow_with_more_passages() -> None:
    few, many = (measure(random_judged(1, passages=n), seed=3).intervals["micro_f1"] for n in (20, 400))
    assert many[1] - many[0] < (few[1] - few[0]) / 2


@pytest.mark.usefixtures("few_draws")
def test_a_system_differs_from_itself_by_nothing() -> None:
    found = random_judged()
    assert difference(found, found, seed=1) == (0, (0, 0))


@pytest.mark.usefixtures("few_draws")
def test_a_clear_difference_has_an_interval_above_nothing() -> None:
    found = random_judged()
    worse = Judged(found.gold, np.roll(found.chosen, 1, axis=0), found.scores)
    gap, (low, high) = difference(found, worse, seed=1)
    assert 0 < low <= gap <= high
    assert difference(worse, found, seed=1)[0] == -gap


@pytest.mark.parametrize("columns", [22, 24])
def test_anything_but_23_columns_is_refused(columns: int) -> None:
    wrong = np.zeros((3, columns), dtype=bool)
    with pytest.raises(ValueError, match="23"):
        Judged(wrong, wrong, wrong.astype(np.float32))


def test_gold_and_answers_of_different_passages_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Judged(matrix([[1]]), matrix([[1], [2]]), np.zeros((1, 23), dtype=np.float32))
