"""Gold labels without text find their passages again, in this extraction or another, and never by guessing."""

from dataclasses import replace
from pathlib import Path

import pytest

import gcmtag
from gcmtag.document import Document, Passage
from gcmtag.errors import CorpusMismatch
from gcmtag.training.gold import GoldRow, fingerprint, join, read_gold, simhash, write_gold

TEXTS = (
    "The Ministry of Labour of Orvania opened four counters for migrant workers in the ports of the north.",
    "Fees of recruitment agencies are paid by employers since the Decree of March, and inspectors verify it each year.",
    "Shelters for victims of trafficking were opened in two provinces with beds for sixty women and their children.",
    "(a) Safe recruitment,",
    "(a) Safe recruitment,",
    "Remittances reached a tenth of the product, and the bank lowered the ceiling of transfer fees to three per cent.",
)


def document(*texts: str) -> Document:
    passages = tuple(Passage("d" * 16, i, text, locator=f"para. {i}") for i, text in enumerate(texts, start=1))
    return Document("d" * 16, "copy.txt", "Copy", "txt", "en", None, passages)


def gold(*texts: str) -> list[GoldRow]:
    return [
        GoldRow("review", f"para. {i}", fingerprint(text), simhash(text), (i,), "action", ((i,), "action"), ((), "gap"))
        for i, text in enumerate(texts, start=1)
    ]


def test_every_row_finds_its_passage_and_equal_texts_are_taken_in_order() -> None:
    joined = join(gold(*TEXTS), [document(*TEXTS)])
    assert [p.objectives for p in joined.passages] == [(1,), (2,), (3,), (4,), (5,), (6,)]
    assert [p.text for p in joined.passages] == list(TEXTS)


def test_spaces_dashes_and_case_of_another_extraction_change_nothing() -> None:
    other = [text.upper().replace(" ", "  ").replace(",", " ,") for text in TEXTS]
    assert not join(gold(*TEXTS), [document(*other)]).missing


def test_a_passage_with_a_few_wrong_characters_is_found_by_simhash() -> None:
    damaged = list(TEXTS)
    damaged[1] = damaged[1].replace("March", "March12").replace("inspectors", "inspect0rs")
    joined = join(gold(*TEXTS), [document(*damaged)])
    assert joined.passages[1].text == damaged[1]


def test_a_passage_that_is_not_there_is_named_and_not_guessed() -> None:
    joined = join(gold(*TEXTS), [document(*TEXTS[:2], *TEXTS[3:])])
    assert [row.locator for row in joined.missing] == ["para. 3"]
    assert len(joined.passages) == len(TEXTS) - 1


def test_another_document_is_refused() -> None:
    with pytest.raises(CorpusMismatch, match="no document among those given"):
        join(gold(*TEXTS), [document("Something else altogether is told in this text about fishing boats.")])


def test_a_gold_file_keeps_its_rows_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    rows = [replace(row, locator='Q1(a), "first"') for row in gold(*TEXTS)]
    write_gold(rows, path)
    assert read_gold(path) == rows
    path.write_text("document,locator\nreview,para. 1\n", encoding="utf-8")
    with pytest.raises(CorpusMismatch, match=r"review\.csv"):
        read_gold(path)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["a-76-642", "mmr-2020"])
def test_the_gold_of_the_real_documents_is_joined_without_a_loss(shared: Path, name: str) -> None:
    rows = read_gold(Path(__file__).parents[2] / "corpus" / "gold" / f"{name}.csv")
    joined = join(rows, [gcmtag.read(shared / "documents" / f"{name}.txt")])
    assert not joined.missing
    assert [p.objectives for p in joined.passages] == [row.objectives for row in rows]
