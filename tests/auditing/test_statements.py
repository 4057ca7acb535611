"""Statements of little attention are found with what they are about, and nothing else is taken for one."""

from pathlib import Path
from typing import Any

import pytest

import gcmtag
from gcmtag.auditing.statements import attention_statements, neglected


def row(text: str, objectives: tuple[int, ...] = (), locator: str = "para. 1") -> dict[str, Any]:
    own = {"document_id": "a", "passage_id": "a-1", "locator": locator}
    return {**own, "text": text, "objectives": list(objectives), "evidence": []}


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        ("Consular protection received little attention in the national reports.", 14),
        ("Few States reported on objective 22.", 22),
        ("Objective 13 was largely overlooked in the submissions.", 13),
        ("In the round tables, limited attention was given to remittances.", 20),
    ],
)
def test_a_statement_is_found_with_what_it_is_about(text: str, objective: int) -> None:
    assert [item["objective"] for item in attention_statements([row(text)])] == [objective]


@pytest.mark.parametrize(
    "text",
    [
        "Little attention was paid to ventilation in the centres.",
        "Objective 13 should not be overlooked in the submissions.",
        "Consular protection received much attention in the national reports.",
        "The media gave little attention to remittances in their reports.",
        "Marovia has few detention centres.",
    ],
)
def test_other_sentences_are_no_statement(text: str) -> None:
    assert attention_statements([row(text, (13,))]) == []


@pytest.mark.parametrize(
    ("text", "objectives"),
    [
        ("In the reviews, the portability of social security was hardly mentioned.", [22]),
        ("Objective 12 attracted the least attention of all in the questionnaires.", [12]),
        ("Only a handful of States reported on alternatives to detention.", [13]),
        ("Reports said very little about missing migrants.", [8]),
        ("The submissions are almost silent on diasporas.", [19]),
        ("Consular protection was addressed by only three reporting States.", [14]),
        ("Objectives 12 and 22 were the least reported in the regional reviews.", [12, 22]),
        ("Discrimination and xenophobia were largely absent from the reports.", [17]),
        ("Less attention was devoted to smuggling of migrants than to trafficking in the submissions.", [9]),
        ("Border management featured little in the discussions of the round tables.", [11]),
        ("It is notable that legal identity did not receive much attention in the national reviews.", [4]),
        ("There was scant coverage of remittances in the voluntary national reviews.", [20]),
    ],
)
def test_little_attention_is_said_in_many_ways(text: str, objectives: list[int]) -> None:
    assert [item["objective"] for item in attention_statements([row(text)])] == objectives


@pytest.mark.parametrize(
    "text",
    [
        "Migrants in detention receive little attention from physicians in the camps.",
        "Trafficking received considerable attention in the reports.",
        "States should not give little attention to data in their reviews.",
        "Few States report no progress on objective 2.",
        "In the reviews, remittances received no less attention than skills.",
        "Little information is available to migrants about visas in the consulates.",
        "The report pays little attention to costs, according to the auditor of the railway.",
        "If objective 5 receives limited attention in the next review, we shall say so.",
        "Few States have ratified the convention, the reports say.",
        "Newspapers gave limited coverage to the reports on migration.",
        "It is no longer true that diasporas receive little attention in the reviews.",
        "Accidents are under-reported, dormitories are overcrowded.",
        "Recommendations were submitted on missing migrants in the reviews.",
    ],
)
def test_what_only_sounds_like_little_attention_is_none(text: str) -> None:
    assert attention_statements([row(text, (13,))]) == []


def test_a_statement_that_names_nothing_is_about_the_passage() -> None:
    text = "The issue received little attention in the reviews."
    assert [item["objective"] for item in attention_statements([row(text, (7,))])] == [7]
    assert attention_statements([row(text, (7, 8))]) == [], "of two it is not known which"


def test_the_quote_is_the_sentence() -> None:
    text = "Fees fell. Remittances received little attention in the reviews. More follows."
    assert attention_statements([row(text)])[0]["quote"] == "Remittances received little attention in the reviews."
    assert neglected("Fees fell.") is None


@pytest.mark.shared
def test_the_report_of_the_secretary_general_has_two_statements_and_no_other(shared: Path) -> None:
    document = gcmtag.read(shared / "documents" / "a-76-642.txt")
    found = attention_statements([row(passage.text, (), passage.locator) for passage in document.passages])
    assert [(item["locator"], item["objective"]) for item in found] == [("para. 72", 4), ("para. 75", 8)]


@pytest.mark.shared
def test_the_review_of_a_state_has_none(shared: Path) -> None:
    document = gcmtag.read(shared / "documents" / "mmr-2020.txt")
    assert attention_statements([row(passage.text, (), passage.locator) for passage in document.passages]) == []
