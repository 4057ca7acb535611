"""Blocks to passages with section, question, locator and declared objectives."""

from pathlib import Path

from gcmtag.document import Document
from gcmtag.segmenting.pipeline import segment
from gcmtag.segmenting.sentences import sentences

__all__ = ["read", "segment", "sentences"]


def read(path: str | Path) -> Document:
    """Read a file of any supported format and cut it into passages.

    Raises:
        UnreadableDocument: The file is damaged, encrypted, missing, or of a kind that cannot be read.
        EmptyDocument: The file was read and holds no passage.
    """
    from gcmtag.reading import read_blocks  # noqa: PLC0415 - the formats' libraries take a moment to load

    return segment(read_blocks(Path(path)))
