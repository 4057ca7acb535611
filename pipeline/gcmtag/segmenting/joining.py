"""Lines to whole paragraphs, headings and list items."""

import re
from bisect import bisect
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from gcmtag.segmenting.fillers import filler_reason
from gcmtag.segmenting.hyphens import Vocabulary
from gcmtag.segmenting.markers import Marker, split_marker
from gcmtag.segmenting.measuring import Measures
from gcmtag.segmenting.pieces import Line, Piece, ends_sentence

_HEADING_LINES: Final = 4
_HEADING_CHARS: Final = 260
_OBJECTIVE: Final = re.compile(
    r"^(?:gcm\s+)?(?:objectives?|objectif|objetivo|cluster|annex|chapter|part|section)\s+[\dIVX]", re.I
)


# No heading, and no line of a list, ends with one of these.
_UNFINISHED: Final = re.compile(
    r"\b(?:of|the|and|in|to|for|on|with|by|de|la|le|et|y|a|an|or|from|at|No\.)$", re.IGNORECASE
)


_SENTENCE_INSIDE: Final = re.compile(r"[^\W\d_]{4,}[.!?] [A-ZÀ-Þ]")


@dataclass(frozen=True, slots=True)
class _Start:
    """What a line begins with; ``valid`` says that the marker opens something here."""

    marker: Marker | None
    rest: str
    valid: bool


def join_lines(
    lines: Sequence[Line], vocabulary: Vocabulary, others: Set[int] = frozenset()
) -> list[tuple[int, Piece]]:
    """Join the lines of a file into pieces, each with the place of its first line, in reading order.

    ``others`` are the places of blocks that are no lines; a paragraph goes on across one only in mid-sentence.
    """
    return _Joiner(lines, vocabulary, others).run()


def _walls(lines: Sequence[Line], others: Set[int]) -> set[int]:
    """Positions of lines that another block stands right above."""
    between = sorted(others)
    return {
        here
        for here in range(1, len(lines))
        if bisect(between, lines[here].place) > bisect(between, lines[here - 1].place)
    }


def _may_head(text: str) -> bool:
    """Whether a line is worded as a heading is: a capital or number first, short, no sentence, not "N/A"."""
    if filler_reason(text) or len(text) > 140 or text.endswith(",") or _SENTENCE_INSIDE.search(text):
        return False
    return (text[:1].isupper() or text[:1].isdigit()) and (not ends_sentence(text) or text.endswith((":", "?")))


