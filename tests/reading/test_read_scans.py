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
