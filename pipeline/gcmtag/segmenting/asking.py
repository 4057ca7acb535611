"""Finds the items of the regional review questionnaire in a document, whatever words they are asked in.

Three kinds of evidence count. Words: a sentence that asks in the vocabulary of one of the items (see `prompts`). Form
and place: a letter a to d or a number 5 to 10 in front of a question or request, where the clusters give the frame.
Repetition: the form asks the same of every cluster, and a State does not answer the same to each.
"""

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from gcmtag.objectives import CLUSTERS
from gcmtag.segmenting.declared import mentions
from gcmtag.segmenting.pieces import Piece
from gcmtag.segmenting.prompts import ITEMS, PARTS, REQUEST, any_fit, best_fit, fit, sentences_of
from gcmtag.segmenting.titles import cluster_named, plain

CLUSTER_QUESTIONS: Final = ("1", "2", "3", "4")

_ITEM: Final = re.compile(
    r"^(?:(?:Q(?:uestion)?\.?)\s*(?=\d))?"
    r"(?:(?P<question>\d{1,2})(?:\s*[.):\-–]+\s*|\s*(?=\(?[a-dA-D][.)])|(?=[a-d]\b)))?"
    r"(?:\(?(?P<part>[a-dA-D])(?:[.)\]:]+|(?<=\d[a-d])(?=\s)|(?<=\d\.[a-d])(?=\s))\s*)?(?P<rest>.*)$",
    re.S,
)
_CLUSTER: Final = re.compile(
    r"^(?:\d{1,2}\s*[.)]\s*)?(?:thematic\s+)?(?:cluster|round\s?table|groupe(?: thématique)?|grupo(?: temático)?)\s+"
    r"(?:of objectives\s+)?(?:no\.?\s*)?(?P<number>[1-4]|i{1,3}|iv)\b(?P<rest>.*)$",
    re.I | re.S,
)
_ROMAN: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_LONGEST_LABEL: Final = 14


@dataclass(frozen=True, slots=True)
class Ask:
    """An item of the form at the beginning of a piece: which, the words that ask, and the words after them.

    ``strong``: it is asked in so many words; else it is known only by its place or from a short label.
    """

    question: str | None
    part: str | None
    asked: str
    rest: str
    strong: bool
    heading: bool = False


def split_number(text: str) -> tuple[str | None, str | None, str]:
    """Question number, part letter and the text after them.

    >>> split_number("1. a) Trends"), split_number("Q2(b) Laws"), split_number("3d. Results")
    (('1', 'a', 'Trends'), ('2', 'b', 'Laws'), ('3', 'd', 'Results'))
    """
    match = _ITEM.match(text)
    if match is None or (match["question"] and not 1 <= int(match["question"]) <= 10):
        return None, None, text
    part = match["part"]
    return match["question"], part.lower() if part else None, match["rest"].strip()


def cluster_of(text: str) -> str | None:
    """The cluster that a line heads: by its title, its number, or by listing exactly its objectives.

    >>> cluster_of("Objectifs 4, 8, 9, 10, 11, 13 et 21")
    '2'
    """
    if len(text) > 300:
        return None
    if named := cluster_named(text) or cluster_named(text.split(" (", maxsplit=1)[0]):
        return str(named)
    listed = {number for _, _, numbers in mentions(text) for number in numbers}
    for cluster in CLUSTERS:
        if listed == set(cluster.objectives):
            return str(cluster.number)
    match = _CLUSTER.match(text)
    if match and len(match["rest"].split()) <= 25 and not match["rest"].rstrip().endswith("."):
        return _ROMAN.get(match["number"].lower(), match["number"])
    return None


@dataclass(frozen=True, slots=True)
class Findings:
    """For each piece the item that it begins with, or None; and the sentences that the form repeats, in plain words."""

    asks: list[Ask | None]
    repeated: frozenset[str]


def find_asks(pieces: Sequence[Piece]) -> Findings:
    """Find the form's items among the pieces of a document."""
    finder = _Finder(pieces)
    return Findings(finder.asks, finder.repeated)


