"""Blocks of any kind to pieces; tells headings from short answers; takes out contents, covers and lists of titles."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gcmtag.document import Block
from gcmtag.segmenting.fillers import filler_reason
from gcmtag.segmenting.furniture import NOTE, strip_furniture
from gcmtag.segmenting.hyphens import Vocabulary
from gcmtag.segmenting.joining import join_lines
from gcmtag.segmenting.markers import split_marker
from gcmtag.segmenting.pieces import Drops, Piece, PieceKind, ends_sentence
from gcmtag.segmenting.titles import objective_named

CONTENTS: Final = "table of contents"
COVER: Final = "cover or summary"
TITLES: Final = "list of objectives"
CAPTION: Final = "caption"

_LEADER: Final = re.compile(r"(?:\.\s?){4,}\s*\d{0,3}\s*$|…{2,}\s*\d{0,3}\s*$|\t\d{1,3}$")
_ENDS_IN_PAGE: Final = re.compile(r"\S\s+\d{1,3}$")
_CONTENTS: Final = re.compile(
    r"^(?:table of )?contents$|^table des matières$|^sommaire$|^índice$|^contenido$|^page$", re.I
)
_SUMMARY: Final = re.compile(r"^(?:executive\s+)?summary$|^résumé$|^resumen$", re.I)

_OBJECTIVE: Final = re.compile(
    r"^(?:gcm\s+)?(?:objectives?|obj\.|objectifs?|objetivos?|cluster|groupe|grupo)\s*:?\s*(?:no\.?\s*)?\d", re.I
)
_HEADING_MARKER: Final = re.compile(r"^(?:[A-Z]|[IVX]{1,5}|\d{1,2}(?:\.\d{1,2})+)[.)]?$")
_LONGEST_HEADING: Final = 30


def to_pieces(blocks: Sequence[Block], drops: Drops) -> tuple[list[Piece], Vocabulary]:
    """Turn blocks into pieces: lines are cleaned and joined, other blocks are taken as they are."""
    lines = strip_furniture(blocks, drops)
    vocabulary = Vocabulary(
        [line.text for line in lines] + [block.text for block in blocks if block.kind not in {"line", "footnote"}]
    )
    placed: list[tuple[int, Piece]] = []
    for place, block in enumerate(blocks):
        if block.kind in {"footnote", "caption"}:
            drops.add(NOTE if block.kind == "footnote" else CAPTION)
        elif block.kind != "line" and block.text.strip():
            placed.append((place, _whole(block, vocabulary)))
    placed.extend(join_lines(lines, vocabulary, {place for place, _ in placed}))
    return [piece for _, piece in sorted(placed, key=lambda item: item[0])], vocabulary


def _whole(block: Block, vocabulary: Vocabulary) -> Piece:
    if block.kind == "table_row":
        cells = tuple(
            "\n".join(vocabulary.mend(vocabulary.rejoin(part)) for part in cell.split("\n"))
            for cell in block.cells or (block.text,)
        )
        return Piece("\t".join(cells), "row", page=block.page, cells=cells, bold=block.bold)
    marker, text = block.marker, vocabulary.mend(block.text.replace("\n", " ").strip())
    kind: PieceKind = "heading" if block.kind == "heading" else "paragraph"
    if block.kind == "list_item":
        kind = "list_item"
    if not marker or marker in "•-–*":
        found, rest = split_marker(text)
        if found is not None and rest and found.kind != "bullet":
            marker, text = found.shown, rest
            if kind == "paragraph" and found.kind in {"letter", "number"}:
                kind = "list_item"
        elif found is not None and rest:
            marker, text, kind = "•", rest, "list_item"
    elif kind == "paragraph":
        found, _ = split_marker(f"{marker} x")
        kind = "list_item" if found is not None and found.kind in {"letter", "number", "bullet"} else kind
    return Piece(
        text,
        kind,
        marker=marker,
        level=block.level,
        page=block.page,
        bold=block.bold or bool(block.layout and block.layout.bold),
        size=block.layout.size if block.layout else 0.0,
    )


def drop_contents(pieces: Sequence[Piece], drops: Drops) -> list[Piece]:
    """Take out tables of contents: lines with leaders, or a run of lines that end in a page number under "Contents"."""
    kept: list[Piece] = []
    position = 0
    while position < len(pieces):
        piece = pieces[position]
        if _LEADER.search(piece.text):
            drops.add(CONTENTS)
            position += 1
            continue
        if _CONTENTS.match(piece.text.strip(": ")):
            length = _entries(pieces, position + 1)
            if length or position + 1 >= len(pieces) or _LEADER.search(pieces[position + 1].text):
                drops.add(CONTENTS, length + 1)
                position += length + 1
                continue
        kept.append(piece)
        position += 1
    return kept


def _entries(pieces: Sequence[Piece], begin: int) -> int:
    """How many pieces from ``begin`` are entries of a table of contents.

    Entries end in a page number; entries without one are known because the same words come again further down.
    """
    later = [piece.text.casefold() for piece in pieces[begin:]]
    length = 0
    while begin + length < len(pieces):
        piece = pieces[begin + length]
        text = piece.text
        short = len(text) < 200 and not ends_sentence(text)
        again = short and later.count(text.casefold()) > 1 and text.casefold() in later[length + 1 :]
        if not (_LEADER.search(text) or (short and _ENDS_IN_PAGE.search(text)) or again):
            break
        length += 1
    return length


def drop_cover(pieces: Sequence[Piece], drops: Drops) -> tuple[list[Piece], str]:
    """Take the cover of a numbered report off: what stands above the heading of paragraph 1. Returns the title too.

    Only where a summary stands there, or nothing longer than a few lines does: an unnumbered foreword stays.
    """
    first = _first_numbered(pieces)
    if first is None:
        return list(pieces), ""
    start = first
    while start > 0 and pieces[start - 1].kind == "heading" and not _SUMMARY.match(pieces[start - 1].text):
        start -= 1
    # Of several headings in a row above paragraph 1, those without a number belong to the cover.
    while start < first and not pieces[start].marker and any(piece.marker for piece in pieces[start:first]):
        start += 1
    cover = pieces[:start]
    summed = any(_SUMMARY.match(piece.text.strip(": ")) for piece in cover)
    long = [piece for piece in cover if len(piece.text.split()) > 25]
    if not cover or (long and not summed):
        return list(pieces), ""
    drops.add(COVER, len(cover))
    return list(pieces[start:]), likely_title([piece.text for piece in cover])


def likely_title(lines: Sequence[str]) -> str:
    """The line of a cover that names the subject; else its first; nothing where there is none."""
    short = [line for line in lines if len(line.split()) <= 30]
    return next((line for line in short if re.search(r"migra|compact", line, re.I)), short[0] if short else "")


def _first_numbered(pieces: Sequence[Piece]) -> int | None:
    numbers = [(place, piece) for place, piece in enumerate(pieces) if re.fullmatch(r"\d{1,3}\.", piece.marker)]
    long = [place for place, piece in numbers if len(piece.text.split()) >= 15]
    if len(long) < 10:
        return None
    return next((place for place, piece in numbers if piece.marker == "1." and len(piece.text.split()) >= 15), None)


def drop_title_lists(pieces: Sequence[Piece], drops: Drops) -> list[Piece]:
    """Take out an annex that lists the official titles: a run of titles that names most of the objectives.

    A shorter run is what a State puts first, unless an annex's heading or a table's head announces it.
    """
    kept: list[Piece] = []
    position = 0
    while position < len(pieces):
        end = position
        named: set[int] = set()
        while end < len(pieces) and (number := _title_of(pieces[end])):
            named.add(number)
            end += 1
        introduced = _introductions(kept) if len(named) >= 12 else 0
        if len(named) >= 20 or (len(named) >= 12 and introduced):
            drops.add(TITLES, end - position + introduced)
            del kept[len(kept) - introduced :]
            position = end
            continue
        kept.extend(pieces[position : max(end, position + 1)])
        position = max(end, position + 1)
    return kept


def _title_of(piece: Piece) -> int | None:
    if piece.kind == "row":
        texts = [cell for cell in piece.cells if cell.strip()]
        return next((number for text in texts if (number := objective_named(text))), None)
    return objective_named(piece.text)


def _introductions(kept: Sequence[Piece]) -> int:
    """How many pieces right above a list of titles only announce it: the annex's heading, the head of its table."""
    count = 0
    while count < min(3, len(kept)):
        piece = kept[-1 - count]
        bare = piece.text.casefold()
        announced = len(bare.split()) <= 40 and (
            bare.startswith(("annex", "appendix", "annexe", "anexo"))
            or re.search(r"\bobjectives (?:for|of) (?:the global|the gcm|safe)\b|\b23 objectives\b", bare)
        )
        head = piece.kind == "row" and all(len(cell.split()) <= 4 for cell in piece.cells)
        if not (announced or head):
            break
        count += 1
    return count


