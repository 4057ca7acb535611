"""The parts of a DOCX file as XML, and what its styles and numbering say about a paragraph.

The XML is read as it is, not through python-docx: footnotes, text boxes, content controls and tracked changes all stand
where python-docx does not look, and it refuses templates and files with macros.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lxml import etree

from gcmtag.reading.common import marks_in, refuse_endless_markup, refuse_zip_bombs, unreadable
from gcmtag.reading.numerals import formatted

_TRANSITIONAL: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT: Final = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_PREFIXES: Final = {
    "w": _TRANSITIONAL,
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "dc": "http://purl.org/dc/elements/1.1/",
}
_LEVELS: Final = 9
_BULLETS: Final = frozenset("•‣▪–—-*◦●○■□➢")

# lxml has no types; its elements are Any throughout.
Element = Any


def tag(name: str) -> str:
    """Qualified name of a prefixed one.

    >>> tag("dc:title")
    '{http://purl.org/dc/elements/1.1/}title'
    """
    prefix, local = name.split(":")
    return f"{{{_PREFIXES[prefix]}}}{local}"


def value_of(element: Element | None, default: str = "") -> str:
    """The ``w:val`` attribute of an element; the default where either is missing."""
    return default if element is None else str(element.get(tag("w:val"), default))


def is_on(element: Element | None) -> bool:
    """Whether a toggle such as ``w:b`` is there and not switched off."""
    return element is not None and value_of(element, "true") not in {"0", "false", "off", "none"}


class Package:
    """The zip archive of a DOCX file; parts are parsed when asked for, without entities and network.

    Raises:
        UnreadableDocument: The archive holds a part of a dangerous size, or no readable main part.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        """Open the archive and parse its main part."""
        self._path = path
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        refuse_zip_bombs(path, self._archive)
        self.names = self._archive.namelist()
        self._known = frozenset(self.names)
        self._size = self._marks = 0
        self.main_name = self._main_name()
        main = self.part(self.main_name)
        body = None if main is None else main.find(tag("w:body"))
        if body is None:
            raise unreadable(path, "the Word document has no readable body", "open it in Word and save it again")
        self.body: Element = body

    def part(self, name: str) -> Element | None:
        """Root of a part; None where there is none of that name.

        Raises:
            UnreadableDocument: The part is damaged, or larger than is safe together with those read before it.
        """
        if name not in self._known:
            return None
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            content = self._archive.read(name).replace(_STRICT, _TRANSITIONAL.encode())
            self._size += len(content)
            self._marks += marks_in(content)
            refuse_endless_markup(self._path, self._size, self._marks)
            return etree.fromstring(content, parser)
        except (
            etree.XMLSyntaxError,
            zipfile.BadZipFile,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise unreadable(
                self._path, f"its part {name} is damaged ({type(error).__name__})", "open it in Word and save it again"
            ) from error

    def beside_main(self, name: str) -> Element | None:
        """A part that stands in the folder of the main part, such as ``styles.xml``."""
        return self.part(posixpath.join(posixpath.dirname(self.main_name), name))

    def parts_like(self, start: str) -> Iterator[Element]:
        """Parts in the main folder whose names begin so, such as ``header``."""
        folder = posixpath.dirname(self.main_name)
        for name in self.names:
            if name.startswith(posixpath.join(folder, start)) and name.endswith(".xml"):
                yield self.part(name)

    def _main_name(self) -> str:
        relations = self.part("_rels/.rels")
        for relation in () if relations is None else relations:
            if str(relation.get("Type", "")).endswith("/officeDocument"):
                return str(relation.get("Target", "")).lstrip("/")
        return "word/document.xml"


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph style says, inherited settings included."""

    name: str = ""
    outline: int | None = None
    number_id: str | None = None
    number_level: int | None = None
    bold: bool = False
    vanish: bool = False


class Styles:
    """The styles of a document by id."""

    def __init__(self, root: Element | None) -> None:
        """Take the root of ``styles.xml``; without it every style says nothing."""
        self._elements: dict[str, Element] = {}
        self._known: dict[str, Style] = {}
        self.default = ""
        for element in () if root is None else root.iterfind(tag("w:style")):
            style_id = str(element.get(tag("w:styleId"), ""))
            self._elements[style_id] = element
            if element.get(tag("w:type")) == "paragraph" and element.get(tag("w:default")) in {"1", "true", "on"}:
                self.default = style_id

    def get(self, style_id: str) -> Style:
        """The style with that id; one that says nothing where it is unknown."""
        if style_id not in self._known:
            self._known[style_id] = Style()  # what a style that is based on itself inherits
            self._known[style_id] = self._resolved(style_id)
        return self._known[style_id]

    def _resolved(self, style_id: str) -> Style:
        element = self._elements.get(style_id)
        if element is None:
            return Style()
        based_on = value_of(element.find(tag("w:basedOn")))
        base = self.get(based_on) if based_on else Style()
        name = value_of(element.find(tag("w:name"))).lower()
        outline = element.find(f"{tag('w:pPr')}/{tag('w:outlineLvl')}")
        number = element.find(f"{tag('w:pPr')}/{tag('w:numPr')}")
        number_id, number_level = number_of(number)
        bold = element.find(f"{tag('w:rPr')}/{tag('w:b')}")
        vanish = element.find(f"{tag('w:rPr')}/{tag('w:vanish')}")
        # A style based on "heading 2" is a heading as well, whatever its own name.
        return Style(
            name=base.name if base.name.startswith("heading ") and not name.startswith("heading ") else name,
            outline=base.outline if outline is None else int(value_of(outline, "9")),
            number_id=base.number_id if number_id is None else number_id,
            number_level=base.number_level if number_level is None else number_level,
            bold=base.bold if bold is None else is_on(bold),
            vanish=base.vanish if vanish is None else is_on(vanish),
        )

    def linked_level(self, style_id: str, levels: dict[int, "Level"]) -> int | None:
        """The list level that names this style or one that it is based on; None where no level does."""
        seen: set[str] = set()
        while style_id and style_id not in seen:
            seen.add(style_id)
            for index, level in levels.items():
                if level.style == style_id:
                    return index
            element = self._elements.get(style_id)
            style_id = "" if element is None else value_of(element.find(tag("w:basedOn")))
        return None


def number_of(number: Element | None) -> tuple[str | None, int | None]:
    """List id and level of a ``w:numPr``; each None where it is not given."""
    if number is None:
        return None, None
    number_id = number.find(tag("w:numId"))
    level = number.find(tag("w:ilvl"))
    return (
        None if number_id is None else value_of(number_id),
        None if level is None else min(max(int(value_of(level, "0")), 0), _LEVELS - 1),
    )


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list: first number, format, the text around it ("%1.%2"), and after which level it restarts."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    restart: int | None = None
    legal: bool = False
    style: str = ""


@dataclass(slots=True)
class _List:
    """Levels of a list, its counters shared by all lists of the same kind, and where it begins anew."""

    kind: str
    levels: dict[int, Level]
    restarts: dict[int, int] = field(default_factory=dict[int, int])


class Numbering:
    """Counts list items as Word does, so that each shows the number that a reader sees.

    Lists of the same abstract definition go on counting together, except where one says that it begins anew.
    """

    def __init__(self, root: Element | None) -> None:
        """Take the root of ``numbering.xml``; without it there are no lists."""
        self._lists: dict[str, _List] = {}
        self._counters: dict[str, list[int | None]] = {}
        if root is None:
            return
        kinds = {str(kind.get(tag("w:abstractNumId"))): kind for kind in root.iterfind(tag("w:abstractNum"))}
        by_style = {value_of(kind.find(tag("w:styleLink"))): name for name, kind in kinds.items()}
        for number in root.iterfind(tag("w:num")):
            name = value_of(number.find(tag("w:abstractNumId")))
            kind = kinds.get(name)
            if kind is not None and (link := value_of(kind.find(tag("w:numStyleLink")))) in by_style and link:
                name = by_style[link]
                kind = kinds[name]
            if kind is not None:
                self._lists[str(number.get(tag("w:numId")))] = _list_of(name, kind, number)

    def levels(self, number_id: str) -> dict[int, Level]:
        """Levels of a list; empty where it is unknown."""
        return self._lists[number_id].levels if number_id in self._lists else {}

    def next_marker(self, number_id: str, index: int) -> str | None:
        """Count one item and give its marker, "" where the level shows none; None where there is no such list."""
        found = self._lists.get(number_id)
        if found is None or number_id == "0":
            return None
        counters = self._counters.setdefault(found.kind, [None] * _LEVELS)
        level = found.levels.get(index, Level())
        if index in found.restarts:
            counters[index] = found.restarts.pop(index)
        else:
            current = counters[index]
            counters[index] = level.start if current is None else current + 1
        for deeper in range(index + 1, _LEVELS):
            restart = found.levels.get(deeper, Level()).restart
            if restart is None or (restart != 0 and index < restart):
                counters[deeper] = None
        return _shown(found, counters, index)


def _list_of(name: str, kind: Element, number: Element) -> _List:
    levels = {_index(level): _level_of(level) for level in kind.iterfind(tag("w:lvl"))}
    found = _List(name, levels)
    for override in number.iterfind(tag("w:lvlOverride")):
        own = override.find(tag("w:lvl"))
        if own is not None:
            levels[_index(override)] = _level_of(own)
        start = override.find(tag("w:startOverride"))
        if start is not None:
            found.restarts[_index(override)] = int(value_of(start, "1"))
    return found


def _index(element: Element) -> int:
    return min(max(int(element.get(tag("w:ilvl"), "0")), 0), _LEVELS - 1)


def _level_of(element: Element) -> Level:
    restart = element.find(tag("w:lvlRestart"))
    return Level(
        start=int(value_of(element.find(tag("w:start")), "0")),
        form=value_of(element.find(tag("w:numFmt")), "decimal"),
        text=value_of(element.find(tag("w:lvlText"))),
        restart=None if restart is None else int(value_of(restart, "0")),
        legal=is_on(element.find(tag("w:isLgl"))),
        style=value_of(element.find(tag("w:pStyle"))),
    )


def _shown(found: _List, counters: list[int | None], index: int) -> str:
    level = found.levels.get(index, Level())
    if level.form == "none":
        return ""
    if level.form == "bullet":
        # Bullets are glyphs of symbol fonts, or letters that stand for them ("o" in Courier).
        return level.text if level.text in _BULLETS else "•"
    text = level.text
    for above in range(index + 1):
        if f"%{above + 1}" in text:
            own = found.levels.get(above, Level())
            number = counters[above]
            if number is None:
                number = counters[above] = own.start
            text = text.replace(f"%{above + 1}", formatted(number, "decimal" if level.legal else own.form))
    return text.strip()
