"""Recognises the regional review questionnaire and keeps what the form asks apart from what the State answers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import fuzz

from gcmtag.segmenting.asking import Ask, cluster_of, find_asks, is_request, split_number
from gcmtag.segmenting.markers import split_marker
from gcmtag.segmenting.pieces import Drops, Piece
from gcmtag.segmenting.prompts import INSTRUCTION, ITEMS, REQUEST, any_fit, fit, sentences_of
from gcmtag.segmenting.sections import is_top_heading
from gcmtag.segmenting.titles import plain

PROMPT: Final = "prompt"
FORM: Final = "instruction"
CHECKBOX: Final = "checkbox table"
CONTACT: Final = "contact field"

_BOX: Final = re.compile(r"[☐☒]|\[\s?[xX✓]?\s?\](?=\s|=|$)")
_YES_NO: Final = re.compile(r"^\W*(?:=?\s*(?:yes|no|oui|non|sí|si)\W*){1,2}", re.I)
_LABEL: Final = re.compile(
    r"^\W*(?:country|state|office|names?|title|position|title/position|function|designation|e-?mail|telephone|tel|phone|"
    r"mobile|fax|mailing address|postal address|address|date|department|ministry|organi[sz]ation|institution|agency|"
    r"focal point|contact(?: person| details| information)?|signature|website|place|pays|nom|titre|adresse|courriel|"
    r"téléphone|país|nombre|cargo|correo)\b[\w\s/().,&-]{0,40}?[:\-–]",
    re.I,
)
# What the form says to the State before it asks; a State's own introduction does not speak so.
_ADDRESS: Final = re.compile(
    r"\byour?\b|\bmember states (?:to|are|may|can|should)\b|\binvites? (?:its |all )?member states\b|"
    r"\bquestions below\b|\bfollowing questions\b|\bwords (?:per|for) (?:each|question)\b|"
    r"\b(?:send|return)(?:ed)? (?:the|this) (?:completed )?(?:form|survey|questionnaire|template)\b",
    re.I,
)
# What the form says between its questions.
_PER_QUESTION: Final = re.compile(r"^\W*(?:questions?\b|please\b|kindly\b|instructions?\b)|\bwords per question", re.I)
_TITLE: Final = re.compile(r"^\W*(?:questions?|instructions?|questionnaire|survey|notes?)\b[^.]*:?\s*$", re.I)
_ANNEX: Final = re.compile(r"^(?:annex|appendix|annexe|anexo)\b", re.I)
_PRINCIPLE_HEAD: Final = re.compile(
    r"^\W*guiding principles?\W+(?:.{0,40}\b(?:yes|no|integrated|explanation)\b[^.]{0,80})?$", re.I
)
_PRINCIPLES: Final = (
    "people centred",
    "people centered",
    "international cooperation",
    "national sovereignty",
    "rule of law and due process",
    "sustainable development",
    "human rights",
    "gender responsive",
    "child sensitive",
    "whole of government approach",
    "whole of society approach",
)


def recognise(pieces: Sequence[Piece], drops: Drops) -> list[Piece] | None:
    """Pieces with question, part and prompt set and all that belongs to the form taken out; None for other documents.

    The form's cluster headings stay as headings; prompts become pieces of kind ``prompt``.
    """
    opened = _open_tables(pieces)
    found = find_asks(opened)
    frame = _frame(found.asks)
    return list(_Walk(frame, found.repeated, drops).run(opened, found.asks)) if frame else None


@dataclass(frozen=True, slots=True)
class _Frame:
    """What was found of the form: whether it has cluster headings, and whether short labels ask for its parts."""

    clusters: bool
    labels: bool


def _frame(asks: Sequence[Ask | None]) -> _Frame | None:
    """The frame of the questionnaire; None where too little of it is there."""
    clusters = {ask.question for ask in asks if ask and ask.heading}
    strong = {(ask.question, ask.part) for ask in asks if ask and ask.strong and not ask.heading}
    parts = {part for _, part in strong if part}
    items = {question for question, part in strong if question and not part}
    labels = Counter(ask.part for ask in asks if ask and ask.part and not ask.strong and not ask.heading)
    asked = len(parts) + len(items)
    by_labels = len(clusters) >= 2 and sum(count >= 2 for count in labels.values()) >= 3
    if asked >= 3 or (asked >= 2 and clusters) or by_labels:
        return _Frame(bool(clusters), by_labels or len(labels) >= 3)
    return None


def _open_tables(pieces: Sequence[Piece]) -> list[Piece]:
    """Rows of the form as the paragraphs of their cells; rows with boxes to tick, and of other tables, as they are."""
    opened: list[Piece] = []
    for place, piece in enumerate(pieces):
        following = pieces[place + 1] if place + 1 < len(pieces) else None
        if piece.kind != "row":
            opened.append(piece)
        elif _has_boxes(piece) or (following is not None and _has_boxes(following) and _is_head(piece)):
            opened.append(replace(piece, cells=(*piece.cells, "☐")))
        else:
            opened.extend(_opened(piece))
    return opened


def _has_boxes(piece: Piece) -> bool:
    return piece.kind == "row" and any(_BOX.search(cell) for cell in piece.cells)


def _is_head(piece: Piece) -> bool:
    filled = [cell for cell in piece.cells if cell.strip()]
    return len(filled) >= 2 and all(len(cell.split()) <= 12 for cell in filled)


def _opened(piece: Piece) -> Iterator[Piece]:
    filled = [cell for cell in piece.cells if cell.strip()]
    if filled and "\n" not in piece.text and cluster_of(filled[0]):
        tail = " ".join(filled[1:])
        yield replace(piece, text=f"{filled[0]} ({tail})" if tail else filled[0], kind="heading", cells=(), cell=True)
        return
    asks = any(REQUEST.search(cell) or split_number(cell)[1] for cell in filled)
    if len(filled) > 1 and not asks:
        yield piece
        return
    for cell in filled:
        for paragraph in cell.split("\n"):
            marker, rest = split_marker(paragraph)
            listed = marker is not None and marker.kind in {"bullet", "letter"} and bool(rest)
            yield replace(
                piece,
                text=rest if listed else paragraph,
                marker=marker.shown if marker and listed else "",
                kind="list_item" if listed else "paragraph",
                cells=(),
                cell=True,
            )


class _Walk:
    """Goes through the pieces of the form from beginning to end, knowing what was asked last."""

    def __init__(self, frame: _Frame, repeated: Set[str], drops: Drops) -> None:
        self._frame = frame
        self._repeated = repeated
        self._drops = drops
        self._question: str | None = None
        self._part: str | None = None
        self._prompt = ""
        self._labels: set[str] = set()
        self._begun = False
        self._level = 0
        self._just_asked = False

    def run(self, pieces: Sequence[Piece], asks: Sequence[Ask | None]) -> Iterator[Piece]:
        """The pieces that remain, each knowing its question, part and prompt."""
        for piece, ask in zip(pieces, asks, strict=True):
            if ask and ask.heading:
                yield self._enter(piece, ask)
            elif ask and self._accept(ask, piece):
                yield from self._ask(piece, ask)
            elif reason := self._form_reason(piece, ask):
                self._drop(piece, reason)
            else:
                if self._begun and self._closes(piece):
                    self._question = self._part = None
                    self._prompt = ""
                self._just_asked = self._just_asked and piece.kind == "heading"
                yield self._answer(piece)

    def _enter(self, piece: Piece, ask: Ask) -> Piece:
        if ask.question == self._question and self._part is None and self._just_asked:
            # A second line for the same cluster: its objectives under its title.
            return replace(piece, kind="paragraph", question=self._question)
        self._begun = self._just_asked = True
        self._level = piece.level
        self._question, self._part, self._prompt = ask.question, None, ""
        return replace(piece, text=ask.asked, marker="", kind="heading", level=1, question=ask.question)

    def _ask(self, piece: Piece, ask: Ask) -> Iterator[Piece]:
        self._begun = self._just_asked = True
        self._level = self._level if ask.part else piece.level
        self._question = self._question_of(ask)
        self._part = ask.part if self._question not in ITEMS else None
        self._prompt = ask.asked
        self._drops.add(PROMPT)
        self._labels.add(plain(ask.asked))
        yield Piece(ask.asked, "prompt", page=piece.page, question=self._question, part=self._part, prompt=self._prompt)
        if not ask.rest:
            return
        answer = replace(piece, text=ask.rest, marker="", kind="paragraph")
        if reason := self._form_reason(answer, None):
            self._drop(answer, reason)
        else:
            self._just_asked = False
            yield self._answer(answer)

    def _question_of(self, ask: Ask) -> str | None:
        if ask.part is None or ask.question:
            return ask.question
        if self._frame.clusters:
            return self._question
        # Without cluster headings, a part asked again from the beginning belongs to the next cluster.
        current = int(self._question or 0)
        again = self._part is None or ask.part <= self._part
        return str(min(4, max(1, current + again)))

    def _accept(self, ask: Ask, piece: Piece) -> bool:
        """Whether an item found in a piece is asked here, rather than echoed by an answer or a list."""
        if ask.part and self._question is None and ask.question is None and self._frame.clusters:
            return False
        inside_items = self._question in ITEMS
        if ask.strong:
            return ask.part is None or not inside_items or ask.question is not None
        if ask.part is None:
            return self._question is None or int(ask.question or 0) >= int(self._question)
        if not self._frame.labels or inside_items or (self._question is None and self._frame.clusters):
            return False
        lettered = split_number(piece.shown)[1] is not None
        if lettered and (piece.kind == "heading" or piece.bold or plain(ask.asked) in self._labels):
            return True
        return self._part is None or ask.part > self._part or (lettered and ask.part == self._part)

    def _answer(self, piece: Piece) -> Piece:
        return replace(piece, question=self._question, part=self._part, prompt=self._prompt)

    def _closes(self, piece: Piece) -> bool:
        """Whether a heading ends the form: an annex, a section of higher rank, or one that counts beyond its items."""
        if piece.kind != "heading":
            return False
        marker, rest = split_marker(piece.shown)
        beyond = marker is not None and (
            marker.kind == "roman" or (marker.kind == "number" and marker.value > len(ITEMS) + 4)
        )
        higher = 0 < piece.level < self._level
        return beyond or higher or bool(_ANNEX.match(piece.text)) or is_top_heading(rest)

    def _drop(self, piece: Piece, reason: str) -> None:
        self._drops.add(reason)
        if reason == PROMPT:
            self._prompt = f"{self._prompt} {piece.shown}".strip()

    def _form_reason(self, piece: Piece, ask: Ask | None) -> str:
        """Why a piece belongs to the form and not to the answers; empty where it is an answer."""
        text = piece.shown
        if _is_box(piece) or _is_principle_row(piece):
            return CHECKBOX
        if not self._begun:
            return self._preamble_reason(piece, ask)
        if self._just_asked and _only_asks(text, self._repeated):
            return PROMPT
        return FORM if _PER_QUESTION.search(text) and any_fit(text) >= 0.75 else ""

    def _preamble_reason(self, piece: Piece, ask: Ask | None) -> str:
        """The same before the first question, where a State's own introduction may stand among the form's."""
        text = piece.shown
        if _is_contact(piece):
            return CONTACT
        words = len(text.split())
        known = max(fit(text, "form").precision, fit(text, "preamble").precision, any_fit(text))
        if (
            ask
            or _ADDRESS.search(text)
            or _is_instruction(text, 0.6 if _PER_QUESTION.search(text) else 0.78)
            or (words >= 3 and known >= 0.78)
        ):
            return FORM
        return ""


def _only_asks(text: str, repeated: Set[str] = frozenset()) -> bool:
    """Whether every sentence asks, or is the form's own: what stands under a prompt goes on with it."""
    return all(
        plain(sentence) in repeated or is_request(sentence) or (REQUEST.search(sentence) and any_fit(sentence) >= 0.75)
        for sentence in sentences_of(text)
    )