def promote_headings(pieces: Sequence[Piece]) -> list[Piece]:
    """Make headings of short lines that stand above a text, and passages of headings with nothing under them.

    In a questionnaire a short line under a prompt can be the whole answer: "Funds and trained staff".
    """
    promoted: list[Piece] = []
    following: Piece | None = None
    for place in reversed(range(len(pieces))):
        piece, above = pieces[place], pieces[place - 1 : place] if place else []
        if following is not None and _is_title(piece):
            under = pieces[place + 1]
            if _heads(piece, under, above) or _heads_heading(piece, following, above):
                piece = replace(piece, kind="heading")
        promoted.append(piece)
        following = piece
    return _settle_empty(promoted[::-1])


def _heads_heading(piece: Piece, following: Piece, above: Sequence[Piece]) -> bool:
    """Whether a title outside of a questionnaire stands right above a heading and below a text that is over."""
    if piece.kind != "paragraph" or piece.question is not None or following.kind != "heading" or following.level:
        return False
    return len(piece.text.split()) <= 12 and bool(above) and ends_sentence(above[0].text)


def _is_title(piece: Piece) -> bool:
    """Whether a piece is worded as a heading is: short, with a capital, and no sentence."""
    if filler_reason(piece.text):
        return False
    if piece.kind not in {"paragraph", "list_item"} or not piece.text[:1].isalnum() or piece.text[:1].islower():
        return False
    if piece.kind == "list_item" and not re.match(r"^\d", piece.marker):
        return False
    unfinished = not ends_sentence(piece.text) and not piece.text.endswith(",")
    return (unfinished or (piece.bold and piece.text.endswith(":"))) and len(piece.text.split()) <= _LONGEST_HEADING


