"""Declared priorities are exact: by number, title, paraphrase or subject, and never another framework's."""

import pytest

from gcmtag.document import Passage
from gcmtag.segmenting.priorities import declared_priorities


def said(*texts: str, question: str | None = None, section: str = "", title: str = "") -> tuple[int, ...]:
    passages = [
        Passage(
            "x",
            ordinal,
            text.removeprefix("- "),
            question=question,
            section=section,
            kind="list_item" if text.startswith("- ") else "paragraph",
        )
        for ordinal, text in enumerate(texts, start=1)
    ]
    return declared_priorities(passages, title)


@pytest.mark.parametrize(
    ("texts", "objectives"),
    [
        (["Objectives 3, 5 and 6 are of particular importance because of SDG 8."], (3, 5, 6)),
        (["All 23 objectives matter, but first come Objective 1 (data) and Objective 23."], (1, 23)),
        (["1, 3, 7 and 23"], (1, 3, 7, 23)),
        (
            ["We put first:", "- Objective 2: Minimize the adverse drivers", "- Objective 5 of the National Strategy"],
            (2,),
        ),
        (["Objective 13 is not a priority. Objectives 4 and 11 are."], (4, 11)),
        (["It is to empower migrants and societies to realize full inclusion and social cohesion at home."], (16,)),
        (["Fair recruitment, remittances and the fight against trafficking are priorities."], (6, 10, 20)),
        (["No objective is prioritized; all 23 are of equal importance."], ()),
        (["Les objectifs 2, 5 et 21 sont prioritaires."], (2, 5, 21)),
    ],
)
def test_the_answer_to_item_seven_names_them(texts: list[str], objectives: tuple[int, ...]) -> None:
    assert said(*texts, question="7") == objectives


@pytest.mark.parametrize(
    ("texts", "objectives"),
    [
        (["Our Government has prioritised objectives 2, 5 and 6."], (2, 5, 6)),
        (["These objectives are national priorities:", "- Provide access to basic services for migrants"], (15,)),
        (["States gave priority to objectives 1 and 2."], ()),
        (["The ministry considers strategic objective 4 of its plan a priority."], ()),
        (["The work is done with priority under objective 8."], ()),
    ],
)
def test_elsewhere_only_the_author_speaking_of_the_compact_counts(
    texts: list[str], objectives: tuple[int, ...]
) -> None:
    assert said(*texts) == objectives


def test_a_state_may_speak_of_itself_by_name() -> None:
    sentence = "Belmora gives priority to objectives 10 and 16 of the Compact."
    assert said(sentence, title="Review of Belmora") == (10, 16)
    assert said(sentence, title="Report of the secretariat") == ()
