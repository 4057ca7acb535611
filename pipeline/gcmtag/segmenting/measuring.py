"""How full the lines of a document are, and how they are set: what tells a line's end from a paragraph's."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import inf
from statistics import median
from typing import Final

from gcmtag.segmenting.markers import split_marker
from gcmtag.segmenting.pieces import Line, ends_sentence

_LONGEST_CELL: Final = 60


class Measures:
    """Measures of the lines of one document; positions count its lines from 0."""

    def __init__(self, lines: Sequence[Line]) -> None:
        """Measure the lines once, before they are joined."""
        self._lines = lines
        lengths = sorted(len(line.text) for line in lines)
        self.width = lengths[int(0.97 * (len(lengths) - 1))] if lengths else 0
        sizes = [line.layout.size for line in lines if line.layout for _ in range(len(line.text))]
        self.body_size = median(sizes) if sizes else 0.0
        self._leading = self._typical_leading()
        # The right edges of neighbours are asked for every line, so that what they need stands ready.
        self._edges = [
            (line.page, line.layout.left, line.layout.right) if line.layout else (line.page, inf, inf) for line in lines
        ]
        # Where lines have a layout, blank ones stand only around cells and boxes, which have a right edge of their own.
        self._cell_of = list(accumulate(line.gap for line in lines))
        self._fills = [self._fill(position) for position in range(len(lines))]
        self._full = self._fullness()

    @property
    def exact(self) -> bool:
        """Whether lines are broken so evenly that a line which is not full ends something."""
        return self._full > 0.93

    def same_setting(self, one: int, other: int) -> bool:
        """Whether two lines are set in the same size and weight, as lines of one paragraph are."""
        a, b = self._lines[one], self._lines[other]
        if a.layout is None or b.layout is None:
            return True
        if max(a.layout.size, b.layout.size) > 1.1 * max(1.0, min(a.layout.size, b.layout.size)):
            return False
        return a.bold == b.bold or not (ends_sentence(a.text) or self.is_short(one))

    def is_short(self, position: int, by: float = 0.0) -> bool:
        """Whether the first word of the next line would have fitted on this one, with ``by`` of the width to spare."""
        return self._fills[position] < self._full - by

    def _fill(self, position: int) -> float:
        """How far across the page a line would reach with the next line's first word on it; 1 is the right edge."""
        line = self._lines[position]
        following = self._lines[position + 1] if position + 1 < len(self._lines) else None
        word = len(following.text.split(" ", 1)[0]) if following else 0
        if line.layout is None:
            return (len(line.text) + 1 + word) / max(1, self.width)
        letter = (line.layout.right - line.layout.left) / max(1, len(line.text))
        width = max(1.0, self._right_edge(position) - line.layout.left)
        return (line.layout.right - line.layout.left + (word + 1) * letter) / width

    def _fullness(self) -> float:
        """The fill above which a line was broken because the page ended, learned from lines that surely go on."""
        certain = sorted(
            self._fills[place]
            for place, (above, below) in enumerate(pairwise(self._lines))
            if below.text[:1].islower()
            and split_marker(below.text)[0] is None
            and not ends_sentence(above.text)
            and not (above.glued or below.glued or below.gap or below.paged)
        )
        if len(certain) < 8:
            return 0.84
        # The very lowest may be a heading that goes on or a line that a mark cut.
        lowest = certain[max(min(2, len(certain) // 30), len(certain) // 100)]
        usual = certain[len(certain) // 20]
        # A gap below what is usual sets headings without capitals and the like apart from lines that really go on.
        least = usual - 0.03 if usual - lowest > 0.1 else lowest - 0.005
        return min(1.0, max(0.6, least))

    def _right_edge(self, position: int) -> float:
        line = self._lines[position]
        if edge := self._edge_of_cell(position):
            return edge
        left = line.layout.left if line.layout else 0.0
        own = line.page
        edges = sorted(
            right
            for page, start, right in self._edges[max(0, position - 30) : position + 31]
            if page == own and -60 < start - left < 60
        )
        return edges[int(0.9 * (len(edges) - 1))] if edges else 0.0

    def _edge_of_cell(self, position: int) -> float:
        """The furthest that a line of the same cell reaches; 0 where the line stands in none or in a very short one."""
        cell = self._cell_of[position]
        if not 0 < cell < self._cell_of[-1]:
            return 0.0
        begin, end = bisect_left(self._cell_of, cell), bisect_right(self._cell_of, cell)
        edges = [line.layout.right for line in self._lines[begin:end] if line.layout]
        return max(edges) if 3 <= len(edges) <= _LONGEST_CELL else 0.0

    def leading(self, position: int) -> float:
        """The usual step from line to line, in points, in the size that a line is set in; 0 where it is not known."""
        layout = self._lines[position].layout
        return self._leading.get(round(2 * layout.size), 0.0) if layout else 0.0

    def _typical_leading(self) -> dict[int, float]:
        steps: defaultdict[int, list[float]] = defaultdict(list)
        for above, below in pairwise(self._lines):
            if above.layout and below.layout and above.page == below.page and below.layout.top > above.layout.top:
                step = below.layout.top - above.layout.top
                for size in {round(2 * above.layout.size), round(2 * below.layout.size)}:
                    steps[size].append(step)
        # By half points, for body and cells often differ by one.
        return {size: median(some) for size, some in steps.items()}
