"""The measures say what they claim to."""

import pytest

from layouts.scoring import Score, score, total

TRUE = [
    "Seasonal workers may now change employers without a new permit.",
    "The census of 2021 counted nine thousand residents born abroad.",
    "Border guards were trained to recognise victims of trafficking.",
]
HEAD = "Second report of Aldania"


def test_the_truth_scores_full_marks() -> None:
    result = score(TRUE, TRUE, [HEAD])
    assert (result.boundaries_f1, result.characters_right, result.order_right, result.unwanted) == (1.0, 1.0, 1.0, 0)


def test_list_marks_case_and_white_do_not_count() -> None:
    assert score([f"(a)  {text.upper()}" for text in TRUE], TRUE, []) == score(TRUE, TRUE, [])


def test_two_passages_run_together_lose_a_boundary_and_no_character() -> None:
    result = score([f"{TRUE[0]} {TRUE[1]}", TRUE[2]], TRUE, [])
    assert result.boundaries_f1 == pytest.approx(2 * 2 / (2 + 3))
    assert result.characters_right == 1.0


def test_a_passage_cut_in_two_has_a_boundary_too_many() -> None:
    result = score([TRUE[0][:30], TRUE[0][30:], *TRUE[1:]], TRUE, [])
    assert result.boundaries_f1 == pytest.approx(2 * 3 / (4 + 3))


def test_lost_and_wrong_characters_count_one_each() -> None:
    result = score([TRUE[0].replace("permit", "pemmit"), TRUE[1].replace("nine ", ""), TRUE[2]], TRUE, [])
    assert result.edits == 1 + 4


def test_passages_in_another_order_lose_order() -> None:
    assert score([TRUE[1], TRUE[0], TRUE[2]], TRUE, []).order_right < 0.75


def test_columns_read_across_lose_order_or_characters() -> None:
    """Lines of two columns taken in turns."""
    words = [text.split() for text in TRUE[:2]]
    across = " ".join(word for at in range(0, 10, 3) for text in words for word in text[at : at + 3])
    result = score([across], TRUE[:2], [])
    assert result.characters_right < 0.8


def test_a_running_head_inside_a_passage_is_found() -> None:
    assert score([f"{TRUE[0]} {HEAD.upper()}", *TRUE[1:]], TRUE, [HEAD]).unwanted == 1


def test_a_passage_of_nothing_but_a_running_head_costs_a_boundary() -> None:
    assert score([*TRUE, HEAD], TRUE, [HEAD]).boundaries_f1 == pytest.approx(2 * 3 / (4 + 3))


def test_nothing_read_scores_nothing() -> None:
    result = score([], TRUE, [])
    assert (result.boundaries_f1, result.characters_right) == (0.0, 0.0)


def test_totals_weigh_documents_by_what_they_hold() -> None:
    both = total([score(TRUE, TRUE, []), score([], TRUE[:1], [])])
    assert both.documents == 2
    assert both.boundaries_f1 == pytest.approx(2 * 3 / (3 + 4))
    assert isinstance(both, Score)
