"""HTML: the main content of a page, without menus, banners and forms."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from lxml import etree
from lxml import html as lxml_html

from gcmtag.document import Block, BlockKind, SourceFile
from gcmtag.reading.cells import Row, RowBudget, rows_as_blocks
from gcmtag.reading.common import (
    EMPTY_BOX,
    TICKED_BOX,
    broken_lines,
    clean,
    decode,
    empty,
    likely_title,
    marks_in,
    refuse_endless_markup,
)
from gcmtag.reading.numerals import formatted

_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ufffe\uffff]")

# Never shown, or never text.
_UNSEEN_TAGS: Final = (
    "script style noscript template iframe object embed svg math canvas audio video map head link meta base "
    "select button datalist dialog progress meter"
)
_UNSEEN: Final = frozenset(_UNSEEN_TAGS.split())
_FURNITURE: Final = {"nav": "menu", "aside": "aside", "footer": "page footer", "header": "page header"}
_ROLES: Final = {
    "navigation": "menu",
    "menu": "menu",
    "menubar": "menu",
    "banner": "page header",
    "contentinfo": "page footer",
    "complementary": "aside",
    "search": "form",
    "dialog": "banner",
    "alertdialog": "banner",
}
# Whole class names and ids only: a section "social-protection" is no row of share buttons.
_NAMES: Final = re.compile(
    r"cookie[\w-]*|[\w-]+[_-]cookie[\w-]*|(gdpr|consent|privacy)[_-](banner|bar|notice|popup|manager)[\w-]*|"
    r"(onetrust|cybotcookiebot|osano|didomi|usercentrics|iubenda|borlabs|klaro|cc-window|cc-banner)[\w-]*|breadcrumbs?|"
    r"((site|page|global)[_-]?)?footer([_-]?(links|inner|content|wrapper|widgets|bottom))?|copyright|nav|navbar[\w-]*|navigation|menu|menubar|"
    r"(main|top|side|site|primary|secondary|footer|header|mobile)[_-]?(menu|nav|navigation|header|footer|bar)|"
    r"sidebar([_-][\w-]+)?|social[_-]?(share|sharing|links|media|icons|buttons)|share([_-]?(bar|buttons|links))?|"
    r"skip([_-]?(link|nav|to[_-]?(main|content)[\w-]*))|newsletter|pagination|pager|related[_-]?(posts|links|articles)|"
    r"masthead|popup|modal|advert|advertisement|ads",
    re.IGNORECASE,
)
# A banner without a telling name; only in what is short and stands outside of the content.
_COOKIES: Final = re.compile(
    r"\b(?:we use|(?:web)?site uses|uses|using|accept|nous utilisons|ce site utilise|utilise|utilizamos|utiliza)\b"
    r"[^.]{0,60}\bcookies\b|\bcookies\b[^.]{0,40}\b(?:to (?:improve|ensure|give|personali[sz]e)|pour|para)\b",
    re.IGNORECASE,
)
_LONGEST_BANNER: Final = 700
_LONGEST_BUTTONS: Final = 150
_SKIP_LINK: Final = re.compile(
    r"^\W*(?:skip|jump|aller|ir|saltar) (?:to|au|al) (?:the )?(?:main )?\w+\W*$", re.IGNORECASE
)
_BLOCKS_TAGS: Final = (
    "address article blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr html legend li main nav ol p pre section summary table ul menu aside caption textarea"
)
_BLOCKS: Final = frozenset(_BLOCKS_TAGS.split())
_BOLD: Final = frozenset({"b", "strong", "th"})
_NOTE_LINK: Final = re.compile(r"^[\[(]?(\d{1,3}|[a-z]|[ivx]{1,5}|[*†‡§]{1,3})[\])]?$", re.IGNORECASE)
_NOTES: Final = frozenset(
    ("footnote", "footnotes", "endnote", "endnotes", "footnote-list", "fn-list", "doc-endnotes", "doc-footnote")
)
_BACK_LINKS: Final = frozenset("↩↑^⏎↵")
_DEEPEST: Final = 200
_TOO_DEEP: Final = "nested too deeply"
_CUT: Final = f"elements within more than {_DEEPEST} others were left out: check whether the page was saved whole"

# lxml has no types; its elements are Any throughout.
Element = Any


def read(path: Path, data: bytes, document_id: str) -> SourceFile:
    """Read the main content of a web page.

    Raises:
        EmptyDocument: There is no element in it.
        UnreadableDocument: It holds more markup than is safe to parse.
    """
    refuse_endless_markup(path, len(data), marks_in(data))
    root, is_cut = _parsed(path, data)
    walker = _Walker()
    body = root.find("body")
    main = _main_of(root if body is None else body, walker.dropped)
    blocks = list(walker.blocks_of(main))
    return SourceFile(
        path=path,
        document_id=document_id,
        format="html",
        blocks=tuple(blocks),
        title=_title_of(root, main),
        language=_language_of(root),
        dropped=dict(walker.dropped),
        warnings=(*((_CUT,) if is_cut or walker.dropped[_TOO_DEEP] else ()), *walker.rows.warnings(walker.dropped)),
    )


def _parsed(path: Path, data: bytes) -> tuple[Element, bool]:
    """Root of the page, and whether what is nested deeper than the parser goes was left out."""
    # lxml refuses control characters, and a page shows nothing for them.
    text = _CONTROLS.sub("", _DECLARATION.sub("", _decoded(data)))
    parser = lxml_html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = lxml_html.document_fromstring(text, parser=parser)
    except etree.ParserError as error:
        raise empty(path, "the web page has no content", "save the page again from the browser") from error
    return root, any("depth" in entry.message.lower() for entry in parser.error_log)


def _decoded(data: bytes) -> str:
    """Text in the encoding that the page names, where it does and that is true."""
    named = _CHARSET.search(data[:4096])
    if named and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = named[1].decode("ascii")
        try:
            # Browsers read Latin-1 as Windows-1252, and so do those who write it.
            return data.decode("cp1252" if name.lower() in {"iso-8859-1", "latin1", "us-ascii"} else name)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def _language_of(root: Element) -> str | None:
    declared = root.get("lang") or root.get("xml:lang")
    if not declared:
        body = root.find("body")
        declared = None if body is None else body.get("lang")
    code = re.split(r"[-_]", (declared or "").strip().lower())[0]
    return code if re.fullmatch(r"[a-z]{2}", code) else None


def _title_of(root: Element, main: Element) -> str:
    for place in (main, root):
        headings = place.findall(".//h1")
        if len(headings) == 1 and (title := _text_of(headings[0])):
            return title
    return likely_title(clean(root.findtext(".//title") or ""))


def _text_of(element: Element) -> str:
    return clean("".join(element.itertext()))


# Main content


def _main_of(body: Element, dropped: Counter[str]) -> Element:
    """Take furniture out of the page and choose the element that holds its main content."""
    whole = max(len(_text_of(body)), 1)
    gone: set[Element] = set()
    for element in list(body.iterdescendants(etree.Element)):
        if element in gone or not (reason := _reason_to_drop(element, whole)):
            continue
        if reason != "unseen" and _text_of(element):
            dropped[reason] += 1
        gone.update(element.iter())
        element.drop_tree()
    for banner in _cookie_banners(body):
        dropped["banner"] += 1
        banner.drop_tree()
    left = max(len(_text_of(body)), 1)
    for candidate in (*body.findall(".//main"), *body.xpath(".//*[@role='main']"), *_only_article(body)):
        if len(_text_of(candidate)) > 0.3 * left:
            return candidate
    return body


def _cookie_banners(body: Element) -> list[Element]:
    """What stands around a sentence that asks for consent to cookies: its buttons and links, but no other text."""
    banners: list[Element] = []
    for element in body.iterdescendants(etree.Element):
        parents = list(element.iterancestors())
        if not _COOKIES.search(element.text or "") or any(parent.tag in {"article", "main"} for parent in parents):
            continue
        longest = min(_LONGEST_BANNER, len(_text_of(element)) + _LONGEST_BUTTONS)
        banner = None
        for around in (element, *parents):
            if around is body or len(_text_of(around)) > longest:
                break
            banner = around
        if banner is not None and not any(other is banner or other in parents for other in banners):
            banners.append(banner)
    return banners


def _only_article(body: Element) -> list[Element]:
    articles = body.findall(".//article")
    return articles if len(articles) == 1 else []


def _reason_to_drop(element: Element, whole: int) -> str:
    """Why an element is no content; empty for content."""
    name = element.tag
    if name in _UNSEEN or _is_hidden(element):
        return "unseen"
    if name == "header" and _is_heading_of_content(element):
        return ""
    reason = _FURNITURE.get(name) or _ROLES.get(str(element.get("role", "")).lower(), "")
    if not reason and name in {"div", "section", "ul", "ol", "p", "a", "span", "table", "td"}:
        names = f"{element.get('class', '')} {element.get('id', '')}".split()
        reason = "menu" if any(_NAMES.fullmatch(own) for own in names) else ""
    if not reason and name in {"ul", "ol"} and _is_menu(element):
        reason = "menu"
    if not reason and name in {"div", "p", "td"} and _is_row_of_links(element):
        reason = "menu"
    if (
        not reason
        and name == "a"
        and str(element.get("href", "")).startswith("#")
        and _SKIP_LINK.match(_text_of(element))
    ):
        reason = "menu"
    if not reason and name == "form":
        reason = "form"
    # Whole pages are wrapped in a form or in an element named "...-menu"; what holds most of the text is content.
    return reason if reason and len(_text_of(element)) < 0.5 * whole else ""


def _is_hidden(element: Element) -> bool:
    style = re.sub(r"\s", "", str(element.get("style", "")).lower())
    return (
        element.get("hidden") is not None
        or str(element.get("aria-hidden", "")).lower() == "true"
        or "display:none" in style
        or "visibility:hidden" in style
    )


def _is_heading_of_content(header: Element) -> bool:
    """Whether a header belongs to an article, or carries the page's only title."""
    if any(parent.tag in {"article", "main", "section"} for parent in header.iterancestors()):
        return True
    return header.find(".//h1") is not None and header.find(".//nav") is None and header.find(".//ul") is None


