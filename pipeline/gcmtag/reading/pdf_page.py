"""What stands on one PDF page: pieces of text and rules, in points from the top left corner of the upright page.

One text object of the file is one piece, which is far cheaper to read than single characters. Pieces are as the program
that wrote the PDF made them: a line, a word, or one letter.
"""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pypdfium2 as pdfium
from pypdfium2 import raw

_BUFFER: Final = 1 << 16
_MOST_PATHS: Final = 3000
_DEEPEST_FORM: Final = 6
_THIN: Final = 2.0
_SHORTEST_RULE: Final = 20.0
_BOLD: Final = re.compile(r"bold|black|heavy|demi(?!um)", re.IGNORECASE)
_ITALIC: Final = re.compile(r"italic|oblique", re.IGNORECASE)
_FLAG_ITALIC: Final = 1 << 6
_FLAG_FORCE_BOLD: Final = 1 << 18
# pdfium writes the hyphen at a line's end as one of these two.
_LINE_END_HYPHENS: Final = str.maketrans({"\x02": "-", "\ufffe": "-", "\r": " ", "\n": " "})

# Without a map, pdfium gives the numbers of the glyphs.
_NO_LETTER: Final = re.compile(r"[\x01\x03-\x08\x0b\x0c\x0e-\x1f\ufffd]")