def _heads(piece: Piece, following: Piece, above: Sequence[Piece]) -> bool:
    """Whether a title stands above something that it can be the heading of."""
    if following.question != piece.question or following.kind == "row":
        return False
    if _declares(piece) or following.kind == "prompt":
        return _declares(piece)
    if piece.marker and _HEADING_MARKER.match(piece.marker) and piece.kind == "paragraph":
        return True
    if piece.kind == "list_item" and (following.kind == "list_item" and not _is_numbered_text(following)):
        return False
    return _stands_above(piece, following, above)


def _stands_above(piece: Piece, following: Piece, above: Sequence[Piece]) -> bool:
    """The same for a title without a mark of its own: by its weight, its length and what follows it."""
    words = len(piece.text.split())
    if piece.bold and not following.bold:
        return words <= 20
    if following.kind == "list_item":
        return words <= 12 and (not above or above[0].kind != "list_item" or ends_sentence(above[0].text))
    return words <= 12 and following.kind == "paragraph" and len(following.text.split()) >= max(8, words)


def _declares(piece: Piece) -> bool:
    """Whether a title is an objective's, or names objectives by number and says little else."""
    return _OBJECTIVE.match(piece.text) is not None


def _is_numbered_text(piece: Piece) -> bool:
    return bool(re.match(r"^\d{1,3}\.$", piece.marker)) and len(piece.text.split()) >= 15


def _settle_empty(pieces: Sequence[Piece]) -> list[Piece]:
    """Give back as text the headings of an answer that have nothing under them, and a list's short last item."""
    settled: list[Piece] = []
    for place, piece in enumerate(pieces):
        following = pieces[place + 1] if place + 1 < len(pieces) else None
        bare = following is None or following.kind in {"prompt", "heading"} or following.question != piece.question
        if piece.kind != "heading" or not bare or piece.level:
            settled.append(piece)
        elif _ends_list(piece, settled):
            settled.append(replace(piece, kind="list_item"))
        elif _declares(piece) and following is not None and following.question == piece.question:
            settled.append(piece)
        elif piece.question is not None and (
            following is None or following.kind == "prompt" or following.question != piece.question
        ):
            settled.append(replace(piece, kind="list_item" if piece.marker else "paragraph"))
        else:
            settled.append(piece)
    return settled


def _ends_list(piece: Piece, above: Sequence[Piece]) -> bool:
    """Whether a numbered piece counts on from the list item right above it."""
    number = re.fullmatch(r"(\d{1,3})[.)]", piece.marker)
    before = re.fullmatch(r"(\d{1,3})[.)]", above[-1].marker) if above and above[-1].kind == "list_item" else None
    if number is None or before is None or int(number[1]) != int(before[1]) + 1:
        return False
    return len(above[-1].text.split()) < _LONGEST_HEADING