def _is_menu(items: Element) -> bool:
    """Whether a list is nothing but short links, outside of the main content."""
    if any(parent.tag in {"article", "main", "p"} for parent in items.iterancestors()):
        return False
    texts = [_text_of(item) for item in items.iterchildren("li")]
    links = sum(len(_text_of(link)) for link in items.iter("a"))
    shown = sum(map(len, texts))
    return len(texts) >= 3 and links > 0.9 * shown and shown < 40 * len(texts)


def _is_row_of_links(element: Element) -> bool:
    """Whether an element holds nothing but short links with signs between them, outside of the main content."""
    children = list(element.iterchildren(etree.Element))
    links = [child for child in children if child.tag == "a"]
    if len(links) < 3 or len(links) + sum(child.tag == "br" for child in children) < len(children):
        return False
    if any(parent.tag in {"article", "main", "p", "li"} for parent in element.iterancestors()):
        return False
    between = (element.text or "") + "".join(child.tail or "" for child in children)
    return not re.search(r"\w", between) and all(len(_text_of(link)) < 40 for link in links)


# Blocks


@dataclass(slots=True)
class _Item:
    """A list item; only the first block in it is shown with its marker, what follows is a paragraph of its own."""

    level: int
    marker: str
    shown: bool = False


@dataclass(frozen=True, slots=True)
class _Style:
    """What the elements around a piece of text make of it."""

    kind: BlockKind = "paragraph"
    level: int = 0
    item: _Item | None = None
    bold: bool = False
    preformatted: bool = False


