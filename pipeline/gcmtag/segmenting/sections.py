"""The path of headings above a passage, and the objectives that the nearest of them declares."""

import re
from dataclasses import dataclass, replace
from typing import Final

from gcmtag.segmenting.declared import declared_by_heading
from gcmtag.segmenting.markers import Marker, split_marker
from gcmtag.segmenting.pieces import Piece
from gcmtag.segmenting.titles import cluster_named

_OBJECTIVE: Final = re.compile(r"^(?:gcm\s+)?(?:objectives?|obj\.|objectifs?|objetivos?)\s*:?\s*\d", re.I)
_CLUSTER: Final = re.compile(
    r"^(?:gcm\s+)?(?:cluster|round\s?table|thematic area|groupe|grupo)\s+(?:\d|[ivx]+\b|one|two|three|four)", re.I
)
# Headings that end what stood before them whatever its depth, where nothing else tells how deep they are.
_TOP: Final = re.compile(
    r"^(?:introduction|background|methodology|conclusions?|recommendations|conclusions? and recommendations|"
    r"recommendations and next steps|next steps(?: and \w+)?|(?:the )?way forward|means of implementation|references|"
    r"guiding principles|follow-up and review|(?:executive )?summary|acknowledge?ments|annex\b.*|appendix\b.*|"
    r"avant-propos|méthodologie|introducción|conclusiones)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in force: its rank among the document's kinds of headings, its text and what it declares.

    ``above_parts``: prompts of a questionnaire stand under it, so that it outlasts them.
    """

    rank: str
    level: int
    text: str
    declared: tuple[int, ...]
    marker: Marker | None
    question: str | None = None
    above_parts: bool = False


class Sections:
    """Keeps the headings in force while a document is read from its beginning to its end."""

    def __init__(self) -> None:
        """Start above the first heading."""
        self._stack: list[Heading] = []
        self._line: tuple[int, ...] = ()
        self._bare = 0

    @property
    def path(self) -> str:
        """The headings in force, outermost first, joined by " / "."""
        return " / ".join(heading.text for heading in self._stack)

    @property
    def last(self) -> str:
        """The innermost heading, or nothing."""
        return self._stack[-1].text if self._stack else ""

    @property
    def declared(self) -> tuple[int, ...]:
        """What the innermost heading that declares objectives declares."""
        if self._line:
            return self._line
        return next((heading.declared for heading in reversed(self._stack) if heading.declared), ())

    def enter(self, piece: Piece) -> None:
        """Put a heading in force, in place of those of its own depth and below."""
        self._line = ()
        text = piece.shown
        marker, rest = split_marker(text)
        rank = self._rank(piece, marker, rest or text)
        if rank == "top":
            self._stack.clear()
        elif piece.level:
            depth = next((place for place, above in enumerate(self._stack) if above.level >= piece.level), None)
            if depth is None:
                depth = max((place + 1 for place, above in enumerate(self._stack) if above.level), default=0)
            del self._stack[depth:]
        else:
            same = [place for place, above in enumerate(self._stack) if above.rank == rank]
            if same:
                del self._stack[same[-1] :]
        self._bare = min(self._bare, len(self._stack)) + 1
        self._stack.append(Heading(rank, piece.level, text, declared_by_heading(text), marker, piece.question))

    def declare(self, objectives: tuple[int, ...], *, lasting: bool) -> None:
        """Let a line of its own declare objectives for what follows it.

        A ``lasting`` one, as below the title of a cluster, speaks for the heading above it and all its parts; another
        holds until the next heading or prompt.
        """
        if lasting and self._stack:
            self._stack[-1] = replace(self._stack[-1], declared=objectives)
        else:
            self._line = objectives

    def speak(self) -> None:
        """Note that a text stands under the headings in force."""
        self._bare = 0

    def leave_part(self, question: str | None) -> None:
        """Drop the headings inside an answer when the next prompt begins.

        The cluster's own heading stays, and so do headings with nothing under them but the prompt.
        """
        self._line = ()
        bare = len(self._stack) - self._bare
        self._stack = [
            replace(heading, above_parts=True)
            for place, heading in enumerate(self._stack)
            if question
            and heading.question == question
            and (place >= bare or heading.above_parts or heading.level == 1)
        ]
        self._bare = 0

    def _rank(self, piece: Piece, marker: Marker | None, rest: str) -> str:
        if piece.level:
            return f"level {piece.level}"
        if _OBJECTIVE.match(rest):
            return "objective"
        if _CLUSTER.match(rest) or cluster_named(rest):
            return "cluster"
        return self._rank_of(marker) if marker else _plain_rank(piece, rest)

    def _rank_of(self, marker: Marker) -> str:
        if marker.kind == "roman" and self._continues_letters(marker):
            return "capital"
        if marker.kind == "decimal":
            return f"decimal {marker.shown.strip('.').count('.')}"
        return marker.kind

    def _continues_letters(self, marker: Marker) -> bool:
        """Whether an I, V or X is the letter after H, U or W rather than a Roman numeral."""
        letter = marker.shown.strip("(). ")
        return len(letter) == 1 and any(
            above.rank == "capital"
            and above.marker is not None
            and chr(ord(letter) - 1) == above.marker.shown.strip("(). ")
            for above in self._stack
        )


def is_top_heading(text: str) -> bool:
    """Whether a heading names a main part of any document, such as an introduction or the next steps.

    >>> is_top_heading("Next steps"), is_top_heading("Challenges")
    (True, False)
    """
    return bool(_TOP.match(text.strip(" :.")))


def _plain_rank(piece: Piece, text: str) -> str:
    if is_top_heading(text):
        return "top"
    return f"plain {round(piece.size)}{' upper' if text.isupper() else ''}"
