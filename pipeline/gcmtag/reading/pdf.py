"""PDF: physical lines in reading order, each with its page and place; pages without a text layer are recognised.

No line is joined outside of tables and no running head is removed here; segmenting does that, with the whole document
in view.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

from gcmtag.document import Block, SourceFile
from gcmtag.errors import UnreadableDocument
from gcmtag.reading.common import clean, empty, likely_title, unreadable
from gcmtag.reading.ocr import UNMAPPED, Recogniser, install_advice, listed, missing
from gcmtag.reading.pdf_order import Gutter, lines_of
from gcmtag.reading.pdf_page import PageContent, content_of
from gcmtag.reading.pdf_streams import refuse_stream_bombs
from gcmtag.reading.pdf_tables import TableRow, joined_over_pages


def read(path: Path, data: bytes, document_id: str) -> SourceFile:
    """Read the text of a PDF, page by page; memory does not grow with what a page draws.

    Pages without a text layer go through text recognition (OCR) where it is installed, see `gcmtag.reading.ocr`.

    Raises:
        EmptyDocument: The file has no page, or its pages show nothing at all.
        UnreadableDocument: It is encrypted or damaged, or a scan, or in fonts that say no letters, and text recognition
            is not installed.
    """
    refuse_stream_bombs(path, data)
    pdf = _open(path, data)
    try:
        reading = _Reading()
        for number, content in _pages(pdf, reading.recogniser):
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
            recognised_pages=dict(reading.recogniser.confidences),
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
        self.recogniser = Recogniser()
        self._sizes: Counter[float] = Counter()

    def add(self, number: int, content: PageContent | None) -> None:
        self.pages = number
        if content is None:
            self.damaged.append(number)
            return
        if not content.pieces and number not in self.recogniser.failures:
            self.without_text.append(number)
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
        failed = next(iter(self.recogniser.failures.values()), "")
        if not self.blocks:
            if failed.startswith(UNMAPPED):
                raise unreadable(path, f"it is set in {UNMAPPED}", _next_step(failed))
            if failed:
                raise unreadable(path, "it is a scan without a text layer", _next_step(failed))
            raise empty(path, f"its {self.pages} pages hold no text", "check that it is the right file")

    def unread_pages(self) -> dict[int, str]:
        """Pages that hold something which could not be read; a blank page is none of them."""
        return dict(sorted({**self.recogniser.failures, **dict.fromkeys(self.damaged, "damaged")}.items()))

    def warnings(self) -> Iterator[str]:
        if self.without_text:
            yield f"no text on {listed(self.without_text)} of {self.pages}"
        if self.recogniser.failures:
            pages = sorted(self.recogniser.failures)
            why = self.recogniser.failures[pages[0]]
            yield f"could not recognise the text of {listed(pages)} of {self.pages}: {why}"
        if self.damaged:
            yield f"could not read {listed(self.damaged)} of {self.pages}: damaged"
        yield from self.recogniser.warnings(self.pages)


def _next_step(failed: str) -> str:
    """What to do about a scan that was not recognised: install recognition, or learn why it failed."""
    lacking = missing()
    return install_advice(lacking) if lacking else f"{failed or 'no text was found'}: try a better scan"


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


def _pages(pdf: pdfium.PdfDocument, recogniser: Recogniser) -> Iterator[tuple[int, PageContent | None]]:
    """Each page's number and content, the latter None for a damaged page; only one page is open at a time."""
    for index in range(len(pdf)):
        try:
            page = _flattened(pdf, index) if pdf.formenv else pdf[index]
        except pdfium.PdfiumError:
            yield index + 1, None
            continue
        try:
            content = recogniser.read(page, index + 1, content_of(page))
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
