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
