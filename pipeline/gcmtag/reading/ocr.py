"""Text recognition (OCR) with tesseract, for PDF pages that show text and hold none.

What is recognised is given as the pieces of a page, like those of a text layer, so that columns, footnotes and running
heads are told by the same rules.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pypdfium2 as pdfium
from pypdfium2 import raw

from gcmtag.reading.pdf_page import PageContent, Piece

if TYPE_CHECKING:
    from PIL.Image import Image

PYTHON_PART: Final = "pip install 'gcmtag[ocr]'"
PROGRAM: Final = "apt-get install tesseract-ocr tesseract-ocr-fra tesseract-ocr-spa"

PICTURE: Final = "a picture without a text layer"
UNMAPPED: Final = "fonts that do not say which letters they show"
MOSTLY_PICTURE: Final = "a picture with little text in it"

_DOTS_PER_INCH: Final = 300
_POINTS_PER_INCH: Final = 72
_MOST_PIXELS: Final = 25_000_000  # A3 at 300 dpi
_MOST_IMAGE_PIXELS: Final = 80_000_000
_SECONDS_A_PAGE: Final = 90
_MOST_TIMEOUTS: Final = 2
_DEEPEST_FORM: Final = 6
_UNMAPPED: Final = re.compile(r"[\ufffd\ue000-\uf8ff]")
_FEW_LETTERS: Final = 150
_LEAST_FOR_LANGUAGE: Final = 300
# Natural logarithm of how many times likelier than English another language must be.
_SURELY_OTHER: Final = 20.0
_SURE: Final = 0.75
_NO_TEXT: Final = 0.4
_SPECK, _NOISE = 0.5, 0.1
_SAME_SIZE: Final = 0.16
_BOX: Final = re.compile(r"bbox (-?\d+) (-?\d+) (-?\d+) (-?\d+)")
_BASELINE: Final = re.compile(r"baseline (-?[\d.]+) (-?\d+)")
_LINE_SIZE: Final = re.compile(r"x_size ([\d.]+)")
_CONFIDENCE: Final = re.compile(r"x_wconf (\d+)")
_LINES: Final = frozenset({"ocr_line", "ocr_header", "ocr_textfloat", "ocr_caption"})

# Languages of the United Nations and of the regions, by ISO 639-1, as tesseract names them.
_MODELS: Final[Mapping[str, str]] = {
    "ar": "ara",
    "de": "deu",
    "en": "eng",
    "es": "spa",
    "fr": "fra",
    "it": "ita",
    "nl": "nld",
    "pt": "por",
    "ru": "rus",
    "zh": "chi_sim",
}
_SCRIPTS: Final[Mapping[str, str]] = {"Latin": "eng", "Arabic": "ara", "Cyrillic": "rus", "Han": "chi_sim"}


def missing() -> str:
    """The command that installs what text recognition lacks on this machine; empty where it lacks nothing."""
    parts = [] if find_spec("pytesseract") and find_spec("PIL") else [PYTHON_PART]
    if not shutil.which("tesseract"):
        parts.append(PROGRAM)
    return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Text found in a picture: pieces in points from its top left corner, and the mean confidence of their letters."""

    pieces: list[Piece]
    confidence: float
    width: float
    height: float

    @property
    def text(self) -> str:
        """The words, in the order in which they were found."""
        return " ".join(piece.text for piece in self.pieces)


class TookTooLong(Exception):
    """Recognising a page was ended before it was done."""


