"""Plain text and Markdown: lines as they are where another program wrapped them, whole blocks otherwise."""

import html
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from gcmtag.document import Block, SourceFile
from gcmtag.reading.common import EMPTY_BOX, TICKED_BOX, clean, decode, empty

_CHECKBOX: Final = re.compile(r"<input\b[^>]*?checkbox[^>]*?>", re.I)
_BOX_IN_BRACKETS: Final = re.compile(r"(?:(?<=\s)|^)\[([ xX])\](?=\s|$)")
_PARAGRAPH_TAG: Final = re.compile(r"</?(?:p|br|div|li|ul|ol)\b[^>]*>", re.I)
_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|blockquote|center|code|em|font|h[1-6]|hr|i|img|input|mark|s|small|span|strike|strong|sub|"
    r"sup|table|tbody|td|th|thead|tr|u)\b[^<>]*>",
    re.I,
)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.S)
_NOTE_MARK: Final = re.compile(r"<sup>\s*\[?[\da-z*]{1,3}\]?\s*</sup>|\[\^[\w-]+\](?!:)", re.I)
_AUTOLINK: Final = re.compile(r"<((?:https?://|mailto:)[^<>\s]+|[^<>\s@]+@[^<>\s]+)>")
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK: Final = re.compile(r"\[([^\[\]]+)\]\((?:[^()\s]|\([^()]*\))*\)")
_STRONG: Final = re.compile(r"(\*\*|__)(?=[^\s*_])(.+?)(?<=[^\s*_])\1")
_EMPHASIS: Final = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*\n]+?)(?<=[^\s*_])\1(?![\w*])")
_ESCAPE: Final = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>])")
_HASHES: Final = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_BULLET: Final = re.compile(r"^(\s*)[-*+•·●▪◦‣–]\s+(?=\S)(.*)$")
_RULE: Final = re.compile(r"^\s*(?:[-*=]\s*){3,}$|^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*:?-*:?\s*$|^\s*`{3,}")
_NOTE: Final = re.compile(r"^\[\^[\w-]+\]:\s*(.*)$")
_ALL_BOLD: Final = re.compile(r"^\s*(\*\*|__)(?=\S)((?:(?!\1).)+)\1\s*[:.]?\s*$")
_MARKER_ALONE: Final = re.compile(r"^\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]$|^[•·●▪◦‣*–-]$")


def read(path: Path, data: bytes, document_id: str) -> SourceFile:
    """Read plain text or Markdown.

    Where lines are wrapped, each is a ``line`` block and a blank line is one with empty text; otherwise every line is a
    whole block: heading, list item, table row (cells apart by tabs or bars) or paragraph. Form feeds count pages.
    A cell keeps its paragraphs apart with line feeds.

    Raises:
        EmptyDocument: There is no text in the file.
    """
    text = _COMMENT.sub("", decode(data))
    if not text.strip():
        raise empty(path, "the file holds no text", "check that it was saved or exported completely")
    pages = text.split("\f")
    paged = len(pages) > 1
    wrapped = lines_are_wrapped(text)
    blocks: list[Block] = []
    for number, page in enumerate(pages, start=1):
        blocks.extend(_blocks(page, wrapped=wrapped, page_number=number if paged else None))
    title = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), "")
    return SourceFile(
        path=path,
        document_id=document_id,
        format="md" if path.suffix.lower() in {".md", ".markdown"} else "txt",
        blocks=tuple(blocks),
        title=title,
        pages=len(pages) if paged else None,
    )


def lines_are_wrapped(text: str) -> bool:
    r"""Whether lines end where the page was full rather than where the paragraph ends.

    >>> lines_are_wrapped("Many people leave the highlands\nin search of work, and few\nof them return.\n")
    True
    """
    lines = [line.strip() for line in text.replace("\f", "\n").split("\n")]
    lengths = sorted(len(line) for line in lines if line)
    if not lengths or lengths[int(0.95 * (len(lengths) - 1))] > 160:
        return False
    pairs = [(above, below) for above, below in pairwise(lines) if above and below]
    running_on = sum(above[-1] not in ".:;!?" and below[0].islower() for above, below in pairs)
    return running_on >= max(1, 0.1 * len(pairs))


def _blocks(page: str, *, wrapped: bool, page_number: int | None = None) -> Iterator[Block]:
    for raw in page.split("\n"):
        yield from _line(raw, wrapped=wrapped, page=page_number)


def _line(raw: str, *, wrapped: bool, page: int | None) -> Iterator[Block]:
    if not raw.strip():
        if wrapped:
            yield Block(text="", kind="line", page=page)
        return
    if _RULE.match(raw) or not (text := _plain(raw)):
        return
    if heading := _HASHES.match(raw.strip()):
        yield Block(text=_plain(heading[2]), kind="heading", page=page, level=len(heading[1]))
    elif note := _NOTE.match(raw.strip()):
        yield Block(text=_plain(note[1]), kind="footnote", page=page)
    elif cells := _cells(raw):
        yield from _row(cells, page)
    elif wrapped:
        yield Block(text=text, kind="line", page=page, bold=bool(_ALL_BOLD.match(raw)))
    else:
        yield from _whole(raw, page)


def _row(cells: tuple[str, ...], page: int | None) -> Iterator[Block]:
    filled = [cell for cell in cells if cell]
    if not filled:
        return
    if len(filled) == 2 and _MARKER_ALONE.match(filled[0]):
        yield Block(text=" ".join(filled), kind="paragraph", page=page)
        return
    yield Block(text="\t".join(cells), kind="table_row", page=page, cells=cells)


def _whole(raw: str, page: int | None) -> Iterator[Block]:
    bullet = _BULLET.match(raw)
    if bullet and not _ALL_BOLD.match(raw):
        indent = len(bullet[1].expandtabs(4))
        text = _plain(bullet[2])
        lettered = re.match(r"^\(?(?:\d{1,3}|[a-z]{1,5})[.)]\s", text)
        yield Block(text=text, kind="list_item", page=page, level=indent // 2, marker="" if lettered else "•")
        return
    for paragraph in _paragraphs(raw):
        yield Block(text=paragraph, kind="paragraph", page=page, bold=bool(_ALL_BOLD.match(raw)))


def _cells(raw: str) -> tuple[str, ...]:
    bare = raw.strip(" \n")
    if "\t" in bare.lstrip("\t "):
        return tuple("\n".join(_paragraphs(cell)) for cell in bare.split("\t"))
    if bare.startswith("|") and bare.count("|") >= 2:
        return tuple("\n".join(_paragraphs(cell)) for cell in re.split(r"(?<!\\)\|", bare.strip("|")))
    return ()


def _paragraphs(raw: str) -> list[str]:
    return [text for part in _PARAGRAPH_TAG.split(raw) if (text := _plain(part))]


def _plain(raw: str) -> str:
    text = _CHECKBOX.sub(lambda match: TICKED_BOX if "checked" in match[0].lower() else EMPTY_BOX, raw)
    text = _BOX_IN_BRACKETS.sub(lambda match: EMPTY_BOX if match[1] == " " else TICKED_BOX, text)
    text = _NOTE_MARK.sub("", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _PARAGRAPH_TAG.sub(" ", text)
    text = _IMAGE.sub("", _TAG.sub("", text))
    text = _LINK.sub(r"\1", text)
    text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(r"\2", text)
    return clean(html.unescape(_ESCAPE.sub(r"\1", text)))
