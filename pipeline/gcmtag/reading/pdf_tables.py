"""Rows of ruled tables and boxes of a PDF: to table rows where their cells are short, else cell after cell."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from gcmtag.document import Block

_MOST_LINES: Final = 4
_COLUMN_LINES: Final = 12
_SAME_EDGE: Final = 3.0
# Lines of running heads and feet that may stand between the two halves of a row that a page's end cuts.
_MOST_BETWEEN: Final = 5
_MARKER: Final = re.compile(r"^(?:[•●▪◦‣*–—-]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)])$")
_SENTENCE_END: Final = re.compile(r"[.!?:;…][”\"'’)\]]*$")
_CUT_WORD: Final = re.compile(r"\w-$")
_OPENS: Final = re.compile(r"^\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]\s")
# A small letter that is no marker of an item, as in "c. What".
_MIDWAY: Final = re.compile(r"^(?![a-z]{1,3}[.)]\s)[a-zà-ÿ]")


@dataclass(slots=True)
class TableRow:
    """A row of a ruled table, or a box: lines of each cell, and the same lines as they stand across the page.

    ``edges`` are the positions of the rules between its cells, in points from the left edge of the page; ``framed``
    says that rules stand on both sides of it as well.
    """

    cells: list[list[Block]]
    across: list[Block]
    edges: tuple[float, ...]
    framed: bool

    def blocks(self) -> Iterator[Block]:
        """The row as one ``table_row``, or as lines with a blank line wherever a cell begins or ends."""
        filled = [cell for cell in self.cells if cell]
        if len(filled) == 2 and _MARKER.match(_text(filled[0])):
            yield from self.across
        elif len(self.cells) > 1 and all(len(cell) <= _MOST_LINES and not _has_gap(cell) for cell in filled):
            cells = tuple(_text(cell) for cell in self.cells)
            bold = all(line.bold for cell in filled for line in cell)
            yield Block("\t".join(cells), "table_row", self.across[0].page, cells=cells, bold=bold)
        elif not self.framed and len(filled) > 1 and all(len(cell) >= _COLUMN_LINES for cell in filled):
            # Columns with a rule between them: the text goes on from one to the next.
            for cell in filled:
                yield from cell
        else:
            yield _blank(self.across[0].page)
            for cell in filled:
                yield from cell
                yield _blank(cell[-1].page)


def joined_over_pages(before: list[Block | TableRow], after: list[Block | TableRow]) -> None:
    """Put the second half of a row that the end of a page cuts with the first half; both lists are changed."""
    above = next((row for row in before[: -_MOST_BETWEEN - 2 : -1] if isinstance(row, TableRow)), None)
    below = next((row for row in after[: _MOST_BETWEEN + 1] if isinstance(row, TableRow)), None)
    if above is None or below is None or not _same_edges(above, below) or not _goes_on(above, below):
        return
    above.cells = [first + second for first, second in zip(above.cells, below.cells, strict=True)]
    above.across = above.across + below.across
    after.remove(below)


def _same_edges(above: TableRow, below: TableRow) -> bool:
    same = all(abs(one - other) <= _SAME_EDGE for one, other in zip(above.edges, below.edges, strict=False))
    return bool(above.edges) and len(above.edges) == len(below.edges) and same


def _goes_on(above: TableRow, below: TableRow) -> bool:
    """Whether a row is the rest of the one above: a cell goes on in mid-sentence, or there is no new first cell."""
    if not below.cells[0] and above.cells[0]:
        return True
    for first, second in zip(above.cells, below.cells, strict=True):
        if first and second:
            cut = len(first) > 1 and not _SENTENCE_END.search(first[-1].text)
            if (cut and not _OPENS.match(second[0].text)) or _MIDWAY.match(second[0].text):
                return True
    return False


def _has_gap(cell: Sequence[Block]) -> bool:
    """Whether white parts lines of a cell, as paragraphs are parted."""
    steps = [
        below.layout.top - above.layout.top
        for above, below in pairwise(cell)
        if above.layout and below.layout and above.page == below.page
    ]
    return len(steps) > 1 and max(steps) > 1.3 * min(steps)


def _text(cell: Sequence[Block]) -> str:
    """Lines of a cell in one; a soft hyphen stands where a line's end cut a word."""
    text = ""
    for line in cell:
        shown = f"{line.marker} {line.text}".strip()
        text = f"{text[:-1]}\u00ad{shown}" if _CUT_WORD.search(text) else f"{text} {shown}".strip()
    return text.replace("\t", " ")


def _blank(page: int | None) -> Block:
    return Block("", "line", page=page)
