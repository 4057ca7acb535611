"""ODT and RTF come by way of LibreOffice and give the blocks of the same document saved as DOCX."""

import sys
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from office_files import converted, needs_office

from gcmtag import reading
from gcmtag.errors import UnreadableDocument
from gcmtag.reading import office

RTF = rb"{\rtf1\ansi\deff0{\fonttbl{\f0 Times;}}\f0 Seasonal workers of Vesmar may now change employers.\par}"


def report(folder: Path) -> Path:
    """A Word document with a heading, a list, a table, and a change that is tracked."""
    document = docx.Document()
    document.add_heading("Labour migration in Vesmar", 1)
    document.add_paragraph("The harvest brings 4,000 workers from the coast every year.")
    document.add_paragraph("Permits are issued at the border.", style="List Number")
    document.add_paragraph("Inspectors visit the camps.", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for place, text in enumerate(("Measure", "State of play", "Hotline", "It answers in four languages.")):
        table.cell(place // 2, place % 2).text = text
    changed = (
        f'<w:p {nsdecls("w")}><w:r><w:t xml:space="preserve">Fees are </w:t></w:r>'
        '<w:del w:id="1" w:author="A" w:date="2024-01-01T00:00:00Z"><w:r><w:delText>allowed</w:delText></w:r></w:del>'
        '<w:ins w:id="2" w:author="A" w:date="2024-01-01T00:00:00Z"><w:r><w:t>forbidden</w:t></w:r></w:ins>'
        "<w:r><w:t>.</w:t></w:r></w:p>"
    )
    document.element.body.insert(len(document.element.body) - 1, parse_xml(changed))
    path = folder / "report.docx"
    document.save(str(path))
    return path


def shown(path: Path) -> list[tuple[str, str, str]]:
    return [(block.kind, block.marker, block.text) for block in reading.read_blocks(path).blocks]


@needs_office
@pytest.mark.parametrize("suffix", ["odt", "rtf"])
def test_a_document_gives_the_same_blocks_whatever_it_was_saved_as(tmp_path, suffix):
    """Headings, lists, tables and tracked changes survive the way through LibreOffice."""
    original = report(tmp_path)
    other = converted(original, suffix)
    assert shown(other) == shown(original)
    assert ("paragraph", "", "Fees are forbidden.") in shown(other)
    assert reading.read_blocks(other).format == suffix


@needs_office
def test_a_document_that_cannot_be_loaded_is_refused_in_one_line(tmp_path):
    """An archive that only pretends to be a document must not pass for an empty one."""
    path = tmp_path / "letter.odt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<office:document-content")
    with pytest.raises(UnreadableDocument, match=r"letter\.odt: .*could not convert.*; .*\.docx"):
        reading.read_blocks(path)


def test_without_libreoffice_the_line_names_the_command_that_installs_it(tmp_path, monkeypatch):
    """A user who has the file and not the program needs to know what to do next."""
    monkeypatch.setattr(office, "program", lambda: None)
    path = tmp_path / "letter.rtf"
    path.write_bytes(RTF)
    with pytest.raises(UnreadableDocument, match="apt-get install libreoffice-writer-nogui"):
        reading.read_blocks(path)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_a_conversion_that_never_ends_is_ended(tmp_path, monkeypatch):
    """LibreOffice hangs on some damaged files; the run goes on."""
    stand_in = tmp_path / "soffice"
    stand_in.write_text("#!/bin/sh\nsleep 600\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr(office, "program", lambda: str(stand_in))
    monkeypatch.setattr(office, "CLOCK_SECONDS", 0.5)
    path = tmp_path / "letter.rtf"
    path.write_bytes(RTF)
    with pytest.raises(UnreadableDocument, match="it took more than"):
        reading.read_blocks(path)


def test_an_encrypted_odt_is_refused_as_encrypted(tmp_path):
    """A password cannot be typed in a run without a person."""
    path = tmp_path / "letter.odt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    with pytest.raises(UnreadableDocument, match="password"):
        reading.read_blocks(path)


def test_an_odt_that_defines_entities_is_refused_before_another_program_expands_them(tmp_path):
    """Ten entities of ten entities each make gigabytes."""
    path = tmp_path / "letter.odt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", '<!DOCTYPE x [<!ENTITY a "migration">]><x>&a;</x>')
    with pytest.raises(UnreadableDocument, match="entities"):
        reading.read_blocks(path)
