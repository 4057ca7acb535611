"""What several readers share: decoding bytes, cleaning text, identifying files, and wording refusals."""

import hashlib
import re
import unicodedata
import zipfile
from pathlib import Path
from typing import Final

from charset_normalizer import from_bytes

from gcmtag.errors import EmptyDocument, UnreadableDocument

EMPTY_BOX: Final = "\u2610"
TICKED_BOX: Final = "\u2612"

MEGABYTE: Final = 1_000_000
ID_LENGTH: Final = 16  # hex digits
LARGEST_MEMBER: Final = 200 * MEGABYTE
LARGEST_RATIO: Final = 200
# A few kilobytes of repeated XML compress better than the ratio allows and do no harm.
HARMLESS_MEMBER: Final = 10 * MEGABYTE
LARGEST_ARCHIVE: Final = 1000 * MEGABYTE
# A tag costs some 150 bytes once parsed, however short it is, and an attribute as much again.
MOST_MARKS: Final = 3_000_000
LARGEST_MARKUP: Final = 100 * MEGABYTE
# Deflate packs a thousandfold at best.
_CAN_UNPACK_TO_MUCH: Final = LARGEST_MEMBER // 1032

_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)

_GLYPHS: Final = str.maketrans(
    {
        # Ligatures; the rest of NFKC would also flatten footnote marks and fractions into digits, so it is not used.
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
        # Check boxes, with those of the Wingdings fonts that Word leaves in the private use area.
        **dict.fromkeys("\u25a1\u25fb\u25fd\u274f\u2750\u2751\u2752\U0001f78e\uf06f\uf0a8\uf071\uf072", EMPTY_BOX),
        **dict.fromkeys(
            "\u2611\u22a0\u2327\U0001f5f7\U0001f5f9\u2705\U0001f5f5\uf0fe\uf0fd\uf078\uf052\uf053", TICKED_BOX
        ),
        # Bullets of the Symbol and Wingdings fonts.
        **dict.fromkeys("\uf0b7\uf0a7\uf0d8\uf076\uf06c\uf09f\uf0fc\uf02d", "\u2022"),
        "\uf0e0": "→",
        # Characters that nobody sees; a soft hyphen at the end of a line is dealt with in `clean`.
        **dict.fromkeys("\u200b\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufffc"),
        "\u2010": "-",
        "\u2011": "-",
    }
)

_UNSEEN: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SPACES: Final = re.compile(r"\s+")
_SYMBOL_IN_WORD: Final = re.compile(r"[a-z][\u00a1-\u00bf\u00d7\u00f7\u2020-\u2022\u2030\u02c6\u02dc\u20ac][a-z]", re.I)


def document_id_of(data: bytes) -> str:
    """First 16 hex digits of the SHA-256 of the file's bytes: the same file has the same id under any path."""
    return hashlib.sha256(data).hexdigest()[:ID_LENGTH]


def decode(data: bytes) -> str:
    """Text of bytes in an unknown encoding, without its byte order mark and with plain line feeds.

    Tried in turn: a byte order mark, UTF-16 by where its zero bytes stand, UTF-8, Windows-1252 where the result looks
    like a western language, and charset-normalizer's guess. Never raises: what remains undecodable becomes U+FFFD.

    >>> decode("Überblick – São Tomé".encode("cp1252"))
    'Überblick – São Tomé'
    """
    return re.sub(r"\r\n?", "\n", _decoded(data))


