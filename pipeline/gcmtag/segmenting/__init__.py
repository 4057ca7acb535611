"""Blocks to passages with section, question, locator and declared objectives."""

from pathlib import Path

from gcmtag.document import Document
from gcmtag.segmenting.sentences import sentences

__all__ = ["read", "sentences"]


def read(path: str | Path) -> Document:
    """Read a file of any supported format and cut it into passages; a table already has a passage a row.

    Raises:
        UnreadableDocument: The file is damaged, encrypted, missing, or of a kind that cannot be read.
        EmptyDocument: The file was read and holds no passage.
    """
    # Readers of all formats take a while to import, and who only cuts sentences needs none.
    from gcmtag.reading import format_of, is_table, read_blocks, read_table  # noqa: PLC0415
    from gcmtag.segmenting.pipeline import segment  # noqa: PLC0415

    path = Path(path)
    if is_table(format_of(path)):
        return read_table(path)
    return segment(read_blocks(path))
