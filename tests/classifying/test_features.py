"""What the members see: aligned inputs, words without numbers, declared objectives that share one weight."""

import numpy as np
import pytest

from gcmtag.classifying import Inputs
from gcmtag.classifying.classifier import LinearHead, cluster_logits
from gcmtag.classifying.features import CONTEXT_WEIGHT, declared_rows, joined_texts, views_of
from gcmtag.classifying.storage import Unseen
from gcmtag.classifying.words import Words
from gcmtag.document import Passage
from gcmtag.objectives import CLUSTERS


@pytest.mark.parametrize("lists", [(["a"], [], [()]), (["a"], [""], []), ([], [""], [()])])
def test_inputs_that_do_not_align_are_refused(lists: tuple) -> None:
    with pytest.raises(ValueError, match="do not align"):
        Inputs(*lists)


def test_inputs_of_passages_keep_text_context_and_declared_objectives() -> None:
    passage = Passage("marovia", 1, "Fees fell.", section="Labour", declared=(6, 20))
    inputs = Inputs.of_passages([passage])
    assert (inputs.texts, inputs.contexts, inputs.declared) == (["Fees fell."], ["Labour"], [(6, 20)])


def test_a_long_context_is_cut_to_its_nearest_end() -> None:
    inputs = Inputs(["text"], ["far " * 100 + "near"], [()])
    (kept,) = inputs.nearest_contexts()
    assert kept.endswith("far near")
    assert len(kept) == 200


def test_a_text_without_context_is_encoded_bare() -> None:
    assert joined_texts(Inputs(["one", "two"], ["", "Labour"], [(), ()])) == ["one", "Labour | two"]


def test_declared_objectives_share_a_weight_of_1() -> None:
    """A heading with one objective says more of its passages than one with five."""
    rows = declared_rows(Inputs(["a", "b", "c"], [""] * 3, [(), (20,), (1, 23)]))
    assert rows.sum(axis=1).tolist() == [0, 1, 1]
    assert rows[1, 19] == 1
    assert rows[2, 0] == rows[2, 22] == 0.5


def test_a_word_of_the_context_weighs_less_than_one_of_the_text_but_for_roles() -> None:
    one = Words(("visas",), np.ones(1, dtype=np.float32), 1)
    views = views_of(Inputs(["visas"], ["visas"], [()]), {"text": one, "context": one, "manner": one})
    assert views.words.as_scipy().toarray()[0, :2].tolist() == pytest.approx([1.0, CONTEXT_WEIGHT])
    assert views.manner.as_scipy().toarray()[0].tolist() == [1.0, 1.0]


def test_numbers_and_single_letters_are_no_words() -> None:
    words = Words.learn(["Fees fell by 30 in 2020 a b.", "Fees fell to 30 by 2020 a b."], longest=2, most=100)
    assert words.terms == ("fees", "fees fell", "fell")


def test_a_term_must_occur_in_two_texts() -> None:
    words = Words.learn(["visas waived", "visas issued"], longest=1, most=100)
    assert words.terms == ("visas",)


def test_the_most_frequent_terms_are_kept() -> None:
    words = Words.learn(["visas visas fees", "visas fees", "fees visas"], longest=1, most=1)
    assert words.terms == ("visas",)


def test_texts_without_any_common_term_have_an_empty_vocabulary() -> None:
    """A corpus may have no contexts at all; that is no reason to fail."""
    words = Words.learn(["", "", ""], longest=1, most=100)
    assert words.terms == ()
    assert words.rows(["visas", ""]).shape == (2, 0)


def test_terms_and_their_weights_must_align() -> None:
    with pytest.raises(ValueError, match="1 terms"):
        Words(("visas",), np.ones(2, dtype=np.float32), 1)


def test_a_head_with_a_bias_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        LinearHead(np.zeros((5, 23), dtype=np.float32), np.zeros(22, dtype=np.float32))


def test_unseen_passages_must_align() -> None:
    scores, labels = np.zeros((3, 23), dtype=np.float32), np.zeros((3, 23), dtype=bool)
    with pytest.raises(ValueError, match="align"):
        Unseen(scores, labels, np.zeros(2, dtype=np.int64))
    with pytest.raises(ValueError, match="align"):
        Unseen(scores, labels[:2], np.zeros(3, dtype=np.int64))


def test_a_cluster_is_as_likely_as_any_of_its_objectives_being_there() -> None:
    """One minus the product of the chances of absence, were the objectives independent."""
    objectives = np.random.default_rng(1).random((10, 23)) * 0.9
    expected = np.stack(
        [1 - np.prod(1 - objectives[:, [n - 1 for n in cluster.objectives]], axis=1) for cluster in CLUSTERS], axis=1
    )
    np.testing.assert_allclose(1 / (1 + np.exp(-cluster_logits(objectives))), expected, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_certain_objectives_give_finite_odds_of_clusters(value: float) -> None:
    assert np.isfinite(cluster_logits(np.full((1, 23), value, dtype=np.float32))).all()