def _decoded(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace").removeprefix("\ufeff")
    if wide := _utf16_without_mark(data):
        return data.decode(wide, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        damaged = data.decode("utf-8", errors="replace")
    # A few damaged bytes do not make a UTF-8 file something else: its other multi-byte letters are still in order.
    lost = damaged.count("\ufffd")
    if sum(not character.isascii() for character in damaged) - lost >= 4 * lost:
        return damaged
    western = data.decode("cp1252", errors="replace")
    if _looks_western(western):
        return western
    best = from_bytes(data).best()
    return western if best is None else str(best)


def is_wide(head: bytes) -> bool:
    """Whether the first bytes of a text, 4,096 at least where there are so many, say that it is UTF-16 or UTF-32."""
    marked = any(head.startswith(mark) for mark, encoding in _BOMS if encoding != "utf-8-sig")
    return marked or _utf16_without_mark(head) is not None


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[:4096]
    if len(sample) < 4:
        return None
    half = len(sample) // 2
    if sample[1::2].count(0) > 0.7 * half and sample[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if sample[::2].count(0) > 0.7 * half and sample[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None


def _looks_western(text: str) -> bool:
    """Whether Windows-1252 is believable: few accented letters among plain ones and no symbol inside a word."""
    sample = text[:100_000]
    plain = sum(character.isascii() and character.isalpha() for character in sample)
    accented = sum(not character.isascii() and character.isalpha() for character in sample)
    return accented <= 0.25 * (plain + accented) and not _SYMBOL_IN_WORD.search(sample)


def clean(text: str) -> str:
    """One line of text as a person sees it: whitespace collapsed and stripped, ligatures written out, NFC.

    Check boxes become U+2610 or U+2612 and symbol-font bullets U+2022; characters without a glyph are dropped.
    A soft hyphen at the very end is kept as a plain hyphen, so that segmenting can join the word; others are dropped.
    Line breaks inside count as spaces.

    >>> clean(" bene\ufb01ts\u00a0 of \u25a1 data\u00ad")
    'benefits of ☐ data-'
    """
    seen = _UNSEEN.sub("", text.translate(_GLYPHS))
    collapsed = _SPACES.sub(" ", seen).strip()
    if collapsed.endswith("\u00ad"):
        collapsed = collapsed[:-1] + "-"
    return unicodedata.normalize("NFC", collapsed.replace("\u00ad", ""))


def unreadable(path: Path, what: str, next_step: str) -> UnreadableDocument:
    """The error for a file that cannot be read, as one line: which file, what is wrong, what to do next."""
    return UnreadableDocument(_one_line(f"{path}: {what}; {next_step}"))


def damaged(path: Path, format_: str, error: Exception) -> UnreadableDocument:
    """The error for a file that a library could not read, with what the library said."""
    detail = str(error).strip().splitlines()[:1]
    reason = f"{type(error).__name__}: {detail[0][:120]}" if detail else type(error).__name__
    return unreadable(path, f"its {format_} content is damaged ({reason})", "save it anew in its own program")


def unopened(path: Path, error: OSError) -> UnreadableDocument:
    """The error for a file that the system does not let us read."""
    return unreadable(path, f"it cannot be opened ({error.strerror})", "check its permissions")


def empty(path: Path, what: str, next_step: str) -> EmptyDocument:
    """The error for a file that holds no text, as one line: which file, what is wrong, what to do next."""
    return EmptyDocument(_one_line(f"{path}: {what}; {next_step}"))


def refuse_zip_bombs(path: Path, archive: zipfile.ZipFile) -> None:
    """Check the sizes that a zip archive declares before anything in it is unpacked, and that they are true.

    `zipfile` stops at the declared size of a member, but only after it has unpacked what it was asked for; so members
    that could unpack to much are unpacked here once, a megabyte at a time, and a wrong size shows.

    Raises:
        UnreadableDocument: A member would unpack to over 200 MB, or to over 200 times its size, or all to over 1 GB.
        BadZipFile: A part does not have the size that it declares.
    """
    members = archive.infolist()
    whole = sum(member.file_size for member in members)
    if whole > LARGEST_ARCHIVE:
        raise unreadable(
            path,
            f"its {len(members)} parts would unpack to {whole / MEGABYTE:.0f} MB, more than is safe",
            "save the document anew in its own program, without embedded objects",
        )
    for member in members:
        ratio = member.file_size / max(member.compress_size, 1)
        too_large = member.file_size > LARGEST_MEMBER
        if too_large or (ratio > LARGEST_RATIO and member.file_size > HARMLESS_MEMBER):
            raise unreadable(
                path,
                f"its part {member.filename} would unpack to {member.file_size / MEGABYTE:.0f} MB, more than is safe",
                "save the document anew in its own program, without embedded objects",
            )
        if member.compress_size > _CAN_UNPACK_TO_MUCH and member.filename.endswith((".xml", ".rels")):
            with archive.open(member) as content:
                while content.read(MEGABYTE):
                    pass


def marks_in(markup: bytes) -> int:
    """How many tags and attributes markup holds at most: what decides how much memory it takes once parsed.

    >>> marks_in(b'<p class="a">Text</p>')
    3
    """
    return markup.count(b"<") + markup.count(b"=")


def refuse_endless_markup(path: Path, size: int, marks: int) -> None:
    """Check markup before it is parsed, for the tree takes many times the memory of the file.

    Args:
        path: The file, for the message.
        size: Bytes of its markup.
        marks: Tags and attributes in it, see `marks_in`.

    Raises:
        UnreadableDocument: It is over 100 MB, or has over three million tags and attributes.
    """
    if size > LARGEST_MARKUP or marks > MOST_MARKS:
        raise unreadable(
            path,
            f"it holds {size / MEGABYTE:.0f} MB of markup with {marks} tags and attributes, more than is safe",
            "split it into smaller documents",
        )


def _one_line(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


_NO_TITLE: Final = re.compile(
    r"^(microsoft \w+ - .*|untitled.*|document\d*|.*\.(docx?|pdf|indd|odt|rtf|xlsx?|html?)|\W*)$", re.IGNORECASE
)


def likely_title(title: str) -> str:
    """A title from a file's metadata, or nothing where a program put its own name or a file's name there.

    >>> likely_title("Microsoft Word - final_v3.doc"), likely_title("National review 2024")
    ('', 'National review 2024')
    """
    return "" if _NO_TITLE.match(title) else title


_LIST_LINE: Final = re.compile(
    r"^\s*(?P<marker>[•‣▪◦●○■➢*–—-]|\(?(\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+(?=\S)", re.IGNORECASE
)


def broken_lines(text: str) -> list[tuple[str, str]]:
    r"""Cut text at its line breaks where they mean something: between the lines of a list, and at blank lines.

    Other line breaks are only layout and become spaces.

    Returns:
        Pairs of list marker ("" for none) and cleaned text, without empty ones.

    >>> broken_lines("We did two things:\n- trained staff\n- opened\noffices")
    [('', 'We did two things:'), ('-', 'trained staff'), ('-', 'opened offices')]
    >>> broken_lines("One sentence\non two lines")
    [('', 'One sentence on two lines')]
    """
    pieces: list[tuple[str, str]] = []
    is_list = sum(_LIST_LINE.match(line) is not None for line in text.split("\n")) >= 2
    for paragraph in re.split(r"\n\s*\n", text):
        if not is_list:
            pieces.append(("", paragraph))
            continue
        lines = paragraph.split("\n")
        own: list[tuple[str, str]] = []
        for line in lines:
            if match := _LIST_LINE.match(line):
                own.append((match["marker"], line[match.end() :]))
            elif own:
                own[-1] = (own[-1][0], f"{own[-1][1]} {line}")
            else:
                own.append(("", line))
        pieces += own
    return [(marker, cleaned) for marker, piece in pieces if (cleaned := clean(piece))]
