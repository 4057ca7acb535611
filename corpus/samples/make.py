"""Makes the sample DOCX and PDF from the text files in ``source/``.

    python corpus/samples/make.py [FOLDER]

The marks at the beginning of a block of the source files:

    # text        title                         ## text, ### text   headings
    ! text        instruction of the form       ? text ?? example   prompt of the form
    = a | b       bar above a cluster           | a | b |           row of a table
    { and }       what stands between them is set in one cell of a table, as many States fill in the form
    + text        list item that Word numbers   (a) text, 1. text   typed number
    ~ text        unnumbered paragraph          > text              line of a box
    [^1]          mark of a footnote            [^1]: text          the footnote

The dates inside the files are fixed, so that the same source always gives the same file.
"""

import re
import sys
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Cm, Pt
from fpdf import FPDF

HERE = Path(__file__).parent
SOURCE = HERE / "source"
MADE_ON = datetime(2024, 9, 2, 9, 0, tzinfo=UTC)
TICKED, EMPTY = "☒", "☐"


def blocks_of(name: str) -> list[str]:
    """Blocks of a source file: separated by blank lines; rows of tables and lines of boxes stand alone."""
    text = (SOURCE / name).read_text(encoding="utf-8")
    blocks: list[str] = []
    for chunk in re.split(r"\n\s*\n", text.strip()):
        lines = chunk.splitlines()
        alone = all(re.match(r"[|>{}]|\[\^", line) for line in lines)
        blocks += lines if alone or "{" in lines or "}" in lines else [" ".join(lines)]
    return blocks


# --- the questionnaire, DOCX ---------------------------------------------------------------------------------------


def _check_box(ticked: bool) -> Any:
    """A check box as Word makes it: a content control around the sign."""
    sign, state = (TICKED, "1") if ticked else (EMPTY, "0")
    w14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
    return parse_xml(
        f"<w:sdt {nsdecls('w')} {w14}><w:sdtPr><w14:checkbox><w14:checked w14:val='{state}'/>"
        f"</w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>{sign}</w:t></w:r></w:sdtContent></w:sdt>"
    )


def _write(paragraph: Any, text: str, *, italic: bool = False, bold: bool = False) -> None:
    for piece in re.split(r"(\[[x ]\])", text):
        if piece in {"[x]", "[ ]"}:
            paragraph._p.append(_check_box(piece == "[x]"))
        elif piece:
            run = paragraph.add_run(piece)
            run.italic, run.bold = italic or None, bold or None


def _page_number(paragraph: Any) -> None:
    paragraph._p.append(parse_xml(f"<w:fldSimple {nsdecls('w')} w:instr='PAGE'><w:r><w:t>1</w:t></w:r></w:fldSimple>"))


class _Questionnaire:
    """Writes blocks into the body, or into the last cell while a cell is open."""

    def __init__(self) -> None:
        self.document = docx.Document()
        self.target: Any = self.document
        self.table: Any = None
        self._dress()

    def _dress(self) -> None:
        properties = self.document.core_properties
        properties.title = "Republic of the Tamarind Islands: voluntary review of the Global Compact for Migration"
        properties.author = "Migration Coordination Unit"
        properties.created = properties.modified = MADE_ON.replace(tzinfo=None)
        properties.comments = "An invented document of an invented State"
        self.document.styles["Normal"].font.name = "Calibri"
        self.document.styles["Normal"].font.size = Pt(11)
        section = self.document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.header.paragraphs[0].text = "Regional review of the Global Compact for Migration"
        _write(section.footer.paragraphs[0], "Republic of the Tamarind Islands, page ")
        _page_number(section.footer.paragraphs[0])

    def add(self, block: str) -> None:
        mark, _, text = block.partition(" ")
        if mark == "|":
            self._row([cell.strip() for cell in block.split("|")[1:-1]])
            return
        self.table = None
        if mark == "{":
            self._open_cell()
        elif mark == "}":
            self.target = self.document
        else:
            self._paragraph(mark, text, block)

    def _paragraph(self, mark: str, text: str, block: str) -> None:
        if mark in {"#", "##"}:
            self.document.add_paragraph(text, style="Title" if mark == "#" else "Heading 1")
        elif mark == "!":
            _write(self._new(), text, italic=True)
        elif mark == "?":
            prompt, _, example = text.partition(" ?? ")
            paragraph = self._new()
            _write(paragraph, prompt + (" " if example else ""), bold=True)
            _write(paragraph, example, italic=True)
        elif mark == "=":
            self._bar(*text.split(" | "))
        elif mark == "+":
            _write(self._new("List Number"), text)
        else:
            _write(self._new(), block)

    def _new(self, style: str | None = None) -> Any:
        # A new cell holds one empty paragraph, which Word asks for.
        first = self.target.paragraphs[0] if self.target is not self.document else None
        if first is not None and len(self.target.paragraphs) == 1 and not first.text:
            return first
        return self.target.add_paragraph(style=style)

    def _open_cell(self) -> None:
        table = self.document.add_table(rows=1, cols=1, style="Table Grid")
        self.target = table.cell(0, 0)

    def _bar(self, title: str, objectives: str) -> None:
        table = self.document.add_table(rows=1, cols=2, style="Table Grid")
        for cell, text in zip(table.rows[0].cells, (title, objectives), strict=True):
            _write(cell.paragraphs[0], text, bold=True)
            cell._tc.get_or_add_tcPr().append(parse_xml(f"<w:shd {nsdecls('w')} w:val='clear' w:fill='D9E2F3'/>"))
        self.document.add_paragraph()

    def _row(self, cells: list[str]) -> None:
        if self.table is None:
            self.table = self.document.add_table(rows=0, cols=len(cells), style="Table Grid")
        for cell, text in zip(self.table.add_row().cells, cells, strict=False):
            _write(cell.paragraphs[0], text)

    def save(self, path: Path) -> None:
        buffer = BytesIO()
        self.document.save(buffer)
        _write_with_fixed_dates(buffer, path)


