"""List numbers as documents write them: letters, Roman numerals, leading zeros."""

from typing import Final

_ROMAN: Final = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"),
        strict=True,
    )
)


def formatted(number: int, form: str) -> str:
    """A number as Word writes it in a format; formats not known here are written as decimals.

    >>> formatted(4, "lowerRoman"), formatted(28, "upperLetter"), formatted(3, "decimalZero")
    ('iv', 'BB', '03')
    """
    if form in {"lowerLetter", "upperLetter"} and 0 < number <= 26 * 40:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in {"lowerRoman", "upperRoman"} and 0 < number < 5000:
        roman = _roman(number)
        return roman.upper() if form == "upperRoman" else roman
    return f"{number:02d}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        text += letters * count
    return text
