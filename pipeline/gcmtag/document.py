"""The records that travel between the rooms; each one checks itself when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from gcmtag.objectives import CLUSTERS, GUIDING_PRINCIPLES, NUMBERS, OBJECTIVES, ROLES, clusters_of

BlockKind = Literal["line", "paragraph", "heading", "list_item", "table_row", "footnote", "caption"]
PassageKind = Literal["paragraph", "list_item", "table_cell", "footnote"]
PASSAGE_KINDS: Final[tuple[str, ...]] = ("paragraph", "list_item", "table_cell", "footnote")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a line stands on its page, in points from the top left corner, and how it is set."""

    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a file in reading order, as its reader found it.

    ``line`` is a physical line that nothing has joined yet (plain text with wrapped lines, PDF); the other kinds are
    whole. A ``table_row`` carries its cells, and its text is the cells joined by a tab. Check boxes are written
    U+2610 (empty) and U+2612 (ticked). ``level`` is the depth of a heading (1 is the highest) or list item (0 is the
    outermost); ``marker`` is a list marker or number that the file keeps apart from the text, as shown: "(a)", "3.".
    A blank line of a text file is a ``line`` with empty text. ``page`` is 1-based.
    """

    text: str
    kind: BlockKind
    page: int | None = None
    level: int = 0
    marker: str = ""
    cells: tuple[str, ...] = ()
    bold: bool = False
    layout: Layout | None = None

    def __post_init__(self) -> None:
        if self.page is not None and self.page < 1:
            raise ValueError(f"page {self.page} is not 1-based")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as read: its blocks in reading order and what the reader noticed.

    ``unread_pages`` maps a 1-based page that could not be read to the reason; ``recognised_pages`` a page whose text
    was recognised from a picture (OCR) to the mean confidence, from 0 to 1.
    """

    path: Path
    document_id: str
    format: str
    blocks: tuple[Block, ...]
    title: str = ""
    pages: int | None = None
    language: str | None = None
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    warnings: tuple[str, ...] = ()
    unread_pages: Mapping[int, str] = field(default_factory=dict[int, str])
    recognised_pages: Mapping[int, float] = field(default_factory=dict[int, float])

    def __post_init__(self) -> None:
        _check_pages(self.unread_pages)
        _check_pages(self.recognised_pages)
        _check_probabilities(tuple(self.recognised_pages.values()))


@dataclass(frozen=True, slots=True)
class Passage:
    """One unit of tagging. ``lead_in`` is the sentence that introduces a list; ``prompt`` the question it answers."""

    document_id: str
    ordinal: int
    text: str
    locator: str = ""
    page: int | None = None
    section: str = ""
    question: str | None = None
    part: str | None = None
    kind: PassageKind = "paragraph"
    language: str = "en"
    declared: tuple[int, ...] = ()
    lead_in: str = ""
    prompt: str = ""
    extra: Mapping[str, object] = field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        if self.ordinal < 1:
            raise ValueError(f"ordinal {self.ordinal} is not 1-based")
        if not self.text.strip():
            raise ValueError("a passage needs text")
        if self.kind not in PASSAGE_KINDS:
            raise ValueError(f"unknown kind of passage {self.kind!r}; known: {', '.join(PASSAGE_KINDS)}")
        _check_objectives(self.declared)

    @property
    def passage_id(self) -> str:
        """Document id and ordinal: stable while the text of the document is."""
        return f"{self.document_id}:{self.ordinal}"

    @property
    def context(self) -> str:
        """What stands above the passage: section, part (or the prompt, where there are no parts) and lead-in.

        Pieces are joined by " / ". The parts have the same long prompts in every questionnaire; the letter says it.
        """
        asked = f"part {self.part}" if self.part else self.prompt
        return " / ".join(piece for piece in (self.section, asked, self.lead_in) if piece)


@dataclass(frozen=True, slots=True)
class GuidingPrinciple:
    """Whether a State says that it integrated a guiding principle, None where it does not say, and its explanation."""

    principle: str
    integrated: bool | None
    explanation: str = ""

    def __post_init__(self) -> None:
        if self.principle not in GUIDING_PRINCIPLES:
            raise ValueError(f"unknown guiding principle {self.principle!r}")


@dataclass(frozen=True, slots=True)
class Document:
    """A document cut into passages in reading order.

    ``unread_pages`` maps 1-based pages to the reason, ``recognised_pages`` those read by OCR to the mean confidence.
    ``guiding_principles`` is what the table of a questionnaire says of each.
    """

    document_id: str
    path: str
    title: str
    format: str
    language: str
    pages: int | None
    passages: tuple[Passage, ...]
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    declared_priorities: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    unread_pages: Mapping[int, str] = field(default_factory=dict[int, str])
    recognised_pages: Mapping[int, float] = field(default_factory=dict[int, float])
    guiding_principles: tuple[GuidingPrinciple, ...] = ()

    def __post_init__(self) -> None:
        _check_objectives(self.declared_priorities)
        _check_pages(self.unread_pages)
        _check_pages(self.recognised_pages)
        _check_probabilities(tuple(self.recognised_pages.values()))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Character span ``[start, end)`` of the passage's text that carries a predicted objective."""

    objective: int
    start: int
    end: int
    score: float

    def __post_init__(self) -> None:
        _check_objectives((self.objective,))
        if not 0 <= self.start < self.end:
            raise ValueError(f"evidence span {self.start}:{self.end} is empty or negative")
        _check_probabilities((self.score,))


@dataclass(frozen=True, slots=True)
class Tags:
    """What the model says of one passage: 23 and 4 calibrated probabilities, and the decisions taken from them.

    ``unsure`` are the objectives, predicted or not, whose score is so near to the threshold that a person should look:
    half of the model's wrong decisions lie there.
    """

    objectives: tuple[int, ...]
    scores: tuple[float, ...]
    clusters: tuple[int, ...]
    cluster_scores: tuple[float, ...]
    role: str
    role_score: float
    evidence: tuple[Evidence, ...] = ()
    unsure: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_objectives(self.objectives)
        _check_objectives(self.unsure)
        if len(self.scores) != len(OBJECTIVES) or len(self.cluster_scores) != len(CLUSTERS):
            raise ValueError(f"expected 23 and 4 scores, got {len(self.scores)} and {len(self.cluster_scores)}")
        _check_probabilities((*self.scores, *self.cluster_scores, self.role_score))
        if self.clusters != clusters_of(self.objectives):
            raise ValueError(f"clusters {self.clusters} do not follow from objectives {self.objectives}")
        if self.role not in ROLES:
            raise ValueError(f"unknown role {self.role!r}")
        if not {item.objective for item in self.evidence} <= set(self.objectives):
            raise ValueError("evidence for an objective that is not predicted")


def _check_objectives(objectives: tuple[int, ...]) -> None:
    if list(objectives) != sorted(set(objectives)) or not set(objectives) <= set(NUMBERS):
        raise ValueError(f"objectives {objectives} are not ascending numbers from 1 to 23, each once")


def _check_pages(pages: Mapping[int, object]) -> None:
    if any(page < 1 for page in pages):
        raise ValueError("a page number is not 1-based")


def _check_probabilities(values: tuple[float, ...]) -> None:
    if not all(0.0 <= value <= 1.0 for value in values):
        raise ValueError("a probability is outside [0, 1]")
