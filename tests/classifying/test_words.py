"""Words are counted as scikit-learn counts them."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from gcmtag.classifying.words import WORD, Words

LEARNED = [
    "Fees fell, and the visas of nurses were waived in 2020.",
    "The fees of visas fell; nurses' visas were waived, visas were renewed.",
    "Fees were not waived for the nurses of Étaples: a fee is a fee.",
    "Straße und Grenze; the Straße was closed and the visas fell.",
] * 2
ASKED = [
    *LEARNED,
    "",
    "a b c 1 2",
    "visas VISAS Visas fees fell fell",
    "covid19 x1y ½ ² Ⅳ étaples-straße",
    "\n\tnurses\u00a0of étaples",
    "中文 visas",
    "fees the fell",
]


@pytest.mark.parametrize("longest", [1, 2, 3])
@pytest.mark.parametrize("pass_over", [True, False])
@pytest.mark.parametrize("most", [6, 1000])
def test_rows_are_those_of_scikit_learn(longest: int, pass_over: bool, most: int) -> None:
    words = Words.learn(LEARNED, longest, most, pass_over_stop_words=pass_over)
    theirs = TfidfVectorizer(
        ngram_range=(1, longest),
        sublinear_tf=True,
        stop_words="english" if pass_over else None,
        token_pattern=WORD,
        min_df=2,
        max_features=most,
    ).fit(LEARNED)
    assert words.terms == tuple(theirs.get_feature_names_out())
    rows = words.rows(ASKED).as_scipy()
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.toarray(), theirs.transform(ASKED).toarray(), atol=1e-6)


def test_a_run_does_not_go_on_in_the_next_text() -> None:
    words = Words(("fees fell",), np.ones(1, dtype=np.float32), 2)
    assert words.counts(["fees", "fell", "fees fell"]).as_scipy().toarray().ravel().tolist() == [0, 0, 1]


def test_no_texts_give_no_rows() -> None:
    assert Words(("fees",), np.ones(1, dtype=np.float32), 1).rows([]).shape == (0, 1)


def test_half_a_surrogate_pair_is_no_obstacle() -> None:
    """JSON can hold one, UTF-8 cannot."""
    assert Words(("fees",), np.ones(1, dtype=np.float32), 1).counts(["fees \ud800 fees"]).values.tolist() == [2]