def _write_with_fixed_dates(buffer: BytesIO, path: Path) -> None:
    """python-docx stamps every part of the file with the current time; this does not."""
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for item in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            info = zipfile.ZipInfo(item, MADE_ON.timetuple()[:6])
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            target.writestr(info, source.read(item))


def make_questionnaire(folder: Path) -> Path:
    writer = _Questionnaire()
    for block in blocks_of("questionnaire-tamarind-islands.md"):
        writer.add(block)
    path = folder / "questionnaire-tamarind-islands.docx"
    writer.save(path)
    return path


# --- the report, PDF -----------------------------------------------------------------------------------------------

LEFT, RIGHT, TOP, BOTTOM = 33.0, 33.0, 30.0, 28.0  # millimetres
LINE = 5.0
NOTE_LINE = 3.9
# Long words that the setting may divide, where the hyphen stands.
DIVIDED = """
coop-eration ques-tionnaire regu-larization recog-nized organi-zations agricul-tural munici-palities reinte-gration
dis-embarkation con-struction recom-mends resettle-ment prac-tice depar-tures pro-gramme identi-fication edu-cation
quali-fications regu-lar associ-ations discrimi-nation recom-mend secre-tariat contri-butions con-cerned, house-hold
em-ployed, per-mits docu-ments vic-tims inde-pendence. consu-late reuni-fication compul-sory immi-gration labour-ers
natural-ization coun-selling insur-ance portabil-ity indica-tors em-ployer, con-victions disap-peared sur-vivors
Confer-ence citizen-ship, migra-tion appli-cation em-ployers moni-tors regis-ters
"""
BREAKS = {word.replace("-", ""): word for word in DIVIDED.split()}


