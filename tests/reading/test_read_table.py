"""A table gives a passage a row and carries its other columns through."""

import io
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gcmtag import reading
from gcmtag.errors import DocumentError, EmptyDocument, UnreadableDocument

ROWS = [
    {"id": "a1", "text": "Visas are issued within a week.", "context": "Pathways", "country": "Aldania"},
    {"id": "a2", "text": "", "context": "Pathways", "country": "Brevia"},
    {"id": "a3", "text": "Réfugiés, accueil; et intégration", "context": "", "country": "Corrando"},
]


def csv_bytes(delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    lines = [delimiter.join(ROWS[0])]
    lines += [delimiter.join(f'"{value}"' for value in row.values()) for row in ROWS]
    return "\r\n".join(lines).encode(encoding)


def jsonl_bytes() -> bytes:
    return "\n".join(json.dumps(row) for row in ROWS).encode()


def parquet_bytes() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), stream)
    return stream.getvalue()


def xlsx_bytes() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["Notes of the sender"])
    sheet = book.create_sheet("data")
    sheet.append(list(ROWS[0]))
    for row in ROWS:
        sheet.append(list(row.values()))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def table_of(folder: Path, name: str, data: bytes):
    path = folder / name
    path.write_bytes(data)
    return reading.read_table(path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.csv", csv_bytes()),
        ("semicolons.csv", csv_bytes(";")),
        ("tabs.tsv", csv_bytes("\t")),
        ("mark.csv", csv_bytes(encoding="utf-8-sig")),
        ("excel.csv", csv_bytes(";", "cp1252")),
        ("unicode.csv", csv_bytes("\t", "utf-16")),
        ("rows.jsonl", jsonl_bytes()),
        ("named.txt", jsonl_bytes()),
        ("rows.parquet", parquet_bytes()),
        ("rows.xlsx", xlsx_bytes()),
        ("named.csv", xlsx_bytes()),
    ],
)
def test_each_kind_of_table_gives_the_same_passages(tmp_path, name, data):
    document = table_of(tmp_path, name, data)
    first, second = document.passages
    assert first.text == "Visas are issued within a week."
    assert (first.section, first.locator, first.ordinal) == ("Pathways", "row 1", 1)
    assert dict(first.extra) == {"id": "a1", "country": "Aldania"}
    assert second.text == "Réfugiés, accueil; et intégration"
    assert (second.locator, second.ordinal) == ("row 3", 2)
    assert document.dropped == {"empty row": 1}


def test_the_text_column_may_be_written_with_a_capital(tmp_path):
    assert table_of(tmp_path, "rows.csv", b"Text,Year\nOne passage,2020\n").passages[0].text == "One passage"


def test_a_table_without_a_text_column_is_refused_with_its_columns(tmp_path):
    with pytest.raises(UnreadableDocument, match=r'no "text" column; its columns are: id, body; rename'):
        table_of(tmp_path, "rows.csv", b"id,body\n1,One\n")


def test_a_workbook_without_a_text_column_is_refused_with_its_columns(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "answer"])
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(UnreadableDocument, match="its columns are: id, answer"):
        table_of(tmp_path, "rows.xlsx", stream.getvalue())


def test_a_table_whose_rows_are_all_empty_is_refused_as_empty(tmp_path):
    with pytest.raises(EmptyDocument):
        table_of(tmp_path, "rows.csv", b"text\n\n")


def test_damaged_json_lines_are_counted_and_keep_the_row_numbers(tmp_path):
    document = table_of(tmp_path, "rows.jsonl", b'{"text": "One"}\n{"text": "Tw\n{"text": "Three"}\n')
    assert [passage.locator for passage in document.passages] == ["row 1", "row 3"]
    assert document.dropped == {"damaged row": 1}
    assert document.warnings


def test_a_damaged_parquet_file_is_refused(tmp_path):
    with pytest.raises(UnreadableDocument, match="damaged"):
        table_of(tmp_path, "rows.parquet", parquet_bytes()[:100])


def test_running_text_is_refused_at_the_door_for_tables(tmp_path):
    with pytest.raises(DocumentError, match="no table"):
        table_of(tmp_path, "note.txt", b"Just a note.")


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_a_table_comes_in_batches_that_together_are_the_table(tmp_path, name):
    data = {"csv": csv_bytes(), "jsonl": jsonl_bytes(), "parquet": parquet_bytes()}[name.partition(".")[2]]
    whole = table_of(tmp_path, name, data)
    table = reading.open_table(tmp_path / name)
    batches = list(table.batches(1))
    assert [len(batch) for batch in batches] == [1, 1]
    assert tuple(passage for batch in batches for passage in batch) == whole.passages
    assert table.document(whole.passages) == whole
    assert table.document_id == reading.content_id(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_table_over_the_limit_is_read_if_it_is_in_utf_8(tmp_path, monkeypatch, encoding):
    """In UTF-8 it is never in memory whole; for another encoding all of it would have to be."""
    monkeypatch.setattr(reading, "LARGEST_FILE", 50)
    path = tmp_path / "rows.csv"
    path.write_bytes(csv_bytes(encoding=encoding))
    if encoding == "utf-8":
        assert len(reading.read_table(path).passages) == 2
    else:
        with pytest.raises(UnreadableDocument, match="not in UTF-8; save it in UTF-8"):
            reading.read_table(path)


def test_a_table_does_not_wait_for_its_end(tmp_path):
    """What is damaged further down is met when it is come to."""
    lines = ["text", *(f"Passage {number}" for number in range(5)), "x" * 10_000_001]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines))
    batches = reading.open_table(path).batches(2)
    assert [passage.text for passage in next(batches)] == ["Passage 0", "Passage 1"]
    with pytest.raises(UnreadableDocument, match="damaged"):
        list(batches)


@pytest.mark.parametrize(
    "text",
    [
        "two  blanks",
        " edge\t",
        "a\u00a0b",
        "caf\u0065\u0301",
        "bell\x07",
        "unit\x1fseparator",
        "line\nbreak",
        "\x7f",
        "soft\u00ad",
    ],
)
def test_text_is_cleaned_like_that_of_documents(tmp_path, text):
    from gcmtag.reading.common import clean

    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"text": f"Fees {text} fell"}) + "\n")
    assert reading.read_table(path).passages[0].text == clean(f"Fees {text} fell")


def test_folders_named_for_a_column_become_that_column(tmp_path):
    folder = tmp_path / "country=The%20Tamarind Islands" / "year=__HIVE_DEFAULT_PARTITION__"
    folder.mkdir(parents=True)
    document = table_of(folder, "rows.jsonl", b'{"text": "One", "id": 7}\n{"text": "Two", "country": "Marovia"}\n')
    assert [dict(passage.extra) for passage in document.passages] == [
        {"country": "The Tamarind Islands", "year": None, "id": 7},
        {"country": "Marovia", "year": None},
    ]