class _Joiner:
    def __init__(self, lines: Sequence[Line], vocabulary: Vocabulary, others: Set[int]) -> None:
        self._lines = lines
        self._walls = _walls(lines, others)
        self._vocabulary = vocabulary
        self._measures = Measures(lines)
        gaps = sum(line.gap for line in lines)
        # Where nearly every line has a blank line above it, blank lines say nothing.
        self._gaps_count = bool(lines) and gaps < 0.8 * len(lines)
        self._starts = [self._start(line) for line in lines]
        self._chain = self._number_chain()
        self._numbered = self._is_numbered()

    def run(self) -> list[tuple[int, Piece]]:
        pieces: list[tuple[int, Piece]] = []
        position = 0
        while position < len(self._lines):
            heading = self._heading_lines(position)
            count = heading or self._body_lines(position)
            piece = self._piece(position, position + count, heading=heading > 0)
            if piece.text or piece.marker:
                pieces.append((self._lines[position].place, piece))
            position += count
        return pieces

    # -- what a line begins with ---------------------------------------------------------------------------------

    def _start(self, line: Line) -> _Start:
        marker, rest = split_marker(line.text)
        return _Start(marker, rest, marker is not None)

    def _number_chain(self) -> dict[int, int]:
        """Positions of the longest run of numbers that go up by one, and their numbers: the document's paragraphs."""
        length: dict[int, int] = {}
        at: dict[int, int] = {}
        back: dict[int, int] = {}
        best = -1
        run_of: dict[int, int] = {}
        for position, start in enumerate(self._starts):
            marker = start.marker
            if marker is None or marker.kind != "number" or marker.shown.startswith("("):
                continue
            before = at.get(marker.value - 1)
            run = run_of[before] + 1 if before is not None else 1
            if marker.value in at and length[marker.value] > run:
                continue
            if before is not None:
                back[position] = before
            run_of[position] = run
            length[marker.value] = run
            at[marker.value] = position
            if best < 0 or run > run_of[best]:
                best = position
        chain: dict[int, int] = {}
        while best >= 0:
            marker = self._starts[best].marker
            chain[best] = marker.value if marker else 0
            best = back.get(best, -1)
        return chain

    def _is_numbered(self) -> bool:
        """Whether the long run of numbers counts paragraphs, as in reports, rather than sections or items of lists."""
        if len(self._chain) < 5:
            return False
        first = min(self._chain)
        words = sum(len(line.text.split()) for line in self._lines[first:])
        return words >= 25 * len(self._chain) and sum(map(self._runs_on, self._chain)) >= 0.6 * len(self._chain)

    def _runs_on(self, position: int) -> bool:
        """Whether the text behind a number goes on over the line's end, as a title's seldom does."""
        here = position if self._starts[position].rest else position + 1
        if here + 1 >= len(self._lines):
            return True
        line, following = self._lines[here], self._lines[here + 1]
        return not self._measures.is_short(here) or ends_sentence(line.text) or following.text[:1].islower()

    def _opens(self, position: int) -> bool:
        """Whether the marker of a line opens an item or paragraph, rather than standing there by chance."""
        start = self._starts[position]
        marker = start.marker
        if marker is None:
            return False
        above = self._lines[position - 1].text if position else ""
        free = not above or ends_sentence(above) or self._lines[position].gap
        loose = free or (position > 0 and self._measures.is_short(position - 1))
        lower = start.rest[:1].islower()
        by_kind = {
            "number": lambda: self._opens_number(position, marker, free=free),
            "capital": lambda: loose or self._lines[position].glued,
            "roman": lambda: loose or self._lines[position].glued,
            "letter": lambda: free or marker.shown.startswith("(") or not lower,
            "decimal": lambda: loose and not lower and (not start.rest or start.rest[0].isupper()),
            "bullet": lambda: loose or not lower or marker.shown not in {"-", "–", "—", "*"},
        }
        return by_kind[marker.kind]()

    def _opens_number(self, position: int, marker: Marker, *, free: bool) -> bool:
        """Whether a number does: "…, resolution / 12. The" would be chance; a list begins at 1 or goes on by one."""
        # The only number of a document, alone on a line, ends a sentence: "the age of / 55."
        counted = position in self._chain and (len(self._chain) > 1 or bool(self._starts[position].rest))
        if counted or marker.shown.startswith("(") or free or marker.value == 1:
            return True
        earlier = [start.marker for start in self._starts[max(0, position - 25) : position]]
        return any(one is not None and one.kind == "number" and one.value == marker.value - 1 for one in earlier)

    # -- headings ------------------------------------------------------------------------------------------------

    def _heading_lines(self, position: int) -> int:
        """How many lines from here form a heading; 0 where none begins."""
        line = self._lines[position]
        start = self._starts[position]
        if position and not self._breaks(position):
            return 0
        marker = start.marker if self._opens(position) else None
        if marker is not None and marker.kind in {"capital", "roman", "decimal"}:
            return self._marked_heading(position)
        if _OBJECTIVE.match(line.text):
            return self._marked_heading(position)
        if marker is not None:
            return self._numbered_heading(position) if marker.kind == "number" else 0
        return self._plain_heading(position)

    def _numbered_heading(self, position: int) -> int:
        """A short numbered title, where numbers do not count paragraphs."""
        if self._numbered and position in self._chain:
            return 0
        if not self._set_off(position):
            return 0
        return self._marked_heading(position)

    def _marked_heading(self, position: int) -> int:
        """A heading with a number or letter: it runs on until something else opens or its line was not full."""
        text = ""
        count = 0
        for here in range(position, min(len(self._lines), position + _HEADING_LINES + 1)):
            line = self._lines[here]
            if here > position and (self._opens(here) or self._ends_heading(here, text)):
                break
            if here > position and not self._measures.same_setting(here - 1, here):
                break
            text = self._vocabulary.glue(text, line.text)
            count += 1
        last = self._starts[position].rest if count == 1 else text
        if count > _HEADING_LINES or len(text) > _HEADING_CHARS or not last:
            return 0
        if re.search(r"[.;,]$", text) and not text.endswith(("etc.", "...")):
            return 0
        return count

    def _ends_heading(self, here: int, text: str) -> bool:
        """Whether a heading is over before this line, which opens nothing by itself."""
        line = self._lines[here]
        if (
            text in {"", self._lines[here - 1].text}
            and not self._starts[here - 1].rest
            and self._starts[here - 1].marker
        ):
            return False
        if line.gap and self._gaps_count:
            return True
        if line.text[:1].islower():
            return False
        # A new line with a capital goes on with the heading only if the heading's line was full, or a numbered
        # paragraph follows it, for then nothing else can stand here.
        following = here + 1
        if (
            self._numbered
            and following < len(self._lines)
            and following in self._chain
            and len(line.text) < 0.8 * self._measures.width
        ):
            return False
        return self._measures.is_short(here - 1) or len(line.text) > 0.8 * self._measures.width

    def _plain_heading(self, position: int) -> int:
        """A short line without a full stop that stands above a text and looks set off from it."""
        line = self._lines[position]
        if not _may_head(line.text):
            return 0
        bigger = self._is_bigger(line)
        count = 1
        while bigger and position + count < len(self._lines) and count < _HEADING_LINES:
            if not self._measures.same_setting(position, position + count) or self._opens(position + count):
                break
            count += 1
        end = position + count
        if end >= len(self._lines):
            return 0
        if not bigger and _UNFINISHED.search(line.text):
            return 0
        bold = line.bold and not self._lines[end].bold
        follows = self._text_follows(end) or (line.gap and self._plain_heading(end) > 0)
        short = len(line.text.split()) <= 14 and not line.text.endswith(":") and follows
        return count if bigger or (self._set_off(position) and (bold or short)) else 0

    def _is_bigger(self, line: Line) -> bool:
        body = self._measures.body_size
        return bool(line.layout and body and line.layout.size > 1.12 * body)

    def _set_off(self, position: int) -> bool:
        """Whether a line is short and its neighbours do not run into it."""
        line = self._lines[position]
        following = self._lines[position + 1] if position + 1 < len(self._lines) else None
        if following is None:
            return False
        if line.gap and following.gap:
            return True
        runs_on = following.text[:1].islower() and not following.gap and not self._opens(position + 1)
        return self._measures.is_short(position) and not runs_on

    def _text_follows(self, position: int) -> bool:
        """Whether a full line, a list or a numbered paragraph comes next, which a heading can stand above."""
        line = self._lines[position]
        if line.gap or self._opens(position):
            return True
        return not self._measures.is_short(position) or ends_sentence(line.text)

    # -- paragraphs ----------------------------------------------------------------------------------------------

    def _body_lines(self, position: int) -> int:
        count = 1
        while position + count < len(self._lines):
            here = position + count
            if self._opens(here) and not (
                count == 1 and not self._starts[position].rest and self._starts[position].marker
            ):
                break
            if self._breaks(here):
                lone = count == 1 and self._starts[position].marker is not None and not self._starts[position].rest
                if not lone:
                    break
            if self._heading_at_break(here):
                break
            count += 1
        return count

    def _heading_at_break(self, here: int) -> bool:
        return bool(self._breaks(here) and self._heading_lines(here))

    def _breaks(self, here: int) -> bool:
        """Whether something new begins at a line, judged from the lines around it."""
        if here == 0 or self._opens(here):
            return True
        above, line = self._lines[here - 1], self._lines[here]
        starts_low = line.text[:1].islower()
        complete = ends_sentence(above.text)
        if here in self._walls:
            return complete or not starts_low
        if line.gap and (verdict := self._gap_breaks(here, complete=complete)) is not None:
            return verdict
        if starts_low and not complete:
            return not self._measures.same_setting(here - 1, here) and not line.glued and not line.paged
        verdict = self._layout_breaks(here)
        if verdict is None:
            verdict = self._breaks_sentence(here) if complete else self._breaks_midway(here)
        return verdict

    def _gap_breaks(self, here: int, *, complete: bool) -> bool | None:
        """The same for a line below a blank one; None where the blank line says nothing."""
        above, line = self._lines[here - 1], self._lines[here]
        if (line.page or 0) < (above.page or 0):
            # The next cell of a row that goes over the end of a page begins on the page where the row does.
            return True
        if not self._gaps_count or line.paged:
            return None
        # A blank line beside page furniture may be the page's, not the paragraph's.
        return complete if line.glued else complete or not line.text[:1].islower() or self._measures.is_short(here - 1)

    def _breaks_sentence(self, here: int) -> bool:
        """The same after a line that ends a sentence: was the line full?"""
        line = self._lines[here]
        if line.text[:1].islower() or (line.glued and not line.paged and not line.gap):
            # A note mark cuts a line short, so that a short line above it says nothing.
            return False
        # In numbered reports a paragraph is rarely followed by one without a number.
        return self._measures.is_short(here - 1, by=0.1 * self._numbered)

    def _breaks_midway(self, here: int) -> bool:
        """The same after half a sentence, which may be a line of a list or table without punctuation."""
        above, line = self._lines[here - 1], self._lines[here]
        # In numbered reports nothing but a heading begins after half a sentence, and headings are found elsewhere.
        # A line under a note mark is short because the mark cut it.
        cut = above.glued or line.glued or line.paged
        if cut or (self._numbered and here > min(self._chain)) or self._in_punctuated_list(here):
            return False
        return self._measures.is_short(here - 1, by=0.08) and self._stands_apart(here)

    def _in_punctuated_list(self, here: int) -> bool:
        """Whether a line follows an unfinished item of a list whose items end with a semicolon."""
        for place in range(here - 1, max(0, here - 5), -1):
            if self._opens(place):
                return self._lines[place - 1].text.endswith(";")
        return False

    def _stands_apart(self, here: int) -> bool:
        """A line after a short unfinished one: the one above was a heading or list line, not half a sentence."""
        above = self._lines[here - 1]
        return (
            (self._measures.exact or len(above.text) < 0.6 * self._measures.width)
            and not above.text.endswith(("-", ",", "–"))
            and not _UNFINISHED.search(above.text)
        )

    def _layout_breaks(self, here: int) -> bool | None:
        above, line = self._lines[here - 1], self._lines[here]
        if above.layout is None or line.layout is None:
            return None
        if not self._measures.same_setting(here - 1, here):
            return True
        if line.paged or line.page != above.page or line.layout.top < above.layout.top:
            return None
        step = line.layout.top - above.layout.top
        leading = self._measures.leading(here)
        if leading and step > 1.45 * leading:
            return True
        indent = line.layout.left - above.layout.left
        if indent > 8 and ends_sentence(above.text) and self._starts[here - 1].marker is None:
            return True
        return None

    # -- pieces --------------------------------------------------------------------------------------------------

    def _piece(self, begin: int, end: int, *, heading: bool) -> Piece:
        text = ""
        for line in self._lines[begin:end]:
            text = self._vocabulary.glue(text, line.text)
        text = self._vocabulary.mend(text)
        marker = None
        if heading or self._opens(begin):
            marker, text = split_marker(text)
        first = self._lines[begin]
        listed = marker is not None and marker.kind in {"letter", "bullet", "number"} and not heading
        return Piece(
            text=text,
            kind="heading" if heading else "list_item" if listed else "paragraph",
            marker=marker.shown if marker else "",
            page=first.page,
            bold=all(line.bold for line in self._lines[begin:end]),
            size=first.layout.size if first.layout else 0.0,
        )
