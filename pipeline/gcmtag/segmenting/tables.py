"""Rows of a document's tables to passages: cells that say something, with the row's short cells as their context."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_LETTERS: Final = re.compile(r"[^\W\d_]")
_FEWEST_WORDS: Final = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell worth a passage, and the short cells and column head that tell what it is about."""

    text: str
    lead_in: str


def header_of(cells: Sequence[str]) -> tuple[str, ...]:
    """The column heads, where a row is one: several cells, all of them short; else nothing."""
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) >= 2 and all(len(cell.split()) <= 6 and not cell.rstrip().endswith(".") for cell in filled):
        return tuple(cells)
    return ()


def cells_of(cells: Sequence[str], header: Sequence[str]) -> list[Cell]:
    """The cells of a row that are passages.

    A row of short cells that has words enough together is one; a row of figures is none.
    """
    texts = [" ".join(cell.split()) for cell in cells]
    long = [place for place, text in enumerate(texts) if len(_words(text)) >= _FEWEST_WORDS]
    short = [text for place, text in enumerate(texts) if text and place not in long]
    if long:
        return [
            Cell(text, _context(short, header[place] if place < len(header) and place in long else ""))
            for place in long
            for text in _paragraphs(cells[place])
        ]
    joined = " – ".join(text for text in texts if text)
    if len(_words(joined)) >= _FEWEST_WORDS and len(texts) <= 3:
        return [Cell(joined, " – ".join(head for head in header if head))]
    return []


def _paragraphs(cell: str) -> list[str]:
    parts = [" ".join(part.split()) for part in cell.split("\n") if part.strip()]
    return parts if all(len(_words(part)) >= 3 for part in parts) else [" ".join(parts)]


def _context(short: Sequence[str], head: str) -> str:
    return " – ".join([*(text for text in short if _LETTERS.search(text)), *([head] if head else [])])[:300]


def _words(text: str) -> list[str]:
    return [word for word in text.split() if _LETTERS.search(word)]
