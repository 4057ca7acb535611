"""Pieces of a PDF page to lines in reading order: rows, table cells, columns, footnotes.

The steps: pieces with a common baseline form a row; rules around table cells and white gutters between columns cut rows
apart; small lines at the foot of the page are footnotes. A row that nothing cuts is one line, however wide its gaps.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final

from gcmtag.document import Block, Layout
from gcmtag.reading.common import clean
from gcmtag.reading.pdf_page import PageContent, Piece, Rule
from gcmtag.reading.pdf_tables import TableRow

# A mark is a number or a sign; a raised "st" or "nd" belongs to its number.
_MARK: Final = re.compile(r"^[\[(]?(\d{1,3}([,;]\s?\d{1,3})*|[*†‡§]{1,3})[\])]?$")
_NOTE_NUMBER: Final = re.compile(r"^(\d{1,3}|[*†‡§]{1,3})[/.)]?\s*(?=[^\d\s.,])")
_UNIT_BEFORE: Final = re.compile(r"(^|[\s\d])(m|km|cm|mm|ha|CO)$")
_RIGHT_TO_LEFT: Final = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")

_SUPERSCRIPT: Final = 0.82
_FOOTNOTE: Final = 0.93
_WORD_GAP: Final = 0.17
_FEWEST_COLUMN_ROWS: Final = 5
# In ems: some 25 characters; narrower ones are columns of a table.
_NARROWEST_COLUMN: Final = 12
_ASCENT, _DESCENT = 0.8, 0.2


@dataclass(slots=True)
class _Row:
    """Pieces with a common baseline."""

    baseline: float
    size: float
    pieces: list[Piece] = field(default_factory=list[Piece])

    @property
    def left(self) -> float:
        return min(piece.left for piece in self.pieces)

    @property
    def right(self) -> float:
        return max(piece.right for piece in self.pieces)

    def part(self, low: float, high: float) -> "_Row | None":
        """The pieces whose middle lies between the two positions."""
        inside = [piece for piece in self.pieces if low <= (piece.left + piece.right) / 2 < high]
        return _row_of(inside) if inside else None


@dataclass(slots=True)
class _Line:
    block: Block
    # Lines of one column share a number; footnotes are looked for column by column.
    column: int


@dataclass(frozen=True, slots=True)
class Gutter:
    """White strip between two columns, in points from the left edge: its middle, and where the right column begins."""

    at: float
    right: float


def lines_of(
    content: PageContent,
    page: int,
    dropped: Counter[str],
    body_size: float | None = None,
    gutters: set[Gutter] | None = None,
) -> list[Block | TableRow]:
    """Lines of a page in reading order, and rows of its ruled tables in their place.

    Args:
        content: What stands on the page.
        page: Its 1-based number.
        dropped: Counts what is left out, by reason; added to.
        body_size: Font size of running text in the pages before, in points; without it that of this page is taken.
        gutters: Those of the pages before, which tell columns on a last page that has but a line or two in one of them;
            added to.
    """
    dropped.update(content.dropped)
    lines: list[_Line] = []
    tables: list[tuple[int, TableRow]] = []
    for column, item in enumerate_columns(_rows(content.pieces), content, set() if gutters is None else gutters):
        if isinstance(item, _Table):
            if row := _table_row(item, page, dropped):
                tables.append((len(lines), row))
        elif block := _line(item, page, dropped):
            lines.append(_Line(block, column))
    size = main_size(line.block for line in lines) if body_size is None else body_size
    shown: list[Block | TableRow] = [line.block for line in _with_footnotes(lines, content, size)]
    for place, row in reversed(tables):
        shown.insert(place, row)
    return shown


def main_size(blocks: Iterable[Block]) -> float:
    """Font size, to half a point, that most characters are set in; 0 without any."""
    sizes: Counter[float] = Counter()
    for block in blocks:
        if block.layout:
            sizes[round(block.layout.size * 2) / 2] += len(block.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


# Rows


def _rows(pieces: list[Piece]) -> list[_Row]:
    rows: list[_Row] = []
    for piece in sorted(pieces, key=lambda piece: (piece.baseline, piece.left)):
        for row in rows[:-4:-1]:
            if abs(piece.baseline - row.baseline) <= 0.5 * min(piece.size, row.size):
                row.pieces.append(piece)
                row.size = max(row.size, piece.size)
                break
        else:
            rows.append(_Row(piece.baseline, piece.size, [piece]))
    return [_row_of(row.pieces) for row in _raised_joined(rows)]


def _raised_joined(rows: list[_Row]) -> list[_Row]:
    """Put raised marks, which form a row of their own just above, into the row that they belong to."""
    joined: list[_Row] = []
    for row in rows:
        above = joined[-1] if joined else None
        if above and above.size < _SUPERSCRIPT * row.size and row.baseline - above.baseline <= 0.55 * row.size:
            raised = [piece for piece in above.pieces if row.left - 2 * row.size <= piece.left <= row.right + row.size]
            if len(raised) == len(above.pieces):
                joined.pop()
                row.pieces += raised
        joined.append(row)
    return joined


def _row_of(pieces: list[Piece]) -> _Row:
    """A row whose baseline and size are those that most of its characters have."""
    weights: Counter[tuple[float, float]] = Counter()
    for piece in pieces:
        weights[piece.baseline, piece.size] += len(piece.text)
    baseline, size = weights.most_common(1)[0][0]
    return _Row(baseline, size, sorted(pieces, key=lambda piece: piece.left))


# Order


def enumerate_columns(
    rows: list[_Row], content: PageContent, gutters: set[Gutter]
) -> Iterator[tuple[int, "_Row | _Table"]]:
    """Rows in reading order, cut at columns, each with the number of its column on the page (0 for none)."""
    for band in _bands(rows, content):
        if isinstance(band, _Table):
            yield 0, band
        else:
            yield from _by_columns(band, 0, content.height, gutters)


@dataclass(slots=True)
class _Table:
    """Rows between two rules of a table, with the positions of the vertical rules between its cells; none in a box.

    ``framed`` says that rules stand on both sides as well.
    """

    rows: list[_Row]
    edges: list[float]
    framed: bool

    def cells(self) -> list[list[_Row]]:
        """Rows of each cell."""
        bounds = [float("-inf"), *self.edges, float("inf")]
        return [[part for row in self.rows if (part := row.part(low, high))] for low, high in pairwise(bounds)]


def _table_row(table: _Table, page: int, dropped: Counter[str]) -> TableRow | None:
    cells = [[line for row in cell if (line := _line(row, page, dropped))] for cell in table.cells()]
    # Marks were counted with the cells.
    across = [line for row in table.rows if (line := _line(row, page, Counter()))]
    return TableRow(cells, across, tuple(table.edges), table.framed) if across else None


def _bands(rows: list[_Row], content: PageContent) -> Iterator["list[_Row] | _Table"]:
    """Cut the page where table rows begin and end; what stands between tables is given as plain rows."""
    vertical = [rule for rule in content.vertical if rule.end - rule.start >= 6]
    # Where the end of a page cuts a row, only its vertical rules end there.
    ends = [Rule(at, rule.at, rule.at) for rule in vertical for at in (rule.start, rule.end)]
    levels = _merged_levels([*content.horizontal, *ends])
    plain: list[_Row] = []
    for band in _between(rows, levels):
        if table := _table(band, vertical):
            if plain:
                yield plain
                plain = []
            yield table
        else:
            plain += band
    if plain:
        yield plain


def _merged_levels(rules: list[Rule]) -> list[float]:
    levels: list[float] = []
    for rule in sorted(rules, key=lambda rule: rule.at):
        if not levels or rule.at - levels[-1] > 3:
            levels.append(rule.at)
    return levels


def _between(rows: list[_Row], levels: list[float]) -> Iterator[list[_Row]]:
    position = 0
    band: list[_Row] = []
    for row in rows:
        middle = row.baseline - 0.3 * row.size
        if position < len(levels) and middle > levels[position]:
            yield band
            band = []
            while position < len(levels) and middle > levels[position]:
                position += 1
        band.append(row)
    yield band


def _table(band: list[_Row], vertical: list[Rule]) -> _Table | None:
    """A band as the row of a table, or as a box; None where it is neither.

    Rules between cells are those that pass all rows of the band and run through no text. The outermost that enclose all
    text are the frame, so that a first or last cell may be empty.
    """
    if not band:
        return None
    top, bottom = band[0].baseline - 0.5 * band[0].size, band[-1].baseline
    left, right = min(row.left for row in band), max(row.right for row in band)
    passing: list[float] = []
    for rule in sorted(vertical, key=lambda rule: rule.at):
        passes = rule.start <= top and rule.end >= bottom
        if not passes or (passing and rule.at - passing[-1] < 4):
            continue
        if not any(piece.left + 1 < rule.at < piece.right - 1 for row in band for piece in row.pieces):
            passing.append(rule.at)
    if len(passing) >= 2 and passing[0] <= left + 1 and passing[-1] >= right - 1:
        return _Table(band, passing[1:-1], True) if len(passing) > 2 or _is_box(band, left - passing[0]) else None
    inside = [at for at in passing if left < at < right]
    return _Table(band, inside, False) if inside else None


def _is_box(band: list[_Row], white: float) -> bool:
    """Whether a frame holds several rows, with little white at their left, where the border of a page has a margin."""
    return len(band) > 1 and white < 3 * max(row.size for row in band)


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows that a gutter parts: the first and one past the last."""

    gutter: Gutter
    start: int
    end: int


