"""Takes page furniture out of lines: running heads, page numbers, symbols, file names, note marks and note blocks."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final

from gcmtag.document import Block
from gcmtag.segmenting.markers import split_marker
from gcmtag.segmenting.pieces import Drops, Line

PAGE_NUMBER: Final = "page number"
RUNNING: Final = "running head or foot"
SYMBOL: Final = "document symbol"
IMAGE: Final = "image name"
BARCODE: Final = "barcode"
NOTE: Final = "footnote"
NOTE_MARK: Final = "footnote mark"

_ALWAYS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (PAGE_NUMBER, re.compile(r"^(?:page|p\.|página|pág\.|seite)?\s*\d{1,4}\s*(?:/|of|de|sur|von|\|)\s*\d{1,4}$", re.I)),
    (PAGE_NUMBER, re.compile(r"^(?:page|página|pág\.|seite)\s+\d{1,4}$|^[-–—]\s*\d{1,4}\s*[-–—]$", re.I)),
    (PAGE_NUMBER, re.compile(r"^\d{1,4}\s*\|\s*p\s?a\s?g\s?[ei](?:na)?$|^\|\s*\d{1,4}$|^\d{1,4}\s*\|$", re.I)),
    (IMAGE, re.compile(r"^\S*\.(?:png|jpe?g|gif|tiff?|bmp|svg|emf|wmf)$", re.I)),
    (
        SYMBOL,
        re.compile(r"^(?=.*\d)[A-Z]{1,10}(?:/[A-Z0-9](?:[A-Za-z0-9.()\-]*[A-Za-z0-9)])?){1,6}/?$|^/\d+(?:/[\w.]+)+$"),
    ),
    (SYMBOL, re.compile(r"^\d{2}-\d{5}\*?(?:\s*\([A-Z]\))?(?:\s+\d+/\d+)?$|^\d+/\d+\s+\d{2}-\d{5}$")),
    (BARCODE, re.compile(r"^\*\s?\d{5,}\s?\*$|^\d{6}$|^(?:Please recycle|Veuillez recycler)\W*$", re.I)),
)
_LONE_NUMBER: Final = re.compile(r"^\[?\d{1,3}\]?$")
_LONE_MARK: Final = re.compile(r"^(?:\[?\d{1,3}\]?|[a-z]|\*{1,3}|[†‡§])$")
_RULE: Final = re.compile(r"^[_‗─—]{5,}$")
_NOTE_START: Final = re.compile(r"^(?:\[?(\d{1,3})\]?[.)]?|([a-z])|[*†‡]{1,3})(?:\s+(?=\S)|(?=[A-Z“\"])|$)")
_NEEDS_NUMBER: Final = re.compile(
    r"\b(?:nos?\.?|articles?|art\.?|target|goal|goals|indicator|objective|para\.?|of)$", re.I
)
_STRAY_SYMBOL: Final = re.compile(r"^(?:See\s+)?[A-Z]{1,4}(?:/[A-Za-z0-9.]+){1,5}\.$|^Ibid\.$")
# Raised figures, and figures that follow a full stop without a space: "counted for the first time.3 Since then".
_RAISED: Final = re.compile(
    r"(?<=[^\s\d])[⁰¹²³⁴-⁹]+|(?<=[a-z]{4}[.”])(?<!para\.)(?<!paras\.)(?<!arts\.)\d{1,2}(?=\s+[A-Z“]|$)"
)
_MARGIN: Final = 4
_NOTE_LIMIT: Final = 40
# In sizes of its letters.
_WHITE_ABOVE_FOOT: Final = 2.5


@dataclass(slots=True)
class _Item:
    block: Block
    place: int
    text: str
    reason: str = ""
    gap: bool = False
    page_start: bool = False
    page_end: bool = False
    marks: set[str] = field(default_factory=set[str])


def strip_furniture(blocks: Sequence[Block], drops: Drops) -> list[Line]:
    """Body lines among a file's blocks; what is taken out is counted in ``drops`` by reason."""
    items = _items(blocks)
    _mark_by_pattern(items)
    _mark_page_numbers(items)
    _mark_repeated(items)
    _mark_numbered_feet(items)
    _mark_layout_notes(items)
    _mark_ruled_notes(items)
    _mark_lone_marks(items)
    for item in items:
        if item.reason:
            drops.add(item.reason)
    return _lines(items)


