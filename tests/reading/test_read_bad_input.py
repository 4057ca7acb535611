"""Whatever a file turns out to be, the answer is blocks or one line that says what to do."""

import io
import os
import zipfile
from pathlib import Path

import docx
import pytest
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter

from gcmtag import reading
from gcmtag.errors import DocumentError, EmptyDocument, UnreadableDocument

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def pdf_bytes(text: str = "Seasonal workers may now change employers.") -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    if text:
        pdf.multi_cell(0, 6, text)
    return bytes(pdf.output())


def encrypted_pdf_bytes() -> bytes:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(pdf_bytes())))
    writer.encrypt("secret", algorithm="AES-256")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def docx_bytes(text: str = "Seasonal workers may now change employers.") -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def zip_bytes(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def refusal(path: Path, error: type[DocumentError] = UnreadableDocument) -> str:
    """The message of the error that reading the file raises: always one line that names the file."""
    with pytest.raises(error) as caught:
        reading.read_blocks(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    assert "; " in message, "it says what to do next"
    return message


def test_an_empty_file_is_refused_as_empty(tmp_path):
    assert "empty" in refusal(written(tmp_path, "report.pdf", b""), EmptyDocument)


def test_an_encrypted_pdf_is_refused_with_one_clear_line(tmp_path):
    message = refusal(written(tmp_path, "report.pdf", encrypted_pdf_bytes()))
    assert "encrypted" in message
    assert "password" in message


def test_a_pdf_that_only_restricts_printing_is_read(tmp_path):
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(pdf_bytes())))
    writer.encrypt("", owner_password="secret", algorithm="AES-256")  # noqa: S106
    stream = io.BytesIO()
    writer.write(stream)
    assert reading.read_blocks(written(tmp_path, "report.pdf", stream.getvalue())).blocks


def test_an_image_named_pdf_is_refused_as_an_image(tmp_path):
    message = refusal(written(tmp_path, "scan.pdf", PNG))
    assert "PNG image" in message
    assert "OCR" in message


def test_a_docx_cut_in_half_is_refused_as_damaged(tmp_path):
    data = docx_bytes()
    message = refusal(written(tmp_path, "report.docx", data[: len(data) // 2]))
    assert "damaged or cut short" in message
    assert "Word document" in message


def test_a_docx_with_damaged_xml_is_refused_as_damaged(tmp_path):
    data = zip_bytes(**{"word__document.xml": b"<w:document><w:body>"})
    assert "damaged" in refusal(written(tmp_path, "report.docx", data))


def test_a_pdf_cut_to_its_head_is_refused_as_damaged(tmp_path):
    assert "damaged" in refusal(written(tmp_path, "report.pdf", pdf_bytes()[:200]))


def test_a_folder_is_refused_as_a_folder(tmp_path):
    assert "folder" in refusal(tmp_path)


def test_a_missing_file_is_refused_as_missing(tmp_path):
    assert "no such file" in refusal(tmp_path / "nowhere.pdf")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused_instead_of_waited_for(tmp_path):
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    assert "not a regular file" in refusal(pipe)


def test_a_pdf_named_docx_is_read_as_pdf(tmp_path):
    assert reading.read_blocks(written(tmp_path, "report.docx", pdf_bytes())).format == "pdf"


def test_a_docx_named_pdf_is_read_as_docx(tmp_path):
    assert reading.read_blocks(written(tmp_path, "report.pdf", docx_bytes())).format == "docx"


def test_a_web_page_named_txt_is_read_as_html(tmp_path):
    page = b"\n<!-- saved -->\n<!DOCTYPE html><html><body><p>Consulates issue passports.</p></body></html>"
    source = reading.read_blocks(written(tmp_path, "page.txt", page))
    assert source.format == "html"
    assert [block.text for block in source.blocks] == ["Consulates issue passports."]


def test_text_with_stray_tags_is_not_taken_for_a_web_page(tmp_path):
    markdown = b"# Review\n\n<p>Yes <input type='checkbox' checked></p>\n\nWe speak of <html> here.\n"
    assert reading.format_of(written(tmp_path, "review.txt", markdown)) == "text"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("letter.doc", OLE + "WordDocument".encode("utf-16-le"), "old Word file"),
        ("letter.rtf", b"{\\rtf1\\ansi Dear colleagues}", "RTF"),
        ("letter.odt", zip_bytes(mimetype=b"application/vnd.oasis.opendocument.text"), "OpenDocument"),
    ],
)
def test_formats_of_other_word_processors_are_refused_with_the_way_to_convert_them(
    tmp_path, monkeypatch, name, data, kind
):
    monkeypatch.setattr("gcmtag.reading.office.program", lambda: None)
    message = refusal(written(tmp_path, name, data))
    assert kind in message
    assert "LibreOffice" in message
    assert ".docx" in message


def test_an_encrypted_docx_is_refused_as_encrypted(tmp_path):
    # Word wraps an encrypted document into the container of the old formats.
    data = OLE + "EncryptedPackage".encode("utf-16-le")
    assert "encrypted" in refusal(written(tmp_path, "letter.docx", data))


def test_a_pdf_without_a_text_layer_is_refused_as_a_scan(tmp_path, monkeypatch):
    from PIL import Image

    for place in ("ocr", "pdf"):
        monkeypatch.setattr(f"gcmtag.reading.{place}.missing", lambda: "apt-get install tesseract-ocr")
    pdf = FPDF()
    pdf.add_page()
    pdf.image(Image.linear_gradient("L"), x=10, y=10, w=150)
    message = refusal(written(tmp_path, "scan.pdf", bytes(pdf.output())))
    assert "without a text layer" in message
    assert "OCR" in message


def test_a_pdf_with_blank_pages_only_is_refused_as_empty(tmp_path):
    assert "no text" in refusal(written(tmp_path, "blank.pdf", pdf_bytes("")), EmptyDocument)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    data = zip_bytes(**{"word__document.xml": bytes(30_000_000)})
    assert "more than is safe" in refusal(written(tmp_path, "bomb.docx", data))


def test_entities_in_xml_are_not_expanded(tmp_path):
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "migration">{entities}]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>&a11;</w:t></w:r></w:p></w:body></w:document>"
    )
    path = written(tmp_path, "laughs.docx", zip_bytes(**{"word__document.xml": xml.encode()}))
    with pytest.raises(DocumentError):
        reading.read_blocks(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    assert "neither text" in refusal(written(tmp_path, "noise.txt", bytes(range(256)) * 20))


def test_a_table_is_sent_to_the_door_for_tables(tmp_path):
    path = written(tmp_path, "rows.csv", b"text\nOne\n")
    assert reading.is_table(reading.format_of(path))
    assert "table" in refusal(path)


def test_the_id_of_a_document_comes_from_its_content_not_its_name(tmp_path):
    first = reading.read_blocks(written(tmp_path, "a.pdf", data := pdf_bytes()))
    second = reading.read_blocks(written(tmp_path, "b.docx", data))
    assert first.document_id == second.document_id
    assert len(first.document_id) == 16


@pytest.mark.parametrize("seed", range(12))
def test_shuffled_bytes_raise_nothing_but_document_errors(tmp_path, seed):
    import random

    chance = random.Random(seed)  # noqa: S311
    data = bytearray([pdf_bytes, docx_bytes][seed % 2]())
    for _ in range(200):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = written(tmp_path, "broken", bytes(data))
    try:
        reading.read_blocks(path)
    except DocumentError as error:
        assert "\n" not in str(error)