def _by_columns(
    rows: list[_Row], column: int, height: float, gutters: set[Gutter], depth: int = 0
) -> Iterator[tuple[int, _Row]]:
    run = (_new_columns(rows, height) or _known_columns(rows, height, gutters)) if depth < 2 else None
    if run is None:
        yield from ((column, row) for row in rows)
        return
    gutters.add(run.gutter)
    yield from _by_columns(rows[: run.start], column, height, gutters, depth)
    parted = rows[run.start : run.end]
    left = [part for row in parted if (part := row.part(float("-inf"), run.gutter.at))]
    right = [part for row in parted if (part := row.part(run.gutter.at, float("inf")))]
    yield from _by_columns(left, 2 * column + 1, height, gutters, depth + 1)
    yield from _by_columns(right, 2 * column + 2, height, gutters, depth + 1)
    yield from _by_columns(rows[run.end :], column, height, gutters, depth)


def _new_columns(rows: list[_Row], height: float) -> _Run | None:
    """The strip that parts most rows in a run without a row across it, with prose on both sides; None without one."""
    if len(rows) < _FEWEST_COLUMN_ROWS:
        return None
    low, high = min(row.left for row in rows), max(row.right for row in rows)
    gaps = [_wide_gaps(rows, index) for index in range(len(rows))]
    counts: Counter[int] = Counter()
    for row_gaps in gaps:
        for start, end in row_gaps:
            counts.update(range(int(start) + 1, int(end) + 1))
    margin = 0.12 * (high - low)
    # The middle of the best strip: its positions all count the same, give or take a ragged line.
    inside = {at: count for at, count in counts.items() if low + margin < at < high - margin}
    most = max(inside.values(), default=0)
    if most < _FEWEST_COLUMN_ROWS:
        return None
    best = [at for at, count in inside.items() if count >= 0.95 * most]
    at = float(median(best)) if max(best) - min(best) == len(best) - 1 else float(best[0])
    parted = [any(start < at < end for start, end in row_gaps) for row_gaps in gaps]
    return _best_run(rows, parted, at, height)


