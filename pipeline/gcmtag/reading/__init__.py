"""Files to blocks with page, style and order; the format is found from the content, not from the name.

Running text goes through `read_blocks`, tables with a passage a row through `read_table`; `format_of` and `is_table`
say which of the two a file needs.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

from gcmtag.document import Document, SourceFile
from gcmtag.errors import DocumentError
from gcmtag.reading.common import MEGABYTE, document_id_of, empty, unreadable
from gcmtag.reading.detect import Format, detect, is_table

__all__ = ["Format", "detect", "format_of", "is_table", "read_blocks", "read_table"]

LARGEST_FILE: Final = 500 * MEGABYTE
# Some 1,500 pages; lines of wrapped text and of PDF pages are not counted.
MOST_BLOCKS: Final = 30_000


def format_of(path: Path) -> Format:
    """The format of a file, by its content.

    Raises:
        EmptyDocument: The file has no bytes.
        UnreadableDocument: It is missing, a folder, too large, or of a kind that is not read.
    """
    return detect(path, _bytes_of(path))


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
        raise _damaged(path, format_, error) from error
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
    from gcmtag.reading import table  # noqa: PLC0415

    data = _bytes_of(path)
    format_ = detect(path, data)
    if not is_table(format_):
        raise unreadable(path, f"it is no table ({format_})", "read it with gcmtag.read or gcmtag tag")
    try:
        return table.read_passages(path, data, document_id_of(data))
    except DocumentError:
        raise
    except Exception as error:  # as above
        raise _damaged(path, format_, error) from error


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
    if path.is_dir():
        raise unreadable(path, "it is a folder", "give a file, or let gcmtag tag walk the folder")
    if not path.exists():
        raise unreadable(path, "there is no such file", "check the name and the folder")
    if not path.is_file():
        raise unreadable(path, "it is not a regular file", "copy its content into a file first")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise unreadable(path, f"it is larger than {LARGEST_FILE // MEGABYTE} MB", "split it into smaller files")
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, f"it cannot be opened ({error.strerror})", "check its permissions") from error


def _damaged(path: Path, format_: Format, error: Exception) -> DocumentError:
    detail = str(error).strip().splitlines()[:1]
    reason = f"{type(error).__name__}: {detail[0][:120]}" if detail else type(error).__name__
    return unreadable(path, f"its {format_} content is damaged ({reason})", "save it anew in its own program")
