"""XLSX: a workbook with one sheet per view."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import pyarrow as pa

from gcmtag.errors import UsageError
from gcmtag.exporting.options import PLAIN, Options
from gcmtag.exporting.rows import Cell, Column, Row, Sheet, views
from gcmtag.version import __version__

LONGEST_CELL: Final = 32_767  # UTF-16 code units
MOST_ROWS: Final = 1_048_576
WIDE_COLUMNS: Final = ("text", "quote", "title", "section", "context", "objective_names", "cluster_title")
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REPLACEMENT: Final = "\ufffd"


def to_xlsx(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """Sheets ``passages``, ``scores``, ``evidence``, ``documents``, ``objectives`` and ``about``.

    Each has a frozen header and filters; with ``options.hxl`` the second row holds HXL hashtags. Text is always text,
    never a formula. Text longer than a cell can hold goes on in further columns (``text_2``, ...), and characters that
    a workbook cannot hold become U+FFFD; both are said in a warning and on the sheet ``about``.

    Raises:
        UsageError: more rows than a sheet can hold.
    """
    from openpyxl import Workbook  # noqa: PLC0415

    book = Workbook(write_only=True)
    notes: list[str] = []
    for view in views(tags, documents):
        fitting, said = _fitting(view)
        notes += said
        _write_sheet(book, fitting, hxl=options.hxl)
    for note in notes:
        options.say(f"xlsx: {note}")
    _write_sheet(book, _about(tags, documents, notes), hxl=False)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def pieces(text: str, longest: int = LONGEST_CELL) -> list[str]:
    """The text cut into pieces of at most ``longest`` UTF-16 code units, which joined give the text again.

    >>> pieces("abcde", 2)
    ['ab', 'cd', 'e']
    """
    if len(text) * 2 <= longest:
        return [text]
    cut, start, size = [], 0, 0
    for position, character in enumerate(text):
        width = 2 if character > "\uffff" else 1
        if size + width > longest:
            cut.append(text[start:position])
            start, size = position, 0
        size += width
    return [*cut, text[start:]]


def _fitting(sheet: Sheet) -> tuple[Sheet, list[str]]:
    """The sheet with further columns where a cell would be too long, and what has to be said about it."""
    if len(sheet.rows) + 2 > MOST_ROWS:
        raise UsageError(f"{len(sheet.rows)} rows do not fit on the sheet {sheet.name!r}: export to parquet or csv")
    columns: list[Column] = []
    notes = []
    for column in sheet.columns:
        texts = [cell for row in sheet.rows if isinstance(cell := column.cell(row), str)]
        damaged = sum(1 for text in texts if _NOT_IN_XML.search(text))
        if damaged:
            notes.append(
                f"{damaged} cells of {sheet.name}, column {column.name}, hold characters that a workbook cannot; they "
                "are replaced by \ufffd"
            )
        lengths = [len(pieces(text)) for text in texts if len(text) * 2 > LONGEST_CELL]
        most = max(lengths, default=1)
        columns += [_piece(column, number) for number in range(1, most + 1)] if most > 1 else [column]
        if most > 1:
            long = sum(length > 1 for length in lengths)
            notes.append(
                f"{long} cells of {sheet.name}, column {column.name}, are longer than Excel's {LONGEST_CELL:,} "
                f"characters; they go on in the columns {column.name}_2 to {column.name}_{most}"
            )
    return replace(sheet, columns=columns), notes


def _piece(column: Column, number: int) -> Column:
    def cell(row: Row) -> Cell:
        value = column.cell(row)
        if not isinstance(value, str):
            return value if number == 1 else None
        found = pieces(value)
        return found[number - 1] if number <= len(found) else None

    return replace(column, name=column.name if number == 1 else f"{column.name}_{number}", cell=cell)


def _about(tags: pa.Table, documents: pa.Table, notes: Sequence[str]) -> Sheet:
    models = sorted(set(tags.column("model").to_pylist()))
    lines = [
        ("gcmtag", __version__),
        *(("model", model) for model in models),
        ("documents", documents.num_rows),
        ("passages", tags.num_rows),
        *(("note", note) for note in notes),
    ]
    columns = [Column("what", "", lambda row: row["what"]), Column("value", "", lambda row: row["value"])]
    return Sheet("about", columns, [{"what": what, "value": value} for what, value in lines])


def _write_sheet(book: Any, sheet: Sheet, *, hxl: bool) -> None:  # noqa: ANN401
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    page = book.create_sheet(sheet.name)
    header_rows = 2 if hxl else 1
    page.freeze_panes = f"A{header_rows + 1}"
    last = get_column_letter(len(sheet.columns))
    page.auto_filter.ref = f"A{header_rows}:{last}{header_rows + len(sheet.rows)}"
    for position, column in enumerate(sheet.columns, start=1):
        width = 60 if column.name in WIDE_COLUMNS or column.name == "value" else max(10, len(column.name) + 4)
        page.column_dimensions[get_column_letter(position)].width = width
    bold = Font(bold=True)
    for heading in _headings(sheet, hxl=hxl):
        cells = [_written(page, value) for value in heading]
        for cell in cells:
            cell.font = bold
        page.append(cells)
    for row in sheet.cells():
        page.append([_written(page, value) for value in row])


def _headings(sheet: Sheet, *, hxl: bool) -> Iterator[list[str]]:
    yield [column.name for column in sheet.columns]
    if hxl:
        yield [column.hashtag for column in sheet.columns]


def _written(page: Any, value: Cell) -> Any:  # noqa: ANN401
    """A cell that is a text where the value is one, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import TYPE_STRING  # noqa: PLC0415

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(page, value=_NOT_IN_XML.sub(_REPLACEMENT, value))
    cell.data_type = TYPE_STRING
    if value[:1] and not value[0].isalnum():
        # Else a spreadsheet program would make a formula of it once somebody edits the cell.
        cell.quotePrefix = 1
    return cell
