"""A long report, to measure speed and memory."""

from itertools import cycle
from pathlib import Path
from typing import Final

import pypdfium2 as pdfium

from layouts import drawn
from layouts.manuscript import Manuscript, Part, narrative

_SET: Final = 50


def write(path: Path, pages: int) -> None:
    """Write a PDF of ``pages`` pages of running text with heads and feet: 50 set by ReportLab, then copied."""
    drawn.write(path, Manuscript("A long report", _parts(), head="Aldania", foot="Long report of Aldania"))
    with pdfium.PdfDocument(path.read_bytes()) as few, pdfium.PdfDocument.new() as many:
        while len(many) < pages:
            many.import_pages(few, list(range(min(_SET, pages - len(many)))))
        many.save(path)


def _parts() -> tuple[Part, ...]:
    """Parts for some more than 50 pages."""
    source = cycle([part for seed in range(8) for part in narrative(seed).parts])
    parts: list[Part] = []
    length = 0
    while length < 5700 * _SET:
        part = next(source)
        parts.append(part)
        length += len(part.text) + 130
    return tuple(parts)
