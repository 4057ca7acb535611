"""Documents and tables to batches of passages: small documents together, large tables piece by piece."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa

from gcmtag.document import Document, Passage
from gcmtag.reading import format_of, is_table, open_table
from gcmtag.running.store import Span
from gcmtag.segmenting import read
from gcmtag.tables import passages_table

PATIENCE: Final = 5.0  # seconds after which passages are tagged although the batch is not full


@dataclass(frozen=True, slots=True)
class Piece:
    """Passages of one document, as a table of the columns that are known before tagging."""

    span: Span
    passages: pa.Table

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> "Piece":
        """A piece of passages that follow each other in their document."""
        span = Span(passages[0].document_id, passages[0].ordinal, passages[-1].ordinal)
        return cls(span, passages_table(passages))


@dataclass(frozen=True, slots=True)
class Whole:
    """Says that the pieces of a document have all been given."""

    document: Document
    spans: tuple[Span, ...]


@dataclass(slots=True)
class Batch:
    """Pieces to be tagged together, and the documents that are complete once this batch and all before it are."""

    pieces: list[Piece] = field(default_factory=list[Piece])
    complete: list[Whole] = field(default_factory=list[Whole])

    def __len__(self) -> int:
        return sum(piece.passages.num_rows for piece in self.pieces)


def pieces_of(path: Path, size: Callable[[], int], is_done: Callable[[Span], bool]) -> Iterator[Piece | Whole]:
    """The pieces of a document or table that are still to be tagged, and at the end the document itself.

    Args:
        path: the file.
        size: says how many passages a piece has, the last one perhaps fewer; asked once the file has been opened.
        is_done: says which pieces need not be given.

    Raises:
        DocumentError: it cannot be read; of a table pieces may have been given before.
    """
    spans = []
    if is_table(format_of(path)):
        table = open_table(path)
        for passages in table.batches(size()):
            spans.append(Span(table.document_id, passages[0].ordinal, passages[-1].ordinal))
            if not is_done(spans[-1]):
                yield Piece.of(passages)
        document = table.document()
    else:
        document = read(path)
        step = size()
        for first in range(0, len(document.passages), step):
            piece = Piece.of(document.passages[first : first + step])
            spans.append(piece.span)
            if not is_done(piece.span):
                yield piece
    yield Whole(document, tuple(spans))


def in_batches(found: Iterable[Piece | Whole], size: int, patience: float = PATIENCE) -> Iterator[Batch]:
    """Pieces put together until there are ``size`` passages, or for ``patience`` seconds; order is kept."""
    batch, since = Batch(), time.monotonic()
    for item in found:
        # A full batch waits for one item more, which costs little: the last piece of a document is followed by the
        # document.
        late = bool(batch.pieces) and time.monotonic() - since > patience
        if isinstance(item, Whole):
            batch.complete.append(item)
            if late or len(batch) >= size:
                yield batch
                batch = Batch()
            continue
        if late or len(batch) + item.passages.num_rows > size:
            if batch.pieces:
                yield batch
            batch = Batch(complete=[] if batch.pieces else batch.complete)
        if not batch.pieces:
            since = time.monotonic()
        batch.pieces.append(item)
    if batch.pieces or batch.complete:
        yield batch
