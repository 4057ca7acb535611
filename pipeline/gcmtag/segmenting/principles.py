"""The yes/no table for the guiding principles: kept as what the document says of itself, not as passages.

Extraction leaves such a table in many shapes: rows with a box for yes and one for no, rows whose cells say "Yes", or
lines of which one names a principle, the next ticks a box, and the rest explains.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rapidfuzz import fuzz

from gcmtag.document import GuidingPrinciple
from gcmtag.objectives import GUIDING_PRINCIPLES
from gcmtag.segmenting.pieces import Drops, Piece
from gcmtag.segmenting.questionnaire import CHECKBOX
from gcmtag.segmenting.titles import plain

_FEWEST: Final = 3
_LARGEST_GAP: Final = 4
_EQUAL: Final = 90.0

# Other spellings, and the wording of the French and Spanish texts of the resolution.
_OTHER_NAMES: Final = {
    "people centered": 0,
    "people centred approach": 0,
    "priorité à la dimension humaine": 0,
    "centrarse en las personas": 0,
    "coopération internationale": 1,
    "cooperación internacional": 1,
    "souveraineté nationale": 2,
    "soberanía nacional": 2,
    "primauté du droit et garanties d une procédure régulière": 3,
    "primauté du droit et respect de la légalité": 3,
    "estado de derecho y garantías procesales": 3,
    "développement durable": 4,
    "desarrollo sostenible": 4,
    "droits de l homme": 5,
    "droits humains": 5,
    "derechos humanos": 5,
    "gender sensitive": 6,
    "prise en compte de la problématique femmes hommes": 6,
    "prise en compte de la problématique hommes femmes": 6,
    "perspectiva de género": 6,
    "adaptation aux besoins de l enfant": 7,
    "prise en compte de l intérêt de l enfant": 7,
    "perspectiva infantil": 7,
    "whole of government": 8,
    "approche mobilisant l ensemble des pouvoirs publics": 8,
    "approche pangouvernementale": 8,
    "enfoque pangubernamental": 8,
    "whole of society": 9,
    "approche mobilisant l ensemble de la société": 9,
    "enfoque pansocial": 9,
}
_NAMES: Final = {plain(name): place for place, name in enumerate(GUIDING_PRINCIPLES)} | _OTHER_NAMES

_TICKED: Final = "☒"
_EMPTY: Final = "☐"
_TICK: Final = r"[☒✓✔]|\[\s?[xX✓]\s?\]|(?<![\w])[xX](?![\w])"
_BOX: Final = r"☐|\[\s?\]"
_YES: Final = r"\b(?:yes|oui|sí|si)\b"
_NO: Final = r"\b(?:no|non)\b"
_TOKEN: Final = re.compile(f"(?P<ticked>{_TICK})|(?P<empty>{_BOX})|(?P<yes>{_YES})|(?P<no>{_NO})", re.I)
# An answer in front of an explanation: words and boxes with nothing but signs between them.
_ANSWER: Final = re.compile(f"^(?:[\\W_]*(?:{_TICK}|{_BOX}|{_YES}|{_NO}))+(?=[\\s.,;:–—-]|$)[\\s.,;:–—-]*", re.I)
_HEAD: Final = re.compile(r"^\W*(?:guiding principles?|principes? directeurs?|principios? rectores?)\b", re.I)
_EXPLAINS: Final = re.compile(r"explan|explain|explic|comment|comentario|remark", re.I)
_LABEL: Final = re.compile(
    r"^\W*(?:please )?(?:explanation|explain|explication|explicación|comments?)\s*[:–-]\s*", re.I
)
_MARKER: Final = re.compile(r"^\W*(?:\(?(?:\d{1,2}|[a-j]|[ivx]{1,4})[.)])?\s*", re.I)


@dataclass(slots=True)
class _Entry:
    """A principle of the table as far as it was read; ``answered``: a mark or word for yes or no was there."""

    place: int
    said: set[bool] = field(default_factory=set[bool])
    answered: bool = False
    explanation: str = ""

    @property
    def integrated(self) -> bool | None:
        """What the marks say; None where they say nothing, or both."""
        return next(iter(self.said)) if len(self.said) == 1 else None

    def explain(self, text: str) -> None:
        self.explanation = f"{self.explanation} {_LABEL.sub('', text)}".strip()


def take_principles(pieces: Sequence[Piece], drops: Drops) -> tuple[list[Piece], tuple[GuidingPrinciple, ...]]:
    """Take the tables of guiding principles out of a document.

    Returns:
        The other pieces, and what the tables say, in the order of the resolution; a principle that is asked about
        twice is given as it was first answered.
    """
    kept: list[Piece] = []
    found: dict[int, _Entry] = {}
    position = 0
    while position < len(pieces):
        entries, end = _table(pieces, position)
        if entries:
            drops.add(CHECKBOX, end - position)
            for entry in entries:
                if entry.place not in found or not found[entry.place].answered:
                    found[entry.place] = entry
            position = end
        else:
            kept.append(pieces[position])
            position += 1
    return kept, tuple(
        GuidingPrinciple(GUIDING_PRINCIPLES[place], found[place].integrated, found[place].explanation)
        for place in sorted(found)
    )


def _table(pieces: Sequence[Piece], begin: int) -> tuple[list[_Entry], int]:
    """Entries of the table that begins at a piece, and where it ends; no entries where none begins there."""
    headed = _is_head(pieces[begin])
    if not headed and _principle_in(pieces[begin]) is None:
        return [], begin
    columns = _columns(pieces[begin]) if headed else []
    entries: list[_Entry] = []
    end = position = begin + headed
    pending: list[Piece] = []
    while position < len(pieces) and len(pending) <= _LARGEST_GAP:
        piece = pieces[position]
        place = _principle_in(piece)
        if place is None and (piece.kind == "heading" or (not entries and not _is_head(piece))):
            break
        if place is not None:
            for gap in pending:
                _go_on(entries[-1], gap)
            pending = []
            entries.append(_entry(piece, place, columns))
            end = position + 1
        elif not entries:
            columns = _columns(piece) or columns
        elif _belongs(entries[-1], piece) and not pending:
            _go_on(entries[-1], piece)
            end = position + 1
        else:
            pending.append(piece)
        position += 1
    answered = sum(entry.answered for entry in entries)
    is_table = answered >= _FEWEST or (headed and answered >= 1)
    return (entries, end) if is_table else ([], begin)


def _is_head(piece: Piece) -> bool:
    return bool(_HEAD.match(piece.text)) and len(piece.text.split()) <= 40 and _principle_in(piece) is None


def _columns(head: Piece) -> list[str]:
    """What each column of the table is for: "yes", "no", "both", "why", or nothing known."""
    return [_role(cell) for cell in head.cells]


def _role(cell: str) -> str:
    kinds = {match.lastgroup for match in _TOKEN.finditer(cell)}
    if {"yes", "no"} <= kinds:
        return "both"
    if "yes" in kinds or "no" in kinds:
        return "yes" if "yes" in kinds else "no"
    return "why" if _EXPLAINS.search(cell) else ""


def _principle_in(piece: Piece) -> int | None:
    """Which principle a row or line begins with; None for none."""
    if piece.kind == "row":
        filled = [cell for cell in piece.cells if len(plain(cell)) > 3]
        return _principle(filled[0].split("\n")[0]) if filled else None
    return _principle(_name_of(piece.text))


def _name_of(text: str) -> str:
    """What stands in front of the first mark, word for yes or no, or colon of a line."""
    marks = [match.start() for match in _TOKEN.finditer(text)]
    colon = text.find(":")
    cut = min([*marks[:1], *([colon] if colon > 0 else []), len(text)])
    return text[:cut]


def _principle(text: str) -> int | None:
    bare = plain(_MARKER.sub("", text, count=1))
    if not 5 < len(bare) < 70:
        return None
    if bare in _NAMES:
        return _NAMES[bare]
    best = max(_NAMES, key=lambda name: fuzz.ratio(bare, name))
    return _NAMES[best] if fuzz.ratio(bare, best) >= _EQUAL else None


def _entry(piece: Piece, place: int, columns: Sequence[str]) -> _Entry:
    entry = _Entry(place)
    if piece.kind != "row":
        _read(entry, piece.text[len(_name_of(piece.text)) :].lstrip(": "), "")
        return entry
    cells = list(piece.cells)
    first = next(index for index, cell in enumerate(cells) if len(plain(cell)) > 3)
    name, _, under = cells[first].partition("\n")
    if under:
        _read(entry, under, "")
    boxes = [index for index, cell in enumerate(cells) if index > first and _only_boxes(cell)]
    for index, cell in enumerate(cells[first + 1 :], start=first + 1):
        role = columns[index] if index < len(columns) and len(columns) == len(cells) else ""
        if not role and index in boxes and len(boxes) == 2:
            role = "yes" if index == boxes[0] else "no"
        _read(entry, cell, role)
    if len(plain(name)) < len(plain(cells[first])) and not under and not entry.answered:
        _read(entry, name[len(_name_of(name)) :], "")
    return entry


def _only_boxes(cell: str) -> bool:
    return (
        bool(cell.strip()) and not re.sub(r"[\W_]", "", _TOKEN.sub("", cell)) and not re.search(f"{_YES}|{_NO}", cell)
    )


def _belongs(entry: _Entry, piece: Piece) -> bool:
    """Whether a piece goes on with the entry above it even if no other principle follows."""
    if piece.kind == "row":
        return bool(piece.cells) and not piece.cells[0].strip()
    answer = _ANSWER.match(piece.text)
    only_answer = bool(answer) and not entry.answered and not plain(_ANSWER.sub("", piece.text))
    return only_answer or bool(_LABEL.match(piece.text))


def _go_on(entry: _Entry, piece: Piece) -> None:
    for text in piece.cells or (piece.shown,):
        _read(entry, text, "")


def _read(entry: _Entry, text: str, role: str) -> None:
    """Take what a cell or line says: an answer, an explanation, or first the one and then the other."""
    text = " ".join(text.split())
    if not text:
        return
    answer = _ANSWER.match(text)
    if answer is None or role == "why" or (entry.answered and len(plain(text).split()) > 2):
        entry.explain(text)
        return
    integrated, answered = _answer(answer[0], role)
    if answered:
        entry.said |= set() if integrated is None else {integrated}
        entry.answered = True
    if rest := text[answer.end() :]:
        entry.explain(rest)


def _answer(text: str, role: str) -> tuple[bool | None, bool]:
    """What words and boxes say, and whether they say anything; None where both or neither is ticked."""
    tokens = [str(match.lastgroup) for match in _TOKEN.finditer(text)]
    boxes = [token for token in tokens if token in {"ticked", "empty"}]
    words = [token for token in tokens if token in {"yes", "no"}]
    if not boxes:
        return (words[0] == "yes", True) if len(set(words)) == 1 else (None, False)
    if not words:
        if len(boxes) == 2 and role in {"", "both"}:
            return _of({"yes": boxes[0] == "ticked", "no": boxes[1] == "ticked"})
        if role == "no":
            return (False, True) if boxes[0] == "ticked" else (None, True)
        if role == "yes":
            return (True, True) if boxes[0] == "ticked" else (None, True)
        return boxes[0] == "ticked", True
    return _of(dict(_pairs(tokens)))


def _of(ticked: dict[str, bool]) -> tuple[bool | None, bool]:
    yes, no = ticked.get("yes", False), ticked.get("no", False)
    return (None if yes == no else yes), True


def _pairs(tokens: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each word with whether the box beside it is ticked; boxes stand before the words, or after them."""
    before = tokens[0] in {"ticked", "empty"}
    for position, token in enumerate(tokens):
        if token in {"yes", "no"}:
            beside = position - 1 if before else position + 1
            box = tokens[beside] if 0 <= beside < len(tokens) else ""
            yield token, box == "ticked"
