"""Files broken on purpose, the same every time for the same seed: none may crash or hang a run, or fill the memory.

Every family gives files that are surely of no use, or that may be read in part; what must hold for each is that the
run goes on, and that the file is either tagged or stands in failures.csv with its reason.
"""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import docx
import pypdfium2 as pdfium
import reportlab
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject

TEXT: Final = "Inspectors of the invented State of Aldania visited 140 farms and found unpaid wages on nine of them. "
# ReportLab brings a font with it.
_FONT: Final = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
_MEGABYTE: Final = 1 << 20

Broken = tuple[str, bytes]


def make(folder: Path, count: int = 300, seed: int = 1) -> dict[str, list[Path]]:
    """Write ``count`` broken files into a folder, as many of each family as there are of the others.

    Returns:
        Family to paths.
    """
    families: dict[str, list[Path]] = {name: [] for name in FAMILIES}
    names = list(FAMILIES)
    for number in range(count):
        name = names[number % len(names)]
        suffix, data = FAMILIES[name](random.Random(f"{seed}-{number}"))  # noqa: S311
        path = folder / f"{number:03d}-{name}{suffix}"
        path.write_bytes(data)
        families[name].append(path)
    return families


# Sound files that are broken further down


@lru_cache(maxsize=8)
def sound_pdf(pages: int = 3) -> bytes:
    """A PDF of ``pages`` pages of text."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=11)
    for _ in range(pages):
        pdf.add_page()
        pdf.multi_cell(0, 6, TEXT * 12)
    return bytes(pdf.output())


@lru_cache(maxsize=1)
def sound_docx() -> bytes:
    """A Word document of some paragraphs."""
    document = docx.Document()
    for _ in range(12):
        document.add_paragraph(TEXT * 3)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _docx_with(body: bytes, draw: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(sound_docx())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["word/document.xml"] = body
    members["docProps/nonce.txt"] = draw.randbytes(8)
    return _zipped(members)


# Families


def _cut(draw: random.Random) -> Broken:
    suffix, data = draw.choice(((".pdf", sound_pdf()), (".docx", sound_docx())))
    return suffix, data[: draw.randrange(30, len(data) * 9 // 10)]


def _shuffled(draw: random.Random) -> Broken:
    """Blocks of 64 bytes in random order behind a head that is in order."""
    suffix, data = draw.choice(((".pdf", sound_pdf()), (".docx", sound_docx())))
    blocks = [data[at : at + 64] for at in range(64, len(data), 64)]
    draw.shuffle(blocks)
    return suffix, data[:64] + b"".join(blocks)


def _flipped(draw: random.Random) -> Broken:
    suffix, data = draw.choice(((".pdf", sound_pdf()), (".docx", sound_docx())))
    changed = bytearray(data)
    for _ in range(len(changed) // 40):
        changed[draw.randrange(8, len(changed))] = draw.randrange(256)
    return suffix, bytes(changed)


def _encrypted(draw: random.Random) -> Broken:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(sound_pdf())))
    writer.encrypt(str(draw.random()), algorithm=draw.choice(("AES-256", "RC4-128")))
    stream = io.BytesIO()
    writer.write(stream)
    return ".pdf", stream.getvalue()


def _wrong_name(draw: random.Random) -> Broken:
    content = draw.choice(
        (
            b"\x89PNG\r\n\x1a\n" + draw.randbytes(4000),
            b"\x7fELF" + draw.randbytes(4000),
            b"\x1f\x8b\x08" + draw.randbytes(4000),
            b"SQLite format 3\x00" + draw.randbytes(4000),
            b"Rar!\x1a\x07" + draw.randbytes(4000),
        )
    )
    return draw.choice((".pdf", ".docx", ".html", ".txt", ".md", ".csv")), content


def _noise(draw: random.Random) -> Broken:
    starts = (b"", b"%PDF-1.7\n", b"PK\x03\x04", b"<html><body>", b"PAR1")
    return draw.choice((".pdf", ".docx", ".txt")), draw.choice(starts) + draw.randbytes(draw.randrange(200, 60_000))


def _nothing(draw: random.Random) -> Broken:
    """No byte, or nothing but white and zero bytes."""
    content = draw.choice((b"", b"\n" * draw.randrange(1, 9000), bytes(draw.randrange(1, 9000)), b"\xef\xbb\xbf"))
    return draw.choice((".pdf", ".docx", ".html", ".txt", ".jsonl")), content


@lru_cache(maxsize=2)
def _zeros(megabytes: int) -> bytes:
    """A raw deflate stream of that many megabytes of spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = b" " * _MEGABYTE
    return b"".join(packer.compress(piece) for _ in range(megabytes)) + packer.flush()


def _zip_bomb(draw: random.Random) -> Broken:
    """An archive whose main part unpacks to a gigabyte and says so, or says that it is small."""
    suffix, name = draw.choice(((".docx", "word/document.xml"), (".xlsx", "xl/worksheets/sheet1.xml")))
    packed = _zeros(1024)
    size = draw.choice((1024 * _MEGABYTE, 4000))
    check = draw.randrange(1 << 32)
    sizes = struct.pack("<LLL", check, len(packed), size)
    encoded = name.encode()
    local = (
        b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", len(encoded), 0) + encoded
    )
    central = (
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33)
        + sizes
        + struct.pack("<HHHHHLL", len(encoded), 0, 0, 0, 0, 0, 0)
        + encoded
    )
    start = len(local) + len(packed)
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central), start, 0)
    return suffix, local + packed + central + end


