"""PDF with a text layer: physical lines in reading order, each with its page and place, and rows of ruled tables.

No line is joined outside of tables and no running head is removed here; segmenting does that, with the whole document
in view.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from gcmtag.document import Block, SourceFile
from gcmtag.errors import UnreadableDocument
from gcmtag.reading.common import clean, empty, likely_title, unreadable
from gcmtag.reading.pdf_order import Gutter, lines_of
from gcmtag.reading.pdf_page import PageContent, content_of
from gcmtag.reading.pdf_streams import refuse_stream_bombs
from gcmtag.reading.pdf_tables import TableRow, joined_over_pages

_RECOGNISE: Final = "run text recognition (OCR) over it, for instance with ocrmypdf, then try again"
_NO_LETTERS: Final = "its fonts do not say which letters they show"
_MOST_UNMAPPED: Final = 0.3
_UNMAPPED: Final = re.compile(r"[\ufffd\ue000-\uf8ff]")


def read(path: Path, data: bytes, document_id: str) -> SourceFile:
    """Read the text layer of a PDF, page by page; memory does not grow with what a page draws.

    Raises:
        EmptyDocument: The file has no page, or its pages show nothing at all.
        UnreadableDocument: It is encrypted, damaged, unsafe to unpack, a scan without a text layer, or its fonts give
            no letters.
    """
    refuse_stream_bombs(path, data)
    pdf = _open(path, data)
    try:
        reading = _Reading()
        for number, content in _pages(pdf):
            reading.add(number, content)
        reading.finish()
        reading.check(path)
        return SourceFile(
            path=path,
            document_id=document_id,
            format="pdf",
            blocks=tuple(reading.blocks),
            title=likely_title(clean(pdf.get_metadata_value("Title"))),
            pages=reading.pages,
            dropped=dict(reading.dropped),
            warnings=tuple(reading.warnings()),
            unread_pages=reading.unread_pages(),
        )
    finally:
        pdf.close()


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._last: list[Block | TableRow] = []
        self._gutters: set[Gutter] = set()
        self.dropped: Counter[str] = Counter()
        self.pages = 0
        self.without_text: list[int] = []
        self.damaged: list[int] = []
        self.scanned: list[int] = []
        self.unmapped: list[int] = []
        self.images = 0
        self._sizes: Counter[float] = Counter()

    def add(self, number: int, content: PageContent | None) -> None:
        self.pages = number
        if content is None:
            self.damaged.append(number)
            return
        self.images += content.images
        if content.unmapped > _MOST_UNMAPPED:
            self.unmapped.append(number)
            return
        if not content.pieces:
            self.without_text.append(number)
            if content.images:
                self.scanned.append(number)
        for piece in content.pieces:
            self._sizes[round(piece.size * 2) / 2] += len(piece.text)
        # The commonest size up to here: a page of notes or tables alone does not say what running text looks like.
        body_size = self._sizes.most_common(1)[0][0] if self._sizes else None
        shown = lines_of(content, number, self.dropped, body_size, self._gutters)
        # A row that the page's end cuts is known only on the next page, so each page waits for the one after it.
        joined_over_pages(self._last, shown)
        self._give_out()
        self._last = shown

    def _give_out(self) -> None:
        for item in self._last:
            self.blocks += item.blocks() if isinstance(item, TableRow) else [item]
        self._last = []

    def finish(self) -> None:
        """Give out what waited for a page after the last."""
        self._give_out()

    def check(self, path: Path) -> None:
        if self.pages and len(self.damaged) == self.pages:
            raise unreadable(
                path, "none of its pages can be read; the PDF is damaged", "save it anew or print it to PDF"
            )
        if not self.blocks:
            if self.unmapped:
                raise unreadable(path, _NO_LETTERS, _RECOGNISE)
            if self.images:
                raise unreadable(path, "it is a scan without a text layer", _RECOGNISE)
            raise empty(path, f"its {self.pages} pages hold no text", f"where they show text as drawings, {_RECOGNISE}")
        text = "".join(block.text for block in self.blocks)
        if len(_UNMAPPED.findall(text)) > 0.3 * len(text):
            raise unreadable(path, _NO_LETTERS, _RECOGNISE)

    def unread_pages(self) -> dict[int, str]:
        """Pages that hold something which could not be read; a blank page is none of them."""
        scanned = dict.fromkeys(self.scanned, f"a picture without a text layer; {_RECOGNISE}")
        unmapped = dict.fromkeys(self.unmapped, f"{_NO_LETTERS}; {_RECOGNISE}")
        return dict(sorted({**scanned, **unmapped, **dict.fromkeys(self.damaged, "damaged")}.items()))

    def warnings(self) -> Iterator[str]:
        if self.without_text:
            yield f"no text on {_listed(self.without_text)} of {self.pages}; where they are scans, {_RECOGNISE}"
        if self.unmapped:
            yield f"the fonts of {_listed(self.unmapped)} of {self.pages} do not say which letters they show"
        if self.damaged:
            yield f"could not read {_listed(self.damaged)} of {self.pages}: damaged"


def _open(path: Path, data: bytes) -> pdfium.PdfDocument:
    try:
        pdf = pdfium.PdfDocument(data)
        if pdf.get_formtype() != raw.FORMTYPE_NONE:
            pdf.init_forms()
    except pdfium.PdfiumError as error:
        raise _not_opened(path, error) from error
    return pdf


def _not_opened(path: Path, error: pdfium.PdfiumError) -> UnreadableDocument:
    if error.err_code == raw.FPDF_ERR_PASSWORD:
        return unreadable(path, "the PDF is encrypted: it opens only with a password", "save a copy without one")
    if error.err_code == raw.FPDF_ERR_SECURITY:
        return unreadable(path, "the PDF is encrypted in a way that is not supported", "save a copy without protection")
    return unreadable(path, "the PDF is damaged or cut short", "download it again, or print it to PDF anew")


def _pages(pdf: pdfium.PdfDocument) -> Iterator[tuple[int, PageContent | None]]:
    """Each page's number and content, the latter None for a damaged page; only one page is open at a time."""
    for index in range(len(pdf)):
        try:
            page = _flattened(pdf, index) if pdf.formenv else pdf[index]
        except pdfium.PdfiumError:
            yield index + 1, None
            continue
        try:
            content = content_of(page)
        except pdfium.PdfiumError:
            yield index + 1, None
            continue
        finally:
            page.close()
        yield index + 1, content


def _flattened(pdf: pdfium.PdfDocument, index: int) -> pdfium.PdfPage:
    """A page with the values of its form fields drawn into it, as a person sees them."""
    page = pdf[index]
    if page.flatten() != raw.FLATTEN_SUCCESS:
        return page
    # Only a page that is opened anew shows what was drawn into it.
    page.close()
    return pdf[index]


def _listed(pages: list[int]) -> str:
    shown = ", ".join(str(page) for page in pages[:8])
    more = f" and {len(pages) - 8} more" if len(pages) > 8 else ""
    return f"page{'s' if len(pages) > 1 else ''} {shown}{more}"
