"""Figures counted piece by piece are those counted at once, and the page made of them is the same page."""

import random
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from report_builders import document, documents_frame, tag, tags_frame

from gcmtag.errors import CorpusMismatch, UsageError
from gcmtag.objectives import NUMBERS, ROLES
from gcmtag.reporting import short_figures, short_table, tally, write_figures, write_report
from gcmtag.tables import TAGS_SCHEMA

DOCUMENTS = ("marovia", "tessaly", "cordalia")


def drawn(passages: int) -> pd.DataFrame:
    """Tags at random, with many scores alike so that their order counts."""
    draw = random.Random(7)  # noqa: S311
    rows = []
    for number in range(passages):
        found = sorted(draw.sample(NUMBERS[:6], draw.randrange(4)))
        score = draw.choice([0.6, 0.7, 0.8])
        text = f"Passage {number} on several objectives."
        spans = [(objective, 0, 7) for objective in found]
        name = DOCUMENTS[number * len(DOCUMENTS) // passages]
        rows.append(tag(name, text, found, score=score, evidence=spans, role=draw.choice(ROLES)))
    return tags_frame(*rows)


def pieces(tags: pd.DataFrame, size: int) -> Sequence[pa.Table]:
    fields = [TAGS_SCHEMA.field(name) for name in tags.columns]
    table = pa.Table.from_pandas(tags, schema=pa.schema(fields), preserve_index=False)
    return [table.slice(first, size) for first in range(0, len(tags), size)]


@pytest.mark.parametrize("size", [1, 7, 60, 1000])
def test_the_page_and_the_summary_are_the_same_however_the_tags_come(tmp_path: Path, size: int) -> None:
    tags, documents = drawn(200), documents_frame(*map(document, DOCUMENTS))
    write_report(tags, documents, tmp_path / "whole.html", run={"model": "m"})
    figures = tally(pieces(tags, size), documents)
    write_figures(figures, tmp_path / "pieces.html", run={"model": "m"})
    assert (tmp_path / "pieces.html").read_text() == (tmp_path / "whole.html").read_text()
    assert short_figures(figures) == short_table(tags, documents)


def test_only_passages_that_a_page_shows_are_kept() -> None:
    tags, documents = drawn(600), documents_frame(*map(document, DOCUMENTS))
    figures = tally(pieces(tags, 50), documents)
    assert figures.passages == 600
    assert len(figures.entries) <= 6 * (5 + len(DOCUMENTS))


def test_of_very_many_documents_none_is_shown_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("page", "tallying"):
        monkeypatch.setattr(f"gcmtag.reporting.{module}.MOST_DOCUMENTS", 2)
    tags, documents = drawn(200), documents_frame(*map(document, DOCUMENTS))
    figures = tally(pieces(tags, 50), documents)
    write_figures(figures, tmp_path / "page.html", run={})
    page = (tmp_path / "page.html").read_text()
    assert "3 documents, too many to show one by one" in page
    assert page.count("in/marovia.pdf") == 0
    assert "the best of each other document" not in page
    assert "200" in page
    assert len(figures.entries) <= 6 * 5


def test_nothing_tagged_is_no_error() -> None:
    assert tally([], documents_frame()).passages == 0


def test_tables_that_do_not_belong_together_are_refused() -> None:
    tags = drawn(10)
    with pytest.raises(CorpusMismatch, match="marovia"):
        tally(pieces(tags, 5), documents_frame(document("tessaly")))
    with pytest.raises(UsageError, match="no column role"):
        tally([piece.drop(["role"]) for piece in pieces(tags, 5)], documents_frame(*map(document, DOCUMENTS)))
