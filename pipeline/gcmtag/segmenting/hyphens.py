"""Joining lines: hyphens at line ends, and the spaces that extraction puts inside hyphenated words."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

# First parts that keep their hyphen in the usage of the United Nations when nothing in the document says otherwise.
_KEEP_AFTER: Final = frozenset(
    [
        "non",
        "self",
        "co",
        "pre",
        "post",
        "multi",
        "anti",
        "cross",
        "well",
        "long",
        "short",
        "high",
        "low",
        "mid",
        "vice",
        "ex",
        "semi",
        "sub",
        "inter",
        "intra",
        "counter",
        "gender",
        "child",
        "people",
        "rights",
        "evidence",
        "community",
        "labour",
        "skill",
        "human",
        "socio",
        "whole",
        "so",
        "state",
        "peer",
        "capacity",
        "life",
        "decision",
        "policy",
    ]
)
_LINKING: Final = frozenset(["and", "or", "to", "et", "ou", "y", "o", "e", "and/or", "und"])
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")
_SPACED_BEFORE: Final = re.compile(r"(?<=[^\W_]) -(?=[^\W_])")
_SPACED_AFTER: Final = re.compile(r"\b([^\W\d_]+)- ([^\W\d_]+)")
_STOPS: Final = re.compile(r" +([,.)\]])(?!\d)(?=\s|$|[,.;:)\]])")
_OPENING: Final = re.compile(r"([(\[]) +")


class Vocabulary:
    """The words that a document writes within lines; it settles which hyphens at line ends belong to the word."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Count the words of the lines, leaving out those that a line end may have cut."""
        self._words: Counter[str] = Counter()
        for line in lines:
            body = line.rstrip()
            words = [match[0].casefold() for match in _WORD.finditer(body)]
            self._words.update(words[1 : -1 if body.endswith("-") else None] or words[:1])

    def __contains__(self, word: str) -> bool:
        """Whether the document uses the word."""
        return self._words[word.casefold()] > 0

    def glue(self, above: str, below: str) -> str:
        """Join two lines of one paragraph.

        >>> Vocabulary(["the implementation of plans"]).glue("towards implemen-", "tation by all")
        'towards implementation by all'
        >>> Vocabulary([]).glue("gender-", "responsive policy")
        'gender-responsive policy'
        """
        if not above or not below:
            return above or below
        if above.endswith(" -") and len(above) > 2 and above[-3].isalnum() and below[0].isalnum():
            return f"{above[:-2]}-{below}"
        if not above.endswith("-") or len(above) < 2 or not above[-2].isalnum() or not below[0].isalnum():
            return f"{above} {below}"
        first = re.split(r"[\s(“\"/]", above[:-1])[-1]
        second = re.match(r"[\w’']+", below)
        follower = second[0] if second else ""
        if follower.casefold() in _LINKING:
            return f"{above} {below}"
        if self._keeps_hyphen(first, follower):
            return f"{above}{below}"
        return f"{above[:-1]}{below}"

    def rejoin(self, text: str) -> str:
        """Join the words of a table's cell that the ends of its lines cut; a soft hyphen stands at each cut.

        >>> Vocabulary([]).rejoin("towards implemen\u00adtation")
        'towards implementation'
        """
        pieces = text.split("\u00ad")
        whole = pieces[0]
        for piece in pieces[1:]:
            whole = self.glue(f"{whole}-", piece)
        return whole

    def mend(self, text: str) -> str:
        """Take out the stray spaces that extraction leaves around hyphens and punctuation.

        >>> Vocabulary([]).mend("non -discriminatory care ( No. 202) continued .")
        'non-discriminatory care (No. 202) continued.'
        """
        text = _SPACED_BEFORE.sub("-", text)
        text = _SPACED_AFTER.sub(self._mend_after, text)
        return _OPENING.sub(r"\1", _STOPS.sub(r"\1", text))

    def _keeps_hyphen(self, first: str, second: str) -> bool:
        if not first.isalpha() or not second or not second[0].islower():
            return True
        if first + second in self:
            return False
        if f"{first}-{second}" in self:
            return True
        last = first.rsplit("-", 1)[-1].casefold()
        if last in _KEEP_AFTER:
            return True
        return len(second) > 3 and len(last) > 3 and last in self and second in self

    def _mend_after(self, match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        if second.casefold() in _LINKING:
            return match[0]
        if first + second in self:
            return first + second
        if first.casefold() in _KEEP_AFTER or f"{first}-{second}" in self:
            return f"{first}-{second}"
        return match[0]
