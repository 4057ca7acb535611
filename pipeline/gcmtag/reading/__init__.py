"""Files to blocks with page, style and order; the format is found from the content, not from the name.

Running text goes through `read_blocks`, tables with a passage a row through `read_table`, or batch by batch
through `open_table`; `format_of` and `is_table` say which of the two a file needs.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gcmtag.document import Document, SourceFile
from gcmtag.errors import DocumentError
from gcmtag.reading.common import ID_LENGTH, MEGABYTE, damaged, document_id_of, empty, unopened, unreadable
from gcmtag.reading.detect import HEAD, Format, detect, is_table, needs_all

if TYPE_CHECKING:
    from gcmtag.reading.table import Table

__all__ = [
    "Format",
    "content_id",
    "detect",
    "format_of",
    "is_table",
    "open_table",
    "read_blocks",
    "read_table",
]

LARGEST_FILE: Final = 500 * MEGABYTE
# Some 1,500 pages; lines of wrapped text and of PDF pages are not counted.
MOST_BLOCKS: Final = 30_000


def format_of(path: Path) -> Format:
    """The format of a file, by its content.

    Raises:
        EmptyDocument: The file has no bytes.
        UnreadableDocument: It is missing, a folder, too large, or of a kind that is not read.
    """
    head = _head_of(path)
    return detect(path, _bytes_of(path) if needs_all(head) else head)


def content_id(path: Path) -> str:
    """What `Document.document_id` will be: the hash of the file's bytes, read a piece at a time.

    Raises:
        UnreadableDocument: It is missing, a folder, or cannot be opened.
    """
    _check_file(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:ID_LENGTH]
    except OSError as error:
        raise unopened(path, error) from error


def read_blocks(path: Path) -> SourceFile:
    """Read a file of running text: PDF, DOCX, ODT, RTF, old Word, HTML, Markdown or plain text.

    Raises:
        EmptyDocument: The file was read and holds no text.
        UnreadableDocument: It is missing, a folder, damaged, encrypted, endless, a table, or of an unknown kind.
    """
    data = _bytes_of(path)
    format_ = detect(path, data)
    if is_table(format_):
        raise unreadable(path, f"it is a table ({format_}), not running text", "read it with gcmtag.read or gcmtag tag")
    try:
        source = _read_with(format_, path, data)
    except DocumentError:
        raise
    except Exception as error:  # the libraries raise errors of a dozen families for files broken on purpose
        raise damaged(path, format_, error) from error
    if not any(block.text.strip() for block in source.blocks):
        raise empty(path, "it holds no text", "check that it is the right file")
    whole = sum(block.kind != "line" for block in source.blocks)
    if whole > MOST_BLOCKS:
        what = f"it holds {whole} paragraphs and rows, more than the {MOST_BLOCKS} that are read at a time"
        raise unreadable(path, what, "split it into smaller documents")
    return source if source.path == path else replace(source, path=path)


def read_table(path: Path) -> Document:
    """Read a table (csv, jsonl, parquet, xlsx) whose ``text`` column holds a passage a row.

    Raises:
        EmptyDocument: The table has no row with text.
        UnreadableDocument: It is missing, a folder, damaged, no table, or has no ``text`` column.
    """
    table = open_table(path)
    return table.document([passage for batch in table.batches() for passage in batch])


def open_table(path: Path) -> "Table":
    """A table whose passages come in batches, so that its size does not matter.

    Raises:
        UnreadableDocument: It is missing, a folder, no table, or of a kind that cannot be read without its end.
    """
    from gcmtag.reading import table  # noqa: PLC0415

    format_ = format_of(path)
    if not is_table(format_):
        raise unreadable(path, f"it is no table ({format_})", "read it with gcmtag.read or gcmtag tag")
    return table.Table.open(path, format_, LARGEST_FILE)


def _read_with(format_: Format, path: Path, data: bytes) -> SourceFile:
    """Call the reader of a format; each is imported only when a file needs it, for its libraries take time to load."""
    document_id = document_id_of(data)
    if format_ == "pdf":
        from gcmtag.reading import pdf  # noqa: PLC0415

        return pdf.read(path, data, document_id)
    if format_ == "docx":
        from gcmtag.reading import docx  # noqa: PLC0415

        return docx.read(path, data, document_id)
    if format_ in {"odt", "rtf", "doc"}:
        from gcmtag.reading import docx, office  # noqa: PLC0415

        return replace(docx.read(path, office.to_docx(path, data, format_), document_id), format=format_)
    if format_ == "html":
        from gcmtag.reading import html  # noqa: PLC0415

        return html.read(path, data, document_id)
    from gcmtag.reading import text  # noqa: PLC0415

    return text.read(path, data, document_id)


def _bytes_of(path: Path) -> bytes:
    _check_file(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise unreadable(path, f"it is larger than {LARGEST_FILE // MEGABYTE} MB", "split it into smaller files")
        return path.read_bytes()
    except OSError as error:
        raise unopened(path, error) from error


def _head_of(path: Path) -> bytes:
    _check_file(path)
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise unopened(path, error) from error


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise unreadable(path, "it is a folder", "give a file, or let gcmtag tag walk the folder")
    if not path.exists():
        raise unreadable(path, "there is no such file", "check the name and the folder")
    if not path.is_file():
        raise unreadable(path, "it is not a regular file", "copy its content into a file first")
