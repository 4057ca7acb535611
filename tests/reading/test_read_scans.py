"""Scans are read by text recognition where it is installed; elsewhere each page says which command installs it."""

from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image
from rapidfuzz.distance import Levenshtein
from scans import pictures_of, prose, scan, typed

from gcmtag import read, reading
from gcmtag.errors import EmptyDocument, UnreadableDocument
from gcmtag.reading import ocr
from gcmtag.reading.pdf_page import PageContent, Piece

needs_recognition = pytest.mark.skipif(bool(ocr.missing()), reason=f"text recognition is missing: {ocr.missing()}")

LEAST_RIGHT = 0.97


def right(found: str, wanted: str) -> float:
    """Share of the wanted characters that were recognised right."""
    return 1 - Levenshtein.distance(found, wanted) / len(wanted)


@pytest.fixture
def without_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcmtag.reading.ocr.missing", lambda: ocr.PROGRAM)
    monkeypatch.setattr("gcmtag.reading.pdf.missing", lambda: ocr.PROGRAM)


def mixed(folder: Path) -> Path:
    """A PDF whose first page has a text layer and whose second is a scan."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("times", size=11)
    pdf.multi_cell(0, 5, " ".join(prose(60)))
    pdf.add_page()
    pdf.image(pictures_of(typed(prose(60, seed=9)), 150)[0], x=0, y=0, w=210)
    path = folder / "mixed.pdf"
    pdf.output(str(path))
    return path


@needs_recognition
@pytest.mark.parametrize("dots", [150, 300])
def test_a_scan_of_plain_text_is_read_right(tmp_path, dots):
    """Scans come at the resolution that the office machine was set to."""
    paragraphs = prose(250)
    document = read(scan(typed(paragraphs), dots, tmp_path / "scan.pdf"))
    assert right("\n".join(passage.text for passage in document.passages), "\n".join(paragraphs)) >= LEAST_RIGHT
    assert len(document.passages) == len(paragraphs)
    assert document.recognised_pages[1] > 0.8
    assert any("recognised from pictures" in warning for warning in document.warnings)


@needs_recognition
def test_a_page_that_lies_on_its_side_is_turned(tmp_path):
    """Tables and landscape pages go through the scanner the long way."""
    paragraphs = prose(120)
    source = reading.read_blocks(scan(typed(paragraphs), 150, tmp_path / "side.pdf", quarter=1))
    assert right(" ".join(block.text for block in source.blocks), " ".join(paragraphs)) >= LEAST_RIGHT


@needs_recognition
def test_only_the_pages_without_text_are_recognised(tmp_path):
    """A text layer is exact, and recognition is slow."""
    source = reading.read_blocks(mixed(tmp_path))
    assert list(source.recognised_pages) == [2]
    assert not source.unread_pages
    assert {block.page for block in source.blocks} == {1, 2}


@needs_recognition
def test_a_picture_without_text_is_no_text(tmp_path):
    """Photographs must not become passages of noise."""
    pdf = FPDF()
    pdf.add_page()
    pdf.image(Image.radial_gradient("L").resize((600, 600)), x=10, y=10, w=150)
    path = tmp_path / "photograph.pdf"
    pdf.output(str(path))
    with pytest.raises((EmptyDocument, UnreadableDocument)):
        reading.read_blocks(path)


@pytest.mark.usefixtures("without_recognition")
def test_without_recognition_a_scan_names_the_command_that_installs_it(tmp_path):
    """What is not read is not tagged; the user must learn why and what to do."""
    with pytest.raises(UnreadableDocument, match=r"scan without a text layer; .*apt-get install tesseract-ocr"):
        reading.read_blocks(scan(typed(prose(30)), 72, tmp_path / "scan.pdf"))


@pytest.mark.usefixtures("without_recognition")
def test_without_recognition_each_scanned_page_of_a_mixed_file_is_named(tmp_path):
    """The other pages are tagged all the same."""
    source = reading.read_blocks(mixed(tmp_path))
    assert list(source.unread_pages) == [2]
    assert "apt-get install tesseract-ocr" in source.unread_pages[2]
    assert source.blocks


def test_a_picture_of_more_pixels_than_memory_is_not_drawn(tmp_path, monkeypatch):
    """A few kilobytes can hold a picture that unpacks to gigabytes."""
    monkeypatch.setattr(ocr, "_MOST_IMAGE_PIXELS", 1000)
    monkeypatch.setattr(ocr, "missing", lambda: "")
    with pytest.raises(UnreadableDocument, match="pixels, more than is safe"):
        reading.read_blocks(scan(typed(prose(30)), 72, tmp_path / "huge.pdf"))


def test_a_blank_page_needs_no_recognition(tmp_path, monkeypatch):
    """Ten thousand empty pages must not start a program each."""
    monkeypatch.setattr(ocr, "picture_of", lambda page: pytest.fail("a blank page was drawn"))
    pdf = FPDF()
    for _ in range(3):
        pdf.add_page()
        pdf.set_fill_color(255, 255, 255)
        pdf.rect(10, 10, 50, 50, style="F")
    path = tmp_path / "blank.pdf"
    pdf.output(str(path))
    with pytest.raises(EmptyDocument, match="no text"):
        reading.read_blocks(path)


FRENCH = (
    "Le Gouvernement de Vesmar a adopté une loi sur les travailleurs saisonniers et leurs familles, et il publie "
    "chaque année les salaires par métier. Les consulats délivrent des passeports sans frais aux enfants nés à "
    "l'étranger, et les inspecteurs visitent les camps de la côte deux fois par an pour parler avec les ouvriers "
    "de leurs contrats."
)


def recognised_as_french(installed: set[str], monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """Models that were asked for, and warnings, when a page turns out to be in French."""
    asked: list[str] = []

    def recognise(picture: object, model: str) -> ocr.Recognised:
        asked.append(model)
        piece = Piece(FRENCH, 0, 100, 20, 11, bold=False, italic=False)
        return ocr.Recognised([piece], 0.9 if model == "eng" else 0.95, 595, 842)

    monkeypatch.setattr(ocr, "missing", lambda: "")
    monkeypatch.setattr(ocr, "recognise", recognise)
    monkeypatch.setattr(ocr, "picture_of", lambda page: None)
    monkeypatch.setattr(ocr, "need_of", lambda page, content: ocr.PICTURE)
    monkeypatch.setattr(ocr, "installed_models", lambda: frozenset(installed))
    monkeypatch.setattr(ocr, "_largest_image", lambda page: 0)
    recogniser = ocr.Recogniser()
    for number in (1, 2):
        recogniser.read(None, number, PageContent(595, 842))
    return asked, list(recogniser.warnings(2))


def test_a_page_is_recognised_again_by_the_model_of_its_language(monkeypatch):
    """The English model loses accents; the next pages begin with the model that was right."""
    asked, _ = recognised_as_french({"eng", "fra"}, monkeypatch)
    assert asked == ["eng", "fra", "fra"]


def test_a_language_without_a_model_is_a_warning_that_names_its_package(monkeypatch):
    """Accents are wrong until the package is there."""
    asked, warnings = recognised_as_french({"eng"}, monkeypatch)
    assert asked == ["eng", "eng"]
    assert any("apt-get install tesseract-ocr-fra" in warning for warning in warnings)