@dataclass(slots=True)
class Recogniser:
    """Recognises the pages of one document that need it; what it did is kept by 1-based page.

    ``confidences`` are from 0 to 1; ``failures`` say why a page that needs recognition was not recognised;
    ``suspected`` pages may be scans with a stamp; ``untaught`` are languages without an
    installed model, as tesseract names them.
    """

    confidences: dict[int, float] = field(default_factory=dict[int, float])
    failures: dict[int, str] = field(default_factory=dict[int, str])
    suspected: list[int] = field(default_factory=list[int])
    untaught: set[str] = field(default_factory=set[str])
    _model: str = ""
    _timeouts: int = 0

    def read(self, page: pdfium.PdfPage, number: int, content: PageContent) -> PageContent:
        """The content of a page, recognised where the page shows text that it does not hold, else as it is."""
        why = need_of(page, content)
        if not why:
            return content
        found = self._tried(page, number, why)
        held = "" if why == UNMAPPED else "".join(piece.text for piece in content.pieces)
        if found is None or len(found.text) <= 2 * len(held):
            # Letters without a meaning are worth less than none.
            return content if why != UNMAPPED else PageContent(content.width, content.height, images=content.images)
        self.confidences[number] = round(found.confidence, 3)
        return PageContent(found.width, found.height, pieces=found.pieces, images=content.images)

    def _tried(self, page: pdfium.PdfPage, number: int, why: str) -> Recognised | None:
        """What is recognised on a page; None where that is nothing, or fails, which is noted."""
        reason = ""
        if lacking := missing():
            reason = f"{why}; {install_advice(lacking)}"
        elif (pixels := _largest_image(page)) > _MOST_IMAGE_PIXELS:
            reason = f"its picture has {pixels // 1_000_000} million pixels, more than is safe"
        elif self._timeouts >= _MOST_TIMEOUTS:
            reason = "not tried, since recognising earlier pages took too long"
        else:
            try:
                found = self._best(picture_of(page))
            except TookTooLong:
                self._timeouts += 1
                reason = f"recognising its text took more than {_SECONDS_A_PAGE} s"
            else:
                return found if found.pieces and found.confidence >= _NO_TEXT else None
        if why == MOSTLY_PICTURE:
            self.suspected.append(number)
        else:
            self.failures[number] = reason
        return None

    def _best(self, picture: "Image") -> Recognised:
        models = installed_models()
        if not self._model:
            self._model = "eng" if "eng" in models or not models else sorted(models)[0]
        found = recognise(picture, self._model)
        if found.confidence < _SURE:
            found = self._turned(picture, found, models)
        wanted = _MODELS.get(_language(found.text) if found.confidence >= _SURE else "", self._model)
        if wanted == self._model:
            return found
        if wanted not in models:
            self.untaught.add(wanted)
            return found
        again = recognise(picture, wanted)
        if again.confidence > found.confidence:
            self._model, found = wanted, again
        return found

    def _turned(self, picture: "Image", found: Recognised, models: frozenset[str]) -> Recognised:
        """Another try where the page lies on its side or is in another script."""
        degrees, script = orientation(picture)
        model = _SCRIPTS.get(script, self._model) if script != "Latin" else self._model
        if model not in models and models:
            self.untaught.add(model)
            model = self._model
        if not degrees and model == self._model:
            return found
        again = recognise(picture.rotate(-degrees, expand=True) if degrees else picture, model)
        if again.confidence <= found.confidence:
            return found
        self._model = model
        return again

    def warnings(self, pages: int) -> Iterator[str]:
        """What a reader of the passages must know: where text was recognised, and how surely."""
        if self.confidences:
            mean = sum(self.confidences.values()) / len(self.confidences)
            yield (
                f"text of {listed(sorted(self.confidences))} of {pages} was recognised from pictures (OCR, mean "
                f"confidence {mean:.0%}): names and figures may be wrong"
            )
        for number, confidence in sorted(self.confidences.items()):
            if confidence < _SURE:
                yield f"text recognition is unsure of page {number} ({confidence:.0%}): compare it with the file"
        if self.suspected:
            yield (
                f"{listed(self.suspected)} of {pages}: {MOSTLY_PICTURE}; if it is a scan, "
                f"{install_advice(missing()) if missing() else 'try a better one'}"
            )
        for model in sorted(self.untaught):
            yield (
                f"text recognition has no model for the language {model!r}: install it (apt-get install "
                f"tesseract-ocr-{model.replace('_', '-')}), then try again"
            )


def install_advice(lacking: str) -> str:
    """What to do where text recognition is not installed; ``lacking`` is the command that `missing` gave."""
    return f"install text recognition (OCR) with {lacking}, then try again"


