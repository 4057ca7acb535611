"""Columns of a data frame: pandas' habits hold (index, missing values, no silent overwriting)."""

import pandas as pd
import pytest

from gcmtag import Tagger, tag_frame
from gcmtag.errors import UsageError

FEES = "Marovia cut the fee on remittances to 3 per cent."


def frame(**more: list) -> pd.DataFrame:
    return pd.DataFrame({"answer": [FEES, None, "The weather was mild."], **more}, index=[7, 7, "x"])


def test_the_columns_are_those_of_the_tagger_row_by_row(small_tagger: Tagger) -> None:
    tagged = tag_frame(frame(), "answer", tagger=small_tagger)
    expected = small_tagger.tag([FEES, "The weather was mild."])
    for row, tags in zip((0, 2), expected, strict=True):
        assert tagged["objectives"].iloc[row] == list(tags.objectives)
        assert len(tagged["scores"].iloc[row]) == 23
        assert tagged["role"].iloc[row] == tags.role
        assert tagged["role_score"].iloc[row] == pytest.approx(tags.role_score)
    assert 20 in tagged["objectives"].iloc[0]


def test_index_and_columns_stay_and_the_frame_itself_is_not_changed(small_tagger: Tagger) -> None:
    given = frame(region=[1, 2, 3])
    tagged = tag_frame(given, "answer", tagger=small_tagger)
    assert list(given.columns) == ["answer", "region"]
    assert tagged.index.tolist() == [7, 7, "x"]
    pd.testing.assert_frame_equal(tagged[["answer", "region"]], given)


def test_missing_text_has_missing_tags(small_tagger: Tagger) -> None:
    tagged = tag_frame(frame(), "answer", tagger=small_tagger)
    assert tagged.iloc[1][["objectives", "scores", "role", "role_score"]].isna().all()


def test_the_context_column_is_read(small_tagger: Tagger) -> None:
    under = tag_frame(frame(head=["Remittances", "", None]), "answer", context="head", tagger=small_tagger)
    expected = small_tagger.tag(FEES, "Remittances")
    assert under["scores"].iloc[0] == pytest.approx(list(expected.scores), abs=0.005)
    assert under["scores"].iloc[0] != pytest.approx(list(small_tagger.tag(FEES).scores), abs=0.005)


def test_a_column_is_never_overwritten(small_tagger: Tagger) -> None:
    given = frame(role=["a", "b", "c"])
    with pytest.raises(UsageError, match="role already: give a prefix"):
        tag_frame(given, "answer", tagger=small_tagger)
    tagged = tag_frame(given, "answer", prefix="gcm_", tagger=small_tagger)
    assert tagged["role"].tolist() == ["a", "b", "c"]
    assert "gcm_role" in tagged.columns


def test_a_column_that_is_not_there_is_named(small_tagger: Tagger) -> None:
    with pytest.raises(UsageError, match="no column 'text' in the data frame: it has answer"):
        tag_frame(frame(), tagger=small_tagger)


def test_an_empty_frame_gets_the_columns(small_tagger: Tagger) -> None:
    assert "objectives" in tag_frame(frame().iloc[:0], "answer", tagger=small_tagger).columns


def test_numbers_are_no_texts(small_tagger: Tagger) -> None:
    with pytest.raises(UsageError, match="expected a string"):
        tag_frame(pd.DataFrame({"text": [1, 2]}), tagger=small_tagger)
