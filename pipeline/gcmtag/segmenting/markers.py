"""Numbers, letters and bullets in front of paragraphs, list items and headings."""

import re
from dataclasses import dataclass
from typing import Final, Literal

MarkerKind = Literal["number", "decimal", "letter", "capital", "roman", "bullet"]

BULLETS: Final = "•·●▪■□○◦‣⁃➢➤►▶✓✔"
# What text recognition makes of a bullet is a sign of money with nothing beside it.
_BULLET: Final = re.compile(rf"^(?:[{BULLETS}]\s*|[-–—*¢]\s+|o\s+(?=[A-Z]))(?=\S)|^[{BULLETS}]$")
_DECIMAL: Final = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){1,3})[.)]?(?=\s|$)")
_NUMBER: Final = re.compile(r"^(\()?(\d{1,3})(?(1)\)|[.)])(?=\s|$|[A-Za-z(])")
_LETTER: Final = re.compile(r"^(\()?([a-z])(?(1)\)|[.)])(?=\s|$|[A-Z])")
_ROMAN_LOWER: Final = re.compile(r"^(\()?((?:x{0,2})(?:ix|iv|v?i{0,3}))(?(1)\)|[.)])(?=\s|$)")
_CAPITAL: Final = re.compile(r"^(\()?([A-Z])(?(1)\)|[.)])(?=\s|$)")
_ROMAN: Final = re.compile(r"^((?:X{0,3})(?:IX|IV|V?I{0,3}))[.)](?=\s|$)")
_ROMAN_VALUES: Final = {"i": 1, "v": 5, "x": 10}


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker as printed, what kind it is, and its place in its own order (a is 1, iv is 4; a bullet is 0)."""

    shown: str
    kind: MarkerKind
    value: int


def split_marker(text: str) -> tuple[Marker | None, str]:
    """The marker in front of a text, if any, and the text after it.

    >>> split_marker("(b) Skills")
    (Marker(shown='(b)', kind='letter', value=2), 'Skills')
    >>> split_marker("IV. Gaps")[0].value
    4
    """
    for pattern, kind in _ORDER:
        match = pattern.match(text)
        if match and match[0].strip("(). "):
            shown = match[0].strip()
            return Marker(shown, kind, _value(match, kind)), text[match.end() :].strip()
    return None, text


_ORDER: Final[tuple[tuple[re.Pattern[str], MarkerKind], ...]] = (
    (_DECIMAL, "decimal"),
    (_NUMBER, "number"),
    (_LETTER, "letter"),
    (_ROMAN_LOWER, "letter"),
    (_ROMAN, "roman"),
    (_CAPITAL, "capital"),
    (_BULLET, "bullet"),
)


def roman(numeral: str) -> int:
    """The value of a Roman numeral up to 39.

    >>> roman("XIV")
    14
    """
    values = [_ROMAN_VALUES[digit] for digit in numeral.lower()]
    return sum(-here if here < after else here for here, after in zip(values, [*values[1:], 0], strict=True))


def _value(match: re.Match[str], kind: MarkerKind) -> int:
    if kind == "bullet":
        return 0
    if kind == "decimal":
        return int(match[1].split(".")[-1])
    body = match[0].strip("(). ")
    if kind == "number":
        return int(body)
    if kind == "roman" or len(body) > 1:
        return roman(body)
    return ord(body.lower()) - ord("a") + 1