@dataclass(slots=True)
class _Pending:
    """Inline text that is not yet a block."""

    text: list[str] = field(default_factory=list[str])
    bold: int = 0
    shown: int = 0

    def add(self, text: str, bold: bool) -> None:
        self.text.append(text)
        weight = len(text.strip())
        self.shown += weight
        self.bold += weight * bold


class _Walker:
    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._pending = _Pending()
        self.rows = RowBudget()

    def blocks_of(self, element: Element) -> Iterator[Block]:
        """Blocks of an element in reading order."""
        outer, self._pending = self._pending, _Pending()
        style = _Style()
        yield from self._inside(element, style, 0, 0)
        yield from self._flush(style)
        self._pending = outer

    def _inside(self, element: Element, style: _Style, lists: int, depth: int) -> Iterator[Block]:
        self._add(element.text, style)
        for child in element.iterchildren(etree.Element):
            if depth < _DEEPEST:
                yield from self._element(child, style, lists, depth + 1)
            else:
                self.dropped[_TOO_DEEP] += 1
            self._add(child.tail, style)

    def _element(self, element: Element, style: _Style, lists: int, depth: int) -> Iterator[Block]:
        name = element.tag
        if name == "br":
            self._pending.text.append("\n")
        elif name == "input":
            self._pending.add(_box_of(element), bold=style.bold)
        elif name in {"sup", "a"} and _is_note_link(element):
            self.dropped["footnote mark"] += 1
        elif name == "table":
            yield from self._flush(style)
            yield from self._table(element)
        elif name in {"ul", "ol", "menu"}:
            yield from self._flush(style)
            yield from self._list(element, style, lists, depth)
            yield from self._flush(style)
        elif name in _BLOCKS:
            yield from self._flush(style)
            inner = _style_inside(element, style)
            yield from self._inside(element, inner, lists, depth)
            yield from self._flush(inner)
        else:
            inner = replace(style, bold=True) if name in _BOLD else style
            yield from self._inside(element, inner, lists, depth)

    def _list(self, element: Element, style: _Style, lists: int, depth: int) -> Iterator[Block]:
        number = _whole(element.get("start"), 1)
        kind: BlockKind = "footnote" if style.kind == "footnote" or _is_notes(element) else "paragraph"
        for item in element.iterchildren(etree.Element):
            if item.tag in {"ul", "ol"}:
                # Not allowed, and common: a nested list beside the item that it belongs to.
                yield from self._list(item, style, lists + 1, depth + 1)
                continue
            number = _whole(item.get("value"), number)
            marker = _marker_of(element, number) if element.tag == "ol" else "•"
            inner = _Style(kind=kind, item=_Item(lists, marker), bold=style.bold)
            if depth < _DEEPEST:
                yield from self._inside(item, inner, lists + 1, depth + 1)
            else:
                self.dropped[_TOO_DEEP] += 1
            yield from self._flush(inner)
            number += 1

    def _table(self, table: Element) -> Iterator[Block]:
        for caption in table.iterchildren("caption"):
            if text := _text_of(caption):
                yield Block(text, "caption")
        rows: list[Row] = []
        for row in self.rows.first(_rows_of(table), self.dropped):
            cells = [cell for cell in row if cell.tag in {"td", "th"}]
            rows.append(
                Row(
                    [list(self.blocks_of(cell)) for cell in cells],
                    is_header=bool(cells) and all(cell.tag == "th" for cell in cells),
                )
            )
        yield from rows_as_blocks(rows)

    def _add(self, text: str | None, style: _Style) -> None:
        if text:
            shown = text if style.preformatted else re.sub(r"[ \t\r\n\f]+", " ", text)
            self._pending.add(shown, style.bold)

    def _flush(self, style: _Style) -> Iterator[Block]:
        pending, self._pending = self._pending, _Pending()
        text = "".join(pending.text)
        if style.preformatted:
            yield from (Block(clean(line), "line") for line in text.strip("\n").split("\n") if text.strip())
            return
        bold = pending.shown > 0 and pending.bold > 0.95 * pending.shown
        if style.kind == "heading":
            if heading := clean(text):
                yield Block(heading, "heading", level=style.level, bold=bold)
            return
        for own_marker, line in broken_lines(text):
            yield _block(line, own_marker, style, bold)


