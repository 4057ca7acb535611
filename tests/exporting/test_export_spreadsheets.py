"""CSV and XLSX: the tags come back, nothing becomes a formula, nothing is cut silently, hashtags are HXL."""

import csv
import io
import json
import shutil
import subprocess
import warnings
from pathlib import Path

import openpyxl
import pytest
from export_builders import both, essence, float32s, marovia, numbers, tagged

from gcmtag.errors import ExportWarning, UsageError
from gcmtag.exporting import Options, export
from gcmtag.exporting.delimited import guarded, without_guard
from gcmtag.exporting.workbook import LONGEST_CELL, pieces

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\x01=1+1",
    "  =1+1",
    "\uff1d1+1",
    "#N/A",
    '=HYPERLINK("x","y")',
]
HXL = Options(hxl=True)
NEEDS_HXL = "get it with: pip install '.[hxl]'"


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet_rows(content: bytes, name: str) -> list[dict]:
    sheet = openpyxl.load_workbook(io.BytesIO(content))[name]
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def evidence_of(items: list[dict]) -> list[tuple]:
    return sorted((i["objective"], i["start"], i["end"], *float32s([i["score"]])) for i in items)


def passage_essence(row: dict, scores: dict, evidence: list[dict]) -> dict:
    """A row of a sheet as ``essence`` has it."""
    return {
        "text": row["text"],
        "objectives": numbers(row["objectives"]),
        "scores": float32s([scores[f"score_{n}"] for n in range(1, 24)]),
        "clusters": numbers(row["clusters"]),
        "cluster_scores": float32s([scores[f"cluster_score_{n}"] for n in range(1, 5)]),
        "role": row["role"],
        "role_score": float32s([row["role_score"]]),
        "evidence": evidence_of(evidence),
    }


# CSV


def test_csv_gives_the_same_tags_back(tables) -> None:
    rows = csv_rows(export(*tables, "csv"))
    assert {r["passage_id"]: passage_essence(r, r, json.loads(r["evidence"])) for r in rows} == essence(tables[0])
    assert [row["year"] for row in rows] == ["2020", "2021", ""], "columns of the input are carried"
    assert rows[0]["title"] == 'Review of "Marovia"'
    assert rows[0]["objective_names"] == "11 Borders | 20 Remittances"


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_can_become_a_formula_and_its_text_comes_back(text: str) -> None:
    (row,) = csv_rows(export(*both(tagged(text + " fees", extra={"=note": text})), "csv"))
    assert without_guard(row["text"]) == text + " fees"
    for cell in (*row, *row.values()):
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\x01", "\uff1d")), cell


@pytest.mark.parametrize("text", ["plain", "'tis", "it's = 1", "1-1", "a@b", "''", ""])
def test_a_harmless_text_is_left_alone(text: str) -> None:
    assert guarded(text) == without_guard(text) == text


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'\t", "-"])
def test_the_guard_can_be_taken_off_even_where_the_text_had_apostrophes(text: str) -> None:
    assert guarded(text) != text
    assert without_guard(str(guarded(text))) == text


# XLSX