def _is_instruction(text: str, least: float) -> bool:
    addressed = INSTRUCTION.search(text) or _TITLE.match(text)
    return bool(addressed) and (any_fit(text) >= least or bool(re.match(r"^\W*questions?\s*(?:\d|\()", text, re.I)))


def _is_box(piece: Piece) -> bool:
    """Boxes to tick with little else make a form field; one box in a long text does not."""
    if piece.kind == "row":
        return _has_boxes(piece)
    boxes = len(_BOX.findall(piece.text))
    return boxes >= 2 or (boxes == 1 and len(piece.text.split()) <= 12)


def _is_principle_row(piece: Piece) -> bool:
    """A guiding principle alone, in a table, or followed by yes or no: a row of the table that extraction flattened."""
    if piece.kind == "row":
        return bool(piece.cells) and (_is_principle(piece.cells[0]) or bool(_PRINCIPLE_HEAD.match(piece.text)))
    if _PRINCIPLE_HEAD.match(piece.text):
        return True
    if len(piece.text.split()) > 10:
        return False
    match = re.match(r"^(.*?)[\s:–-]+(?:=?\s*(?:yes|no|oui|non|sí)\b\W*)+", piece.text, re.I)
    return _is_principle(_YES_NO.sub("", piece.text)) or bool(match and _is_principle(match[1]))


def _is_principle(text: str) -> bool:
    bare = plain(text.split("\n", maxsplit=1)[0])
    return 5 < len(bare) < 40 and any(fuzz.ratio(bare, principle) >= 88 for principle in _PRINCIPLES)


def _is_contact(piece: Piece) -> bool:
    if piece.kind == "row":
        return any(_LABEL.match(cell) for cell in piece.cells if cell.strip())
    return bool(_LABEL.match(piece.text)) and len(piece.text.split()) <= 16
