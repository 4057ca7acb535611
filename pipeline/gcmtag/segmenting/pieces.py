"""What segmenting works on between blocks and passages, and the tally of what it leaves out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gcmtag.document import Layout

_ENDS: Final = (".", "!", "?", ":", ";", "…")
_CLOSERS: Final = "”\"'’)»]"

PieceKind = Literal["paragraph", "heading", "list_item", "row", "prompt"]


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line of body text; ``place`` is where it stood among the file's blocks.

    ``gap``: a blank line stands above it. ``glued``: page furniture or a note mark was taken out right above it, so
    what it follows may go on in it.
    """

    text: str
    page: int | None = None
    layout: Layout | None = None
    bold: bool = False
    gap: bool = False
    glued: bool = False
    paged: bool = False
    place: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A whole paragraph, heading, list item or table row; ``marker`` is the number, letter or bullet in front.

    ``level`` counts headings from 1 where the file says so (0: it does not) and list items from 0.
    ``question``, ``part`` and ``prompt`` are set within a questionnaire; ``cell`` says that it stood in a table.
    """

    text: str
    kind: PieceKind
    marker: str = ""
    level: int = 0
    page: int | None = None
    bold: bool = False
    size: float = 0.0
    cells: tuple[str, ...] = ()
    question: str | None = None
    part: str | None = None
    prompt: str = ""
    cell: bool = False

    @property
    def shown(self) -> str:
        """The text with its marker in front, as printed."""
        return f"{self.marker} {self.text}".strip()


def ends_sentence(text: str) -> bool:
    """Whether a line ends a sentence or a clause.

    >>> ends_sentence("as follows:"), ends_sentence("the ministry of")
    (True, False)
    """
    return text.rstrip(_CLOSERS).endswith(_ENDS) or text.endswith(_ENDS)


class Drops:
    """Counts what is left out, by reason."""

    def __init__(self, start: Sequence[tuple[str, int]] = ()) -> None:
        """Start from what the reader has already dropped."""
        self._counts: Counter[str] = Counter()
        for reason, count in start:
            self._counts[reason] += count

    def add(self, reason: str, count: int = 1) -> None:
        """Note that ``count`` blocks were left out for ``reason``."""
        if count:
            self._counts[reason] += count

    def as_dict(self) -> dict[str, int]:
        """Reason to count, the most frequent first."""
        return dict(sorted(self._counts.items(), key=lambda item: (-item[1], item[0])))
