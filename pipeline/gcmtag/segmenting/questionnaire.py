"""Recognises the regional review questionnaire and keeps what the form asks apart from what the State answers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import fuzz

from gcmtag.segmenting.markers import split_marker
from gcmtag.segmenting.pieces import Drops, Piece
from gcmtag.segmenting.prompts import INSTRUCTION, ITEMS, PARTS, REQUEST, any_fit, best_fit, fit
from gcmtag.segmenting.titles import cluster_named, plain

PROMPT: Final = "prompt"
FORM: Final = "instruction"
CHECKBOX: Final = "checkbox table"
CONTACT: Final = "contact field"
EMPTY: Final = "empty answer"
END: Final = "end mark"

_ITEM: Final = re.compile(
    r"^(?:Q(?:uestion|\.)?\s*(?=\d))?(?:(?P<question>\d{1,2})(?:\s*[.):\-–]+\s*|\s*(?=\(?[a-d][.)])|(?=[a-d]\b))|\b)"
    r"(?:\(?(?P<part>[a-d])(?:[.)\]:]+|(?=\s+[A-Z]))\s*)?(?P<rest>.*)$",
    re.S,
)
_SENTENCE_END: Final = re.compile(
    r"(?<=[.?!])[”\"’')]*\s+(?=[(\[“\"‘']*[^\W\d_a-z])|(?<=[?])\)?\s+|(?<=\))\s+(?=[A-Z])"
)
_BOX: Final = re.compile(r"[☐☒]")
_YES_NO: Final = re.compile(r"^\W*(?:=?\s*(?:yes|no|oui|non|sí|si)\W*){1,2}", re.I)
_EMPTY: Final = re.compile(
    r"^\W*(?:n\s?[/.]\s?a\.?|nil|none|no (?:response|answer|comments?|information(?: available)?)|not applicable|"
    r"see (?:above|below|annex|attach\w*)|same as above|idem|ditto|sans objet|néant|ninguna?|no aplica|tbc|tbd)?\W*$",
    re.I,
)
_ENDING: Final = re.compile(
    r"^[\W_]*(?:the\s+)?(?:end|fin|ende)(?:\s+of\s+(?:the\s+)?(?:document|questionnaire|survey))?[\W_]*$", re.I
)
_LABEL: Final = re.compile(
    r"^\W*(?:country|state|office|name|names|title|position|title/position|function|designation|e-?mail|telephone|tel|"
    r"phone|mobile|fax|mailing address|postal address|address|date|department|ministry|organi[sz]ation|institution|"
    r"agency|focal point|contact(?: person| details| information)?|signature|website|place|pays|nom|titre|adresse|"
    r"courriel|téléphone|país|nombre|cargo|correo)\b[\w\s/().,&-]{0,40}?[:\-–]\s*",
    re.I,
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


@dataclass(frozen=True, slots=True)
class _Ask:
    """An item of the form found at the beginning of a piece: which, the words that ask, and the words after them."""

    question: str | None
    part: str | None
    asked: str
    rest: str
    strong: bool
    heading: bool = False


def recognise(pieces: Sequence[Piece], drops: Drops) -> list[Piece] | None:
    """Pieces with question, part and prompt set and all that belongs to the form taken out; None for other documents.

    The form's cluster headings stay as headings; prompts become pieces of kind ``prompt``.
    """
    opened = [inner for piece in pieces for inner in _opened(piece)]
    form = _Form(opened)
    if not form.recognised:
        return None
    return list(form.walk(drops))


def split_prompt(text: str, items: tuple[str, ...] = (*PARTS, *ITEMS)) -> tuple[str, str]:
    """Cut the sentences that ask off the beginning of a text: (what asks, what answers).

    >>> split_prompt("What are the main gaps and challenges? Banks are far away.")
    ('What are the main gaps and challenges?', 'Banks are far away.')
    """
    sentences = _sentences(text)
    count = 0
    while count < len(sentences) and _asks(sentences[count], items, first=count == 0):
        count += 1
    asked = " ".join(sentences[:count])
    return asked, " ".join(sentences[count:])


def _sentences(text: str) -> list[str]:
    parts: list[str] = []
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        if text[begin : match.start()].strip():
            parts.append(text[begin : match.end()].strip())
            begin = match.end()
    if text[begin:].strip():
        parts.append(text[begin:].strip())
    return parts


def _asks(sentence: str, items: tuple[str, ...], *, first: bool) -> bool:
    if not REQUEST.search(sentence):
        return False
    found = best_fit(sentence, items)
    if first:
        return found.precision >= 0.72 and found.telling >= 2
    return max(found.precision, any_fit(sentence)) >= 0.75


def _opened(piece: Piece) -> Iterator[Piece]:
    """A table row of a form as the paragraphs of its cells; rows of other tables as they are."""
    if piece.kind != "row":
        yield piece
        return
    filled = [cell for cell in piece.cells if cell.strip()]
    asks = any(REQUEST.search(cell) or cluster_named(cell.split("\n")[0]) for cell in filled)
    if cluster_named(filled[0].split("\n")[0] if filled else "") and "\n" not in "".join(filled):
        yield replace(piece, text=_cluster_line(filled), kind="heading", cells=(), cell=True)
        return
    long = [cell for cell in filled if len(cell.split()) >= 12 or "\n" in cell]
    if any(_BOX.search(cell) for cell in filled) or (len(filled) > 1 and not asks and not (len(filled) == 2 and long)):
        yield piece
        return
    for cell in filled:
        for paragraph in cell.split("\n"):
            marker, rest = split_marker(paragraph)
            listed = marker is not None and marker.kind in {"bullet", "letter"}
            yield replace(
                piece,
                text=rest if listed and rest else paragraph,
                marker=marker.shown if marker and listed and rest else "",
                kind="list_item" if listed else "paragraph",
                cells=(),
                cell=True,
            )


def _cluster_line(cells: Sequence[str]) -> str:
    tail = " ".join(cells[1:])
    return f"{cells[0]} ({tail})" if tail else cells[0]


class _Form:
    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self._asks = [self._ask(piece) for piece in pieces]
        self._clusters = False
        self.recognised, self._short_ones = self._evidence()

    # -- is it the form? -----------------------------------------------------------------------------------------

    def _evidence(self) -> tuple[bool, bool]:
        """Whether this is the questionnaire, and whether its parts are asked for by short headings."""
        clusters = {ask.question for ask in self._asks if ask and ask.heading}
        strong = {(ask.question, ask.part) for ask in self._asks if ask and ask.strong and not ask.heading}
        parts = {part for _, part in strong if part}
        items = {question for question, part in strong if question and not part}
        short: Counter[str] = Counter(
            ask.part for ask in self._asks if ask and ask.part and not ask.strong and not ask.heading
        )
        asked = len(parts) + len(items)
        by_short = len(clusters) >= 2 and sum(count >= 2 for count in short.values()) >= 3
        self._clusters = bool(clusters)
        recognised = asked >= 3 or (asked >= 2 and len(clusters) >= 1) or by_short
        return recognised, by_short or len(short) >= 3

    def _ask(self, piece: Piece) -> _Ask | None:
        if piece.kind == "row":
            return None
        text = piece.shown
        match = _ITEM.match(text)
        question, part, rest = (match["question"], match["part"], match["rest"]) if match else (None, None, text)
        if question is not None and not 1 <= int(question) <= 10:
            return None
        if cluster := cluster_named(text.split(" (")[0]) or cluster_named(text) or cluster_named(rest):
            return _Ask(str(cluster), None, text, "", strong=True, heading=True)
        return self._full_ask(piece, question, part, rest) or self._short_ask(piece, question, part, rest)

    def _full_ask(self, piece: Piece, question: str | None, part: str | None, rest: str) -> _Ask | None:
        """A prompt in whole sentences, perhaps with the answer behind it."""
        asked, answer = split_prompt(rest)
        if not asked:
            return None
        first = _sentences(asked)[0]
        as_part, as_item = best_fit(first, PARTS), best_fit(first, ITEMS)
        if part is not None and fit(first, part).precision >= 0.7:
            as_part = fit(first, part)
        numbered = question is not None and question in ITEMS and fit(first, question).precision >= 0.65
        lettered = part is not None
        item_first = (as_item.precision, as_item.telling) > (as_part.precision, as_part.telling)
        if numbered and not lettered:
            return _Ask(question, None, self._cut(piece, answer), answer, strong=True)
        if item_first and not lettered:
            if as_item.precision < 0.75 or as_item.telling < 3:
                return None
            return _Ask(as_item.item, None, self._cut(piece, answer), answer, strong=True)
        chosen = part if part is not None and as_part.item == part else as_part.item
        within = question if question in {"1", "2", "3", "4"} else None
        return _Ask(within, chosen, self._cut(piece, answer), answer, strong=True)

    def _short_ask(self, piece: Piece, question: str | None, part: str | None, rest: str) -> _Ask | None:
        """A prompt cut down to a few words, known by its number or letter, or because it is a heading."""
        head, colon, tail = rest.partition(":")
        label, answer = (head, tail.strip()) if colon and len(head.split()) <= 14 else (rest, "")
        if len(label.split()) > 14 or label.rstrip().endswith((".", ";", ",")) or not label.strip():
            return None
        if part is not None:
            found = fit(label, part)
            if found.precision >= 0.6 and found.telling >= 1:
                within = question if question in {"1", "2", "3", "4"} else None
                return _Ask(within, part, self._cut(piece, answer), answer, strong=question is not None)
            return None
        if question in ITEMS:
            found = fit(label, question)
            if found.precision >= 0.6 and found.telling >= 1:
                return _Ask(question, None, self._cut(piece, answer), answer, strong=False)
        if question is None and (piece.kind == "heading" or piece.bold or len(label.split()) <= 8) and not piece.marker:
            found = best_fit(label, PARTS)
            if found.precision >= 0.8 and found.telling >= 1:
                return _Ask(None, found.item, self._cut(piece, answer), answer, strong=False)
        return None

    @staticmethod
    def _cut(piece: Piece, answer: str) -> str:
        shown = piece.shown
        return shown[: len(shown) - len(answer)].rstrip() if answer else shown

    # -- the walk ------------------------------------------------------------------------------------------------

    def walk(self, drops: Drops) -> Iterator[Piece]:
        """The pieces of the answers, each knowing its question, part and prompt."""
        question: str | None = None
        part: str | None = None
        prompt = ""
        begun = False
        after_prompt = False
        for piece, ask in zip(self._pieces, self._asks, strict=True):
            if ask and ask.heading:
                begun, question, part, prompt = True, ask.question, None, ""
                after_prompt = True
                yield replace(piece, text=ask.asked, marker="", kind="heading", level=1, question=question)
                continue
            if ask and ask.part and question is None and ask.question is None and self._clusters:
                drops.add(FORM)
                continue
            if ask and self._accept(ask, piece, question, part):
                begun = True
                if ask.question and (ask.part is None or ask.question in {"1", "2", "3", "4"}):
                    question = ask.question
                part = ask.part if question not in ITEMS else None
                prompt = ask.asked
                after_prompt = True
                drops.add(PROMPT)
                yield Piece(ask.asked, "prompt", page=piece.page, question=question, part=part, prompt=prompt)
                if ask.rest and not (
                    reason := self._form_reason(replace(piece, text=ask.rest, marker=""), begun, False)
                ):
                    yield self._answer(
                        replace(piece, text=ask.rest, marker="", kind="paragraph"), question, part, prompt
                    )
                elif ask.rest:
                    drops.add(reason)
                continue
            if reason := self._form_reason(piece, begun, after_prompt):
                drops.add(reason)
                if reason == PROMPT:
                    prompt = f"{prompt} {piece.shown}".strip()
                continue
            after_prompt = after_prompt and piece.kind == "heading"
            yield self._answer(piece, question, part, prompt)

    @staticmethod
    def _answer(piece: Piece, question: str | None, part: str | None, prompt: str) -> Piece:
        return replace(piece, question=question, part=part, prompt=prompt)

    def _accept(self, ask: _Ask, piece: Piece, question: str | None, part: str | None) -> bool:
        """Whether an item found in a piece is asked here, rather than echoed by an answer or a list."""
        if ask.strong:
            return ask.part is None or question not in ITEMS or ask.question is not None
        if ask.part is None:
            return question is None or int(ask.question or 0) >= int(question)
        if not self._short_ones or question is None or question in ITEMS:
            return False
        if piece.marker or (_ITEM.match(piece.shown) and (match := _ITEM.match(piece.shown)) and match["part"]):
            return part is None or ask.part >= part
        return part is None or ask.part > part

    def _form_reason(self, piece: Piece, begun: bool, after_prompt: bool) -> str:
        """Why a piece belongs to the form and not to the answers; empty where it is an answer."""
        text = piece.shown
        if _BOX.search(text) or (piece.kind == "row" and _principle(piece.cells[0] if piece.cells else "")):
            return CHECKBOX if _box_line(piece) else ""
        if _principle(_YES_NO.sub("", text)) or (_principle_line(text) and len(text.split()) <= 10):
            return CHECKBOX
        if not begun and _is_contact(piece):
            return CONTACT
        if _ENDING.match(text):
            return END
        if after_prompt and REQUEST.search(text) and _all_ask(text):
            return PROMPT
        words = len(text.split())
        form = fit(text, "form")
        least = 0.75 if begun else 0.6
        if not begun and words >= 4 and any_fit(text) >= 0.9:
            return FORM
        if (INSTRUCTION.search(text) or text.startswith(("Question", "Instruction"))) and any_fit(text) >= least:
            return (
                FORM
                if words > 1 or text.rstrip(":").casefold() in {"instructions", "questions", "questionnaire"}
                else ""
            )
        if not begun and max(form.precision, fit(text, "preamble").precision, any_fit(text)) >= 0.78 and words >= 3:
            return FORM
        return ""


def _all_ask(text: str) -> bool:
    return all(any_fit(sentence) >= 0.75 and REQUEST.search(sentence) for sentence in _sentences(text))


def _box_line(piece: Piece) -> bool:
    """Boxes to tick with little else make a form field; one box in a long text does not."""
    return piece.kind == "row" or len(_BOX.findall(piece.text)) >= 2 or len(piece.text.split()) <= 12


def _principle(text: str) -> bool:
    bare = plain(text.split("\n", maxsplit=1)[0])
    return 5 < len(bare) < 40 and any(fuzz.ratio(bare, principle) >= 88 for principle in _PRINCIPLES)


def _principle_line(text: str) -> bool:
    """A principle followed by yes or no: a row of the table that extraction has flattened."""
    match = re.match(r"^(.*?)[\s:–-]+(?:=?\s*(?:yes|no|oui|non|sí)\b\W*)+", text, re.I)
    return bool(match and _principle(match[1]))


def _is_contact(piece: Piece) -> bool:
    if piece.kind == "row":
        return any(_LABEL.match(cell) for cell in piece.cells if cell.strip())
    return bool(_LABEL.match(piece.text)) and len(piece.text.split()) <= 16


def is_empty_answer(text: str) -> bool:
    """Whether a text says no more than that there is no answer.

    >>> is_empty_answer("N/A"), is_empty_answer("None of the banks")
    (True, False)
    """
    return bool(_EMPTY.match(text))
