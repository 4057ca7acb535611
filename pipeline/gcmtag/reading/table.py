"""Tables with a passage a row: CSV, JSON lines, Parquet and Excel.

The ``text`` column is the passage, ``context`` what stands above it; all other columns are carried through.
"""

import codecs
import csv
import datetime
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import unquote

from gcmtag.document import Document, Passage
from gcmtag.errors import DocumentError
from gcmtag.reading.common import (
    ID_LENGTH,
    MEGABYTE,
    clean,
    damaged,
    decode,
    empty,
    is_wide,
    refuse_zip_bombs,
    unopened,
    unreadable,
)
from gcmtag.reading.detect import HEAD, Format

BATCH: Final = 4096  # passages
_TEXT: Final = "text"
_CONTEXT: Final = "context"
_DELIMITERS: Final = (",", ";", "\t", "|")
_LONGEST_CELL: Final = 10_000_000
_MOST_COLUMNS: Final = 2_000
_EMPTY_ROWS_AT_END: Final = 10_000
_UNSEEN_ASCII: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_PARTITION: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)")
_NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"

_Row = Mapping[str, object]


@dataclass(slots=True)
class Table:
    """A table whose ``text`` column holds a passage a row; upper and lower case in its name do not matter.

    Attributes:
        path: Where it is.
        format: csv, jsonl, parquet or xlsx.
        document_id: Hash of its bytes.
        encoding: Of text in UTF-8, which is read as it comes; None where all of it must be seen to be decoded.
        largest: Bytes of a file that may be read at once.
        dropped: How many rows were left out, by reason, so far.
        passages: How many were read so far.
    """

    path: Path
    format: Format
    document_id: str
    encoding: str | None
    largest: int
    dropped: Counter[str] = field(default_factory=Counter[str])
    passages: int = 0

    @classmethod
    def open(cls, path: Path, format_: Format, largest: int) -> "Table":
        """The table in a file of the given format.

        Raises:
            UnreadableDocument: It cannot be opened, or is too large to find its encoding.
        """
        try:
            document_id, encoding = _survey(path)
            too_large = path.stat().st_size > largest
        except OSError as error:
            raise unopened(path, error) from error
        if format_ in {"csv", "jsonl"} and encoding is None and too_large:
            what = f"it is larger than {largest // MEGABYTE} MB and not in UTF-8"
            raise unreadable(path, what, "save it in UTF-8, or split it into smaller files")
        return cls(path, format_, document_id, encoding, largest)

    def batches(self, size: int = BATCH) -> Iterator[list[Passage]]:
        """The passages in order, ``size`` at a time; the last batch may be shorter.

        Rows keep their number in the file as locator ("row 3" is the third row of data). Columns other than ``text``
        and ``context`` go into `Passage.extra` under their own names, and so do the values of folders named
        ``column=value``.

        Raises:
            EmptyDocument: No row has text.
            UnreadableDocument: The table is damaged, or has no ``text`` column. Batches may have come before.
        """
        self.dropped.clear()
        self.passages = 0
        try:
            passages = self._passages()
            while batch := list(islice(passages, size)):
                yield batch
        except DocumentError:
            raise
        except Exception as error:  # the libraries raise errors of a dozen families for files broken on purpose
            raise damaged(self.path, self.format, error) from error
        if not self.passages:
            raise empty(self.path, "no row of the table has text", f'fill its "{_TEXT}" column')

    def document(self, passages: Sequence[Passage] = ()) -> Document:
        """What is known of the table once its passages have been read, with those given."""
        damaged_rows = self.dropped["damaged row"]
        return Document(
            document_id=self.document_id,
            path=str(self.path),
            title="",
            format=self.format,
            language="en",
            pages=None,
            passages=tuple(passages),
            dropped=dict(+self.dropped),
            warnings=(f"{damaged_rows} rows could not be read",) if damaged_rows else (),
        )

    def _passages(self) -> Iterator[Passage]:
        folders = _partition_values(self.path)
        for number, row in enumerate(self._rows(), start=1):
            text_name, context_name = _names(tuple(row))
            text = _as_text(row[text_name]) if text_name is not None else ""
            if not text:
                self.dropped["empty row"] += 1
                continue
            self.passages += 1
            extra = {name: value for name, value in row.items() if name not in {text_name, context_name}}
            yield Passage(
                document_id=self.document_id,
                ordinal=self.passages,
                text=text,
                locator=f"row {number}",
                section=_as_text(row[context_name]) if context_name is not None else "",
                extra={**folders, **extra} if folders else extra,
            )

    def _rows(self) -> Iterator[_Row]:
        if self.format == "csv":
            return _csv_rows(self.path, self._text())
        if self.format == "jsonl":
            return _json_rows(self.path, self._text(), self.dropped)
        if self.format == "parquet":
            return _parquet_rows(self.path)
        return _excel_rows(self.path)

    def _text(self) -> TextIO:
        if self.encoding is not None:
            return self.path.open(encoding=self.encoding)
        return io.StringIO(decode(self.path.read_bytes()))