@dataclass
class _Report:
    """Sets lines one by one, since a footnote has to stand on the page of its mark."""

    notes: dict[str, str]
    pdf: FPDF = field(default_factory=lambda: FPDF(format="A4"))
    waiting: list[str] = field(default_factory=list)
    box_top: float | None = None

    def __post_init__(self) -> None:
        pdf = self.pdf
        pdf.set_auto_page_break(False)
        pdf.core_fonts_encoding = "windows-1252"
        pdf.set_creation_date(MADE_ON)
        pdf.set_title("Safe, orderly and regular migration in the Lantern Basin, 2022-2024")
        pdf.set_author("Secretariat of the Lantern Basin Conference on Migration")
        pdf.set_subject("An invented document of an invented conference")
        pdf.set_lang("en")
        self._start_page()

    # Pages

    def _start_page(self) -> None:
        self.pdf.add_page()
        self.pdf.set_font("Times", size=9)
        number = self.pdf.page_no()
        self.pdf.set_xy(LEFT, 12)
        width = self.pdf.w - LEFT - RIGHT
        self.pdf.cell(width, 5, "LBC/2024/7", align="L" if number % 2 else "R")
        self.pdf.line(LEFT, 18, self.pdf.w - RIGHT, 18)
        self.pdf.set_xy(LEFT, self.pdf.h - 15)
        self.pdf.cell(width, 5, str(number), align="R" if number % 2 else "L")
        self.pdf.set_xy(LEFT, TOP)

    def end_page(self) -> None:
        """Sets the footnotes that wait for the foot of this page, and the frame of a box that is open."""
        self._close_frame()
        if not self.waiting:
            return
        top = self.pdf.h - BOTTOM - self._notes_height()
        self.pdf.line(LEFT, top + 1, LEFT + 35, top + 1)
        self.pdf.set_xy(LEFT, top + 2.5)
        for mark in self.waiting:
            self.pdf.set_font("Times", size=8.5)
            self.pdf.set_x(LEFT)
            self.pdf.cell(5, NOTE_LINE, mark)
            self.pdf.multi_cell(self.pdf.w - LEFT - RIGHT - 5, NOTE_LINE, self.notes[mark], align="L")
        self.waiting = []

    def _notes_height(self) -> float:
        return 3 + 2 * NOTE_LINE * len(self.waiting) if self.waiting else 0.0

    def _room(self, height: float) -> bool:
        return self.pdf.get_y() + height <= self.pdf.h - BOTTOM - self._notes_height()

    def _break_page(self) -> None:
        in_box = self.box_top is not None
        self.end_page()
        self._start_page()
        self.box_top = self.pdf.get_y() - 2 if in_box else None

    # Text

    def paragraph(self, text: str, *, indent: float = 0, hang: str = "", style: str = "", size: float = 10.5) -> None:
        """Sets a paragraph; ``hang`` is a number or bullet set before its first line."""
        self.pdf.set_font("Times", style, size)
        first = 10.0 if hang and indent == 0 else 0.0
        lines = self._lines(text, self.pdf.w - LEFT - RIGHT - indent, first)
        for index, line in enumerate(lines):
            marks = re.findall(r"\[\^(\d+)\]", line)
            self.waiting += marks
            if not self._room(LINE):
                # The mark moves to the next page together with its line, and so does its note.
                self.waiting = [mark for mark in self.waiting if mark not in marks]
                self._break_page()
                self.waiting += marks
                self.pdf.set_font("Times", style, size)
            self._line(line, indent, hang if index == 0 else "", first if index == 0 else 0.0)
        self.pdf.ln(2.2)

    def _line(self, line: str, indent: float, hang: str, first: float) -> None:
        if hang:
            self.pdf.set_x(LEFT + (indent - 7 if indent else 0))
            self.pdf.cell(0, LINE, hang)
        self.pdf.set_x(LEFT + indent + first)
        for index, piece in enumerate(re.split(r"\[\^(\d+)\]", line)):
            self.pdf.char_vpos = "SUP" if index % 2 else "LINE"
            if piece:
                self.pdf.cell(self.pdf.get_string_width(piece), LINE, piece)
        self.pdf.char_vpos = "LINE"
        self.pdf.ln(LINE)

    def _lines(self, text: str, width: float, first: float) -> list[str]:
        lines: list[str] = []
        current = ""
        for word in text.split():
            limit = width - (first if not lines else 0)
            if self._fits(f"{current} {word}", limit):
                current = f"{current} {word}".strip()
                continue
            head, tail = self._divided(word, current, limit)
            lines.append(f"{current} {head}".strip())
            current = tail
        return [*lines, current]

    def _fits(self, text: str, limit: float) -> bool:
        return bool(self.pdf.get_string_width(re.sub(r"\[\^\d+\]", "", text.strip())) <= limit)

    def _divided(self, word: str, current: str, limit: float) -> tuple[str, str]:
        head, hyphen, tail = BREAKS.get(word, "").partition("-")
        if hyphen and self._fits(f"{current} {head}-", limit):
            return f"{head}-", tail
        return "", word

    def heading(self, text: str, level: int) -> None:
        size = {1: 15.0, 2: 12.5, 3: 11.0}[level]
        if not self._room(4 * LINE):
            self._break_page()
        self.pdf.ln(1.5)
        self.paragraph(text, style="B", size=size)

    # Box

    def box_line(self, text: str) -> None:
        if self.box_top is None:
            if not self._room(16 * LINE):
                self._break_page()
            self.pdf.ln(2)
            self.box_top = self.pdf.get_y() - 2
        if text.startswith("- "):
            self.paragraph(text[2:], indent=11, hang="•")
        else:
            self.paragraph(text, indent=4, style="B")

    def _close_frame(self) -> None:
        if self.box_top is not None:
            self.pdf.rect(LEFT, self.box_top, self.pdf.w - LEFT - RIGHT, self.pdf.get_y() - self.box_top)
            self.box_top = None

    def add(self, block: str) -> None:
        if block.startswith(">"):
            self.box_line(block[1:].strip())
            return
        if self.box_top is not None:
            self._close_frame()
            self.pdf.ln(4)
        heading = re.match(r"(#+) (.*)", block)
        numbered = re.match(r"(\d+\.) (.*)", block)
        lettered = re.match(r"(\([a-z]\)) (.*)", block)
        if heading:
            self.heading(heading[2], len(heading[1]))
        elif numbered:
            self.paragraph(numbered[2], hang=numbered[1])
        elif lettered:
            self.paragraph(lettered[2], indent=17, hang=lettered[1])
        else:
            self.paragraph(block.removeprefix("~ "), indent=10, style="I")


def make_report(folder: Path) -> Path:
    blocks = blocks_of("report-lantern-basin.md")
    notes = dict(match.groups() for block in blocks if (match := re.match(r"\[\^(\d+)\]: (.*)", block)))
    report = _Report(notes)
    for block in blocks:
        if not re.match(r"\[\^\d+\]:", block):
            report.add(block)
    report.end_page()
    path = folder / "report-lantern-basin.pdf"
    report.pdf.output(str(path))
    return path


def main(folder: Path = HERE) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [make_questionnaire(folder), make_report(folder)]


if __name__ == "__main__":
    for made in main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(made)
