"""The way from a file's blocks to its passages, step by step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gcmtag.document import Document, SourceFile
from gcmtag.errors import EmptyDocument
from gcmtag.segmenting.assembling import Assembler, merge_enumerations, name_excerpt
from gcmtag.segmenting.languages import document_language, language_of
from gcmtag.segmenting.leftovers import much_dropped
from gcmtag.segmenting.pieces import Drops, Piece, ends_sentence
from gcmtag.segmenting.principles import take_principles
from gcmtag.segmenting.priorities import declared_priorities
from gcmtag.segmenting.questionnaire import recognise
from gcmtag.segmenting.structure import (
    COVER,
    drop_contents,
    drop_cover,
    drop_title_lists,
    likely_title,
    promote_headings,
    to_pieces,
)

_LONGEST_COVER: Final = 12


def segment(source: SourceFile) -> Document:
    """Cut a file into passages in reading order, with what stands above each of them.

    Raises:
        EmptyDocument: Nothing in the file is a passage.
    """
    drops = Drops(tuple(source.dropped.items()))
    pieces, _ = to_pieces(source.blocks, drops)
    pieces = drop_title_lists(drop_contents(pieces, drops), drops)
    pieces, principles = take_principles(pieces, drops)
    form = recognise(pieces, drops)
    pieces, title = promote_headings(pieces if form is None else form), ""
    if form is None:
        pieces, title = drop_cover(pieces, drops)
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
        declared_priorities=declared_priorities(passages, title),
        warnings=(*source.warnings, *much_dropped(source.blocks, passages, drops, is_form=form is not None)),
        unread_pages=source.unread_pages,
        recognised_pages=source.recognised_pages,
        guiding_principles=principles,
    )


def take_title(pieces: Sequence[Piece], title: str, drops: Drops) -> tuple[list[Piece], str]:
    """Take the title lines off the beginning, so that they are neither passages nor sections."""
    end = 0
    while end < min(len(pieces), _LONGEST_COVER) and _is_title_line(pieces[end]):
        end += 1
    if end == len(pieces):
        return list(pieces), title
    if end and _is_section(pieces, end - 1):
        end -= 1
    lines = [piece.text for piece in pieces[:end]]
    drops.add(COVER, len(lines))
    chosen = title or likely_title(lines)
    return [piece for piece in pieces[end:] if not (piece.kind == "heading" and piece.text == title)], chosen


def _is_title_line(piece: Piece) -> bool:
    """Whether a piece at the beginning can be a line of the cover: short, no sentence, without number or letter."""
    if piece.marker or piece.kind not in {"heading", "paragraph"} or piece.question is not None:
        return False
    return len(piece.text.split()) <= 30 and (piece.kind == "heading" or not ends_sentence(piece.text))


def _is_section(pieces: Sequence[Piece], place: int) -> bool:
    """Whether the last title line is the heading of the first section: there are others of its kind further down."""
    piece = pieces[place]
    if piece.kind != "heading":
        return False
    later = [other for other in pieces[place + 1 :] if other.kind == "heading" and other.question is None]
    if piece.level:
        return any(other.level == piece.level for other in later)
    return any(not other.marker and not other.level for other in later)