def listed(pages: list[int]) -> str:
    """Page numbers as words, the first eight of them.

    >>> listed([3]), listed([1, 2])
    ('page 3', 'pages 1, 2')
    """
    shown = ", ".join(str(page) for page in pages[:8])
    more = f" and {len(pages) - 8} more" if len(pages) > 8 else ""
    return f"page{'s' if len(pages) > 1 else ''} {shown}{more}"


# Which pages


def need_of(page: pdfium.PdfPage, content: PageContent) -> str:
    """Why a page shows text that it does not hold; empty where it does not.

    That is: it has no text and is not blank; its letters have no meaning; or a picture covers most of it and what text
    there is would fill a stamp or a running head only.
    """
    text = "".join(piece.text for piece in content.pieces)
    if not text.strip():
        return PICTURE if raw.FPDFPage_CountObjects(page) and not _is_blank(page) else ""
    if len(_UNMAPPED.findall(text)) > 0.3 * len(text):
        return UNMAPPED
    is_picture = content.images and len(text) < _FEW_LETTERS and _image_share(page) > 0.5
    return MOSTLY_PICTURE if is_picture else ""


def _is_blank(page: pdfium.PdfPage) -> bool:
    if _largest_image(page) > _MOST_IMAGE_PIXELS:
        return False
    small = page.render(scale=min(0.25, 300 / max(*page.get_size(), 1)), grayscale=True).to_numpy()
    return bool(np.ptp(small) < 8)


def _image_share(page: pdfium.PdfPage) -> float:
    left, bottom, right, top = page.get_bbox()
    area = max((right - left) * (top - bottom), 1.0)
    shares = [0.0]
    for image in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=1):
        x0, y0, x1, y1 = image.get_bounds()
        shares.append((min(x1, right) - max(x0, left)) * (min(y1, top) - max(y0, bottom)) / area)
    return max(shares)


def _largest_image(page: pdfium.PdfPage) -> int:
    sizes = [0]
    for image in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=_DEEPEST_FORM):
        width, height = image.get_px_size()
        sizes.append(width * height)
    return max(sizes)


# Recognition


def picture_of(page: pdfium.PdfPage) -> "Image":
    """The page in shades of grey at 300 dpi; larger pages than A3 at less. Its dpi stands in ``info``."""
    width, height = page.get_size()
    largest = (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5
    scale = min(_DOTS_PER_INCH / _POINTS_PER_INCH, largest)
    picture: Image = page.render(scale=scale, grayscale=True).to_pil()
    picture.info["dpi"] = (scale * _POINTS_PER_INCH, scale * _POINTS_PER_INCH)
    return picture


def recognise(picture: "Image", model: str) -> Recognised:
    """Recognise the text of a picture.

    Args:
        picture: With its dpi in ``info``.
        model: Tesseract's name of the language.

    Raises:
        TookTooLong: It took more than 90 s.
    """
    import pytesseract  # noqa: PLC0415

    dots = _dots_per_inch(picture)
    page = _patiently(
        lambda: pytesseract.image_to_pdf_or_hocr(
            picture, lang=model, config=f"--psm 3 --dpi {dots:.0f}", extension="hocr", timeout=_SECONDS_A_PAGE
        )
    )
    points = _POINTS_PER_INCH / dots
    return _recognised(page or b"", points, picture.width * points, picture.height * points)


def orientation(picture: "Image") -> tuple[int, str]:
    """By how many degrees clockwise a picture is to be turned to stand upright, and its script; (0, "") if unknown."""
    import pytesseract  # noqa: PLC0415

    found = _patiently(
        lambda: pytesseract.image_to_osd(
            picture, config=f"--dpi {_dots_per_inch(picture):.0f}", output_type="dict", timeout=_SECONDS_A_PAGE
        )
    )
    if not found:
        return 0, ""
    sure = float(found["orientation_conf"]) > 1
    return int(found["rotate"]) if sure else 0, str(found["script"])


def installed_models() -> frozenset[str]:
    """Languages that tesseract can read here."""
    import pytesseract  # noqa: PLC0415

    return frozenset(_patiently(pytesseract.get_languages) or ()) - {"osd", "snum", "equ"}


def _dots_per_inch(picture: "Image") -> float:
    return float(picture.info["dpi"][0])


def _patiently(call: Callable[[], Any]) -> Any:  # noqa: ANN401  # pytesseract has no types
    """What a call of tesseract gives; None where it finds nothing to read, which it calls an error."""
    import pytesseract  # noqa: PLC0415

    try:
        with _one_thread():
            return call()
    except pytesseract.TesseractError:
        return None
    except RuntimeError as error:  # what pytesseract raises when the time is over
        raise TookTooLong from error


@contextmanager
def _one_thread() -> Iterator[None]:
    """Tesseract's threads wait for each other busily; one is as fast and leaves the other cores alone."""
    before = os.environ.get("OMP_THREAD_LIMIT")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_THREAD_LIMIT"]
        else:
            os.environ["OMP_THREAD_LIMIT"] = before


def _language(text: str) -> str:
    """ISO 639-1 code of the text's language; empty for too little text to tell."""
    if len(text) < _LEAST_FOR_LANGUAGE:
        return ""
    import py3langid  # noqa: PLC0415

    scores = {str(language): float(score) for language, score in py3langid.rank(text) if language in _MODELS}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] - scores["en"] >= _SURELY_OTHER else "en"