def _items(blocks: Sequence[Block]) -> list[_Item]:
    items: list[_Item] = []
    gap = False
    for place, block in enumerate(blocks):
        if block.kind != "line":
            continue
        text = f"{block.marker} {block.text}".strip()
        if not text:
            gap = True
            continue
        items.append(_Item(block, place, text, gap=gap))
        gap = False
    for above, below in pairwise(items):
        if above.block.page != below.block.page:
            above.page_end = below.page_start = True
    if items:
        items[0].page_start = items[-1].page_end = True
    return items


def _mark_by_pattern(items: list[_Item]) -> None:
    for item in items:
        for reason, pattern in _ALWAYS:
            if pattern.match(item.text):
                item.reason = reason
                break


def _edges(items: list[_Item]) -> dict[int, list[tuple[_Item, int]]]:
    """For each page that the file knows, the few items at its top and foot, each with where it stands.

    Where: the height in steps of 4 points, or, without layout, its place from the top (1, 2, …) or foot (-2, -3, …).
    """
    pages: defaultdict[int, list[_Item]] = defaultdict(list)
    for item in items:
        if item.block.page is not None:
            pages[item.block.page].append(item)
    edges: dict[int, list[tuple[_Item, int]]] = {}
    for page, inside in pages.items():
        if all(item.block.layout for item in inside):
            edges[page] = _edges_by_height(inside)
            continue
        top = [(item, 1 + place) for place, item in enumerate(inside[:_MARGIN])]
        # On a short last page an item may be near the top and near the foot.
        foot = [(item, -2 - place) for place, item in enumerate(inside[: -_MARGIN - 1 : -1]) if len(inside) > 2]
        edges[page] = [
            (item, round(item.block.layout.top / 4) if item.block.layout else place) for item, place in (*top, *foot)
        ]
    return edges


def _edges_by_height(inside: list[_Item]) -> list[tuple[_Item, int]]:
    """The highest and the lowest items of a page, each with its height, whatever order the page is read in."""
    heights = sorted(((item.block.layout.top, place) for place, item in enumerate(inside) if item.block.layout))
    chosen = {place: top for top, place in (*heights[:_MARGIN], *heights[-_MARGIN:])}
    return [(inside[place], round(top / 4)) for place, top in chosen.items()]


def _mark_page_numbers(items: list[_Item]) -> None:
    """Lone numbers at the edge of a page whose distance to the page's own number is the same on several pages."""
    offsets: Counter[int] = Counter()
    found: list[tuple[int, _Item]] = []
    for page, edge in _edges(items).items():
        for item in {item.place: item for item, _ in edge}.values():
            if not item.reason and re.fullmatch(r"\d{1,4}", item.text):
                offsets[int(item.text) - page] += 1
                found.append((int(item.text) - page, item))
    for offset, item in found:
        if offsets[offset] >= min(3, max(2, len(found))) or offset == 0:
            item.reason = PAGE_NUMBER
    for page, edge in _edges(items).items():
        for item, _ in edge:
            if not item.reason and re.fullmatch(r"[ivxl]{1,6}", item.text) and page < 20:
                item.reason = PAGE_NUMBER


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", text).casefold()


def _edge_shape(text: str) -> str:
    """The shape of a line at a page's edge; without its short last word, a number that recognition may miss or misread.

    >>> _edge_shape("Second report of Marovia 2") == _edge_shape("Second report of Marovia Zz")
    True
    """
    shape = _shape(text)
    return re.sub(r" \S{1,3}$", "", shape) if shape.count(" ") > 2 else shape