def _known_columns(rows: list[_Row], height: float, gutters: set[Gutter]) -> _Run | None:
    """A gutter of an earlier page, where something begins just where the right column did and nothing crosses it."""
    for gutter in sorted(gutters, key=lambda gutter: gutter.at):
        parts = [row.part(gutter.at, float("inf")) for row in rows]
        parted = [
            part is not None and abs(part.left - gutter.right) < 2 and row.left < gutter.at - 5
            for part, row in zip(parts, rows, strict=True)
        ]
        if any(parted) and (run := _best_run(rows, parted, gutter.at, height, fewest=1)):
            return run
    return None


def _wide_gaps(rows: list[_Row], index: int) -> list[tuple[float, float]]:
    """Wide gaps between pieces of a row, and of a neighbour beside it that stands half a line higher or lower."""
    row = rows[index]
    pieces = row.pieces
    if index + 1 < len(rows):
        beside = rows[index + 1]
        apart = beside.left > row.right or row.left > beside.right
        if apart and beside.baseline - row.baseline < 0.85 * row.size:
            pieces = sorted([*pieces, *beside.pieces], key=lambda piece: piece.left)
    widest = max(0.8 * row.size, 7.0)
    gaps: list[tuple[float, float]] = []
    reach = pieces[0].right
    for piece in pieces[1:]:
        if piece.left - reach >= widest:
            gaps.append((reach, piece.left))
        reach = max(reach, piece.right)
    return gaps


def _best_run(
    rows: list[_Row], parted: list[bool], at: float, height: float, fewest: int = _FEWEST_COLUMN_ROWS
) -> _Run | None:
    free = [
        (is_parted or row.right <= at or row.left >= at) and not _stands_apart(rows, index, height)
        for index, (row, is_parted) in enumerate(zip(rows, parted, strict=True))
    ]
    best: _Run | None = None
    most = fewest - 1
    start = 0
    while start < len(rows):
        if not free[start]:
            start += 1
            continue
        end = start
        while end < len(rows) and free[end]:
            end += 1
        run = _trimmed(rows, parted, at, start, end, footed=end < len(rows) and _stands_apart(rows, end, height))
        count = sum(parted[run.start : run.end])
        if count > most and (fewest == 1 or _is_prose(rows[run.start : run.end], at)):
            best, most = run, count
        start = end
    return best


