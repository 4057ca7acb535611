"""Tables inside running text: which are read row by row, and which only arrange paragraphs on the page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gcmtag.document import Block
from gcmtag.reading.common import EMPTY_BOX, TICKED_BOX

_SHORT: Final = 30
_BOX: Final = re.compile(f"[{EMPTY_BOX}{TICKED_BOX}]")
_YES_OR_NO: Final = re.compile(r"^\W*(?:yes|no|oui|non|sí|x)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a row, each with the blocks in it; a cell merged with one above or before it has none."""

    cells: list[list[Block]]
    is_header: bool = False


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
