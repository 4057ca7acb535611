"""CSV for spreadsheets and hubs."""

import csv
import io
import re
from typing import Final

import pyarrow as pa

from gcmtag.exporting.options import PLAIN, Options
from gcmtag.exporting.rows import Cell, everything

# What a spreadsheet program may take for a formula: a sign (also its full-width form), even after blanks, or a control
# character. An apostrophe before such a start counts too, so that the mark can be taken off again.
_LIKE_A_FORMULA: Final = re.compile(r"'*(?:[^\S\r\n]*[=+\-@＝＋－＠]|[\x00-\x1f\x7f-\x9f])")


def to_csv(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """One row a passage, UTF-8 with a byte order mark; lists are joined by " | ", evidence is JSON.

    Text that a spreadsheet program could run as a formula is written after an apostrophe (``without_guard`` takes it
    off again). With ``options.hxl`` the second row holds HXL hashtags.
    """
    sheet = everything(tags, documents)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([guarded(column.name) for column in sheet.columns])
    if options.hxl:
        writer.writerow([column.hashtag for column in sheet.columns])
    writer.writerows([guarded(cell) for cell in row] for row in sheet.cells())
    # Spreadsheet programs take a file without the mark for their own code page.
    return text.getvalue().encode("utf-8-sig")


def guarded(cell: Cell) -> Cell:
    """The cell with an apostrophe before a text that could become a formula; numbers are left as they are.

    >>> guarded("=1+1"), guarded("'=1+1"), guarded("'tis fine"), guarded(-1)
    ("'=1+1", "''=1+1", "'tis fine", -1)
    """
    return f"'{cell}" if isinstance(cell, str) and _LIKE_A_FORMULA.match(cell) else cell


def without_guard(text: str) -> str:
    """The text as it was before ``guarded``.

    >>> without_guard("'=1+1"), without_guard("'tis fine")
    ('=1+1', "'tis fine")
    """
    return text[1:] if text.startswith("'") and _LIKE_A_FORMULA.match(text) else text
