"""How well a reader read a document whose passages are known.

Texts are compared by their letters and digits alone: how a reader writes a bullet or a quotation mark does not count.
The reader's text is aligned with the true one by the fewest single-character edits (Levenshtein); from that follow

- boundaries: a passage begins at a character; F1 of the beginnings that a reader found at the right character;
- characters: 1 minus edits over true characters, as accuracy of text recognition is measured (never below 0);
- order: of the runs of four words that occur once in both texts, the share in the longest sequence that is in order;
- unwanted: passages that hold a running head, a footnote, a caption, a prompt or a menu entry.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import Levenshtein

_MARKER: Final = re.compile(r"^\s*(?:[•●▪◦‣*–—-]\s+|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]\s+)+", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_RUN: Final = 4
# Short ones, as a country's name, may stand in a passage in their own right.
_SHORTEST_UNWANTED: Final = 12
_TOLERANCE: Final = 2


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one document; `total` adds them up and the properties turn them into measures in [0, 1]."""

    found: int = 0
    given: int = 0
    wanted: int = 0
    edits: int = 0
    characters: int = 0
    in_order: int = 0
    ordered: int = 0
    unwanted: int = 0
    passages: int = 0
    documents: int = 1

    @property
    def boundaries_f1(self) -> float:
        """F1 of the beginnings of passages."""
        return 2 * self.found / max(1, self.given + self.wanted)

    @property
    def characters_right(self) -> float:
        """1 minus edits over true characters, at least 0."""
        return max(0.0, 1 - self.edits / max(1, self.characters))

    @property
    def order_right(self) -> float:
        """Share of the text that stands in the right order."""
        return self.in_order / max(1, self.ordered)


def total(scores: Iterable[Score]) -> Score:
    """The counts of several documents added up; edits of a document count at most as many as it has characters."""
    rows = list(scores)
    return Score(
        **{
            name: sum(getattr(row, name) for row in rows)
            for name in ("found", "given", "wanted", "characters", "in_order", "ordered", "unwanted", "passages")
        },
        edits=sum(min(row.edits, row.characters) for row in rows),
        documents=sum(row.documents for row in rows),
    )


def score(given: Sequence[str], wanted: Sequence[str], unwanted: Sequence[str]) -> Score:
    """Compare the passages that a reader gave with the true ones.

    Args:
        given: Texts of the reader's passages in its order.
        wanted: Texts of the true passages in reading order.
        unwanted: What no passage may hold.
    """
    ours, ours_begin = _joined(given)
    theirs, theirs_begin = _joined(wanted)
    edits = Levenshtein.opcodes(theirs, ours)
    in_order, ordered = _order(given, wanted)
    return Score(
        found=_found(list(edits), ours_begin, theirs_begin),
        given=len(ours_begin),
        wanted=len(theirs_begin),
        edits=sum(max(op.src_end - op.src_start, op.dest_end - op.dest_start) for op in edits if op.tag != "equal"),
        characters=len(theirs),
        in_order=in_order,
        ordered=ordered,
        unwanted=len(with_unwanted(given, unwanted)),
        passages=len(ours_begin),
    )


def with_unwanted(given: Sequence[str], unwanted: Sequence[str]) -> list[tuple[str, str]]:
    """Passages that hold something unwanted, each with what that is."""
    sought = [(text, plain) for text in unwanted if len(plain := normalised(text)) >= _SHORTEST_UNWANTED]
    return [
        (passage, what)
        for passage in given
        for what in [next((text for text, plain in sought if plain in normalised(passage)), "")]
        if what
    ]


def normalised(text: str) -> str:
    """Letters and digits of a text in lower case, compatibility forms written out."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _joined(passages: Sequence[str]) -> tuple[str, list[int]]:
    """Letters of all passages, and where each begins in them; a marker in front of a passage is left out."""
    begins: list[int] = []
    letters: list[str] = []
    length = 0
    for passage in passages:
        plain = normalised(_MARKER.sub("", passage))
        if plain:
            begins.append(length)
            letters.append(plain)
            length += len(plain)
    return "".join(letters), begins


def _found(edits: "list[Levenshtein.Opcode]", ours: Sequence[int], theirs: Sequence[int]) -> int:
    """How many of our beginnings fall on one of theirs, give or take two characters; each of theirs is found once."""
    free = set(theirs)
    found = 0
    operation = 0
    for begin in ours:
        while operation + 1 < len(edits) and edits[operation].dest_end <= begin:
            operation += 1
        if not edits:
            break
        op = edits[operation]
        place = op.src_start + (begin - op.dest_start if op.tag in {"equal", "replace"} else 0)
        near = [at for at in range(place - _TOLERANCE, place + _TOLERANCE + 1) if at in free]
        if near and op.tag != "delete" and not (op.tag == "insert" and op.dest_end - begin > _TOLERANCE):
            free.remove(min(near, key=lambda at: abs(at - place)))
            found += 1
    return found


def _order(given: Sequence[str], wanted: Sequence[str]) -> tuple[int, int]:
    ours, theirs = _once(given), _once(wanted)
    places = [theirs[run] for run in ours if run in theirs]
    tails: list[int] = []
    for place in places:
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(tails), len(places)


def _once(passages: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Runs of four words that occur once, each with its place."""
    words = [word.casefold() for passage in passages for word in _WORD.findall(_MARKER.sub("", passage))]
    runs = [tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)]
    counts = Counter(runs)
    return {run: at for at, run in enumerate(runs) if counts[run] == 1}
