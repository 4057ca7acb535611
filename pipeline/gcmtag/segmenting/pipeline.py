"""The way from a file's blocks to its passages, step by step."""

import re
from collections.abc import Sequence
from dataclasses import replace

from gcmtag.document import Document, SourceFile
from gcmtag.errors import EmptyDocument
from gcmtag.segmenting.assembling import Assembler, merge_enumerations, name_excerpt
from gcmtag.segmenting.joining import ends_sentence
from gcmtag.segmenting.languages import document_language, language_of
from gcmtag.segmenting.pieces import Drops, Piece
from gcmtag.segmenting.priorities import declared_priorities
from gcmtag.segmenting.questionnaire import recognise
from gcmtag.segmenting.structure import (
    COVER,
    drop_contents,
    drop_cover,
    drop_title_lists,
    promote_headings,
    to_pieces,
)


def segment(source: SourceFile) -> Document:
    """Cut a file into passages in reading order, with what stands above each of them.

    Raises:
        EmptyDocument: Nothing in the file is a passage.
    """
    drops = Drops(tuple(source.dropped.items()))
    pieces, _ = to_pieces(source.blocks, drops)
    pieces = drop_contents(pieces, drops)
    form = recognise(pieces, drops)
    if form is None:
        pieces, title = drop_cover(pieces, drops)
    else:
        pieces, title = form, ""
    pieces = promote_headings(drop_title_lists(pieces, drops))
    pieces, title = take_title(pieces, source.title or title, drops)
    pieces = merge_enumerations(name_excerpt(pieces))
    passages = Assembler(source.document_id, drops, questionnaire=form is not None).run(pieces)
    if not passages:
        raise EmptyDocument(f"{source.path}: no passage found; check that the file holds running text")
    language = source.language or document_language([passage.text for passage in passages])
    passages = [replace(passage, language=language_of(passage.text, language)) for passage in passages]
    return Document(
        document_id=source.document_id,
        path=str(source.path),
        title=title or source.path.stem,
        format=source.format,
        language=language,
        pages=source.pages,
        passages=tuple(passages),
        dropped=drops.as_dict(),
        declared_priorities=declared_priorities(passages),
        warnings=source.warnings,
    )


def take_title(pieces: Sequence[Piece], title: str, drops: Drops) -> tuple[list[Piece], str]:
    """Take the title lines off the beginning, so that they are neither passages nor sections."""
    begin = 0
    while begin < len(pieces) and _is_front(pieces, begin):
        begin += 1
    if begin == len(pieces):
        return list(pieces), title
    front = pieces[:begin]
    drops.add(COVER, len(front))
    chosen = title or next((piece.text for piece in front if re.search(r"[^\W\d_]{3}", piece.text)), "")
    return [piece for piece in pieces[begin:] if not (piece.kind == "heading" and piece.text == title)], chosen


def _is_front(pieces: Sequence[Piece], place: int) -> bool:
    """Whether a piece at the beginning is a line of the cover: a short line above another, or the title itself."""
    piece = pieces[place]
    following = pieces[place + 1] if place + 1 < len(pieces) else None
    if piece.marker or piece.kind not in {"heading", "paragraph"} or following is None or piece.question is not None:
        return False
    if len(piece.text.split()) > 30 or (piece.kind == "paragraph" and ends_sentence(piece.text)):
        return False
    if piece.kind == "heading" and following.kind not in {"heading", "paragraph"}:
        return False
    if piece.kind == "heading" and following.kind == "paragraph":
        marked = any(later.kind == "heading" and later.marker for later in pieces[place + 1 :])
        alone = piece.level and not any(
            later.kind == "heading" and later.level == piece.level for later in pieces[place + 1 :]
        )
        short = len(following.text.split()) <= 12 and not ends_sentence(following.text)
        return bool(
            short
            or (alone and any(later.kind == "heading" for later in pieces[place + 1 :]))
            or (marked and not piece.level)
        )
    return True
