"""The page shows what was found, of any number of documents, and never runs or loads anything foreign."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_builders import document, documents_frame, tag, tags_frame

from gcmtag.errors import CorpusMismatch, UsageError
from gcmtag.objectives import OBJECTIVES
from gcmtag.reporting import write_report
from gcmtag.reporting.page import pieces

RUN = {"model": "standard 0.1.0 (0a1b2c3d)", "finished": "2024-09-02T09:02:11+00:00"}
VOID = {"meta", "link", "br", "path", "line", "rect", "input"}


class Elements(HTMLParser):
    """Every element with its attributes, and whether the tags that have to be closed are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"


def page_of(path: Path, tags: pd.DataFrame, documents: pd.DataFrame, run: dict[str, Any] | None = None) -> str:
    write_report(tags, documents, path / "report.html", run=RUN if run is None else run)
    return (path / "report.html").read_text(encoding="utf-8")


def article_of(page: str, objective: int) -> str:
    return page.split(f'id="objective-{objective}"')[1].partition("</article>")[0]


def visible(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", markup))


def many(number: int, passages: int, words: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [f"d{at}" for at in range(number)]
    rows = [
        tag(name, f"{name} {at} " + "word " * words, sorted({1 + at % 23, 1 + (at + len(name)) % 23}))
        for name in names
        for at in range(passages)
    ]
    return tags_frame(*rows), documents_frame(*(document(name, title=f"Voluntary review of {name}") for name in names))


HOSTILE = '<script>alert("x")</script>'


def test_a_script_in_any_text_is_shown_and_never_run(tmp_path: Path) -> None:
    # Everything a stranger can write: text, locator, context, title, path, warning, failure, settings.
    tags = tags_frame(tag("a", HOSTILE, [5], locator=HOSTILE, context=HOSTILE, evidence=[(5, 0, 8)]))
    documents = documents_frame(document("a", title=HOSTILE, path=HOSTILE, warnings=[HOSTILE], language=HOSTILE))
    failure = {"path": HOSTILE, "reason": HOSTILE, "message": HOSTILE}
    page = page_of(tmp_path, tags, documents, {"model": HOSTILE, "failures": [failure], "x": {HOSTILE: HOSTILE}})
    assert "alert(" in page
    assert "<script>alert" not in page
    assert [name for name, _ in Elements(page).found].count("script") == 1


def test_the_page_asks_the_network_for_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path, *many(18, 3, 5))
    loading = {"src", "srcset", "href", "xlink:href", "action", "data", "poster"}
    for name, attributes in Elements(page).found:
        for key in loading & set(attributes):
            assert re.match(r"#|data:,$", attributes[key] or ""), (name, key, attributes[key])
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|https?:", page)


def test_an_address_in_a_passage_stays_text(tmp_path: Path) -> None:
    page = page_of(tmp_path, tags_frame(tag("a", "See https://example.org/x.", [3])), documents_frame(document("a")))
    assert "See https://example.org/x." in page
    assert 'href="https:' not in page


def test_every_element_is_closed(tmp_path: Path) -> None:
    assert Elements(page_of(tmp_path, *many(5, 30, 3))).open == []


def test_every_objective_appears_also_without_a_passage(tmp_path: Path) -> None:
    page = page_of(tmp_path, tags_frame(tag("a", "Visas.", [5])), documents_frame(document("a")))
    for item in OBJECTIVES:
        assert item.title in visible(article_of(page, item.number))
        assert (item.number == 5) != ("No passage was tagged with this objective" in article_of(page, item.number))


def test_the_headline_says_what_was_found(tmp_path: Path) -> None:
    rows = [
        tag("a", "Wages.", [6]),
        tag("a", "Visas and wages.", [5, 6]),
        tag("a", "The rest.", sorted({*range(1, 24)} - {9})),
    ]
    page = page_of(tmp_path, tags_frame(*rows), documents_frame(document("a")))
    assert "<h1>Decent work is the objective most often tagged; Smuggling is tagged in no passage</h1>" in page


def test_the_page_says_that_counts_are_not_corrected(tmp_path: Path) -> None:
    page = page_of(tmp_path, tags_frame(tag("a", "Visas.", [5])), documents_frame(document("a")))
    assert "not corrected for the errors of the model" in page


def test_an_empty_table_gives_a_page_that_says_so(tmp_path: Path) -> None:
    page = page_of(tmp_path, tags_frame(), documents_frame())
    assert "There is nothing to show" in page
    assert "No document was read" in page
    assert "<svg" not in page


def test_links_within_the_page_lead_somewhere(tmp_path: Path) -> None:
    for tags, documents in [(tags_frame(), documents_frame()), many(2, 3, 3)]:
        elements = Elements(page_of(tmp_path, tags, documents)).found
        anchors = {attributes["id"] for _, attributes in elements if "id" in attributes}
        assert {
            href[1:] for _, attributes in elements if (href := attributes.get("href") or "").startswith("#")
        } <= anchors


def test_passages_without_any_objective_give_a_whole_page(tmp_path: Path) -> None:
    page = page_of(tmp_path, tags_frame(tag("a", "The text was compiled in June.")), documents_frame(document("a")))
    assert "No passage is tagged with any of the 23 objectives" in page


def test_one_document_has_a_heat_map_of_one_column(tmp_path: Path) -> None:
    page = page_of(tmp_path, tags_frame(tag("a", "Visas.", [5])), documents_frame(document("a")))
    cells = re.search(r'<g class="[^"]*cells_marks">(.*?)</g>', page)
    assert cells is not None
    assert cells[1].count("<path") == 23
    assert cells[1].count("var(--step-5)") == 1  # the one passage is all of the document


def test_a_hundred_documents_stay_under_five_megabytes(tmp_path: Path) -> None:
    page = page_of(tmp_path, *many(100, 200, 120))
    assert len(page.encode()) < 5_000_000
    assert page.count("<title>Heat map of the 23 objectives in documents") == 7  # sheets of 16


def test_best_passages_come_first_with_score_and_marked_evidence(tmp_path: Path) -> None:
    rows = [
        tag("a", "Weak words.", [9], score=0.55),
        tag(
            "a",
            "Smugglers were tried. The court sat in May.",
            [9],
            score=0.97,
            locator="para. 7",
            evidence=[(9, 0, 21)],
        ),
    ]
    article = article_of(page_of(tmp_path, tags_frame(*rows), documents_frame(document("a"))), 9)
    assert article.index("Smugglers") < article.index("Weak words")
    assert "<mark>Smugglers were tried.</mark> The court sat in May." in article
    assert "Review of a, para. 7 · action · 0.97" in visible(article)


def test_every_document_shows_its_best_passage_of_an_objective(tmp_path: Path) -> None:
    # Otherwise a filter by document would show nothing of a document that is never among the best.
    rows = [tag("a", f"Strong {at}.", [2], score=0.9) for at in range(8)]
    tags = tags_frame(*rows, tag("b", "Weaker.", [2], score=0.6), tag("b", "Weakest.", [2], score=0.5))
    article = article_of(page_of(tmp_path, tags, documents_frame(document("a"), document("b"))), 2)
    assert "Weaker." in article
    assert "Weakest." not in article
    assert article.count("Strong") == 5


def test_declared_priorities_stand_with_their_number_of_passages(tmp_path: Path) -> None:
    documents = documents_frame(document("a", declared_priorities=np.array([5, 21])), document("b"))
    page = page_of(tmp_path, tags_frame(tag("a", "Visas.", [5])), documents)
    section = visible(page.split('id="priorities"')[1].split("</section>")[0])
    assert "5 Regular pathways 1" in section
    assert "21 Return 0" in section
    assert "in the other 1 document." in section


def test_warnings_failures_and_what_was_left_out_are_listed(tmp_path: Path) -> None:
    failures = [{"path": "in/scan.pdf", "reason": "unreadable", "message": "encrypted"}]
    documents = documents_frame(document("a", warnings=["page 3 has no text layer"]))
    page = page_of(tmp_path, tags_frame(tag("a", "Visas.", [5])), documents, {"failures": failures})
    section = visible(page.split('id="files"')[1])
    for expected in ("in/scan.pdf", "encrypted", "page 3 has no text layer", "page header&nbsp;2"):
        assert expected in section


def test_tables_read_back_from_parquet_and_csv_give_the_same_page(tmp_path: Path) -> None:
    # Parquet gives arrays instead of lists and NaN instead of None; CSV gives JSON.
    tags = tags_frame(tag("a", "Visas for all.", [5, 6], evidence=[(5, 0, 5)]))
    documents = documents_frame(document("a", pages=None, declared_priorities=[5], warnings=["w"]))
    expected = page_of(tmp_path, tags, documents)
    for name, frame in (("tags", tags), ("documents", documents)):
        frame.to_parquet(tmp_path / f"{name}.parquet")
        listed = frame.map(lambda cell: pd.io.json.ujson_dumps(cell) if isinstance(cell, list) else cell)
        listed.to_csv(tmp_path / f"{name}.csv", index=False)
    parquet = [pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("tags", "documents")]
    csv = [pd.read_csv(tmp_path / f"{name}.csv") for name in ("tags", "documents")]
    assert page_of(tmp_path, *parquet) == expected
    assert page_of(tmp_path, *csv) == expected


def test_typed_columns_with_missing_values_are_read(tmp_path: Path) -> None:
    # What the package itself makes: nullable integers and strings, whose missing value has no truth.
    documents = documents_frame(document("a", pages=None, title=None)).astype({"pages": "Int64", "title": "string"})
    page = page_of(tmp_path, tags_frame(tag("a", "Visas.", [5])), documents)
    assert "a.pdf" in visible(article_of(page, 5)), "a document without a title is called by its file"


def test_a_document_without_passages_has_its_column(tmp_path: Path) -> None:
    page = page_of(tmp_path, tags_frame(tag("a", "Visas.", [5])), documents_frame(document("a"), document("b")))
    assert page.count('<option value="1">Review of b</option>') == 1


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match="tags table has no column scores"):
        write_report(tags_frame().drop(columns="scores"), documents_frame(), Path("unused.html"), run={})


def test_tags_of_an_unlisted_document_are_refused() -> None:
    with pytest.raises(CorpusMismatch, match="'b'"):
        write_report(tags_frame(tag("b", "Visas.", [5])), documents_frame(document("a")), Path("unused.html"), run={})


def test_evidence_that_overlaps_or_leaves_the_text_is_marked_once() -> None:
    found = pieces("one two three", [(4, 7), (5, 99), (20, 30), (3, 3)])
    assert [(piece.text, piece.marked) for piece in found] == [("one ", False), ("two three", True)]


@pytest.mark.parametrize("at", [0, 400, 996])
def test_a_long_passage_is_cut_around_its_evidence(at: int) -> None:
    text = "".join(f"w{number:03d} " for number in range(400))
    found = pieces(text, [(at, at + 4)], longest=100)
    assert [piece.text for piece in found if piece.marked] == [text[at : at + 4]]
    kept = "".join(piece.text for piece in found).strip("… ")
    assert kept in text
    assert 90 <= len(kept) <= 100
    assert all(len(word) == 4 for word in kept.split()), "cut inside a word"