def _mark_repeated(items: list[_Item]) -> None:
    """Short lines that come back on page after page.

    Where pages are known, at their edges; where they are not, beside lines that are furniture by themselves, so that
    a sub-heading which is used again and again stays.
    """
    if any(item.block.page is not None for item in items):
        _mark_repeated_at_edges(items)
        return
    counts = Counter(_shape(item.text) for item in items)
    _mark_numbers_beside(items, counts)
    # A head of several lines is found line by line, from the furniture inwards.
    for _ in range(_MARGIN):
        for order in (items, items[::-1]):
            # The file's own beginning and end are edges of a page as well.
            beside = [
                item
                for before, item in zip([None, *order], order, strict=False)
                if (before is None or before.reason in {PAGE_NUMBER, RUNNING, SYMBOL, IMAGE})
                and not item.reason
                and _may_run(item)
            ]
            times = Counter(_shape(item.text) for item in beside)
            for item in beside:
                # Body lines stand beside furniture too; a head does so nearly every time that it comes.
                if times[_shape(item.text)] >= max(3, 0.8 * counts[_shape(item.text)]):
                    item.reason = RUNNING


def _mark_repeated_at_edges(items: list[_Item]) -> None:
    """Lines that come back at the same height of page after page, or as the same line from its top or foot."""
    pages_of: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    edges = _edges(items)
    for page, edge in edges.items():
        for item, place in edge:
            pages_of[_edge_shape(item.text), place].add(page)
    least = 2 if len(edges) <= 3 else 3
    for edge in edges.values():
        for item, place in edge:
            shape = _edge_shape(item.text)
            near = (pages_of.get((shape, place + step), set()) for step in (-1, 0, 1))
            if not item.reason and len(set().union(*near)) >= least and _may_run(item):
                item.reason = RUNNING


def _mark_numbered_feet(items: list[_Item]) -> None:
    """The lowest line of a page, with white above it, that ends with the page's own number: it need not repeat."""
    pages: defaultdict[int, list[_Item]] = defaultdict(list)
    for item in items:
        if item.block.page is not None and item.block.layout and not item.reason:
            pages[item.block.page].append(item)
    for page, inside in pages.items():
        heights = sorted((item.block.layout.top, place) for place, item in enumerate(inside) if item.block.layout)
        if len(heights) < 2:
            continue
        foot = inside[heights[-1][1]]
        white = heights[-1][0] - heights[-2][0]
        size = foot.block.layout.size if foot.block.layout else 0.0
        if white > _WHITE_ABOVE_FOOT * size and re.search(rf"\D\s{page}$", foot.text) and _may_run(foot):
            foot.reason = RUNNING


def _mark_numbers_beside(items: list[_Item], counts: Counter[str]) -> None:
    """Lone numbers that go up by one from page to page, each beside the same repeated line."""
    beside: defaultdict[str, list[tuple[int, _Item]]] = defaultdict(list)
    for place, item in enumerate(items):
        if item.reason or not re.fullmatch(r"\d{1,4}", item.text):
            continue
        around = [*items[place + 1 : place + 2], *items[max(0, place - 1) : place]]
        for other in around:
            shape = _shape(other.text)
            if counts[shape] >= 3 and shape != "#" and _may_run(other):
                beside[shape].append((int(item.text), item))
    for found in beside.values():
        numbers = [number for number, _ in found]
        if len(found) >= 3 and all(after == before + 1 for before, after in pairwise(numbers)):
            for _, item in found:
                item.reason = PAGE_NUMBER


def _may_run(item: _Item) -> bool:
    """Whether a line at a page's edge can be a running head: prompts, lists and text that goes on cannot."""
    marker, _ = split_marker(item.text)
    own = marker is not None or _LONE_NUMBER.match(item.text) or _RULE.match(item.text)
    return len(item.text) < 160 and not own


def _mark_layout_notes(items: list[_Item]) -> None:
    """Small print at the foot of a page that begins with a mark."""
    sizes = [item.block.layout.size for item in items if item.block.layout for _ in range(len(item.text))]
    if not sizes:
        return
    body = median(sizes)
    pages: defaultdict[int, list[_Item]] = defaultdict(list)
    for item in items:
        if item.block.page is not None and not item.reason:
            pages[item.block.page].append(item)
    for inside in pages.values():
        foot: list[_Item] = []
        for item in reversed(inside):
            layout = item.block.layout
            if layout is None or layout.size > 0.93 * body:
                break
            foot.insert(0, item)
        while foot and not _NOTE_START.match(foot[0].text):
            foot.pop(0)
        if len(foot) == len(inside):
            continue
        marks = {match[1] or match[2] for item in foot if (match := _NOTE_START.match(item.text))}
        for item in foot:
            item.reason = NOTE
        for item in inside:
            item.marks |= {mark for mark in marks if mark}