# From tesseract's hOCR to pieces


def _recognised(page: bytes, points: float, width: float, height: float) -> Recognised:
    from lxml import etree  # noqa: PLC0415

    pieces: list[Piece] = []
    weights = [0.0, 0.0]
    root = etree.fromstring(page, etree.HTMLParser()) if page.strip() else None
    for line in () if root is None else root.iter("span"):
        if line.get("class") not in _LINES:
            continue
        baseline, size = _line_place(str(line.get("title")), points)
        for position, word in enumerate(_words_of(line)):
            text, (left, _, right, _), confidence = word
            pieces.append(
                Piece(text, left * points, right * points, baseline, size, False, False, len(pieces), position > 0)
            )
            weights[0] += confidence * len(text)
            weights[1] += len(text)
    return Recognised(_evened(pieces), weights[0] / weights[1] if weights[1] else 0.0, width, height)


def _line_place(title: str, points: float) -> tuple[float, float]:
    """Baseline in the middle of a line, and its font size, in points."""
    left, top, right, bottom = _box(title)
    slope, offset = 0.0, 0.0
    if match := _BASELINE.search(title):
        slope, offset = float(match[1]), float(match[2])
    size = float(match[1]) if (match := _LINE_SIZE.search(title)) else float(bottom - top)
    return (bottom + offset + slope * (right - left) / 2) * points, size * points


def _words_of(line: Any) -> Iterator[tuple[str, tuple[int, int, int, int], float]]:  # noqa: ANN401  # lxml's element
    for word in line.iter("span"):
        text = "".join(word.itertext()).strip()
        if word.get("class") != "ocrx_word" or not text:
            continue
        title = str(word.get("title"))
        confidence = int(match[1]) / 100 if (match := _CONFIDENCE.search(title)) else 0.0
        spoken = any(character.isalnum() for character in text)
        if confidence >= (_NOISE if spoken else _SPECK):
            yield text, _box(title), confidence


def _box(title: str) -> tuple[int, int, int, int]:
    match = _BOX.search(title)
    return (int(match[1]), int(match[2]), int(match[3]), int(match[4])) if match else (0, 0, 0, 0)


def _evened(pieces: list[Piece]) -> list[Piece]:
    """Pieces of nearly the same size given one: the height of a line depends on the letters that happen to be in it."""
    sizes = sorted(piece.size for piece in pieces for _ in piece.text)
    if not sizes:
        return []
    usual = median(sizes)
    return [
        Piece(
            piece.text,
            piece.left,
            piece.right,
            piece.baseline,
            usual if abs(piece.size - usual) <= _SAME_SIZE * usual else piece.size,
            piece.bold,
            piece.italic,
            piece.order,
            piece.spaced,
        )
        for piece in pieces
    ]