def _survey(path: Path) -> tuple[str, str | None]:
    """Id of a file and its encoding if it is UTF-8 from one end to the other, in one pass."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    encoding: str | None = "utf-8-sig"
    with path.open("rb") as file:
        if is_wide(file.read(HEAD)):
            encoding = None
        file.seek(0)
        while piece := file.read(MEGABYTE):
            digest.update(piece)
            if encoding is not None:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    encoding = None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        encoding = None
    return digest.hexdigest()[:ID_LENGTH], encoding


@lru_cache(maxsize=256)
def _names(columns: tuple[str, ...]) -> tuple[str | None, str | None]:
    """Names of the columns with the text and its context, None for one that is not there."""
    names = {name.strip().casefold(): name for name in reversed(columns)}
    return names.get(_TEXT), names.get(_CONTEXT)


def _partition_values(path: Path) -> dict[str, str | None]:
    """Columns that the folders above a file stand for, as other programs write partitioned tables.

    >>> _partition_values(Path("reviews/country=Marovia/year=2021/part-0.parquet"))
    {'country': 'Marovia', 'year': '2021'}
    """
    pairs = [_PARTITION.fullmatch(folder) for folder in path.parts[:-1]]
    values = {pair["name"]: unquote(pair["value"]) for pair in pairs if pair}
    return {name: None if value == _NO_VALUE else value for name, value in values.items()}


def _csv_rows(path: Path, file: TextIO) -> Iterator[_Row]:
    # The default of 128 kB is less than a long passage pasted whole.
    csv.field_size_limit(_LONGEST_CELL)
    with file:
        header, delimiter = _header(file.read(_LONGEST_CELL))
        _check_columns(path, header)
        file.seek(0)
        lines = (cells for cells in csv.reader(file, delimiter=delimiter) if cells)
        next(lines, None)
        for cells in lines:
            yield dict(zip(header, cells, strict=False))


def _header(text: str) -> tuple[list[str], str]:
    """Column names with the delimiter that yields a ``text`` column, or else the most columns."""
    first = text.lstrip("\n")[:_LONGEST_CELL]
    readings = [(next(csv.reader(io.StringIO(first, newline=""), delimiter=sign), []), sign) for sign in _DELIMITERS]
    return max(readings, key=lambda reading: (_TEXT in _folded(reading[0]), len(reading[0])))


def _json_rows(path: Path, file: TextIO, dropped: Counter[str]) -> Iterator[_Row]:
    checked = False
    names: set[str] = set()
    with file:
        for line in file:
            if line.isspace():
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
            if not checked:
                checked = _TEXT in _folded(row)
                names.update(list(row)[:_MOST_COLUMNS])
            yield row
    if not checked:
        if not names:
            raise unreadable(path, "no line of it is a JSON object", "write one object a line, each with a text field")
        _check_columns(path, sorted(names))


def _parquet_rows(path: Path) -> Iterator[_Row]:
    import pyarrow.parquet as pq  # noqa: PLC0415  # slow to import, and only Parquet needs it

    with pq.ParquetFile(path) as file:
        _check_columns(path, file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=1024):
            yield from batch.to_pylist()


def _excel_rows(path: Path) -> Iterator[_Row]:
    import openpyxl  # noqa: PLC0415  # slow to import, and only Excel needs it

    # From memory, since openpyxl refuses a workbook whose name ends in something else than .xlsx.
    data = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(data) as archive:
        refuse_zip_bombs(path, archive)
    book = openpyxl.load_workbook(data, read_only=True, data_only=True)
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
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    # What `clean` does, for text in which there is nothing else to do than to collapse white space.
    if text.isascii() and _UNSEEN_ASCII.search(text) is None:
        return " ".join(text.split())
    return clean(text)
