"""Manuscripts as PDF by ReportLab: one or two columns, forms in tables, running heads drawn on every page."""

from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    FrameBreak,
    KeepTogether,
    NextPageTemplate,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from layouts.manuscript import Manuscript, Part

_LEFT: Final = 22 * mm
_TITLE: Final = 34 * mm
_GRID: Final = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("FONTSIZE", (0, 0), (-1, -1), 9),
    ]
)


def write(
    path: Path,
    manuscript: Manuscript,
    *,
    columns: int = 1,
    tables: bool = False,
    font: str = "Times-Roman",
    size: float = 10.5,
    justified: bool = False,
    bold: str = "Times-Bold",
) -> None:
    """Write a PDF with the fonts that every PDF program has."""
    setting = _Setting(font, bold, size, justified=justified)
    width, height = A4
    inner = width - 2 * _LEFT
    gap = 8 * mm

    def furniture(canvas: Any, document: Any) -> None:  # noqa: ANN401  # ReportLab has no types
        canvas.setFont(font, 8.5)
        canvas.drawString(_LEFT, height - 14 * mm, manuscript.head)
        canvas.drawString(_LEFT, 12 * mm, manuscript.foot)
        canvas.drawRightString(width - _LEFT, 12 * mm, str(document.page))

    def frames(top: float) -> list[Frame]:
        each = (inner - (columns - 1) * gap) / columns
        return [
            Frame(_LEFT + place * (each + gap), 20 * mm, each, top - 20 * mm, 0, 0, 0, 0, id=f"column{place}")
            for place in range(columns)
        ]

    top = height - 22 * mm
    title = _TITLE if manuscript.title else 0
    head = [Frame(_LEFT, top - title, inner, title, 0, 0, 0, 0, id="title")] if title else []
    document = BaseDocTemplate(str(path), pagesize=A4, title=manuscript.title, invariant=True)
    document.addPageTemplates(
        [
            PageTemplate(id="first", frames=[*head, *frames(top - title)], onPage=furniture),
            PageTemplate(id="later", frames=frames(top), onPage=furniture),
        ]
    )
    story: list[Any] = [NextPageTemplate("later")]
    if manuscript.title:
        story += [Paragraph(escape(manuscript.title), setting.title), FrameBreak()]
    if tables:
        story += _form(manuscript, setting, inner)
    else:
        story += [flow for part in manuscript.parts for flow in _flows(part, setting)]
    document.build(story)


class _Setting:
    def __init__(self, font: str, bold: str, size: float, *, justified: bool) -> None:
        align = TA_JUSTIFY if justified else TA_LEFT
        self.title = ParagraphStyle("title", fontName=bold, fontSize=1.6 * size, leading=2 * size)
        self.body = ParagraphStyle(
            "body", fontName=font, fontSize=size, leading=1.3 * size, spaceAfter=0.6 * size, alignment=align
        )
        self.headings = [
            ParagraphStyle(
                f"heading{level}",
                fontName=bold,
                fontSize=size * grow,
                leading=1.3 * size * grow,
                spaceBefore=size,
                spaceAfter=0.5 * size,
                keepWithNext=True,
            )
            for level, grow in ((1, 1.25), (2, 1.08))
        ]
        self.item = ParagraphStyle("item", parent=self.body, leftIndent=6 * mm, bulletIndent=1 * mm)
        self.cell = ParagraphStyle("cell", parent=self.body, fontSize=0.92 * size, leading=1.2 * size)
        self.bold_cell = ParagraphStyle("bold", parent=self.cell, fontName=bold)
        self.caption = ParagraphStyle("caption", parent=self.body, fontSize=0.88 * size)


def _flows(part: Part, setting: _Setting) -> list[Any]:  # noqa: PLR0911  # one for each kind of part
    text = escape(part.text)
    if part.kind == "heading":
        return [Paragraph(f"{part.marker} {text}".strip(), setting.headings[part.level - 1])]
    if part.kind in {"bullet", "lettered"}:
        return [Paragraph(text, setting.item, bulletText=part.marker)]
    if part.kind == "numbered":
        return [Paragraph(f"{part.marker}&nbsp;&nbsp;&nbsp;{text}", setting.body)]
    if part.kind == "box":
        frame = Table([[Paragraph(text, setting.cell)]], style=_GRID)
        return [KeepTogether([frame, Spacer(1, 8)])]
    if part.kind == "figures":
        cells = [
            [[Paragraph(escape(text), setting.cell) for text in cell.split("\n")] for cell in row] for row in part.cells
        ]
        return [KeepTogether([Table(cells, style=_GRID), Spacer(1, 8)])]
    if part.kind == "prompt":
        return [Paragraph(f"<b>{text}</b>", setting.body)]
    if part.kind == "caption":
        return [Paragraph(text, setting.caption)]
    return [Paragraph(text, setting.body)]


def _form(manuscript: Manuscript, setting: _Setting, width: float) -> list[Any]:
    rows: list[list[Any]] = []
    spans: list[Any] = []
    for part in manuscript.parts:
        if part.kind == "heading":
            spans.append(("SPAN", (0, len(rows)), (1, len(rows))))
            rows.append([Paragraph(escape(part.text), setting.bold_cell), ""])
        elif part.kind == "prompt":
            rows.append([Paragraph(escape(part.text), setting.bold_cell), []])
        else:
            rows[-1][1].append(Paragraph(escape(part.text), setting.cell))
    style = TableStyle([*_GRID.getCommands(), *spans])
    return [Table(rows, colWidths=[0.32 * width, 0.68 * width], style=style)]
