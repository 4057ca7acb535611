"""Records refuse what cannot be true when they are made, so that no later room has to check."""

from pathlib import Path

import pytest

from gcmtag.document import Block, Document, Evidence, Passage, SourceFile, Tags


def tags(**changes: object) -> Tags:
    values: dict = {
        "objectives": (2, 20),
        "scores": (0.1,) * 23,
        "clusters": (1, 3),
        "cluster_scores": (0.5,) * 4,
        "role": "action",
        "role_score": 0.6,
        "evidence": (Evidence(20, 0, 5, 0.9),),
    }
    return Tags(**(values | changes))


def passage(**changes: object) -> Passage:
    values: dict = {"document_id": "marovia", "ordinal": 1, "text": "Fees were cut."}
    return Passage(**(values | changes))


def document(**changes: object) -> Document:
    values: dict = {
        "document_id": "marovia",
        "path": "marovia.txt",
        "title": "",
        "format": "text",
        "language": "en",
        "pages": None,
        "passages": (passage(),),
    }
    return Document(**(values | changes))


def test_the_builders_make_sound_records() -> None:
    """Else every refusal below could have another cause."""
    assert tags().clusters == (1, 3)
    assert document().passages[0].text == "Fees were cut."


@pytest.mark.parametrize("objectives", [(20, 2), (2, 2, 20), (0,), (24,), (-1, 2)])
def test_objectives_must_be_ascending_numbers_of_objectives_each_once(objectives: tuple[int, ...]) -> None:
    for make in (
        lambda: tags(objectives=objectives, clusters=(), evidence=()),
        lambda: passage(declared=objectives),
        lambda: document(declared_priorities=objectives),
    ):
        with pytest.raises(ValueError, match="ascending"):
            make()


@pytest.mark.parametrize("probability", [-0.001, 1.001, float("nan"), float("inf")])
def test_a_probability_lies_between_0_and_1(probability: float) -> None:
    for make in (
        lambda: tags(scores=(0.1,) * 22 + (probability,)),
        lambda: tags(cluster_scores=(0.1,) * 3 + (probability,)),
        lambda: tags(role_score=probability),
        lambda: Evidence(1, 0, 1, probability),
    ):
        with pytest.raises(ValueError, match="probability"):
            make()


@pytest.mark.parametrize("changes", [{"scores": (0.1,) * 22}, {"scores": ()}, {"cluster_scores": (0.1,) * 5}])
def test_tags_have_23_and_4_scores(changes: dict) -> None:
    with pytest.raises(ValueError, match="expected 23 and 4"):
        tags(**changes)


@pytest.mark.parametrize("clusters", [(), (1,), (3, 1), (1, 2, 3)])
def test_clusters_must_follow_from_the_objectives(clusters: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="do not follow"):
        tags(clusters=clusters)


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="progress"):
        tags(role="progress")


def test_evidence_for_an_objective_that_is_not_predicted_is_refused() -> None:
    with pytest.raises(ValueError, match="not predicted"):
        tags(evidence=(Evidence(5, 0, 5, 0.9),))


@pytest.mark.parametrize(("start", "end"), [(3, 3), (4, 3), (-1, 3)])
def test_an_evidence_span_is_neither_empty_nor_negative(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="span"):
        Evidence(1, start, end, 0.5)


@pytest.mark.parametrize("objective", [0, 24])
def test_evidence_is_for_one_of_the_23(objective: int) -> None:
    with pytest.raises(ValueError, match="1 to 23"):
        Evidence(objective, 0, 1, 0.5)


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_passage_needs_text(text: str) -> None:
    with pytest.raises(ValueError, match="text"):
        passage(text=text)


@pytest.mark.parametrize("ordinal", [0, -1])
def test_ordinals_begin_at_1(ordinal: int) -> None:
    with pytest.raises(ValueError, match="1-based"):
        passage(ordinal=ordinal)


def test_an_unknown_kind_of_passage_is_refused() -> None:
    with pytest.raises(ValueError, match="heading"):
        passage(kind="heading")


def test_pages_begin_at_1() -> None:
    for make in (
        lambda: Block("text", "line", page=0),
        lambda: document(unread_pages={0: "damaged"}),
        lambda: SourceFile(Path("a.pdf"), "a", "pdf", (), unread_pages={-1: "damaged"}),
    ):
        with pytest.raises(ValueError, match="1-based"):
            make()


def test_a_passage_id_keeps_document_and_ordinal_apart() -> None:
    """Without a separator, the 11th passage of "a" and the 1st of "a1" would be one."""
    assert passage(document_id="a", ordinal=11).passage_id != passage(document_id="a1", ordinal=1).passage_id


def test_context_is_section_then_question_then_lead_in() -> None:
    made = passage(section="Review / Labour", prompt="What was done?", lead_in="The law now covers:")
    assert made.context == "Review / Labour / What was done? / The law now covers:"


def test_the_letter_of_a_part_stands_for_its_long_prompt() -> None:
    assert passage(section="Cluster 1", part="b", prompt="What gaps remain?").context == "Cluster 1 / part b"


def test_a_passage_with_nothing_above_it_has_no_context() -> None:
    assert passage().context == ""
