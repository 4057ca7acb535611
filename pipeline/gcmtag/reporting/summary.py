"""The short table that the command line prints when it has tagged."""

from io import StringIO
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gcmtag.reporting.figures import DocumentFigures, Figures, count

if TYPE_CHECKING:
    import pandas as pd

ROWS: Final = 20
TOP: Final = 3


def summary_table(tags: "pd.DataFrame", documents: "pd.DataFrame", *, rows: int = ROWS) -> Table:
    """Table of what was found: a row a document, at most ``rows`` of them, and a last row for all together.

    Args:
        tags: The tags table.
        documents: The documents table; its order is kept.
        rows: Most documents to list; the rest are counted in one row.

    Returns:
        A table for a rich console.

    Raises:
        UsageError: A table lacks a column.
        CorpusMismatch: The tags name a document that the documents table does not list.
    """
    return table_of(count(tags, documents), rows=rows)


def table_of(figures: Figures, *, rows: int = ROWS) -> Table:
    """The same from figures that were counted before."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Document", overflow="ellipsis", no_wrap=True, max_width=44)
    table.add_column("Passages", justify="right")
    table.add_column("Tagged", justify="right")
    table.add_column("Most often tagged", overflow="fold")
    for document in figures.documents[:rows]:
        table.add_row(Text(document.title), str(document.passages), str(document.tagged), Text(_most(document)))
    if len(figures.documents) > rows:
        _add_rest(table, figures.documents[rows:])
    if len(figures.documents) != 1:
        table.add_row("All documents", str(figures.passages), str(figures.tagged), _most(_all(figures)), style="bold")
    return table


def short_table(tags: "pd.DataFrame", documents: "pd.DataFrame", *, width: int = 100, rows: int = ROWS) -> str:
    """The same table as plain text, without colours.

    Args:
        tags: The tags table.
        documents: The documents table.
        width: Characters in a line.
        rows: Most documents to list.

    Returns:
        Lines, without a line break at the end.

    Raises:
        UsageError: A table lacks a column.
        CorpusMismatch: The tags name a document that the documents table does not list.
    """
    return short_figures(count(tags, documents), width=width, rows=rows)


def short_figures(figures: Figures, *, width: int = 100, rows: int = ROWS) -> str:
    """The same from figures that were counted before, see `gcmtag.reporting.tally`."""
    buffer = StringIO()
    console = Console(file=buffer, width=width, color_system=None, legacy_windows=False)
    console.print(table_of(figures, rows=rows))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def _add_rest(table: Table, rest: tuple[DocumentFigures, ...]) -> None:
    passages = sum(document.passages for document in rest)
    tagged = sum(document.tagged for document in rest)
    table.add_row(f"and {len(rest)} more", str(passages), str(tagged), "", style="dim")


def _most(document: DocumentFigures) -> str:
    found = document.most_tagged(TOP)
    return ", ".join(f"{item.number} {item.short} ({document.counts[item.number - 1]})" for item in found) or "none"


def _all(figures: Figures) -> DocumentFigures:
    return DocumentFigures("", "All documents", "", "", "", None, figures.passages, figures.tagged, figures.counts)
