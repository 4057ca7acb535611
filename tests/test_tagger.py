"""What users ask of a loaded tagger: shapes, scores that agree with tags, answers that do not hang on the batch."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gcmtag import Tagger, Tags, load
from gcmtag.errors import EmptyDocument, GcmtagError, ModelNotFound, UsageError
from gcmtag.objectives import clusters_of

TEXTS = [
    "The Republic of Marovia cut the fee on remittances to 3 per cent and opened accounts for migrant workers.",
    "Border guards of Tessaly were trained to screen arrivals. Consulates renew passports of nationals abroad.",
    "The weather was mild.",
    "Recruitment agencies that charge workers any fee lose their licence; inspectors visited 40 farms in 2021.",
]
CONTRACT_COLUMNS = [
    "document_id",
    "passage_id",
    "ordinal",
    "locator",
    "page",
    "section",
    "question",
    "part",
    "kind",
    "language",
    "text",
    "declared",
    "objectives",
    "scores",
    "clusters",
    "cluster_scores",
    "role",
    "role_score",
    "evidence",
    "unsure",
    "model",
]


def test_one_string_gives_one_tags_and_a_list_gives_a_list(small_tagger: Tagger) -> None:
    one, several = small_tagger.tag(TEXTS[0]), small_tagger.tag(TEXTS[:1])
    assert isinstance(one, Tags)
    assert several == [one]


def test_scores_are_float32_probabilities_one_row_a_text_and_one_column_an_objective(small_tagger: Tagger) -> None:
    scores = small_tagger.scores(TEXTS)
    assert scores.shape == (len(TEXTS), 23)
    assert scores.dtype == np.float32
    assert (scores >= 0).all()
    assert (scores <= 1).all()


def test_tags_carry_the_scores_and_decide_by_the_threshold(small_tagger: Tagger) -> None:
    tags, scores = small_tagger.tag(TEXTS), small_tagger.scores(TEXTS)
    np.testing.assert_array_equal(np.array([t.scores for t in tags], dtype=np.float32), scores)
    for found, row in zip(tags, scores, strict=True):
        expected = [i + 1 for i in range(23) if row[i] >= small_tagger.classifier.threshold]
        assert list(found.objectives) == expected
    assert 20 in tags[0].objectives, "a passage on remittances: even a small model knows it"


def test_nothing_in_gives_nothing_out(small_tagger: Tagger) -> None:
    assert small_tagger.tag([]) == []
    assert small_tagger.scores([]).shape == (0, 23)


@pytest.mark.parametrize("text", ["", " \n", "2020 – 2021, 15.4 %", "•••"])
def test_a_text_without_letters_gets_no_objective_even_under_a_heading_that_names_one(
    small_tagger: Tagger, text: str
) -> None:
    tags = small_tagger.tag(text, "Remittances and financial inclusion")
    assert tags.objectives == tags.clusters == tags.evidence == ()


def test_letters_decide_whether_a_text_can_have_an_objective(small_tagger: Tagger) -> None:
    """The counterpart of the claim above: under a threshold of 0 only letters make the difference."""
    from dataclasses import replace

    eager = Tagger(replace(small_tagger.classifier, threshold=0.0), small_tagger.model)
    assert len(eager.tag("Remittances").objectives) == 23
    assert eager.tag("15.4 %").objectives == ()


@pytest.mark.parametrize("contexts", [[], ["one"], ["one", "two", "three"]])
def test_contexts_of_another_length_are_refused(small_tagger: Tagger, contexts: list[str]) -> None:
    for ask in (small_tagger.tag, small_tagger.scores):
        with pytest.raises(UsageError, match="contexts for 2 texts"):
            ask(TEXTS[:2], contexts)


@pytest.mark.parametrize("texts", [[None], ["a", 5], [b"bytes"], [["nested"]]])
def test_what_is_no_text_is_refused_by_name_of_its_type(small_tagger: Tagger, texts: list) -> None:
    with pytest.raises(UsageError, match=r"expected a string"):
        small_tagger.tag(texts)


def test_a_bare_string_is_no_list_of_texts_or_contexts(small_tagger: Tagger) -> None:
    """Python would take it for a list of letters, and give a row a letter."""
    with pytest.raises(UsageError, match="list"):
        small_tagger.scores("Remittances")
    with pytest.raises(UsageError, match="list"):
        small_tagger.tag(["a", "b", "c"], "abc")
    with pytest.raises(UsageError):
        small_tagger.tag("Remittances", ["Heading"])


def test_a_column_of_a_filtered_frame_is_a_list_of_texts(small_tagger: Tagger) -> None:
    """Its index does not begin at 0; only the order counts."""
    frame = pd.DataFrame({"text": TEXTS, "heading": ["A", "B", "C", "D"]}).iloc[1:]
    expected = small_tagger.tag(TEXTS[1:], ["B", "C", "D"])
    assert small_tagger.tag(frame["text"], frame["heading"]) == expected


def test_a_context_changes_the_scores(small_tagger: Tagger) -> None:
    bare, under = small_tagger.scores(["It rose by a third."] * 2, ["", "Remittances and financial inclusion"])
    assert under[19] > bare[19] + 0.001


def test_a_declared_objective_raises_its_own_score(small_tagger: Tagger) -> None:
    from gcmtag.classifying import Inputs

    inputs = Inputs(["It rose by a third."] * 2, ["", ""], [(), (20,)])
    scores = small_tagger.classifier.score(inputs).objectives
    assert scores[1, 19] > scores[0, 19]


def test_each_predicted_objective_has_evidence_inside_the_text(small_tagger: Tagger) -> None:
    for text, tags in zip(TEXTS, small_tagger.tag(TEXTS), strict=True):
        assert {item.objective for item in tags.evidence} == set(tags.objectives)
        for item in tags.evidence:
            assert 0 <= item.start < item.end <= len(text)
            assert text[item.start : item.end].strip() == text[item.start : item.end]


def test_evidence_points_at_the_sentence_that_carries_the_objective(small_tagger: Tagger) -> None:
    mild = "The assembly met twice in the spring."
    text = f"{mild} {TEXTS[0]}"
    spans = [text[e.start : e.end] for e in small_tagger.tag(text).evidence if e.objective == 20]
    assert spans == [TEXTS[0]]


def test_clusters_follow_from_the_objectives(small_tagger: Tagger) -> None:
    tags = small_tagger.tag(TEXTS)
    assert any(t.clusters for t in tags)
    assert all(t.clusters == clusters_of(t.objectives) for t in tags)


def test_the_same_text_gets_the_same_tags_again(small_tagger: Tagger, small_model: Path) -> None:
    assert load(small_model).tag(TEXTS) == small_tagger.tag(TEXTS)


def test_neither_neighbours_nor_order_change_the_scores(small_tagger: Tagger) -> None:
    """Batches are padded to their longest text; in bfloat16 that may move the third digit and nothing else."""
    together = small_tagger.scores([*TEXTS, "x " * 300])[: len(TEXTS)]
    turned = small_tagger.scores(TEXTS[::-1])[::-1]
    alone = np.concatenate([small_tagger.scores([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=0.005)
    np.testing.assert_allclose(turned, alone, atol=0.005)


def test_deciding_words_are_words_of_the_text_with_positive_weights(small_tagger: Tagger) -> None:
    words = small_tagger.deciding_words(TEXTS[0])
    assert list(words) == list(range(1, 24))
    assert words[20], "the passage on remittances has words for objective 20"
    assert words[20] == sorted(words[20], key=lambda pair: -pair[1])
    for word, weight in words[20]:
        assert all(piece in TEXTS[0].casefold() for piece in word.split())
        assert weight > 0


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("note") / "marovia.txt"
    path.write_text(f"Report of Marovia\n\n1. {TEXTS[0]}\n\n2. {TEXTS[1]}\n", encoding="utf-8")
    return path


def test_a_tagged_document_gives_a_frame_with_the_columns_of_the_contract_and_the_context(
    small_tagger: Tagger, note: Path
) -> None:
    frame = small_tagger.tag_document(note).to_frame()
    assert [name for name in frame.columns if name != "context"] == CONTRACT_COLUMNS
    assert "context" in frame.columns
    assert len(frame) == 2
    assert set(frame["model"]) == {small_tagger.model}
    assert frame["passage_id"].tolist() == [f"{d}:{n}" for d, n in zip(frame.document_id, (1, 2), strict=True)]
    assert [len(scores) for scores in frame["scores"]] == [23, 23]
    assert all(
        isinstance(item, dict) and set(item) == {"objective", "start", "end", "score"} for item in frame.evidence[0]
    )


def test_a_document_already_read_gives_the_same_tags_as_its_path(small_tagger: Tagger, note: Path) -> None:
    import gcmtag

    assert small_tagger.tag_document(gcmtag.read(note)).tags == small_tagger.tag_document(str(note)).tags


def test_a_document_without_text_is_refused_with_an_error_of_the_package(small_tagger: Tagger, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    with pytest.raises(EmptyDocument):
        small_tagger.tag_document(tmp_path / "empty.txt")


def test_an_unknown_model_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="nowhere") as refusal:
        load(tmp_path / "nowhere")
    assert "\n" not in str(refusal.value)


def test_every_error_of_the_package_is_a_gcmtag_error() -> None:
    from gcmtag import errors

    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    classes = [value for value in classes if not issubclass(value, Warning)]
    assert len(classes) > 5
    assert all(issubclass(error, GcmtagError) for error in classes)
