"""Numbers of objectives that are written as words."""

import re
from typing import Final

from gcmtag.objectives import NUMBERS

_ONES: Final = (
    "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty", "twenty-one", "twenty-two", "twenty-three",
)  # fmt: skip
_ORDINALS: Final = (
    "first", "second", "third", "fourth", "fifth", "sixth",
    "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
    "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
    "nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third",
)  # fmt: skip
_DIGITS: Final = {word: number for words in (_ONES, _ORDINALS) for number, word in zip(NUMBERS, words, strict=True)}
_WORDS: Final = "|".join(sorted(_ONES, key=len, reverse=True))
_PLACES: Final = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_JOINT: Final = r"(?:\s*(?:,|;|&|\band\b|\bor\b|\bto\b|\bthrough\b)\s*)+"
_NAMED: Final = re.compile(rf"\b(objectives?)\s+((?:{_WORDS})\b(?:{_JOINT}(?:{_WORDS})\b)*)", re.I)
# One ordinal alone ("our first objective") counts something else.
_COUNTED: Final = re.compile(
    rf"\b(?:the\s+)?((?:{_PLACES})\b(?:{_JOINT}(?:the\s+)?(?:{_PLACES})\b)+)\s+(?:gcm\s+)?objectives?\b", re.I
)
_ANY: Final = re.compile(rf"\b(?:{'|'.join(sorted(_DIGITS, key=len, reverse=True))})\b", re.I)


def in_digits(text: str) -> str:
    """The text with the numbers of objectives in digits, in the order in which they stand.

    >>> in_digits("Objectives two, six and nineteen")
    'Objectives 2, 6 and 19'
    >>> in_digits("the first, the fifth and the twenty-third objective of the Compact")
    'objectives 1, 5 and 23 of the Compact'
    >>> in_digits("our first objective is to help two towns")
    'our first objective is to help two towns'
    """
    counted = _COUNTED.sub(lambda match: f"objectives {_as_digits(re.sub('the ', '', match[1], flags=re.I))}", text)
    return _NAMED.sub(lambda match: f"{match[1]} {_as_digits(match[2])}", counted)


def _as_digits(words: str) -> str:
    return _ANY.sub(lambda match: str(_DIGITS[match[0].casefold()]), words)
