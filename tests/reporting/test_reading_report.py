"""The reading report says what was found in a file, what was left out, and what to be wary of."""

import json
from pathlib import Path

import docx
import pytest

from gcmtag import read
from gcmtag.reporting.reading import reading_json, reading_table


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A Word document with two passages, a footnote-free body, a caption and the table of principles."""
    document = docx.Document()
    document.add_heading("Measures", 1)
    document.add_paragraph("The Labour Office of Vesmar registers seasonal workers on the coast.")
    document.add_paragraph("Figure 1. Permits by year", style="Caption")
    document.add_paragraph("Le Gouvernement a ouvert trois bureaux pour les travailleurs migrants et leurs familles.")
    table = document.add_table(rows=4, cols=3)
    rows = (
        ("Guiding principle", "Yes / No", "Explanation"),
        ("Human rights", "Yes", "The act of 2019."),
        ("Child-sensitive", "No", ""),
        ("People-centred", "Yes", ""),
    )
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    path = tmp_path / "report.docx"
    document.save(str(path))
    return path


def test_the_table_names_passages_drops_principles_and_languages(report):
    """What a user needs to trust a reading stands on one screen."""
    shown = reading_table(read(report))
    assert "passages    2 (paragraph 2)" in shown
    assert "caption 1" in shown
    assert "Human rights: yes (The act of 2019.)" in shown
    assert "Child-sensitive: no" in shown
    assert "fr 1" in shown
    assert "warnings    none" in shown


def test_lines_are_no_wider_than_the_terminal(report):
    """A long passage is cut, not wrapped over the next."""
    passages = reading_table(read(report), width=60).split("\n\n")[1]
    assert max(map(len, passages.splitlines())) == 60


def test_the_json_holds_all_that_the_document_does(report):
    """Programs read it, so nothing may be rounded off or left out."""
    document = read(report)
    values = json.loads(reading_json(document))
    assert [passage["text"] for passage in values["passages"]] == [passage.text for passage in document.passages]
    assert values["passages"][0]["passage_id"] == document.passages[0].passage_id
    assert values["dropped"] == dict(document.dropped)
    assert values["guiding_principles"][0] == {"principle": "People-centred", "integrated": True, "explanation": ""}


def test_the_command_prints_the_report_and_says_by_its_status_whether_pages_are_missing(
    report, gcmtag_command, tmp_path
):
    """The command is one call away in Python, and its status is that of tagging."""
    status, output, _ = gcmtag_command("read", report)
    assert (status, output.count("Vesmar")) == (0, 1)
    status, output, _ = gcmtag_command("read", report, "--format", "json")
    assert (status, json.loads(output)["format"]) == (0, "docx")
    (tmp_path / "empty.docx").write_bytes(b"")
    status, output, errors = gcmtag_command("read", tmp_path / "empty.docx")
    assert (status, output, errors.count("\n")) == (2, "", 1)


def test_a_document_of_which_little_remains_is_a_warning(tmp_path):
    """A cover, a table of contents and notes are no loss; half of a report is."""
    document = docx.Document()
    document.add_paragraph("The Labour Office of Vesmar registers seasonal workers on the coast.")
    for number in range(9):
        document.add_paragraph(f"Figure {number}. Permits by year and district on the northern coast", style="Caption")
    path = tmp_path / "figures.docx"
    document.save(str(path))
    (warning,) = read(path).warnings
    assert warning.startswith("much was left out")
    assert "caption 9" in warning
