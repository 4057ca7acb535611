"""Files that are made to do harm are refused in one line, soon and without much memory."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gcmtag import read, reading
from gcmtag.errors import DocumentError, UnreadableDocument
from gcmtag.reading import common

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
SENTENCE = "Seasonal workers of Vesmar may now change employers."


def word(folder: Path, body: str, **parts: bytes) -> Path:
    path = folder / "report.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", content)
    return path


def page(folder: Path, body: str) -> Path:
    path = folder / "page.html"
    path.write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    return path


def paragraph(text: str = SENTENCE) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


@pytest.mark.parametrize("make", [word, page])
def test_endless_markup_is_refused_before_it_is_parsed(tmp_path, make):
    """Empty elements of four bytes take 150 bytes each once parsed."""
    with pytest.raises(UnreadableDocument, match="more than is safe; "):
        reading.read_blocks(make(tmp_path, "<w:p/>" * (common.MOST_MARKS + 1)))


def test_parts_that_are_harmless_one_by_one_are_counted_together(tmp_path):
    """A thousand headers are parsed as well."""
    header = b"<hdr>" + b"<p/>" * (common.MOST_MARKS // 3) + b"</hdr>"
    parts = {f"header{number}": header for number in range(4)}
    with pytest.raises(UnreadableDocument, match="more than is safe"):
        reading.read_blocks(word(tmp_path, paragraph(), **parts))


def test_parts_that_unpack_to_gigabytes_together_are_refused(tmp_path):
    """Each stays below the limit of a part."""
    stream = io.BytesIO()
    noise = bytes(range(256)) * 4
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", paragraph())
        archive.writestr("word/media.bin", noise)
    data = bytearray(stream.getvalue())
    # Only the directory at the end is changed: it is what says how large a part would be.
    at = data.rfind(b"PK\x01\x02")
    data[at + 20 : at + 28] = (10_000_000).to_bytes(4, "little") + (1_500_000_000).to_bytes(4, "little")
    path = tmp_path / "report.docx"
    path.write_bytes(data)
    with pytest.raises(UnreadableDocument, match="more than is safe"):
        reading.read_blocks(path)


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (paragraph(), "<w:tbl><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>"),
        (paragraph(), "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>"),
        (f"<w:r><w:t>{SENTENCE}</w:t></w:r>", "<w:ins>{}</w:ins>"),
    ],
    ids=["tables", "controls", "changes"],
)
@pytest.mark.parametrize("depth", [20, 3000])
def test_deep_nesting_gives_the_text_or_one_line(tmp_path, inner, outer, depth):
    """Twenty tables within each other are odd and legal; three thousand are an attack."""
    before, after = outer.split("{}")
    body = before * depth + inner + after * depth
    path = word(tmp_path, f"<w:p>{body}</w:p>" if inner.startswith("<w:r>") else body)
    if depth < 100:
        assert [block.text for block in reading.read_blocks(path).blocks] == [SENTENCE]
    else:
        with pytest.raises(UnreadableDocument, match="damaged"):
            reading.read_blocks(path)


@pytest.mark.parametrize("opening", ["<div>", "<table><tr><td>", "<ul><li>", "<span>", "<div class='menu'>", "<b>"])
def test_a_web_page_of_unclosed_elements_is_read_or_refused(tmp_path, opening):
    """Browsers forgive what is never closed, and so does the reader, in good time."""
    path = page(tmp_path, f"<p>{SENTENCE}</p>{opening * 3000}<p>{SENTENCE}</p>")
    try:
        assert SENTENCE in [block.text for block in reading.read_blocks(path).blocks]
    except DocumentError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("kind", ["file", "http"])
def test_entities_of_the_outside_world_are_not_loaded(tmp_path, kind):
    """A document must not be able to read other files, or to call home."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the password of the ministry")
    address = secret.as_uri() if kind == "file" else "http://127.0.0.1:9/secret"
    xml = (
        f'<!DOCTYPE w:document [<!ENTITY x SYSTEM "{address}">]>'
        f"<w:document {W}><w:body>{paragraph()}<w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>"
    )
    path = tmp_path / "report.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", xml)
    assert [block.text for block in reading.read_blocks(path).blocks] == [SENTENCE]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_word_file_cut_short_is_refused_as_damaged(tmp_path, share):
    """Downloads break off; half a document must not pass for a whole one."""
    path = word(tmp_path, paragraph() * 500)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UnreadableDocument, match="cut short"):
        reading.read_blocks(path)


@pytest.mark.skipif(sys.platform == "win32", reason="the limit of memory is that of POSIX systems")
def test_a_large_table_is_read_in_bounded_memory(tmp_path):
    """Memory follows the text, not the markup: 20,000 rows in less than the 1 GB that a reader may take."""
    rows = "".join(
        f"<w:tr><w:tc>{paragraph(str(n))}</w:tc><w:tc>{paragraph(SENTENCE)}</w:tc></w:tr>" for n in range(20_000)
    )
    path = word(tmp_path, f"<w:tbl>{rows}</w:tbl>")
    # Not getrusage, whose peak is that of the process which started this one, if that was larger.
    code = (
        "import sys; from pathlib import Path; from gcmtag import reading; "
        "print(len(reading.read_blocks(Path(sys.argv[1])).blocks), "
        "next(int(line.split()[1]) // 1024 for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=300)
    blocks, megabytes = map(int, done.stdout.split())
    assert blocks == 20_000
    assert megabytes < 1000


def test_a_document_without_end_is_refused(tmp_path, monkeypatch):
    """Cutting half a million paragraphs into passages takes minutes, whatever they say."""
    monkeypatch.setattr(reading, "MOST_BLOCKS", 50)
    with pytest.raises(UnreadableDocument, match="51 paragraphs and rows"):
        reading.read_blocks(word(tmp_path, paragraph() * 51))
    assert len(reading.read_blocks(word(tmp_path, paragraph() * 50)).blocks) == 50


def test_a_good_document_is_read_after_bad_ones(tmp_path):
    """Nothing of a refused file stays behind."""
    for body in ("<w:p>" * 2000, "<w:tbl>"):
        with pytest.raises(DocumentError):
            reading.read_blocks(word(tmp_path, body))
    assert [passage.text for passage in read(word(tmp_path, paragraph())).passages] == [SENTENCE]
