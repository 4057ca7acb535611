"""Tables inside running text: which are read row by row, and which only arrange paragraphs on the page."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gcmtag.document import Block
from gcmtag.reading.common import EMPTY_BOX, TICKED_BOX

MOST_ROWS: Final = 20_000
ENDLESS: Final = "row of an endless table"

# lxml has no types; its elements are Any throughout.
Element = Any

_SHORT: Final = 30
_BOX: Final = re.compile(f"[{EMPTY_BOX}{TICKED_BOX}]")
_YES_OR_NO: Final = re.compile(r"^\W*(?:yes|no|oui|non|sí|x)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a row, each with the blocks in it; a cell merged with one above or before it has none."""

    cells: list[list[Block]]
    is_header: bool = False


@dataclass(slots=True)
class RowBudget:
    """How many rows of tables a document may still give; what comes after is counted as dropped.

    No document that people read has tens of thousands of rows: such a table is data, or made to keep a reader busy.
    """

    left: int = MOST_ROWS

    def first(self, rows: Iterable[Element], dropped: Counter[str]) -> Iterator[Element]:
        """The rows that the budget allows; the others are counted in ``dropped``."""
        for row in rows:
            if self.left > 0:
                self.left -= 1
                yield row
            else:
                dropped[ENDLESS] += 1

    def warnings(self, dropped: Mapping[str, int]) -> Iterator[str]:
        """A warning where rows were dropped."""
        if dropped.get(ENDLESS):
            yield f"its tables have more than {MOST_ROWS} rows; {dropped[ENDLESS]} were left out: read them as a table"


def rows_as_blocks(rows: list[Row]) -> Iterator[Block]:
    """Blocks of a table in reading order.

    A table is given row by row, except where a cell holds several paragraphs, as in a questionnaire that is answered in
    its cells, or where there is only one column: then each cell gives its own blocks, the first column's prompt first.
    Header rows and rows with check boxes or a bare yes or no are rows in either case.
    """
    arranged = any(_is_complex(cell) for row in rows for cell in row.cells)
    single = all(sum(bool(cell) for cell in row.cells) <= 1 for row in rows) and all(
        len(row.cells) <= 1 for row in rows
    )
    for row in rows:
        if single or (arranged and not (row.is_header or _has_boxes(row))):
            for cell in row.cells:
                yield from cell
        else:
            yield from _row_block(row)


def _is_complex(cell: list[Block]) -> bool:
    own = [block for block in cell if block.kind != "footnote"]
    return len(own) > 1 or any(block.kind == "table_row" for block in own)


def _has_boxes(row: Row) -> bool:
    texts = [_text(cell) for cell in row.cells]
    return any(len(text) <= _SHORT and (_BOX.search(text) or _YES_OR_NO.match(text)) for text in texts)


def _row_block(row: Row) -> Iterator[Block]:
    cells = tuple(_text(cell) for cell in row.cells)
    own = [block for cell in row.cells for block in cell if block.kind != "footnote"]
    if any(cells):
        bold = all(block.bold for block in own)
        yield Block("\t".join(cells), "table_row", cells=cells, bold=bold)
    for cell in row.cells:
        yield from (block for block in cell if block.kind == "footnote")


def _text(cell: list[Block]) -> str:
    shown = [f"{block.marker} {block.text}".strip() for block in cell if block.kind != "footnote"]
    return " ".join(shown).replace("\t", " ")