def _mark_ruled_notes(items: list[_Item]) -> None:
    """A rule of underscores and the notes under it, up to the furniture at the foot of the page."""
    for start, item in enumerate(items):
        if item.reason or not _RULE.match(item.text):
            continue
        item.reason = NOTE
        following = items[start + 1 : start + 1 + _NOTE_LIMIT]
        if not following or not _NOTE_START.match(following[0].text):
            continue
        for note in following:
            if note.reason in {PAGE_NUMBER, RUNNING, IMAGE} or note.page_start:
                break
            if note.gap and not _NOTE_START.match(note.text) and _looks_structural(note.text):
                break
            note.reason = note.reason or NOTE


def _mark_lone_marks(items: list[_Item]) -> None:
    """Note marks that extraction put on lines of their own, and unruled notes where the marks begin anew."""
    seen: list[str] = []
    body = [item for item in items if not item.reason]
    position = 0
    while position < len(body):
        item = body[position]
        above = body[position - 1].text if position else ""
        if not _LONE_MARK.match(item.text) or _NEEDS_NUMBER.search(above):
            position += 1
            continue
        mark = item.text.strip("[]")
        if (mark in seen and mark == seen[0] and mark != _last(seen)) or _starts_notes(body, position, seen):
            position = _mark_unruled(body, position, seen)
            seen = []
            continue
        item.reason = NOTE_MARK
        if position + 1 < len(body) and _STRAY_SYMBOL.match(body[position + 1].text):
            body[position + 1].reason = NOTE
            position += 1
        seen.append(mark)
        position += 1


def _last(seen: list[str]) -> str:
    return seen[-1] if len(seen) > 1 and len(set(seen)) > 1 else ""


def _starts_notes(body: list[_Item], position: int, seen: list[str]) -> bool:
    """A mark that comes a second time, at a line that begins like a note rather than going on with the sentence."""
    mark = body[position].text
    if mark not in seen or position + 1 >= len(body):
        return False
    above = body[position - 1].text if position else ""
    return above.endswith((".", "”", '"')) and len(set(seen)) == 1


def _mark_unruled(body: list[_Item], start: int, seen: list[str]) -> int:
    """Mark notes from ``start`` until structure begins again; return where."""
    position = start
    for position in range(start, min(len(body), start + _NOTE_LIMIT)):
        text = body[position].text
        if position > start and not _LONE_MARK.match(text) and (_looks_structural(text) or body[position].page_start):
            return position
        body[position].reason = NOTE
    return position + 1


def _looks_structural(text: str) -> bool:
    marker, rest = split_marker(text)
    if marker is None:
        return False
    return marker.kind != "letter" and (bool(rest) or marker.kind in {"capital", "roman", "number"})


def _strip_marks(text: str, marks: set[str]) -> str:
    """Take out raised marks that extraction ran together with the words before them."""
    text = _RAISED.sub("", text)
    if not marks:
        return text
    known = "|".join(sorted((re.escape(mark) for mark in marks if mark.isdigit()), key=len, reverse=True))
    if not known:
        return text
    return re.sub(rf"(?<=[a-z)”’\"][.,;:”’\"])(?:{known})(?=\s|$)|(?<=[a-z)”])(?:{known})(?=[\s.,;:]|$)", "", text)


def _lines(items: list[_Item]) -> list[Line]:
    lines: list[Line] = []
    glued = gap = paged = False
    for item in items:
        gap = gap or item.gap
        paged = paged or (item.page_start and bool(lines))
        if item.reason:
            glued = True
            continue
        text = _strip_marks(item.text, item.marks)
        lines.append(
            Line(
                text,
                page=item.block.page,
                layout=item.block.layout,
                bold=item.block.bold or bool(item.block.layout and item.block.layout.bold),
                gap=gap,
                glued=glued,
                paged=paged,
                place=item.place,
            )
        )
        glued = gap = paged = False
    return lines