def split_prompt(text: str, repeated: Set[str] = frozenset()) -> tuple[str, str]:
    """Cut the sentences that ask off the beginning of a text: (what asks, what answers).

    >>> split_prompt("What are the main gaps and challenges? Banks are far away.")
    ('What are the main gaps and challenges?', 'Banks are far away.')
    """
    sentences = sentences_of(text)
    count = 0
    while count < len(sentences) and _in_words(sentences[count], first=count == 0, repeated=repeated):
        count += 1
    return " ".join(sentences[:count]), " ".join(sentences[count:])


def _in_words(sentence: str, *, first: bool, repeated: Set[str]) -> bool:
    if not first and plain(sentence) in repeated:
        return True
    if not REQUEST.search(sentence):
        return False
    found = best_fit(sentence, (*PARTS, *ITEMS))
    if first:
        return found.precision >= 0.72 and found.telling >= 2
    return max(found.precision, any_fit(sentence)) >= 0.75 or is_request(sentence)


def is_request(sentence: str) -> bool:
    """Whether a sentence by its form alone asks the reader for something.

    >>> is_request("You may refer to trends."), is_request("The ministry trained staff.")
    (True, False)
    """
    return bool(_ADDRESSED.search(sentence))


_ADDRESSED: Final = re.compile(
    r"\?\W*$|^\W*(?:please|kindly|veuillez|prière de|sírvase)\b|"
    r"\byou(?:r)?\b[^.]*\b(?:may|can|could|should|wish|might)\b|"
    r"\b(?:may|can|could|should|might)\b[^.]*\byour?\b",
    re.I,
)


