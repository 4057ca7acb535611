"""The formats in which the service gives the results of a document: by name, each one plain function."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from gcmtag.tables import flat_rows

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is called and made: ``write`` takes the tags and the documents table and gives the file."""

    media_type: str
    suffix: str
    title: str
    write: Callable[[pa.Table, pa.Table], bytes]


def formats() -> Mapping[str, Format]:
    """What is on offer; the one place to plug further formats in."""
    return _FORMATS


def as_json(tags: pa.Table, documents: pa.Table) -> bytes:
    """Objects ``documents`` and ``tags``, with the columns of the two tables."""
    values = {"documents": documents.to_pylist(), "tags": tags.to_pylist()}
    return json.dumps(values, ensure_ascii=False, default=str).encode()


def as_csv(tags: pa.Table, documents: pa.Table) -> bytes:
    """The tags, lists as JSON; text that a spreadsheet program would take for a formula gets an apostrophe before."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(tags.column_names)
    for row in flat_rows(tags):
        writer.writerow([_harmless(value) for value in row.values()])
    # Spreadsheet programs take a file without this mark for their own code page.
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_parquet(tags: pa.Table, documents: pa.Table) -> bytes:
    """The tags with their types."""
    stream = io.BytesIO()
    pq.write_table(tags, stream, compression="zstd")
    return stream.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


_FORMATS: Final[Mapping[str, Format]] = {
    "json": Format("application/json", "json", "JSON", as_json),
    "csv": Format("text/csv", "csv", "CSV for a spreadsheet", as_csv),
    "parquet": Format("application/vnd.apache.parquet", "parquet", "Parquet", as_parquet),
}