def _stands_apart(rows: list[_Row], index: int, height: float) -> bool:
    """Whether a row is a running head or foot: near the edge of the page, with white between it and the text."""
    row, last = rows[index], len(rows) - 1

    def apart(above: int) -> bool:
        return rows[above + 1].baseline - rows[above].baseline > 1.9 * row.size

    # A second line of a head or foot stands close to the first.
    if row.baseline < 0.12 * height and index < last and (index == 0 or (index == 1 and not apart(0))):
        return apart(index)
    if row.baseline > 0.88 * height and index > 0 and (index == last or (index == last - 1 and not apart(index))):
        return apart(index - 1)
    return False


def _trimmed(rows: list[_Row], parted: list[bool], at: float, start: int, end: int, *, footed: bool) -> _Run:
    """Leave rows to the full width again that only happen to be short: above the columns, and headings below them.

    ``footed`` says that a running foot ends the run, which nothing can be the heading of.
    """
    first = next((index for index in range(start, end) if parted[index] or rows[index].left >= at), end)
    last = max((index for index in range(start, end) if parted[index] or rows[index].left >= at), default=start)
    tail = end - last - 1
    # One or two short rows right above a full-width row are its heading, not the end of the left column.
    headed = end < len(rows) and tail <= 2 and not (footed or _goes_on(rows, last, end, at))
    right = [part.left for row in rows[first:end] if (part := row.part(at, float("inf")))]
    return _Run(Gutter(at, min(right, default=at)), first, last + 1 if headed else end)


def _goes_on(rows: list[_Row], last: int, end: int, at: float) -> bool:
    """Whether rows after the last that reaches the right column go on with the left one: set alike, as near as ever."""
    left = [part for row in rows[max(0, last - 3) : end] if (part := row.part(float("-inf"), at))]
    steps = [below.baseline - above.baseline for above, below in pairwise(left)]
    alike = len({round(part.size) for part in left}) == 1
    tail = end - last - 1
    return tail > 0 and len(steps) > tail and alike and max(steps[-tail:]) <= 1.2 * min(steps)


def _is_prose(rows: list[_Row], at: float) -> bool:
    """Whether rows fill both columns, as running text does and the cells of most tables do not."""
    for low, high in ((float("-inf"), at), (at, float("inf"))):
        parts = [part for row in rows if (part := row.part(low, high))]
        if len(parts) < _FEWEST_COLUMN_ROWS:
            return False
        width = max(part.right for part in parts) - min(part.left for part in parts)
        narrow = width < _NARROWEST_COLUMN * median(part.size for part in parts)
        if narrow or median(part.right - part.left for part in parts) < 0.6 * width:
            return False
    return True


# Lines


def _line(row: _Row, page: int, dropped: Counter[str]) -> Block | None:
    marker, kept = _without_marks(row, dropped)
    text = clean(_joined(kept, row.size))
    if not text and not marker:
        return None
    # White at both ends is no part of the line; neither is a mark that was left out.
    shown = kept or row.pieces
    weight = sum(len(piece.text) for piece in shown)
    layout = Layout(
        left=round(min(piece.left for piece in row.pieces), 2),
        top=round(row.baseline - _ASCENT * row.size, 2),
        right=round(max(piece.right for piece in shown), 2),
        bottom=round(row.baseline + _DESCENT * row.size, 2),
        size=round(row.size, 2),
        bold=sum(len(piece.text) for piece in shown if piece.bold) > 0.9 * weight,
        italic=sum(len(piece.text) for piece in shown if piece.italic) > 0.9 * weight,
    )
    if not text:
        return Block(marker, "line", page=page, layout=layout)
    return Block(text, "line", page=page, marker=marker, bold=layout.bold, layout=layout)


def _without_marks(row: _Row, dropped: Counter[str]) -> tuple[str, list[Piece]]:
    """Leave raised footnote marks out and count them; one that opens the row is the number of a footnote."""
    marker = ""
    kept: list[Piece] = []
    for piece in row.pieces:
        text = piece.text.strip()
        raised = piece.size < _SUPERSCRIPT * row.size and row.baseline - piece.baseline > 0.1 * row.size
        if not raised or not _MARK.match(text) or (kept and _UNIT_BEFORE.search(kept[-1].text)):
            kept.append(piece)
        elif kept or len(row.pieces) == 1:
            dropped["footnote mark"] += 1
        else:
            marker = text
    return marker, kept