_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Final[_Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one object. ``left`` and ``right`` bound the ink; ``baseline`` is measured downwards from the top.

    ``order`` counts objects as they stand in the file; ``spaced`` says whether white parts it from the one before it
    there, and is None where that is not known.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool
    italic: bool
    order: int = 0
    spaced: bool | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight thin line, or one edge of a box: from ``start`` to ``end`` along it, at ``at`` across it."""

    at: float
    start: float
    end: float


@dataclass(slots=True)
class PageContent:
    """Pieces and rules of a page, its upright size in points, and what was left out by reason.

    ``unmapped`` is the share of its characters that the fonts give no letter for.
    """

    width: float
    height: float
    pieces: list[Piece] = field(default_factory=list[Piece])
    horizontal: list[Rule] = field(default_factory=list[Rule])
    vertical: list[Rule] = field(default_factory=list[Rule])
    images: int = 0
    unmapped: float = 0.0
    dropped: Counter[str] = field(default_factory=Counter[str])


@dataclass(frozen=True, slots=True)
class _RawText:
    text: str
    box: tuple[float, float, float, float]
    origin: tuple[float, float]
    angle: float
    size: float
    bold: bool
    italic: bool


def content_of(page: pdfium.PdfPage) -> PageContent:
    """Take the text and the rules off a page, turned so that most of its text stands upright.

    Text at another angle than most (watermarks, stamps along the margin) is counted in ``dropped``.
    """
    reader = _ObjectReader(page)
    try:
        reader.collect()
    finally:
        reader.textpage.close()
    quarter = _main_direction(reader.texts)
    turn = _Turn(page.get_bbox(), quarter)
    content = PageContent(width=turn.width, height=turn.height, images=reader.images, unmapped=reader.unmapped)
    spaced = _spaced([text.text for text in reader.texts], reader.whole_text)
    for order, text in enumerate(reader.texts):
        if piece := _piece(text, turn, content, order, spaced[order]):
            content.pieces.append(piece)
    for box in reader.boxes:
        _add_rules(turn.box(box), content)
    return content


class _ObjectReader:
    """Walks the objects of a page, those inside form XObjects included."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self.page = page
        self.textpage = page.get_textpage()
        self.texts: list[_RawText] = []
        self.boxes: list[tuple[float, float, float, float]] = []
        self.images = 0
        self.whole_text = ""
        self.unmapped = 0.0
        self._buffer = (ctypes.c_ushort * _BUFFER)()
        self._styles: dict[int, tuple[bool, bool]] = {}

    def collect(self) -> None:
        for item in self._children(self.page, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject):
            self._take(item, _IDENTITY, 0)
        text = self.textpage.get_text_range()
        self.unmapped = len(_NO_LETTER.findall(text)) / max(1, len(text))
        self.whole_text = text.translate(_LINE_END_HYPHENS)

    @staticmethod
    def _children(parent: Any, count: Any, get: Any) -> Iterator[Any]:  # noqa: ANN401  # pdfium's bare C handles
        for index in range(count(parent)):
            item = get(parent, index)
            if item:
                yield item

    def _take(self, item: Any, outer: _Matrix, depth: int) -> None:  # noqa: ANN401
        kind = raw.FPDFPageObj_GetType(item)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            self._take_text(item, outer)
        elif kind == raw.FPDF_PAGEOBJ_PATH:
            if len(self.boxes) < _MOST_PATHS and (box := self._bounds(item, outer)):
                self.boxes.append(box)
        elif kind == raw.FPDF_PAGEOBJ_IMAGE:
            self.images += 1
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
            matrix = _times(_matrix_of(item), outer)
            for child in self._children(item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject):
                self._take(child, matrix, depth + 1)

    def _take_text(self, item: Any, outer: _Matrix) -> None:  # noqa: ANN401
        length = raw.FPDFTextObj_GetText(item, self.textpage, self._buffer, _BUFFER)
        text = ctypes.string_at(self._buffer, min(length, 2 * _BUFFER)).decode("utf-16-le", "replace").rstrip("\0")
        if not text.strip() or not (box := self._bounds(item, outer)):
            return
        matrix = _times(_matrix_of(item), outer)
        size = ctypes.c_float()
        raw.FPDFTextObj_GetFontSize(item, size)
        bold, italic = self._style(raw.FPDFTextObj_GetFont(item))
        self.texts.append(
            _RawText(
                text=text.translate(_LINE_END_HYPHENS),
                box=box,
                origin=(matrix[4], matrix[5]),
                angle=math.degrees(math.atan2(matrix[1], matrix[0])) % 360,
                size=abs(size.value) * math.hypot(matrix[2], matrix[3]),
                bold=bold,
                italic=italic,
            )
        )

    @staticmethod
    def _bounds(item: Any, outer: _Matrix) -> tuple[float, float, float, float] | None:  # noqa: ANN401
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        if not raw.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            return None
        if outer is _IDENTITY:
            return left.value, bottom.value, right.value, top.value
        corners = [_moved(outer, x, y) for x in (left.value, right.value) for y in (bottom.value, top.value)]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def _style(self, font: Any) -> tuple[bool, bool]:  # noqa: ANN401
        if not font:
            return False, False
        key = ctypes.cast(font, ctypes.c_void_p).value or 0
        if key not in self._styles:
            name = ctypes.create_string_buffer(256)
            raw.FPDFFont_GetBaseFontName(font, name, 256)
            flags = max(raw.FPDFFont_GetFlags(font), 0)
            base = name.value.decode("latin-1")
            self._styles[key] = (
                bool(_BOLD.search(base)) or bool(flags & _FLAG_FORCE_BOLD),
                bool(_ITALIC.search(base)) or bool(flags & _FLAG_ITALIC),
            )
        return self._styles[key]


class _Turn:
    """Turns user space (origin at the bottom left) into points from the top left of the upright page."""

    def __init__(self, box: tuple[float, float, float, float], quarter: int) -> None:
        self.left, self.bottom, self.right, self.top = box
        self.quarter = quarter
        across, along = self.right - self.left, self.top - self.bottom
        self.width, self.height = (along, across) if quarter % 2 else (across, along)

    def point(self, x: float, y: float) -> tuple[float, float]:
        if self.quarter == 0:
            return x - self.left, self.top - y
        if self.quarter == 1:
            return y - self.bottom, x - self.left
        if self.quarter == 2:
            return self.right - x, y - self.bottom
        return self.top - y, self.right - x

    def box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        x0, y0 = self.point(box[0], box[1])
        x1, y1 = self.point(box[2], box[3])
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _matrix_of(item: Any) -> _Matrix:  # noqa: ANN401
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(item, matrix)
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _times(inner: _Matrix, outer: _Matrix) -> _Matrix:
    if outer is _IDENTITY:
        return inner
    a, b, c, d, e, f = inner
    oa, ob, oc, od, oe, of = outer
    return (
        a * oa + b * oc,
        a * ob + b * od,
        c * oa + d * oc,
        c * ob + d * od,
        e * oa + f * oc + oe,
        e * ob + f * od + of,
    )


def _moved(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _main_direction(texts: list[_RawText]) -> int:
    """Quarter turn (anticlockwise) of most characters; turning the page back by it sets them upright."""
    quarters: Counter[int] = Counter()
    for text in texts:
        quarters[round(text.angle / 90) % 4] += len(text.text)
    return quarters.most_common(1)[0][0] if quarters else 0


def _spaced(texts: list[str], whole: str) -> list[bool | None]:
    """Whether white stands before each text where pdfium, which knows the widths of glyphs, wrote the page as a whole.

    None where the two orders part ways; measuring the white between the ink is a poorer guess, for it takes a narrow
    glyph like "1" for a glyph with white around it.
    """
    spaced: list[bool | None] = []
    position = 0
    for text in texts:
        wanted = text.strip()
        start = position
        while start < len(whole) and whole[start].isspace():
            start += 1
        if whole.startswith(wanted, start):
            spaced.append(start > position or text[0].isspace())
            position = start + len(wanted)
            continue
        spaced.append(None)
        found = whole.find(wanted, position) if len(wanted) > 3 else -1
        if found >= 0:
            position = found + len(wanted)
    return spaced


def _piece(text: _RawText, turn: _Turn, content: PageContent, order: int, spaced: bool | None) -> Piece | None:
    off = (text.angle - 90 * turn.quarter + 180) % 360 - 180
    if abs(off) > 8:
        content.dropped["rotated text"] += 1
        return None
    left, top, right, bottom = turn.box(text.box)
    if right < 0 or bottom < 0 or left > content.width or top > content.height or text.size < 1:
        content.dropped["text outside the page"] += 1
        return None
    _, baseline = turn.point(*text.origin)
    return Piece(text.text, left, right, baseline, text.size, text.bold, text.italic, order, spaced)


def _add_rules(box: tuple[float, float, float, float], content: PageContent) -> None:
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    if height <= _THIN and width >= _SHORTEST_RULE:
        content.horizontal.append(Rule((top + bottom) / 2, left, right))
    elif width <= _THIN and height >= 6:
        content.vertical.append(Rule((left + right) / 2, top, bottom))
    elif width >= _SHORTEST_RULE and height >= 6 and width * height < 0.8 * content.width * content.height:
        # A box: its edges part what is inside from what is outside.
        content.horizontal += [Rule(top, left, right), Rule(bottom, left, right)]
        content.vertical += [Rule(left, top, bottom), Rule(right, top, bottom)]