def _stream_bomb(draw: random.Random) -> Broken:
    """A PDF whose page's drawing unpacks to a gigabyte of white."""
    packed = b"\x78\xda" + _zeros(1024) + struct.pack(">L", draw.randrange(1 << 32))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
    ]
    return ".pdf", _pdf(objects)


def _pdf(objects: list[bytes]) -> bytes:
    body = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (count, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer


@lru_cache(maxsize=1)
def _ten_thousand_pages() -> bytes:
    with pdfium.PdfDocument.new() as pdf:
        for _ in range(10_000):
            pdf.new_page(595, 842)
        stream = io.BytesIO()
        pdf.save(stream)
    return stream.getvalue()


def _empty_pages(draw: random.Random) -> Broken:
    return ".pdf", _ten_thousand_pages() + b"\n%" + draw.randbytes(8).hex().encode()


def _loops(draw: random.Random) -> Broken:
    """A tree of pages that holds itself, or a table of places that points back to itself."""
    kids = draw.choice((b"[2 0 R]", b"[2 0 R 2 0 R 3 0 R]", b"[1 0 R]"))
    pages = b"<< /Type /Pages /Kids %s /Count %d /Parent 2 0 R >>" % (kids, draw.choice((1, 3, 2_000_000_000)))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R /Nonce (%d) >>" % draw.randrange(
        10**9
    )
    data = _pdf([b"<< /Type /Catalog /Pages 2 0 R >>", pages, page])
    return ".pdf", data.replace(b"/Root", b"/Prev %d /Root" % data.rindex(b"xref\n0"))


def _endless_table(draw: random.Random) -> Broken:
    """Tables in tables, or rows without end, that hold no sentence."""
    rows = draw.randrange(20_000, 60_000)
    deep = draw.randrange(2_000, 20_000)
    choice = draw.randrange(4)
    if choice == 0:
        return ".html", b"<!doctype html><html><body>" + b"<table><tr><td>" * deep
    if choice == 1:
        return ".html", b"<html><body><table>" + b"<tr><td></td><td>%d</td></tr>" % rows * rows
    if choice == 2:
        return ".csv", b"".join(b"%d;%d\n" % (row, rows) for row in range(rows))
    nested = b"<w:tbl><w:tr><w:tc>" * deep + b"<w:p/>" + b"</w:tc></w:tr></w:tbl>" * deep
    return ".docx", _docx_with(_WORD % nested, draw)


_WORD: Final = (
    b'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    b"<w:body>%s</w:body></w:document>"
)


def _entities(draw: random.Random) -> Broken:
    """Entities that grow tenfold nine times, or that name a file of the machine."""
    laughs = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    declared, used = draw.choice(
        (
            (f'<!ENTITY l0 "ha">{laughs}', "&l9;"),
            ('<!ENTITY l0 SYSTEM "file:///etc/hostname">', "&l0;"),
            (f'<!ENTITY l0 "{"A" * 100_000}">', "&l0;" * 20_000),
        )
    )
    if draw.random() < 0.3:
        return ".xml", f'<?xml version="1.0"?><!DOCTYPE r [{declared}]><r>{used}</r>'.encode()
    head = f'<?xml version="1.0"?><!DOCTYPE w:document [{declared}]>'.encode()
    paragraph = f"<w:p><w:r><w:t>{used}</w:t></w:r></w:p>".encode()
    return ".docx", _docx_with(head + _WORD.split(b"?>", 1)[1] % paragraph, draw)


def _unmapped_font(draw: random.Random) -> Broken:
    """A PDF that shows glyphs and does not say which letters they are."""
    pdf = FPDF()
    pdf.add_page()
    pdf.add_font("own", fname=str(_FONT))
    pdf.set_font("own", size=11)
    pdf.multi_cell(0, 6, TEXT * draw.randrange(4, 16))
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(bytes(pdf.output()))))
    for page in writer.pages:
        for font in page["/Resources"]["/Font"].values():
            font.get_object().pop(NameObject("/ToUnicode"), None)
    stream = io.BytesIO()
    writer.write(stream)
    return ".pdf", stream.getvalue()


def _half_tables(draw: random.Random) -> Broken:
    """Tables without the column that is needed, or cut in the middle of a row."""
    return draw.choice(
        (
            (".csv", b"name,year\n" + b"Aldania,2021\n" * draw.randrange(1, 5000)),
            (".jsonl", b'{"name": "Aldania"}\n{"na' * draw.randrange(1, 500)),
            (".parquet", b"PAR1" + draw.randbytes(3000) + b"PAR1"),
            (".xlsx", _zipped({"xl/workbook.xml": draw.randbytes(300)})),
        )
    )


FAMILIES: Final[dict[str, Callable[[random.Random], Broken]]] = {
    "cut": _cut,
    "shuffled": _shuffled,
    "flipped": _flipped,
    "encrypted": _encrypted,
    "wrong-name": _wrong_name,
    "noise": _noise,
    "nothing": _nothing,
    "zip-bomb": _zip_bomb,
    "stream-bomb": _stream_bomb,
    "empty-pages": _empty_pages,
    "loops": _loops,
    "endless-table": _endless_table,
    "entities": _entities,
    "unmapped-font": _unmapped_font,
    "half-table": _half_tables,
}