def _joined(pieces: list[Piece], size: float) -> str:
    """Text of pieces, with a space where the white between two of them is as wide as one."""
    joined = "".join(piece.text for piece in pieces)
    if _RIGHT_TO_LEFT.search(joined) and len(_RIGHT_TO_LEFT.findall(joined)) > 0.5 * len(joined.replace(" ", "")):
        return " ".join(piece.text for piece in reversed(pieces))
    text = pieces[0].text if pieces else ""
    for before, piece in pairwise(pieces):
        # Neighbours in the file are parted where pdfium says so; others, and wide gaps, by the white between them.
        known = piece.spaced is not None and piece.order == before.order + 1
        widest = _WORD_GAP * min(piece.size, size) * (2.5 if known else 1)
        if (known and piece.spaced) or piece.left - before.right > widest:
            text += " "
        text += piece.text
    return text


# Footnotes


def _with_footnotes(lines: list[_Line], content: PageContent, body_size: float) -> list[_Line]:
    notes: set[int] = set()
    for column in {line.column for line in lines}:
        places = [index for index, line in enumerate(lines) if line.column == column]
        notes |= _footnotes_among([(index, lines[index].block) for index in places], content, body_size)
    return [
        _Line(_as_note(line.block) if index in notes else _unmarked(line.block), line.column)
        for index, line in enumerate(lines)
    ]


def _footnotes_among(lines: list[tuple[int, Block]], content: PageContent, body_size: float) -> set[int]:
    """Small lines at the foot of a column: below a short rule, or from the first that begins with a mark."""
    ordered = sorted(lines, key=lambda line: _top(line[1]))
    small = [bool(block.layout) and _size(block) <= _FOOTNOTE * body_size for _, block in ordered]
    end = len(ordered)
    # A page number or running foot may stand below the notes.
    while end > 0 and _top(ordered[end - 1][1]) > 0.85 * content.height:
        block, above = ordered[end - 1][1], ordered[end - 2][1] if end > 1 else None
        apart = above is None or _top(block) - _top(above) > 1.9 * _size(block)
        if small[end - 1] and (_opens_note(block) or not apart):
            break
        end -= 1
    start = end
    while start > 0 and small[start - 1] and _top(ordered[start - 1][1]) > 0.3 * content.height:
        start -= 1
    below_rule = [index for index in range(start, end) if _below_rule(ordered[index][1], content)]
    marked = [index for index in range(start, end) if _opens_note(ordered[index][1])]
    first = min([*below_rule[:1], *marked[:1]], default=end)
    if not below_rule and (not marked or _top(ordered[first][1]) < 0.5 * content.height):
        return set()
    return {ordered[index][0] for index in range(first, end)}


def _opens_note(block: Block) -> bool:
    if block.marker:
        return True
    # "12" or "3 | Page" alone at the foot is a page number; a note goes on with words.
    return bool(_NOTE_NUMBER.match(block.text)) and len(block.text.split()) > 3


def _below_rule(block: Block, content: PageContent) -> bool:
    """Whether a short rule at the left, with nothing but the note below it, stands above the line."""
    left = block.layout.left if block.layout else 0.0
    return any(
        0.3 * content.height < rule.at <= _top(block) + 2
        and rule.end - rule.start < 0.5 * content.width
        and abs(rule.start - left) < 0.12 * content.width
        and not any(edge.start - 3 < rule.at < edge.end + 3 for edge in content.vertical)
        for rule in content.horizontal
    )


def _as_note(block: Block) -> Block:
    """The line as part of a footnote; a number that opens it, raised or not, becomes its marker."""
    marker, text = block.marker, block.text
    if not marker and _opens_note(block) and (match := _NOTE_NUMBER.match(text)):
        marker, text = match[1], text[match.end() :]
    return Block(text, "footnote", block.page, marker=marker, bold=block.bold, layout=block.layout)


def _unmarked(block: Block) -> Block:
    """A raised number that opens a line of running text is put back in front of it: it may be no footnote mark."""
    if not block.marker:
        return block
    text = f"{block.marker} {block.text}"
    return Block(text, block.kind, block.page, bold=block.bold, layout=block.layout)


def _top(block: Block) -> float:
    return block.layout.top if block.layout else 0.0


def _size(block: Block) -> float:
    return block.layout.size if block.layout else 0.0