class _Finder:
    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._numbers = [split_number(piece.shown) for piece in pieces]
        self._clusters = [None if piece.kind == "row" else cluster_of(piece.shown) for piece in pieces]
        clusters = len({cluster for cluster in self._clusters if cluster})
        self._framed = clusters >= 2
        self.repeated = self._repetitions(2 if clusters == 2 else 3)
        self._lettered = Counter(
            (part, plain(rest)) for _, part, rest in self._numbers if part and len(rest.split()) >= 3
        )
        self.asks = [self._ask(place) for place in range(len(pieces))]
        self._title_clusters()

    def _repetitions(self, least: int) -> frozenset[str]:
        """Sentences that come ``least`` times and mostly have something after them: the form's, not an answer's."""
        stream = [
            (plain(sentence), place)
            for place, (_, _, rest) in enumerate(self._numbers)
            if self._pieces[place].kind != "row"
            for sentence in sentences_of(rest)[:8]
        ]
        counts = Counter(sentence for sentence, _ in stream)
        followed: Counter[str] = Counter()
        for position, (sentence, place) in enumerate(stream):
            if counts[sentence] < least or position + 1 >= len(stream):
                continue
            after, where = stream[position + 1]
            fresh = where != place and (self._numbers[where][1] or self._numbers[where][0])
            followed[sentence] += not fresh and counts[after] < least
        return frozenset(
            sentence
            for sentence, count in counts.items()
            if count >= least and len(sentence.split()) >= 5 and 2 * followed[sentence] >= count
        )

    def _ask(self, place: int) -> Ask | None:
        piece = self._pieces[place]
        if piece.kind == "row":
            return None
        question, part, rest = self._numbers[place]
        if part is None and (cluster := self._clusters[place]):
            return Ask(cluster, None, piece.shown, "", strong=True, heading=True)
        within = question if question in CLUSTER_QUESTIONS else None
        return (
            self._by_words(piece, question, part, rest)
            or self._by_place(piece, question, part, rest)
            or self._by_label(piece, question, part, rest, within)
        )

    def _title_clusters(self) -> None:
        """Where a line of objectives alone tells the cluster, the short line above it is the cluster's title."""
        for place, (piece, following) in enumerate(pairwise(self._pieces)):
            below = self.asks[place + 1]
            if self.asks[place] or not (below and below.heading) or cluster_named(following.shown):
                continue
            listed = mentions(following.shown)
            bare = bool(listed) and listed[0][0] <= len("(GCM ")
            title = piece.kind != "row" and len(piece.text.split()) <= 25 and not piece.text.endswith((".", ";", ","))
            if bare and title:
                self.asks[place] = Ask(below.question, None, piece.shown, "", strong=True, heading=True)

    def _by_words(self, piece: Piece, question: str | None, part: str | None, rest: str) -> Ask | None:
        """A prompt in whole sentences of the form's vocabulary, perhaps with the answer behind it."""
        asked, answer = split_prompt(rest, self.repeated)
        if not asked:
            return None
        first = sentences_of(asked)[0]
        as_part, as_item = best_fit(first, PARTS), best_fit(first, ITEMS)
        cut = _before(piece.shown, answer)
        if part is None and question in ITEMS and max(as_item.precision, fit(first, question).precision) >= 0.65:
            return Ask(question, None, cut, answer, strong=True)
        if part is None and (as_item.precision, as_item.telling) > (as_part.precision, as_part.telling):
            enough = as_item.precision >= 0.75 and as_item.telling >= 3
            return Ask(as_item.item, None, cut, answer, strong=True) if enough else None
        lettered = part is not None and fit(first, part).precision >= 0.6
        within = question if question in CLUSTER_QUESTIONS else None
        return Ask(within, part if lettered else as_part.item, cut, answer, strong=True)

    def _by_place(self, piece: Piece, question: str | None, part: str | None, rest: str) -> Ask | None:
        """A request in other words, known by the letter or number in front of it and by coming back in each cluster."""
        sentences = sentences_of(rest)
        if not self._framed or not sentences:
            return None
        asks = REQUEST.search(sentences[0]) is not None
        count = 1
        while count < len(sentences) and (is_request(sentences[count]) or plain(sentences[count]) in self.repeated):
            count += 1
        answer = " ".join(sentences[count:])
        if part is not None and len(rest.split()) >= 4:
            again = self._lettered[part, plain(rest)] >= 2 or plain(sentences[0]) in self.repeated
            if (asks and (again or question in CLUSTER_QUESTIONS)) or (again and is_request(rest)):
                within = question if question in CLUSTER_QUESTIONS else None
                return Ask(within, part, _before(piece.shown, answer), answer, strong=True)
        if part is None and question in ITEMS and is_request(sentences[0]):
            return Ask(question, None, _before(piece.shown, answer), answer, strong=True)
        return None

    def _by_label(
        self, piece: Piece, question: str | None, part: str | None, rest: str, within: str | None
    ) -> Ask | None:
        """A prompt cut down to a few words, known by its number or letter, or because it is a heading."""
        head, colon, tail = rest.partition(":")
        label, answer = (rest, "")
        if colon and len(head.split()) <= _LONGEST_LABEL and piece.kind != "heading":
            label, answer = head, tail.strip()
        longest = _LONGEST_LABEL if question not in ITEMS or part else 2 * _LONGEST_LABEL
        if not label.strip() or len(label.split()) > longest or label.rstrip().endswith((".", ";", ",")):
            return None
        cut = _before(piece.shown, answer)
        if part is not None:
            found = fit(label, part)
            fits = found.precision >= 0.6 and found.telling >= 1
            return Ask(within, part, cut, answer, strong=question is not None) if fits else None
        if question in ITEMS:
            # Some editions have fewer items; then the number is the document's own and the words are another item's.
            found = max(fit(label, question), best_fit(label, ITEMS), key=lambda one: (one.precision, one.telling))
            if found.precision >= 0.6 and found.telling >= 1:
                return Ask(question, None, cut, answer, strong=False)
        if question is None and not piece.marker and (piece.kind == "heading" or piece.bold or len(label.split()) <= 8):
            found = best_fit(label, PARTS)
            if found.precision >= 0.8 and found.telling >= 1:
                return Ask(None, found.item, cut, answer, strong=False)
        return None


def _before(shown: str, answer: str) -> str:
    return shown[: len(shown) - len(answer)].rstrip() if answer and shown.endswith(answer) else shown
