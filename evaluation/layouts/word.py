"""Manuscripts as Word documents, written by python-docx: running heads, footnotes, tables, columns, tracked changes."""

from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import docx
from docx.enum.section import WD_SECTION
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part as PackagePart
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt

from layouts.manuscript import Manuscript, Part

W: Final = nsdecls("w")
_NOTES_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_BY: Final = 'w:author="Second reader" w:date="2024-03-01T10:00:00Z"'


def write(
    path: Path,
    manuscript: Manuscript,
    *,
    columns: int = 1,
    tables: bool = False,
    tracked: bool = False,
    font: str = "Liberation Serif",
    size: float = 11,
    justified: bool = False,
) -> None:
    """Write a Word document; ``tracked`` adds deleted words, inserted words and comments as a second reader leaves."""
    _Writer(manuscript, columns, font, size, tracked=tracked, justified=justified).write(path, tables=tables)


DELETED: Final = "as the earlier draft of this paragraph had still maintained"


class _Writer:
    def __init__(
        self, manuscript: Manuscript, columns: int, font: str, size: float, *, tracked: bool, justified: bool
    ) -> None:
        self.manuscript = manuscript
        self.document = docx.Document()
        self.columns = columns
        self.tracked = tracked
        self.justified = justified
        self.notes: list[str] = []
        self.changes = 0
        normal = self.document.styles["Normal"]
        normal.font.name, normal.font.size = font, Pt(size)
        section = self.document.sections[0]
        section.header.paragraphs[0].text = manuscript.head
        foot = section.footer.paragraphs[0]
        foot.text = f"{manuscript.foot}\t\t" if manuscript.foot else ""
        foot._p.append(parse_xml(f"<w:fldSimple {W} w:instr='PAGE'><w:r><w:t>1</w:t></w:r></w:fldSimple>"))

    def write(self, path: Path, *, tables: bool) -> None:
        self.document.core_properties.title = self.manuscript.title
        if self.manuscript.title:
            self.document.add_paragraph(self.manuscript.title, style="Title")
        if self.columns > 1:
            section = self.document.add_section(WD_SECTION.CONTINUOUS)
            section._sectPr.append(parse_xml(f'<w:cols {W} w:num="{self.columns}" w:space="500"/>'))
        if tables:
            self._form()
        else:
            for part in self.manuscript.parts:
                self._part(part)
        if self.notes:
            self._add_notes()
        self.document.save(str(path))

    def _part(self, part: Part) -> None:
        if part.kind == "heading":
            self.document.add_heading(f"{part.marker} {part.text}".strip(), part.level)
        elif part.kind == "figures":
            self._figures(part)
        elif part.kind == "box":
            table = self.document.add_table(rows=1, cols=1, style="Table Grid")
            table.cell(0, 0).paragraphs[0].add_run(part.text)
            self.document.add_paragraph()
        elif part.kind == "bullet":
            self.document.add_paragraph(part.text, style="List Bullet")
        elif part.kind == "prompt":
            self.document.add_paragraph().add_run(part.text).bold = True
        elif part.kind == "caption":
            self.document.add_paragraph(part.text, style="Caption")
        else:
            self._text(part)

    def _text(self, part: Part) -> None:
        paragraph = self.document.add_paragraph()
        if self.justified:
            paragraph.alignment = 3
        shown = f"{part.marker}\t{part.text}" if part.marker else part.text
        if self.tracked and len(shown) > 200:
            self._tracked(paragraph, shown)
        else:
            paragraph.add_run(shown)
        if part.note:
            self.notes.append(part.note)
            properties = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
            paragraph._p.append(
                parse_xml(f'<w:r {W}>{properties}<w:footnoteReference w:id="{len(self.notes) + 1}"/></w:r>')
            )

    def _tracked(self, paragraph: Any, text: str) -> None:  # noqa: ANN401  # python-docx has no types
        """The text with some words deleted and others inserted, so that accepting all changes gives the text."""
        words = text.split(" ")
        first, second = len(words) // 3, 2 * len(words) // 3
        self.changes += 2
        paragraph.add_run(" ".join(words[:first]) + " ")
        deleted = f'<w:r><w:delText xml:space="preserve">{DELETED} </w:delText></w:r>'
        paragraph._p.append(parse_xml(f'<w:del {W} w:id="{900 + self.changes}" {_BY}>{deleted}</w:del>'))
        inserted = f'<w:r><w:t xml:space="preserve">{escape(" ".join(words[first:second]))} </w:t></w:r>'
        paragraph._p.append(parse_xml(f'<w:ins {W} w:id="{901 + self.changes}" {_BY}>{inserted}</w:ins>'))
        paragraph.add_run(" ".join(words[second:]))

    def _figures(self, part: Part) -> None:
        table = self.document.add_table(rows=0, cols=len(part.cells[0]), style="Table Grid")
        for row in part.cells:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                for number, paragraph in enumerate(text.split("\n")):
                    (cell.add_paragraph() if number else cell.paragraphs[0]).add_run(paragraph)
        self.document.add_paragraph()

    def _form(self) -> None:
        """A table of two columns: the cluster across both, each question on the left and its answer on the right."""
        table = self.document.add_table(rows=0, cols=2, style="Table Grid")
        answer = None
        for part in self.manuscript.parts:
            if part.kind == "heading":
                cells = table.add_row().cells
                cells[0].merge(cells[1]).paragraphs[0].add_run(part.text).bold = True
            elif part.kind == "prompt":
                cells = table.add_row().cells
                cells[0].paragraphs[0].add_run(part.text).bold = True
                answer = cells[1]
            elif answer is not None:
                first = answer.paragraphs[0]
                (answer.add_paragraph() if first.text else first).add_run(part.text)

    def _add_notes(self) -> None:
        """Word keeps footnotes in a part of their own, which python-docx does not write."""
        own = "".join(
            f'<w:footnote w:id="{number}"><w:p><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteRef/>'
            f'</w:r><w:r><w:rPr><w:sz w:val="17"/></w:rPr><w:t xml:space="preserve"> {escape(note)}</w:t></w:r></w:p>'
            "</w:footnote>"
            for number, note in enumerate(self.notes, start=2)
        )
        parting = "".join(
            f'<w:footnote w:type="{kind}" w:id="{number}"><w:p><w:r><w:{element}/></w:r></w:p></w:footnote>'
            for number, (kind, element) in enumerate(
                (("separator", "separator"), ("continuationSeparator", "continuationSeparator"))
            )
        )
        blob = f'<?xml version="1.0" encoding="UTF-8"?><w:footnotes {W}>{parting}{own}</w:footnotes>'.encode()
        part = PackagePart(PackURI("/word/footnotes.xml"), _NOTES_TYPE, blob, self.document.part.package)
        self.document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
