"""Pieces to passages: sections, lead-ins, declared objectives and locators."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from gcmtag.document import Passage, PassageKind
from gcmtag.objectives import OBJECTIVES
from gcmtag.segmenting.declared import declared_by_heading, declared_by_opening, mentions, numbers_in
from gcmtag.segmenting.fillers import filler_reason
from gcmtag.segmenting.markers import split_marker
from gcmtag.segmenting.pieces import Drops, Piece
from gcmtag.segmenting.sections import Sections
from gcmtag.segmenting.tables import cells_of, header_of
from gcmtag.segmenting.titles import objective_named, paraphrased

CLUSTER_LINE: Final = "cluster line"
LEAD_IN: Final = "lead-in"
FIGURES: Final = "table of figures"
HEADINGS: Final = "heading"

_PURE_LEAD_IN: Final = re.compile(
    r"\b(?:following|follows|as below|suivant(?:e|s|es)?|siguientes?)\b[^:]{0,40}:$", re.I
)
_COMPACT_LEAD_IN: Final = re.compile(r"^to realize this commitment\b", re.I)
_OBJECTIVE_HEADING: Final = re.compile(r"^objective\s+(\d{1,2})\b", re.I)


@dataclass(slots=True)
class _Count:
    """Where we are within a section, an answer or a numbered paragraph."""

    paragraphs: int = 0
    bullets: int = 0
    rows: int = 0
    under: str = ""
    inside: int = 0


class Assembler:
    """Turns pieces into passages in one pass; ``drops`` counts what is left out on the way."""

    def __init__(self, document_id: str, drops: Drops, *, questionnaire: bool) -> None:
        """Begin a document; ``questionnaire`` says that numbers in front of paragraphs are items of lists."""
        self._document_id = document_id
        self._drops = drops
        self._questionnaire = questionnaire
        self._sections = Sections()
        self._passages: list[Passage] = []
        self._count = _Count()
        self._page_counts: Counter[int] = Counter()
        self._lead_in = ""
        self._header: tuple[str, ...] = ()
        self._in_table = False
        self._locators: Counter[str] = Counter()

    def run(self, pieces: Sequence[Piece]) -> list[Passage]:
        """All passages of the document in reading order."""
        numbered = set() if self._questionnaire else numbered_paragraphs(pieces)
        for place, piece in enumerate(pieces):
            following = pieces[place + 1] if place + 1 < len(pieces) else None
            self._in_table = self._in_table and piece.kind == "row"
            if piece.kind == "heading":
                self._enter(piece)
            elif piece.kind == "prompt":
                self._ask(piece)
            elif piece.kind == "row":
                self._row(piece)
            else:
                self._text(piece, following, numbered=place in numbered)
        return self._passages

    def _enter(self, piece: Piece) -> None:
        self._sections.enter(piece)
        if piece.question is None or piece.level == 1:
            self._count = _Count()
        self._lead_in = ""
        self._drops.add(HEADINGS)

    def _ask(self, piece: Piece) -> None:
        self._sections.leave_part(piece.question)
        self._count = _Count()
        self._lead_in = ""

    def _row(self, piece: Piece) -> None:
        if not self._in_table:
            self._in_table = True
            self._header = header_of(piece.cells)
            self._count.rows += 1
            if self._header:
                self._drops.add("table head")
                return
        else:
            self._count.rows += 1
        cells = cells_of(piece.cells, self._header)
        if not cells:
            self._drops.add(FIGURES)
        declared = next((found for cell in piece.cells if len(cell) < 160 and (found := declared_by_heading(cell))), ())
        for cell in cells:
            self._add(
                piece,
                cell.text,
                "table_cell",
                place=f"table row {self._count.rows}",
                lead_in=cell.lead_in,
                declared=declared,
            )

    def _text(self, piece: Piece, following: Piece | None, *, numbered: bool) -> None:
        if reason := self._no_passage(piece, following):
            self._drops.add(reason)
            return
        if piece.kind == "list_item" and not numbered:
            self._item(piece)
            return
        if numbered:
            self._count.under = f"para. {piece.marker.strip('(). ')}"
            self._count.inside = self._count.bullets = 0
        else:
            self._count.paragraphs += 1
            self._count.inside += 1
        text = piece.text if numbered else piece.shown
        self._add(piece, text, "paragraph", place=self._paragraph_place(numbered=numbered), lead_in="")
        self._lead_in = introduction(piece.text)

    def _no_passage(self, piece: Piece, following: Piece | None) -> str:
        text = piece.shown
        numbers_alone = piece.question == "7" and numbers_in(piece.text)
        if not numbers_alone and (reason := filler_reason(piece.text)):
            return reason
        if piece.question != "7" and self._is_cluster_line(text):
            self._sections.declare(declared_by_heading(text), lasting=piece.part is None)
            return CLUSTER_LINE
        pure = len(text.split()) <= 14 and _PURE_LEAD_IN.search(text)
        if (
            pure
            and piece.question is None
            and piece.kind == "paragraph"
            and following is not None
            and following.kind == "list_item"
        ):
            self._lead_in = text
            return LEAD_IN
        return ""

    @staticmethod
    def _is_cluster_line(text: str) -> bool:
        """Whether a short text does nothing but declare objectives by number."""
        found = mentions(text) if len(text) < 160 else []
        if not found or not declared_by_heading(text):
            return False
        left = text[: found[0][0]] + text[found[-1][1] :]
        return len(re.findall(r"[^\W\d_]{2,}", left)) <= 2

    def _item(self, piece: Piece) -> None:
        marker, _ = split_marker(f"{piece.marker} x") if piece.marker else (None, "")
        if marker is None or marker.kind == "bullet":
            self._count.bullets += 1
            place, text = f"bullet {self._count.bullets}", piece.text
        else:
            text = piece.shown
            word = "action" if "action" in self._lead_in else "item"
            place = f"{word} {piece.marker.rstrip('.')}"
        self._add(piece, text, "list_item", place=place, lead_in=self._lead_in)

    def _paragraph_place(self, *, numbered: bool) -> str:
        if numbered:
            return ""
        return f"{_ordinal(self._count.inside + 1)} paragraph" if self._count.under else ""

    def _add(
        self,
        piece: Piece,
        text: str,
        kind: PassageKind,
        *,
        place: str,
        lead_in: str,
        declared: tuple[int, ...] = (),
    ) -> None:
        self._sections.speak()
        opening = () if kind == "table_cell" else declared_by_opening(text)
        self._passages.append(
            Passage(
                document_id=self._document_id,
                ordinal=len(self._passages) + 1,
                text=text,
                locator=self._locator(piece, place),
                page=piece.page,
                section=self._sections.path,
                question=piece.question,
                part=piece.part,
                kind=kind,
                declared=opening or declared or self._sections.declared,
                lead_in=lead_in,
                prompt=piece.prompt,
            )
        )

    def _locator(self, piece: Piece, place: str) -> str:
        if piece.question is not None:
            above = f"Q{piece.question}({piece.part})" if piece.part else f"Q{piece.question}"
            place = place or f"{_ordinal(self._count.paragraphs)} paragraph"
        elif place.startswith("action") and _OBJECTIVE_HEADING.match(self._sections.last):
            above = short_heading(self._sections.last)
        elif self._count.under:
            above = self._count.under
        elif self._sections.last:
            above = short_heading(self._sections.last)
            place = place or f"para. {self._count.paragraphs}"
        elif piece.page is not None:
            self._page_counts[piece.page] += 1
            above, place = f"p. {piece.page}", place or f"para. {self._page_counts[piece.page]}"
        else:
            above = f"unnumbered para. {self._count.paragraphs}" if not place else ""
        locator = ", ".join(part for part in (above, place) if part)
        self._locators[locator] += 1
        seen = self._locators[locator]
        return locator if seen == 1 else f"{locator} ({_ordinal(seen)} of that name)"


def numbered_paragraphs(pieces: Sequence[Piece]) -> set[int]:
    """Places of the pieces whose number is a paragraph's, as reports and resolutions count them, and not a list's.

    The paragraphs are the longest run of numbers going up by one, if they are long; a single long one in an excerpt.
    """
    places: dict[int, int] = {}
    for place, piece in enumerate(pieces):
        if piece.kind == "list_item" and (match := re.fullmatch(r"(\d{1,3})\.", piece.marker)):
            places[place] = int(match[1])
    chain: dict[int, list[int]] = {}
    best: list[int] = []
    for place, value in places.items():
        grown = [*chain.get(value - 1, []), place]
        if len(grown) > len(chain.get(value, [])):
            chain[value] = grown
        best = max(best, chain[value], key=len)
    words = sum(len(pieces[place].text.split()) for place in best)
    if len(best) >= 3 and words >= 20 * len(best):
        return set(best)
    return {place for place in places if len(pieces[place].text.split()) >= 40}


def name_excerpt(pieces: Sequence[Piece]) -> list[Piece]:
    """Give the actions at the beginning of an excerpt of the Compact the objective that they belong to.

    Where headings "Objective N" follow each other by one and the text above the first of them lists actions to realize
    "this commitment", those actions belong to the objective before it; its heading stands on the page before.
    """
    headings = [
        (place, int(match[1]))
        for place, piece in enumerate(pieces)
        if piece.kind == "heading" and (match := _OBJECTIVE_HEADING.match(piece.shown))
    ]
    rising = all(after == before + 1 for (_, before), (_, after) in pairwise(headings))
    if not headings or not rising or headings[0][1] < 2:
        return list(pieces)
    first, number = headings[0]
    if objective_named(pieces[first].shown) != number:
        return list(pieces)
    lead = next((place for place in range(first) if _COMPACT_LEAD_IN.match(pieces[place].text)), None)
    if lead is None:
        return list(pieces)
    missing = OBJECTIVES[number - 2]
    heading = replace(pieces[first], text=f"Objective {missing.number}: {missing.title}", page=pieces[lead].page)
    return [*pieces[:lead], heading, *pieces[lead:]]


def merge_enumerations(pieces: Sequence[Piece]) -> list[Piece]:
    """Make one piece of a run of items that do nothing but name objectives: together they are one statement."""
    merged: list[Piece] = []
    position = 0
    while position < len(pieces):
        end = position
        while end < len(pieces) and _names_objective(pieces[end], pieces[position]):
            end += 1
        if end - position >= 2:
            run = pieces[position:end]
            text = _joined([piece.text if piece.marker == "•" else piece.shown for piece in run])
            merged.append(replace(run[0], text=text, marker="", kind="paragraph"))
            position = end
            continue
        merged.append(pieces[position])
        position += 1
    return merged


def _joined(items: Sequence[str]) -> str:
    """The items of a list in one line, still told apart where they have neither letters nor punctuation."""
    return " ".join(item if item[-1] in ",;.:" else f"{item};" for item in items[:-1]) + f" {items[-1]}"


def _names_objective(piece: Piece, first: Piece) -> bool:
    same = (piece.question, piece.part, piece.kind) == (first.question, first.part, first.kind)
    if not same or piece.kind not in {"list_item", "paragraph"}:
        return False
    # Asked which objectives come first, States shorten the titles.
    in_short = piece.question == "7" and piece.kind == "list_item" and paraphrased(piece.text) is not None
    return objective_named(piece.shown) is not None or in_short


def introduction(text: str) -> str:
    """The sentence of a paragraph that introduces the list after it; empty where there is none."""
    if not text.rstrip().endswith((":", "–", "-")):
        return ""
    return re.split(r"(?<=[.;?!])\s+(?=[A-ZÀ-Þ])", text.strip())[-1][-400:]


def short_heading(text: str) -> str:
    """A heading as a locator names it: without its explanation after a colon.

    >>> short_heading("Objective 22: Establish mechanisms")
    'Objective 22'
    """
    return text.split(":", maxsplit=1)[0].strip()[:100]


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
