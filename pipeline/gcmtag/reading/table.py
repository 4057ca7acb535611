"""Tables with a passage a row: CSV, JSON lines, Parquet and Excel.

The ``text`` column is the passage, ``context`` what stands above it; all other columns are carried through.
"""

import csv
import datetime
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from gcmtag.document import Document, Passage
from gcmtag.reading.common import clean, decode, empty, refuse_zip_bombs, unreadable
from gcmtag.reading.detect import Format, detect

_TEXT: Final = "text"
_CONTEXT: Final = "context"
_DELIMITERS: Final = (",", ";", "\t", "|")
_LONGEST_CELL: Final = 10_000_000
_MOST_COLUMNS: Final = 2_000
_EMPTY_ROWS_AT_END: Final = 10_000

_Row = Mapping[str, object]


def read_passages(path: Path, data: bytes, document_id: str) -> Document:
    """Read a table whose ``text`` column holds a passage a row; upper and lower case in its name do not matter.

    Rows keep their number in the file as locator ("row 3" is the third row of data). Columns other than ``text`` and
    ``context`` go into `Passage.extra` under their own names.

    Raises:
        EmptyDocument: No row has text.
        UnreadableDocument: The table is damaged, or has no ``text`` column.
    """
    format_ = detect(path, data)
    dropped: Counter[str] = Counter()
    passages: list[Passage] = []
    for number, row in enumerate(_rows(format_, path, data, dropped), start=1):
        names = {name.strip().casefold(): name for name in reversed(list(row))}
        text = _as_text(row[names[_TEXT]]) if _TEXT in names else ""
        if not text:
            dropped["empty row"] += 1
            continue
        own = {names[_TEXT], names.get(_CONTEXT)}
        passages.append(
            Passage(
                document_id=document_id,
                ordinal=len(passages) + 1,
                text=text,
                locator=f"row {number}",
                section=_as_text(row[names[_CONTEXT]]) if _CONTEXT in names else "",
                extra={name: value for name, value in row.items() if name not in own},
            )
        )
    if not passages:
        raise empty(path, "no row of the table has text", f'fill its "{_TEXT}" column')
    warnings = [f"{dropped['damaged row']} rows could not be read"] if dropped["damaged row"] else []
    return Document(
        document_id=document_id,
        path=str(path),
        title="",
        format=format_,
        language="en",
        pages=None,
        passages=tuple(passages),
        dropped=dict(+dropped),
        warnings=tuple(warnings),
    )


def _rows(format_: Format, path: Path, data: bytes, dropped: Counter[str]) -> Iterator[_Row]:
    if format_ == "csv":
        return _csv_rows(path, data)
    if format_ == "jsonl":
        return _json_rows(path, data, dropped)
    if format_ == "parquet":
        return _parquet_rows(path, data)
    return _excel_rows(path, data)


def _csv_rows(path: Path, data: bytes) -> Iterator[_Row]:
    # The default of 128 kB is less than a long passage pasted whole.
    csv.field_size_limit(_LONGEST_CELL)
    text = decode(data)
    header, delimiter = _header(text)
    _check_columns(path, header)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    next(lines, None)
    for cells in lines:
        if cells:
            yield dict(zip(header, cells, strict=False))


def _header(text: str) -> tuple[list[str], str]:
    """Column names with the delimiter that yields a ``text`` column, or else the most columns."""
    first = text.lstrip("\n")[:_LONGEST_CELL]
    readings = [(next(csv.reader(io.StringIO(first, newline=""), delimiter=sign), []), sign) for sign in _DELIMITERS]
    return max(readings, key=lambda reading: (_TEXT in _folded(reading[0]), len(reading[0])))


def _json_rows(path: Path, data: bytes, dropped: Counter[str]) -> Iterator[_Row]:
    checked = False
    names: set[str] = set()
    for line in decode(data).split("\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            dropped["damaged row"] += 1
            # An empty row keeps the numbers of those after it right; it is not counted twice.
            dropped["empty row"] -= 1
            yield {}
            continue
        checked = checked or _TEXT in _folded(row)
        names.update(list(row)[:_MOST_COLUMNS])
        yield row
    if not checked:
        if not names:
            raise unreadable(path, "no line of it is a JSON object", "write one object a line, each with a text field")
        _check_columns(path, sorted(names))


def _parquet_rows(path: Path, data: bytes) -> Iterator[_Row]:
    import pyarrow as pa  # noqa: PLC0415  # slow to import, and only Parquet needs it
    import pyarrow.parquet as pq  # noqa: PLC0415

    file = pq.ParquetFile(pa.BufferReader(data))
    _check_columns(path, file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=1024):
        yield from batch.to_pylist()


def _excel_rows(path: Path, data: bytes) -> Iterator[_Row]:
    import openpyxl  # noqa: PLC0415  # slow to import, and only Excel needs it

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        refuse_zip_bombs(path, archive)
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        headers: list[str] = []
        for sheet in book.worksheets:
            lines = sheet.iter_rows(values_only=True, max_col=_MOST_COLUMNS)
            header = ["" if cell is None else str(cell) for cell in next(lines, ())]
            if _TEXT in _folded(header):
                yield from _sheet_rows(header, lines)
                return
            headers += [name for name in header if name]
        _check_columns(path, headers)
    finally:
        book.close()


def _sheet_rows(header: list[str], lines: Iterable[tuple[Any, ...]]) -> Iterator[_Row]:
    # Sheets often claim a million rows; the empty ones at the end are no rows.
    pending = 0
    for cells in lines:
        if all(cell is None for cell in cells):
            pending += 1
            if pending > _EMPTY_ROWS_AT_END:
                return
            continue
        for _ in range(pending):
            yield {}
        pending = 0
        yield {name: _plain(cell) for name, cell in zip(header, cells, strict=False) if name}


def _plain(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else cell


def _check_columns(path: Path, names: list[str]) -> None:
    if _TEXT not in _folded(names):
        shown = ", ".join(names[:12]) if names else "none"
        more = ", ..." if len(names) > 12 else ""
        raise unreadable(
            path,
            f'the table has no "{_TEXT}" column; its columns are: {shown[:300]}{more}',
            f'rename the column that holds the passages to "{_TEXT}"',
        )


def _folded(names: Iterable[str]) -> set[str]:
    return {str(name).strip().casefold() for name in names}


def _as_text(value: object) -> str:
    return clean(value) if isinstance(value, str) else "" if value is None else clean(str(value))
