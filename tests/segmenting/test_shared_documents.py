"""The three real documents beside the project are cut exactly as a reader would."""

import json
import re
import unicodedata
from difflib import SequenceMatcher
from pathlib import Path

import pytest

import gcmtag
from gcmtag.document import Document

pytestmark = pytest.mark.shared


def normalised(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, normalised(one), normalised(other), autojunk=False).ratio()


def gold(shared: Path, name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (shared / "gold" / f"{name}.jsonl").open(encoding="utf-8")]


@pytest.fixture(scope="module")
def report(shared: Path) -> Document:
    return gcmtag.read(shared / "documents" / "a-76-642.txt")


@pytest.fixture(scope="module")
def review(shared: Path) -> Document:
    return gcmtag.read(shared / "documents" / "mmr-2020.txt")


@pytest.fixture(scope="module")
def page(shared: Path) -> Document:
    return gcmtag.read(shared / "documents" / "a-res-73-195-p32.txt")


def test_the_report_is_its_111_paragraphs_and_the_nine_bullets(report: Document) -> None:
    bullets = [passage for passage in report.passages if passage.kind == "list_item"]
    paragraphs = [passage.locator for passage in report.passages if passage.kind == "paragraph"]
    assert paragraphs == [f"para. {number}" for number in range(1, 112)]
    assert len(bullets) == 9
    assert all(passage.locator.startswith("Snapshot of migration and migrants, bullet ") for passage in bullets)


def test_every_paragraph_of_the_report_is_whole(report: Document, shared: Path) -> None:
    by_kind = sorted(report.passages, key=lambda passage: passage.kind == "list_item")
    damaged = [
        passage.locator
        for label, passage in zip(gold(shared, "a-76-642"), by_kind, strict=True)
        if likeness(label["text"], passage.text) < 0.99
    ]
    assert damaged == []


def test_no_furniture_is_left_in_the_report(report: Document) -> None:
    left = re.compile(r"21-19667|\d+/22\b|\.png|UPN|A/76/642|_{5}|Ibid|https?://|\b\d{1,2} [A-Z]\w+ \w+, “")
    assert [passage.locator for passage in report.passages if left.search(passage.text)] == []
    marks = re.compile(r"[.,] (?:[a-e]|\d{1,2}) ?(?:[A-Z]|$)|\d{4}\. [a-e]$")
    assert [passage.locator for passage in report.passages if marks.search(passage.text)] == []
    assert {"page number", "image name", "footnote", "footnote mark", "document symbol"} <= set(report.dropped)


def test_the_report_has_full_section_headings(report: Document) -> None:
    section = {passage.locator: passage.section for passage in report.passages}
    assert section["para. 1"] == "I. Introduction"
    assert section["para. 12"].startswith("II. Progress on implementation / A. State and stakeholder engagement")
    assert section["para. 12"].endswith("on the Compact")
    assert section["para. 37"].endswith("/ I. Promoting faster, cheaper remittances and fostering financial inclusion")
    assert section["para. 79"] == "IV. United Nations system institutional arrangements in support of the Compact"
    assert section["para. 111"] == "V. Conclusion and recommendations / D. Building capacity"


def test_hyphens_of_the_report_are_the_documents_own(report: Document) -> None:
    text = " ".join(passage.text for passage in report.passages)
    assert "gender-responsive" in text
    assert "non-discriminatory health-care" in text
    assert "low- and middle-income" in text
    assert "life-saving" in text


def test_the_report_declares_no_priorities(report: Document) -> None:
    assert report.declared_priorities == ()


def test_the_review_is_its_67_answers_and_nothing_else(review: Document, shared: Path) -> None:
    labels = gold(shared, "mmr-2020")
    assert len(review.passages) == len(labels)
    wrong = [
        passage.locator
        for label, passage in zip(labels, review.passages, strict=True)
        if likeness(label["text"], passage.text) < 0.95
    ]
    assert wrong == []


def test_every_answer_of_the_review_knows_its_question_and_part(review: Document, shared: Path) -> None:
    for label, passage in zip(gold(shared, "mmr-2020"), review.passages, strict=True):
        part = re.search(r"/ part ([a-d])$", label["context"])
        assert passage.question == label["context"].split(".")[0], label["id"]
        assert passage.part == (part[1] if part else None), label["id"]


def test_answers_of_the_review_carry_cluster_prompt_and_lead_in(review: Document) -> None:
    first = review.passages[0]
    assert first.locator == "Q1(a), 1st paragraph"
    assert first.declared == (2, 5, 6, 12, 18)
    assert first.prompt.startswith("a. Please highlight")
    items = [passage for passage in review.passages if passage.locator == "Q8, item (h)"]
    assert len(items) == 1
    assert items[0].section == "Main achievements"
    assert items[0].lead_in.endswith("(GCM):")


def test_the_review_declares_its_priorities(review: Document) -> None:
    assert review.declared_priorities == (3, 5, 6, 18, 20, 21, 22, 23)


def test_the_page_of_the_compact_gives_each_action_its_objective(page: Document) -> None:
    found = [(passage.locator, passage.declared) for passage in page.passages]
    before = [(f"Objective 22, action ({letter})", (22,)) for letter in "abc"]
    after = [(f"Objective 23, action ({letter})", (23,)) for letter in "abc"]
    assert found == [*before, ("para. 39", (23,)), *after]


def test_the_page_of_the_compact_keeps_no_furniture(page: Document) -> None:
    text = " ".join(passage.text for passage in page.passages)
    assert not re.search(r"18-22354|32/36|A/RES|Global Compact for Safe, Orderly", text)
    assert "(No. 202);" in text
