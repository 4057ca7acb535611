"""What a file is, by its content; its name only breaks ties between kinds of plain text."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Final, Literal

from gcmtag.errors import UnreadableDocument
from gcmtag.reading.common import (
    decode,
    empty,
    marks_in,
    refuse_endless_markup,
    refuse_zip_bombs,
    unreadable,
)

Format = Literal["pdf", "docx", "odt", "rtf", "doc", "html", "text", "csv", "jsonl", "parquet", "xlsx"]

TABLES: Final[frozenset[Format]] = frozenset({"csv", "jsonl", "parquet", "xlsx"})

_AS_PDF: Final = "export it as a PDF, then try again"
_RECOGNISE: Final = "run text recognition (OCR) and save it as a PDF with a text layer, then try again"
_SAVE_AGAIN: Final = "copy it from its source anew, or open it in its own program and save it again"
_SUPPORTED: Final = (
    "give a .pdf, .docx, .odt, .rtf, .html, .txt or .md file, or a table (.csv, .jsonl, .parquet, .xlsx)"
)
_OPEN_TEXT: Final = "application/vnd.oasis.opendocument.text"
_DECRYPT: Final = "open it with its password, save a copy without one, then try again"

_IMAGES: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"BM", "BMP"),
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OTHER_BINARIES: Final = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%!PS", "a PostScript file"),
    (b"SQLite format 3", "an SQLite database"),
)

_HTML_START: Final = re.compile(r"<!doctype\s+html|<html[\s>]|<body[\s>]", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"</?(p|div|h[1-6]|ul|ol|table|article|section|span)[\s>/]", re.IGNORECASE)
HEAD: Final = 16_384


def is_table(format_: Format) -> bool:
    """Whether files of this format hold a passage a row, rather than running text.

    >>> is_table("csv"), is_table("pdf")
    (True, False)
    """
    return format_ in TABLES


def detect(path: Path, data: bytes) -> Format:
    """Find the format of a file.

    Args:
        path: Where the file is; used for messages and, between kinds of plain text, for its extension.
        data: All of its bytes: the directory of a zip archive stands at its end.

    Raises:
        EmptyDocument: There are no bytes.
        UnreadableDocument: The content is of a kind that is not read, encrypted, or damaged beyond recognition.
    """
    if not data:
        raise empty(path, "the file is empty (0 bytes)", "check that it was saved or downloaded completely")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith(_ZIP):
        return _kind_of_zip(path, data)
    if data.startswith(_OLE):
        return _kind_of_old_office(path, data)
    if data[:64].lstrip().startswith(b"{\\rtf"):
        return "rtf"
    _refuse_other_binaries(path, data)
    return _kind_of_text(path, data)


def needs_all(head: bytes) -> bool:
    """Whether `detect` must see the whole file rather than its first `HEAD` bytes."""
    return head.startswith((*_ZIP, _OLE))


def _kind_of_zip(path: Path, data: bytes) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            refuse_zip_bombs(path, archive)
            names = archive.namelist()
            kind = _mimetype(archive) if "mimetype" in names else ""
            if kind.startswith(_OPEN_TEXT):
                _check_open_text(path, archive)
    except UnreadableDocument:
        raise
    except Exception as error:  # a damaged archive fails in many ways: BadZipFile, EOFError, struct.error, ValueError
        raise unreadable(path, f"it is damaged or cut short ({_kind_by_name(path)})", _SAVE_AGAIN) from error
    if any(name.startswith("word/") for name in names):
        return "docx"
    if any(name.startswith("xl/") for name in names):
        return "xlsx"
    if kind.startswith(_OPEN_TEXT):
        return "odt"
    if "opendocument" in kind:
        raise unreadable(path, "it is an OpenDocument table or presentation, which is not read", _AS_PDF)
    if any(name.startswith("ppt/") for name in names):
        raise unreadable(path, "it is a PowerPoint presentation, which is not read", _AS_PDF)
    what = "an EPUB book" if "epub" in kind else "a zip archive without a document in it"
    raise unreadable(path, f"it is {what}", _SUPPORTED)


def _check_open_text(path: Path, archive: zipfile.ZipFile) -> None:
    """Look into an OpenDocument text before another program unpacks and parses it."""
    names = archive.namelist()
    if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise unreadable(path, "it is encrypted: it opens only with a password", _DECRYPT)
    size = marks = 0
    for name in ("content.xml", "styles.xml"):
        content = archive.read(name) if name in names else b""
        size, marks = size + len(content), marks + marks_in(content)
        refuse_endless_markup(path, size, marks)
        if b"<!ENTITY" in content:
            raise unreadable(path, f"its part {name} defines entities, which no document needs", _SAVE_AGAIN)


def _mimetype(archive: zipfile.ZipFile) -> str:
    with archive.open("mimetype") as content:
        return content.read(100).decode("ascii", "replace")


def _kind_by_name(path: Path) -> str:
    return {
        ".docx": "a Word document",
        ".odt": "an OpenDocument text",
        ".xlsx": "an Excel workbook",
    }.get(path.suffix.lower(), "a zip archive")


def _refuse_other_binaries(path: Path, data: bytes) -> None:
    for start, name in _IMAGES:
        # "BM" also begins words, so a bitmap must have its reserved zero bytes as well.
        if data.startswith(start) and (name != "BMP" or data[6:10] == bytes(4)):
            raise unreadable(path, f"it is a {name} image, not a document with text", _RECOGNISE)
    for start, name in _OTHER_BINARIES:
        if data.startswith(start):
            raise unreadable(path, f"it is {name}, which is not read", _SUPPORTED)


def _kind_of_old_office(path: Path, data: bytes) -> Format:
    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") in data

    if holds("EncryptedPackage"):
        raise unreadable(path, "it is encrypted: it opens only with a password", _DECRYPT)
    if holds("WordDocument"):
        return "doc"
    if holds("Workbook") or holds("Book"):
        raise unreadable(path, "it is an old Excel file (.xls), which is not read", "save it as .xlsx, then try again")
    raise unreadable(path, "it is an old Office file, which is not read", _AS_PDF)


def _kind_of_text(path: Path, data: bytes) -> Format:
    if _looks_binary(data):
        raise unreadable(path, "it is neither text nor a known kind of document", _SUPPORTED)
    # Cut at a whole number of UTF-32 units, so that the head of a wide encoding still decodes.
    head = decode(data[:HEAD]).lstrip()
    suffix = path.suffix.lower()
    if head.startswith("<") and _HTML_START.search(head):
        return "html"
    if head.startswith("<?xml"):
        raise unreadable(path, "it is an XML file of another kind than a web page", _SUPPORTED)
    if suffix in {".html", ".htm", ".xhtml"} and _ANY_TAG.search(head):
        return "html"
    if suffix in {".csv", ".tsv"}:
        return "csv"
    if suffix in {".jsonl", ".ndjson"} or _is_json_lines(head):
        return "jsonl"
    return "text"


def _looks_binary(data: bytes) -> bool:
    head = data[:HEAD]
    unseen = sum(byte < 9 or 14 <= byte < 27 for byte in head)
    if unseen <= 0.01 * len(head):
        return False
    # UTF-16 and UTF-32 are full of zero bytes; decoded they hardly hold a control character.
    text = decode(head)
    controls = sum(character < "\t" or "\x0e" <= character < "\x1b" or character == "\ufffd" for character in text)
    return controls > 0.01 * len(text)


def _is_json_lines(head: str) -> bool:
    """Whether the first two lines are JSON objects; the second may be missing, or cut off by the end of the head."""
    lines = [line for line in head.splitlines() if line.strip()][:2]
    try:
        return (
            bool(lines)
            and lines[0].startswith("{")
            and isinstance(json.loads(lines[0]), dict)
            and (len(lines) < 2 or lines[1].startswith("{"))
        )
    except ValueError:
        return False