def test_a_workbook_has_a_sheet_per_view_with_frozen_header_and_filters(tables) -> None:
    book = openpyxl.load_workbook(io.BytesIO(export(*tables, "xlsx")))
    assert book.sheetnames == ["passages", "scores", "evidence", "documents", "objectives", "about"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions


def test_a_workbook_gives_the_same_tags_back(tables) -> None:
    content = export(*tables, "xlsx")
    scores = {row["passage_id"]: row for row in sheet_rows(content, "scores")}
    evidence: dict[str, list] = {}
    for row in sheet_rows(content, "evidence"):
        evidence.setdefault(row["passage_id"], []).append(row)
    found = {
        row["passage_id"]: passage_essence(row, scores[row["passage_id"]], evidence.get(row["passage_id"], []))
        for row in sheet_rows(content, "passages")
    }
    assert found == essence(tables[0])


def test_evidence_is_quoted_and_objectives_are_counted(tables) -> None:
    content = export(*tables, "xlsx")
    quotes = [row["quote"] for row in sheet_rows(content, "evidence") if row["objective"] == 20]
    assert quotes[0] == "Marovia cut the fee on remittances."
    counts = {row["number"]: row["passages"] for row in sheet_rows(content, "objectives")}
    assert (len(counts), counts[11], counts[20], counts[1]) == (23, 2, 1, 0)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_workbook_is_a_formula_or_an_error(text: str) -> None:
    tables = both(tagged(text + " fees", extra={"=note": text}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExportWarning)  # a control character is replaced, and said
        book = openpyxl.load_workbook(io.BytesIO(export(*tables, "xlsx")))
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds <= {"s", "n"}
    cell = book["passages"].cell(2, [c.value for c in book["passages"][1]].index("text") + 1)
    assert cell.value.replace("_x000D_", "\r").endswith(" fees")


def test_a_sign_stays_a_text_even_when_somebody_edits_the_cell() -> None:
    book = openpyxl.load_workbook(io.BytesIO(export(*both(tagged("=1+1", "fees")), "xlsx")))
    column = [c.value for c in book["passages"][1]].index("text") + 1
    assert book["passages"].cell(2, column).quotePrefix
    assert not book["passages"].cell(3, column).quotePrefix


@pytest.mark.parametrize("letter", ["a", "\U0001f600"])
def test_a_text_longer_than_a_cell_goes_on_in_further_columns_and_that_is_said(letter: str) -> None:
    """Excel counts a character outside the basic plane twice; openpyxl would cut the rest off without a word."""
    text = letter * (2 * LONGEST_CELL + 10)
    tables = both(tagged("short", text))
    with pytest.warns(ExportWarning, match=r"1 cells of passages, column text, are longer than Excel's 32,767"):
        content = export(*tables, "xlsx")
    first, second = sheet_rows(content, "passages")
    names = [name for name in second if name == "text" or name.startswith("text_")]
    assert len(names) >= 3
    assert "".join(second[name] or "" for name in names) == text
    assert all(len((second[name] or "").encode("utf-16-le")) <= 2 * LONGEST_CELL for name in names)
    assert (first["text"], first["text_2"]) == ("short", None)
    assert any("text_2" in str(row["value"]) for row in sheet_rows(content, "about"))


def test_pieces_join_to_the_text_and_none_is_too_long() -> None:
    text = "a\U0001f600b" * 7
    for longest in (2, 3, 5, 28, 29):
        cut = pieces(text, longest)
        assert "".join(cut) == text
        assert max(len(piece.encode("utf-16-le")) // 2 for piece in cut) <= longest


def test_a_text_that_fits_exactly_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ExportWarning)
        content = export(*both(tagged("a" * LONGEST_CELL)), "xlsx")
    assert sheet_rows(content, "passages")[0]["text"] == "a" * LONGEST_CELL


def test_a_character_that_a_workbook_cannot_hold_is_replaced_and_that_is_said() -> None:
    with pytest.warns(ExportWarning, match="column text, hold characters"):
        content = export(*both(tagged("fees\x0b fell\uffff")), "xlsx")
    assert sheet_rows(content, "passages")[0]["text"] == "fees\ufffd fell\ufffd"


def test_more_rows_than_a_sheet_holds_are_refused_with_what_to_do(tables, monkeypatch) -> None:
    monkeypatch.setattr("gcmtag.exporting.workbook.MOST_ROWS", 4)
    with pytest.raises(UsageError, match="export to parquet or csv"):
        export(*tables, "xlsx")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_workbook_and_finds_texts_not_formulas(tmp_path: Path) -> None:
    """Converted to CSV by LibreOffice a formula would be shown by its result."""
    tables = both(tagged("=1+1", "Fees fell.", "+2+2", "@SUM(1;2)", "-3-3"))
    (tmp_path / "tags.xlsx").write_bytes(export(*tables, "xlsx", HXL))
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    command += ["--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,1"]
    command += ["--outdir", str(tmp_path), str(tmp_path / "tags.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (converted,) = tmp_path.glob("*.csv")
    rows = csv_rows(converted.read_bytes())
    assert rows[0]["text"] == "#description+text"
    assert [row["text"] for row in rows[1:]] == tables[0]["text"].to_pylist()


# HXL


def test_libhxl_reads_the_hashtags_of_the_csv_and_finds_the_same_tags(tables, tmp_path: Path) -> None:
    hxl = pytest.importorskip("hxl", reason=NEEDS_HXL)
    path = tmp_path / "tags.csv"
    path.write_bytes(export(*tables, "csv", HXL))
    data = hxl.data(str(path), hxl.InputOptions(allow_local=True)).cache()
    report = hxl.validate(data)
    assert report["stats"]["error"] == 0
    assert [issue["description"].split()[:2] for issue in report["issues"]] == [["Extra", "whitespace"]], "a line break"
    found = {row.get("#meta+passage+id"): numbers(row.get("#sector+objective+predicted+code")) for row in data}
    assert found == {name: value["objectives"] for name, value in essence(tables[0]).items()}
    scores = [float32s([row.get("#indicator+objective_20+score")])[0] for row in data]
    assert scores == [value["scores"][19] for value in essence(tables[0]).values()]


def test_every_column_of_every_sheet_has_a_hashtag_that_libhxl_takes(tables, tmp_path: Path) -> None:
    hxl = pytest.importorskip("hxl", reason=NEEDS_HXL)
    path = tmp_path / "tags.xlsx"
    path.write_bytes(export(*tables, "xlsx", HXL))
    book = openpyxl.load_workbook(path)
    for position, name in enumerate(book.sheetnames[:-1]):
        data = hxl.data(str(path), hxl.InputOptions(allow_local=True, sheet_index=position))
        assert [column.header for column in data.columns] == [cell.value for cell in book[name][1]]
        assert all(column.tag for column in data.columns)
        assert (book[name].freeze_panes, book[name].auto_filter.ref.split(":")[0]) == ("A3", "A2")
        assert len(list(data)) == book[name].max_row - 2


def test_hashtags_are_there_only_when_asked_for(tables) -> None:
    assert b"#description+text" not in export(*tables, "csv")
    with pytest.raises(UsageError, match="HXL goes with csv and xlsx"):
        export(*tables, "parquet", HXL)


def test_an_empty_run_still_gives_headings() -> None:
    tables = both()
    assert csv_rows(export(*tables, "csv")) == []
    assert sheet_rows(export(*tables, "xlsx"), "passages") == []
    assert len(sheet_rows(export(*tables, "xlsx"), "objectives")) == 23


def test_the_builder_has_what_the_claims_need() -> None:
    """Several objectives, none, and evidence after a character that counts twice in UTF-16."""
    rows = marovia()[0].to_pylist()
    assert [len(row["objectives"]) for row in rows] == [2, 0, 1]
    assert "\U0001f600" in rows[0]["text"]