def _block(text: str, own_marker: str, style: _Style, bold: bool) -> Block:
    item = style.item
    marker = item.marker if item and not item.shown else ""
    if item:
        item.shown = True
    if style.kind == "footnote":
        return Block(text.rstrip("".join(_BACK_LINKS) + " "), "footnote", marker=marker or own_marker)
    if own_marker:
        return Block(text, "list_item", level=item.level + 1 if item else 0, marker=own_marker, bold=bold)
    if item and marker:
        return Block(text, "list_item", level=item.level, marker=marker, bold=bold)
    return Block(text, style.kind, bold=bold)


def _style_inside(element: Element, outer: _Style) -> _Style:
    name = element.tag
    if outer.kind == "footnote" or _is_notes(element):
        return _Style(kind="footnote", item=outer.item)
    if re.fullmatch(r"h[1-6]", name):
        return _Style(kind="heading", level=int(name[1]))
    if name in {"figcaption", "caption"}:
        return _Style(kind="caption")
    if name == "pre":
        return _Style(preformatted=True)
    if name in {"dt", "legend", "summary"}:
        return replace(outer, bold=True)
    return outer


def _is_notes(element: Element) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')} {element.get('role', '')}"
    return not _NOTES.isdisjoint(names.lower().split())


def _is_note_link(element: Element) -> bool:
    """Whether an element is a link to a footnote, or a raised one; "m<sup>2</sup>" is none."""
    link = element if element.tag == "a" else element.find(".//a")
    text = _text_of(element)
    if link is None:
        return False
    if text and set(text) <= _BACK_LINKS:
        return True
    raised = element.tag == "sup" or any(parent.tag == "sup" for parent in element.iterancestors())
    return bool(_NOTE_LINK.match(text)) and "#" in str(link.get("href", "")) and (raised or text[:1] in "[*†‡§")


def _box_of(element: Element) -> str:
    if str(element.get("type", "text")).lower() not in {"checkbox", "radio"}:
        return ""
    return TICKED_BOX if element.get("checked") is not None else EMPTY_BOX


def _marker_of(items: Element, number: int) -> str:
    form = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}.get(str(items.get("type")))
    return f"{formatted(number, form or 'decimal')}."


def _whole(text: str | None, default: int) -> int:
    try:
        return default if text is None else int(text)
    except ValueError:
        return default


def _rows_of(table: Element) -> Iterator[Element]:
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in {"thead", "tbody", "tfoot"}:
            yield from child.iterchildren("tr")
