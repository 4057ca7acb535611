"""DOCX: body paragraphs, lists as Word numbers them, tables, text boxes and footnotes, in reading order.

Tracked changes are read as accepted; comments, running heads and tables of contents are left out and counted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gcmtag.document import Block, SourceFile
from gcmtag.reading.cells import Row, RowBudget, rows_as_blocks
from gcmtag.reading.common import EMPTY_BOX, TICKED_BOX, broken_lines, clean, likely_title
from gcmtag.reading.docx_package import (
    Element,
    Numbering,
    Package,
    Style,
    Styles,
    is_on,
    number_of,
    tag,
    value_of,
)
from gcmtag.reading.numerals import formatted

_LONGEST_HEADING: Final = 500

_CONTAINERS: Final = frozenset(map(tag, ("w:ins", "w:moveTo", "w:customXml", "w:smartTag", "w:sdtContent")))
_GONE: Final = frozenset(map(tag, ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:sdtPr", "w:tblPr", "w:trPr", "w:tcPr")))
_INLINE: Final = frozenset(map(tag, ("w:hyperlink", "w:fldSimple", "w:dir", "w:bdo", "w:ruby", "w:rubyBase")))
_BREAKS: Final = {tag("w:tab"): "\t", tag("w:cr"): "\n", tag("w:noBreakHyphen"): "-", tag("w:ptab"): "\t"}
_DRAWN: Final = frozenset(map(tag, ("w:drawing", "w:pict", "w:object")))

_WINGDINGS: Final = {
    "wingdings": dict.fromkeys("o\u00a8qrmn", EMPTY_BOX)
    | dict.fromkeys("\u00fe\u00fdx", TICKED_BOX)
    | {"\u00fc": "✓", "\u00e0": "→"},
    "wingdings 2": {"\u00a3": EMPTY_BOX, "R": TICKED_BOX, "S": TICKED_BOX, "P": "✓", "O": "✗"},
}


def read(path: Path, data: bytes, document_id: str) -> SourceFile:
    """Read a Word document.

    Raises:
        UnreadableDocument: A part is damaged, or would unpack to a dangerous size.
    """
    package = Package(path, data)
    walker = _Walker(package)
    blocks: list[Block] = []
    walker.walk(package.body, blocks)
    dropped = walker.dropped + _left_out(package)
    return SourceFile(
        path=path,
        document_id=document_id,
        format="docx",
        blocks=tuple(blocks),
        title=walker.title or _core_title(package),
        dropped=dict(dropped),
        warnings=(*walker.warnings, *walker.rows.warnings(walker.dropped)),
    )


def _core_title(package: Package) -> str:
    core = package.part("docProps/core.xml")
    return likely_title(clean(core.findtext(tag("dc:title")) or "")) if core is not None else ""


def _left_out(package: Package) -> Counter[str]:
    counts: Counter[str] = Counter()
    for start, reason in (("header", "page header"), ("footer", "page footer")):
        for part in package.parts_like(start):
            counts[reason] += sum(bool(_plain(paragraph)) for paragraph in part.iter(tag("w:p")))
    comments = package.beside_main("comments.xml")
    if comments is not None:
        counts["comment"] = len(comments.findall(tag("w:comment")))
    return +counts


def _plain(element: Element) -> str:
    return clean("".join(text.text or "" for text in element.iter(tag("w:t"))))


@dataclass(slots=True)
class _Inline:
    """What a paragraph holds: its text with line breaks, how much of it is bold, its notes and text boxes."""

    text: list[str] = field(default_factory=list[str])
    bold: int = 0
    shown: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    boxes: list[Element] = field(default_factory=list[Element])

    def add(self, text: str, bold: bool = False) -> None:
        self.text.append(text)
        weight = len(text.strip())
        self.shown += weight
        self.bold += weight * bold

    @property
    def is_bold(self) -> bool:
        return self.shown > 0 and self.bold > 0.95 * self.shown


class _Walker:
    """Goes through the body in order, carrying what one paragraph leaves to the next."""

    def __init__(self, package: Package) -> None:
        self.dropped: Counter[str] = Counter()
        self.warnings: list[str] = []
        self.title = ""
        self.rows = RowBudget()
        self._styles = Styles(package.beside_main("styles.xml"))
        self._numbering = Numbering(package.beside_main("numbering.xml"))
        self._notes = {
            kind: {str(note.get(tag("w:id"))): note for note in (() if root is None else root)}
            for kind, root in (
                ("footnote", package.beside_main("footnotes.xml")),
                ("endnote", package.beside_main("endnotes.xml")),
            )
        }
        self._note_numbers: Counter[str] = Counter()
        # Instructions of the fields that are open: the entries of a table of contents stand within one.
        self._fields: list[str] = []
        # Text of a paragraph whose mark was deleted: it goes on in the next paragraph.
        self._carried: _Inline | None = None

    def walk(self, container: Element, sink: list[Block]) -> None:
        for child in container:
            if child.tag == tag("w:p"):
                self._paragraph(child, sink)
            elif child.tag == tag("w:tbl"):
                sink += self._table(child)
            elif child.tag == tag("w:sdt"):
                self._control(child, sink)
            elif child.tag in _CONTAINERS:
                self.walk(child, sink)
            elif child.tag == tag("mc:AlternateContent"):
                self.walk(_alternative(child), sink)
            elif child.tag == tag("w:altChunk"):
                self.warnings.append("a document embedded in this one was left out")

    def _control(self, control: Element, sink: list[Block]) -> None:
        content = control.find(tag("w:sdtContent"))
        if content is None:
            return
        gallery = control.find(f"{tag('w:sdtPr')}/{tag('w:docPartObj')}/{tag('w:docPartGallery')}")
        if value_of(gallery) == "Table of Contents":
            self.dropped["table of contents"] += sum(bool(_plain(paragraph)) for paragraph in content.iter(tag("w:p")))
        elif _is_placeholder(control):
            self.dropped["form placeholder"] += 1
        else:
            self.walk(content, sink)

    # Paragraphs

    def _paragraph(self, paragraph: Element, sink: list[Block]) -> None:
        properties = paragraph.find(tag("w:pPr"))
        style_id = value_of(None if properties is None else properties.find(tag("w:pStyle")), self._styles.default)
        style = self._styles.get(style_id)
        level = _heading_level(style, properties)
        if level:
            self._fields.clear()
        inline = self._carried or _Inline()
        self._carried = None
        in_contents = self._in_contents() or style.name.startswith(("toc ", "table of figures"))
        self._collect(paragraph, inline, style)
        if _mark_is_deleted(properties):
            self._carried = inline
            return
        marker, depth = self._number(properties, style, style_id)
        if in_contents or self._in_contents():
            self.dropped["table of contents"] += bool("".join(inline.text).strip())
            return
        if level and style.name == "title" and not self.title:
            self.title = clean("".join(inline.text))
        sink += _blocks_of(inline, style, level, marker, depth)
        for kind, note_id in inline.notes:
            self._note(kind, note_id, sink)
        for box in inline.boxes:
            self.walk(box, sink)

    def _in_contents(self) -> bool:
        return any(instruction.strip().upper().startswith("TOC") for instruction in self._fields)

    def _number(self, properties: Element | None, style: Style, style_id: str) -> tuple[str | None, int]:
        """Marker and depth of a list item; the marker is None for what is no list item."""
        own_id, own_level = number_of(None if properties is None else properties.find(tag("w:numPr")))
        number_id = style.number_id if own_id is None else own_id
        if number_id is None:
            return _marker_by_style(style), _depth_by_style(style)
        level = own_level
        if level is None and own_id is None:
            level = self._styles.linked_level(style_id, self._numbering.levels(number_id))
        if level is None:
            level = style.number_level or 0
        return self._numbering.next_marker(number_id, level), level

    def _note(self, kind: str, note_id: str, sink: list[Block]) -> None:
        self._note_numbers[kind] += 1
        note = self._notes[kind].get(note_id)
        if note is None:
            return
        number = formatted(self._note_numbers[kind], "decimal" if kind == "footnote" else "lowerRoman")
        pieces: list[Block] = []
        self.walk(note, pieces)
        text = " ".join(piece.text for piece in pieces)
        if text:
            sink.append(Block(text, "footnote", marker=number))

    # Text within a paragraph

    def _collect(self, parent: Element, inline: _Inline, style: Style) -> None:
        for child in parent:
            name = child.tag
            if name in _GONE:
                continue
            if name == tag("w:r"):
                self._run(child, inline, style)
            elif name == tag("w:sdt"):
                self._inline_control(child, inline, style)
            elif name in _INLINE or name in _CONTAINERS:
                self._collect(child, inline, style)
            elif name == tag("mc:AlternateContent"):
                self._collect(_alternative(child), inline, style)
            elif name in {tag("m:oMath"), tag("m:oMathPara")}:
                inline.add("".join(text.text or "" for text in child.iter(tag("m:t"))))

    def _inline_control(self, control: Element, inline: _Inline, style: Style) -> None:
        box = control.find(f"{tag('w:sdtPr')}/{tag('w14:checkbox')}")
        content = control.find(tag("w:sdtContent"))
        if box is not None:
            checked = box.find(tag("w14:checked"))
            ticked = checked is not None and checked.get(tag("w14:val"), "1") not in {"0", "false", "off"}
            inline.add(TICKED_BOX if ticked else EMPTY_BOX)
        elif _is_placeholder(control):
            self.dropped["form placeholder"] += 1
        elif content is not None:
            self._collect(content, inline, style)

    def _run(self, run: Element, inline: _Inline, style: Style) -> None:
        properties = run.find(tag("w:rPr"))
        bold, hidden, font = self._run_style(properties, style)
        for child in _with_alternatives(run):
            name = child.tag
            if name == tag("w:fldChar"):
                self._field(child, inline)
            elif name == tag("w:instrText") and self._fields:
                self._fields[-1] += child.text or ""
            elif name in _DRAWN:
                inline.boxes += _boxes_in(child)
            elif hidden:
                continue
            elif name == tag("w:t"):
                inline.add(_in_font(child.text or "", font), bold)
            elif name == tag("w:br"):
                inline.add("\n" if child.get(tag("w:type"), "textWrapping") == "textWrapping" else "\n\n")
            elif name in _BREAKS:
                inline.add(_BREAKS[name])
            elif name == tag("w:sym"):
                inline.add(_symbol(child), bold)
            elif name in {tag("w:footnoteReference"), tag("w:endnoteReference")}:
                kind = "footnote" if name == tag("w:footnoteReference") else "endnote"
                inline.notes.append((kind, str(child.get(tag("w:id")))))
                self.dropped["footnote mark"] += 1
            elif name == tag("w:ruby"):
                self._collect(child, inline, style)

    def _run_style(self, properties: Element | None, style: Style) -> tuple[bool, bool, str]:
        if properties is None:
            return style.bold, style.vanish, ""
        run_style = self._styles.get(value_of(properties.find(tag("w:rStyle"))))
        bold, vanish = properties.find(tag("w:b")), properties.find(tag("w:vanish"))
        fonts = properties.find(tag("w:rFonts"))
        return (
            is_on(bold) if bold is not None else style.bold or run_style.bold,
            is_on(vanish) if vanish is not None else style.vanish or run_style.vanish,
            "" if fonts is None else str(fonts.get(tag("w:ascii"), "")).lower(),
        )

    def _field(self, mark: Element, inline: _Inline) -> None:
        kind = mark.get(tag("w:fldCharType"))
        if kind == "begin":
            self._fields.append("")
            inline.add(_form_field(mark))
        elif kind == "end" and self._fields:
            self._fields.pop()

    # Tables

    def _table(self, table: Element) -> Iterator[Block]:
        return rows_as_blocks([self._row(row) for row in self.rows.first(_rows_of(table), self.dropped)])

    def _row(self, row: Element) -> Row:
        cells: list[list[Block]] = []
        for cell in _cells_of(row):
            blocks: list[Block] = []
            merged = cell.find(f"{tag('w:tcPr')}/{tag('w:vMerge')}")
            # A cell merged with the one above is written once, above.
            if merged is None or value_of(merged, "continue") == "restart":
                self.walk(cell, blocks)
            cells.append(blocks)
        return Row(cells, is_header=is_on(row.find(f"{tag('w:trPr')}/{tag('w:tblHeader')}")))


def _blocks_of(inline: _Inline, style: Style, level: int, marker: str | None, depth: int) -> Iterator[Block]:
    text = "".join(inline.text)
    bold = inline.is_bold
    if level and len(text) <= _LONGEST_HEADING:
        if heading := clean(text):
            yield Block(heading, "heading", level=level, marker=marker or "", bold=bold)
        return
    for position, (line_marker, line) in enumerate(broken_lines(text)):
        if line_marker:
            yield Block(line, "list_item", level=depth + (marker is not None), marker=line_marker, bold=bold)
        elif position == 0 and (marker or (marker is not None and style.name.startswith("list number"))):
            yield Block(line, "list_item", level=depth, marker=marker or "", bold=bold)
        else:
            yield Block(line, "caption" if style.name == "caption" else "paragraph", bold=bold)


def _heading_level(style: Style, properties: Element | None) -> int:
    """Level of a heading, 1 the highest; 0 for what is none."""
    kind, _, number = style.name.partition(" ")
    if kind == "heading" and number.isdigit():
        return min(int(number), 9)
    if style.name in {"title", "subtitle"}:
        return 1 if style.name == "title" else 2
    own = None if properties is None else properties.find(tag("w:outlineLvl"))
    outline = style.outline if own is None else int(value_of(own, "9"))
    return outline + 1 if outline is not None and 0 <= outline <= 8 else 0


def _marker_by_style(style: Style) -> str | None:
    if style.name.startswith("list bullet"):
        return "•"
    return "" if style.name.startswith("list number") else None


def _depth_by_style(style: Style) -> int:
    last = style.name.rpartition(" ")[2]
    return int(last) - 1 if style.name.startswith(("list bullet ", "list number ")) and last.isdigit() else 0


def _mark_is_deleted(properties: Element | None) -> bool:
    return properties is not None and properties.find(f"{tag('w:rPr')}/{tag('w:del')}") is not None


def _is_placeholder(control: Element) -> bool:
    return is_on(control.find(f"{tag('w:sdtPr')}/{tag('w:showingPlcHdr')}"))


def _alternative(element: Element) -> Element:
    """The newer of the two forms that Word writes for one thing, or the older where there is no other."""
    choice = element.find(tag("mc:Choice"))
    fallback = element.find(tag("mc:Fallback"))
    return choice if choice is not None else (fallback if fallback is not None else ())


def _with_alternatives(run: Element) -> Iterator[Element]:
    for child in run:
        if child.tag == tag("mc:AlternateContent"):
            yield from _alternative(child)
        else:
            yield child


def _boxes_in(drawn: Element) -> list[Element]:
    """Text boxes of a drawing; one within another comes with it."""
    boxes: list[Element] = []
    pending = [drawn]
    while pending:
        element = pending.pop(0)
        if element.tag == tag("w:txbxContent"):
            boxes.append(element)
        elif element.tag == tag("mc:AlternateContent"):
            pending = [*_alternative(element), *pending]
        else:
            pending = [*element, *pending]
    return boxes


def _form_field(mark: Element) -> str:
    """What an old form field shows: a check box, or the chosen entry of a list."""
    box = mark.find(f"{tag('w:ffData')}/{tag('w:checkBox')}")
    if box is not None:
        checked = box.find(tag("w:checked"))
        state = checked if checked is not None else box.find(tag("w:default"))
        return TICKED_BOX if is_on(state) else EMPTY_BOX
    entries = mark.find(f"{tag('w:ffData')}/{tag('w:ddList')}")
    if entries is None:
        return ""
    names = [value_of(entry) for entry in entries.iterfind(tag("w:listEntry"))]
    chosen = int(value_of(entries.find(tag("w:result")), "0"))
    return names[chosen] if 0 <= chosen < len(names) else ""


def _symbol(element: Element) -> str:
    code = int(element.get(tag("w:char"), "0"), 16)
    font = str(element.get(tag("w:font"), "")).lower()
    return _in_font(chr(code & 0xFF), font) if font in _WINGDINGS else chr(code)


def _in_font(text: str, font: str) -> str:
    """Letters of a symbol font as the signs that they show."""
    if font not in _WINGDINGS:
        return text
    signs = _WINGDINGS[font]
    return "".join(character if character.isspace() else signs.get(character, "•") for character in text)


def _rows_of(table: Element) -> Iterator[Element]:
    for child in table:
        if child.tag == tag("w:tr"):
            if child.find(f"{tag('w:trPr')}/{tag('w:del')}") is None:
                yield child
        elif child.tag in _CONTAINERS or child.tag == tag("w:sdt"):
            yield from _rows_of(child)


def _cells_of(row: Element) -> Iterator[Element]:
    for child in row:
        if child.tag == tag("w:tc"):
            yield child
        elif child.tag in _CONTAINERS or child.tag == tag("w:sdt"):
            yield from _cells_of(child)
