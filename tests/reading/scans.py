"""Makes scans for the tests: pages of a PDF as grey pictures with noise, a slight turn and JPEG's losses."""

import io
import random
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from fpdf import FPDF
from PIL import Image, ImageFilter


def typed(paragraphs: list[str], size: int = 11, font: str = "times") -> bytes:
    """A PDF with a text layer: paragraphs one below the other."""
    pdf = FPDF()
    pdf.set_margin(25)
    pdf.add_page()
    pdf.set_font(font, size=size)
    for paragraph in paragraphs:
        pdf.multi_cell(0, size * 0.45, paragraph, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(3)
    return bytes(pdf.output())


def pictures_of(pdf: bytes, dots: int, *, turned: float = 0.3, quarter: int = 0, seed: int = 7) -> list[Image.Image]:
    """The pages as a scanner at ``dots`` per inch sees them; ``quarter`` turns lay them on their side."""
    draw = np.random.default_rng(seed)
    pictures = []
    for page in pdfium.PdfDocument(pdf):
        picture = page.render(scale=dots / 72, grayscale=True).to_pil().convert("L")
        picture = picture.rotate(turned, fillcolor=250, resample=Image.Resampling.BICUBIC)
        picture = picture.filter(ImageFilter.GaussianBlur(0.4 * dots / 150))
        noisy = np.asarray(picture, dtype=np.float32) * 0.94 + draw.normal(4, 6, (picture.height, picture.width))
        picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).rotate(90 * quarter, expand=True)
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=75, dpi=(dots, dots))
        pictures.append(Image.open(io.BytesIO(stream.getvalue())))
    return pictures


def scan(pdf: bytes, dots: int, path: Path, **options: float) -> Path:
    """Write the pages as a PDF of pictures."""
    first, *rest = pictures_of(pdf, dots, **options)  # type: ignore[arg-type]
    first.save(path, "PDF", resolution=dots, save_all=True, append_images=rest)
    return path


def prose(words: int, seed: int = 3) -> list[str]:
    """Paragraphs of plain English about an invented State, some 60 words each."""
    draw = random.Random(seed)  # noqa: S311
    subjects = (
        "The Labour Office of Vesmar",
        "A council of villages",
        "The coast guard",
        "Each consulate",
        "A new law",
    )
    actions = (
        "registers seasonal workers",
        "pays the fees of recruiters",
        "opened a shelter",
        "publishes wages by trade",
    )
    places = ("in the harbour of Old Quay", "on both sides of the river", "along the northern road", "in 14 districts")
    ends = ("since 2021", "and reports on it every spring", "although inspectors are few", "for 3,460 families")
    paragraphs: list[str] = []
    while sum(len(paragraph.split()) for paragraph in paragraphs) < words:
        sentences = [
            f"{draw.choice(subjects)} {draw.choice(actions)} {draw.choice(places)} {draw.choice(ends)}."
            for _ in range(5)
        ]
        paragraphs.append(" ".join(sentences))
    return paragraphs
