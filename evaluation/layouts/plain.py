"""Manuscripts as plain text, as other tools cut it out of documents: wrapped lines, form feeds, page artefacts."""

import textwrap
from pathlib import Path

from layouts.manuscript import Manuscript, Part


def write(
    path: Path, manuscript: Manuscript, *, width: int = 78, lines_a_page: int = 46, form_feeds: bool = True
) -> None:
    """Write wrapped text with the running head and foot on every page, cut wherever the page was full."""
    lines: list[str] = [manuscript.title, ""]
    for part in manuscript.parts:
        lines += [*_lines(part, width), ""]
    pages = [lines[at : at + lines_a_page] for at in range(0, len(lines), lines_a_page)]
    written = []
    for number, page in enumerate(pages, start=1):
        foot = [manuscript.foot, f"{number}/{len(pages)}"]
        body = "\n".join(page).strip("\n")
        written.append("\n".join([manuscript.head, "", body, "", *foot]))
    path.write_text(("\n\f" if form_feeds else "\n").join(written) + "\n", encoding="utf-8")


def _lines(part: Part, width: int) -> list[str]:
    if part.kind == "figures":
        return ["  ".join(f"{cell:<16}" for cell in row).rstrip() for row in part.cells]
    marker = f"{part.marker} " if part.marker else ""
    return textwrap.wrap(marker + part.text, width, break_on_hyphens=False)
