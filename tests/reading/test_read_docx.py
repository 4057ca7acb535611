"""A Word document gives what a reader sees on the page, in reading order."""

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from gcmtag import reading
from gcmtag.document import Block, SourceFile
from gcmtag.reading.cells import RowBudget

W = nsdecls("w")
W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'


def read(folder: Path, document: WordDocument, **parts: str) -> SourceFile:
    stream = io.BytesIO()
    document.save(stream)
    with zipfile.ZipFile(stream, "a") as archive:
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", content)
    path = folder / "file.docx"
    path.write_bytes(stream.getvalue())
    return reading.read_blocks(path)


def shown(source: SourceFile) -> list[tuple[str, str, str]]:
    return [(block.kind, block.marker, block.text) for block in source.blocks]


def texts(source: SourceFile) -> list[str]:
    return [block.text for block in source.blocks]


def add(document: WordDocument, xml: str) -> None:
    """Put an element right before the section properties that end the body."""
    document.element.body.insert(len(document.element.body) - 1, parse_xml(xml))


def paragraph(content: str, properties: str = "") -> str:
    return f"<w:p {W} {W14}><w:pPr>{properties}</w:pPr>{content}</w:p>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def define_list(
    document: WordDocument, number: int, levels: list[tuple[str, str]], restart_of: int | None = None
) -> None:
    """Define list ``number`` with a (format, text) a level, or as a restart of another list's definition."""
    numbering = document.part.numbering_part.element
    kind = restart_of or number
    if not restart_of:
        inner = "".join(
            f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
            for n, (form, text) in enumerate(levels)
        )
        numbering.insert(0, parse_xml(f'<w:abstractNum {W} w:abstractNumId="{kind}">{inner}</w:abstractNum>'))
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>' if restart_of else ""
    numbering.append(parse_xml(f'<w:num {W} w:numId="{number}"><w:abstractNumId w:val="{kind}"/>{override}</w:num>'))


def item(text: str, number: int, level: int = 0) -> str:
    properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return paragraph(run(text) if text else "", properties)


def test_headings_have_levels_and_the_title_is_the_title(tmp_path):
    document = docx.Document()
    document.add_heading("Voluntary review", 0)
    document.add_heading("Data", 1)
    document.add_heading("Census", 2)
    document.add_paragraph("The census counts all residents.")
    source = read(tmp_path, document)
    assert [(block.kind, block.level) for block in source.blocks] == [
        ("heading", 1),
        ("heading", 1),
        ("heading", 2),
        ("paragraph", 0),
    ]
    assert source.title == "Voluntary review"


def test_an_outline_level_makes_a_heading(tmp_path):
    document = docx.Document()
    add(document, paragraph(run("Work"), '<w:outlineLvl w:val="1"/>'))
    block = read(tmp_path, document).blocks[0]
    assert (block.kind, block.level) == ("heading", 2)


def test_a_style_based_on_a_heading_is_a_heading(tmp_path):
    document = docx.Document()
    own = document.styles.add_style("House heading", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    own.base_style = document.styles["Heading 2"]
    document.add_paragraph("Work", style="House heading")
    assert read(tmp_path, document).blocks[0].level == 2


def test_list_items_carry_the_number_that_word_shows(tmp_path):
    document = docx.Document()
    define_list(
        document, 71, [("decimal", "%1."), ("lowerLetter", "(%2)"), ("lowerRoman", "%3)"), ("decimal", "%1.%4")]
    )
    for text, level in (("one", 0), ("a", 1), ("b", 1), ("i", 2), ("deep", 3), ("two", 0), ("a again", 1)):
        add(document, item(text, 71, level))
    source = read(tmp_path, document)
    assert [block.marker for block in source.blocks] == ["1.", "(a)", "(b)", "i)", "1.1", "2.", "(a)"]
    assert [block.level for block in source.blocks] == [0, 1, 1, 2, 3, 0, 1]
    assert {block.kind for block in source.blocks} == {"list_item"}


def test_a_list_goes_on_after_a_paragraph_and_begins_anew_where_word_says_so(tmp_path):
    document = docx.Document()
    define_list(document, 71, [("upperRoman", "%1.")])
    define_list(document, 72, [], restart_of=71)
    for number in (71, 71, None, 71, 72, 72):
        add(document, item("text", number) if number else paragraph(run("between")))
    assert [block.marker for block in read(tmp_path, document).blocks] == ["I.", "II.", "", "III.", "I.", "II."]


def test_an_empty_list_item_is_counted_and_not_shown(tmp_path):
    document = docx.Document()
    define_list(document, 71, [("decimal", "%1.")])
    for text in ("one", "", "three"):
        add(document, item(text, 71))
    assert shown(read(tmp_path, document)) == [("list_item", "1.", "one"), ("list_item", "3.", "three")]


def test_bullets_and_the_list_styles_of_word_have_markers(tmp_path):
    document = docx.Document()
    document.add_paragraph("fees", style="List Bullet")
    document.add_paragraph("visas", style="List Number")
    assert shown(read(tmp_path, document)) == [("list_item", "•", "fees"), ("list_item", "1.", "visas")]


def test_a_numbered_heading_keeps_its_number_apart(tmp_path):
    document = docx.Document()
    define_list(document, 71, [("upperLetter", "%1.")])
    add(document, item("Trends", 71).replace("<w:numPr>", '<w:pStyle w:val="Heading1"/><w:numPr>'))
    assert shown(read(tmp_path, document)) == [("heading", "A.", "Trends")]


def test_a_table_gives_its_rows_with_merged_cells_once(tmp_path):
    document = docx.Document()
    table = document.add_table(3, 3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "tall"
    document.add_paragraph("After the table.")
    source = read(tmp_path, document)
    assert [block.cells for block in source.blocks[:3]] == [("wide", "02"), ("10", "11", "tall"), ("20", "21", "")]
    assert source.blocks[0].text == "wide\t02"
    assert source.blocks[3].text == "After the table."


def test_answers_of_several_paragraphs_in_cells_are_read_as_paragraphs(tmp_path):
    document = docx.Document()
    table = document.add_table(2, 2)
    table.cell(0, 0).text = "1. Which laws apply?"
    table.cell(0, 1).text = "The Act of 2021.\nThe Plan of 2022."
    table.cell(0, 1).paragraphs[0].text = "The Act of 2021."
    table.cell(0, 1).add_paragraph("The Plan of 2022.")
    table.cell(1, 0).text = "2. What is missing?"
    table.cell(1, 1).text = "Staff."
    assert shown(read(tmp_path, document)) == [
        ("paragraph", "", "1. Which laws apply?"),
        ("paragraph", "", "The Act of 2021."),
        ("paragraph", "", "The Plan of 2022."),
        ("paragraph", "", "2. What is missing?"),
        ("paragraph", "", "Staff."),
    ]


def test_rows_of_check_boxes_stay_rows_beside_long_answers(tmp_path):
    document = docx.Document()
    table = document.add_table(2, 3)
    table.cell(0, 0).text, table.cell(0, 1).text, table.cell(0, 2).text = "Principle", "☒", "☐"
    table.cell(1, 0).text = "Explain"
    table.cell(1, 1).text = "First."
    table.cell(1, 1).add_paragraph("Second.")
    source = read(tmp_path, document)
    assert [block.kind for block in source.blocks] == ["table_row", "paragraph", "paragraph", "paragraph"]


def test_a_box_of_one_cell_gives_its_paragraphs(tmp_path):
    document = docx.Document()
    document.add_table(1, 1).cell(0, 0).text = "A snapshot of the Basin."
    assert shown(read(tmp_path, document)) == [("paragraph", "", "A snapshot of the Basin.")]


def test_tracked_changes_are_read_as_accepted(tmp_path):
    document = docx.Document()
    deleted = '<w:del w:id="1" w:author="x"><w:r><w:delText>old </w:delText></w:r></w:del>'
    inserted = f'<w:ins w:id="2" w:author="x">{run("new ")}</w:ins>'
    add(document, paragraph(run("The ") + deleted + inserted + run("Act.")))
    add(document, paragraph(run("First half,"), '<w:rPr><w:del w:id="3" w:author="x"/></w:rPr>'))
    add(document, paragraph(run(" second half.")))
    assert texts(read(tmp_path, document)) == ["The new Act.", "First half, second half."]


def test_footnotes_follow_their_paragraph_and_their_marks_are_left_out(tmp_path):
    document = docx.Document()
    add(document, paragraph(run("Fees are forbidden") + '<w:r><w:footnoteReference w:id="4"/></w:r>' + run(".")))
    document.add_paragraph("Next.")
    notes = f'<w:footnotes {W}><w:footnote w:id="4"><w:p>{run(" Act of 2021.")}</w:p></w:footnote></w:footnotes>'
    source = read(tmp_path, document, footnotes=notes)
    assert shown(source) == [
        ("paragraph", "", "Fees are forbidden."),
        ("footnote", "1", "Act of 2021."),
        ("paragraph", "", "Next."),
    ]
    assert source.dropped["footnote mark"] == 1


def test_check_boxes_of_all_kinds_are_shown_as_ticked_or_empty(tmp_path):
    document = docx.Document()
    control = '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{}"/></w14:checkbox></w:sdtPr><w:sdtContent>' + (
        f"{run('X')}</w:sdtContent></w:sdt>"
    )
    add(document, paragraph(control.format(1) + run(" Yes ") + control.format(0) + run(" No")))
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="{}"/></w:checkBox></w:ffData>'
        "</w:fldChar></w:r><w:r><w:instrText> FORMCHECKBOX </w:instrText></w:r>"
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    add(document, paragraph(field.format(1) + run(" Yes ") + field.format(0) + run(" No")))
    symbol = '<w:r><w:sym w:font="Wingdings" w:char="{}"/></w:r>'
    add(document, paragraph(symbol.format("F0FE") + run(" Yes ") + symbol.format("F0A8") + run(" No")))
    letters = '<w:rFonts w:ascii="Wingdings"/>'
    add(document, paragraph(run("þ", letters) + run(" Yes ") + run("o", letters) + run(" No")))
    assert texts(read(tmp_path, document)) == ["☒ Yes ☐ No"] * 4


def test_text_boxes_follow_their_paragraph_once(tmp_path):
    document = docx.Document()
    boxed = f"<w:txbxContent><w:p>{run('In the box.')}</w:p></w:txbxContent>"
    add(
        document,
        f'<w:p {W} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:v">'
        f"{run('Around it.')}<w:r><mc:AlternateContent>"
        f'<mc:Choice Requires="wps"><w:drawing>{boxed}</w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><v:textbox>{boxed}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>",
    )
    assert texts(read(tmp_path, document)) == ["Around it.", "In the box."]


def test_headers_footers_comments_and_hidden_text_are_left_out(tmp_path):
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Running head"
    document.sections[0].footer.paragraphs[0].text = "Page 1"
    add(document, paragraph(run("Shown.") + run("Hidden.", "<w:vanish/>")))
    comments = f'<w:comments {W}><w:comment w:id="1"><w:p>{run("Please check")}</w:p></w:comment></w:comments>'
    source = read(tmp_path, document, comments=comments)
    assert texts(source) == ["Shown."]
    assert source.dropped == {"page header": 1, "page footer": 1, "comment": 1}


def test_tables_of_contents_are_left_out_and_counted(tmp_path):
    document = docx.Document()
    field = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    start = field.format("begin") + "<w:r><w:instrText> TOC \\o </w:instrText></w:r>" + field.format("separate")
    add(document, paragraph(start + run("Introduction 3")))
    add(document, paragraph(run("Work 5") + field.format("end")))
    document.add_heading("Introduction", 1)
    document.add_paragraph("Text.")
    source = read(tmp_path, document)
    assert texts(source) == ["Introduction", "Text."]
    assert source.dropped == {"table of contents": 2}


def test_placeholders_of_unfilled_controls_are_left_out(tmp_path):
    document = docx.Document()
    control = "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    add(document, paragraph(run("Country: ") + control.format(run("Click to enter text."))))
    source = read(tmp_path, document)
    assert texts(source) == ["Country:"]
    assert source.dropped == {"form placeholder": 1}


def test_the_text_of_links_and_fields_is_kept(tmp_path):
    document = docx.Document()
    field = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    linked = field.format("begin") + "<w:r><w:instrText> HYPERLINK x </w:instrText></w:r>" + field.format("separate")
    content = run("See ") + f"<w:hyperlink>{run('the plan')}</w:hyperlink>" + run(" and ")
    add(document, paragraph(content + linked + run("the Act") + field.format("end") + run(".")))
    assert texts(read(tmp_path, document)) == ["See the plan and the Act."]


def test_soft_line_breaks_are_spaces_except_between_lines_of_a_list(tmp_path):
    document = docx.Document()
    document.add_paragraph("One sentence\non two lines.")
    document.add_paragraph("We ask for:\n- fees\n- visas")
    assert shown(read(tmp_path, document)) == [
        ("paragraph", "", "One sentence on two lines."),
        ("paragraph", "", "We ask for:"),
        ("list_item", "-", "fees"),
        ("list_item", "-", "visas"),
    ]


def test_a_paragraph_all_in_bold_is_marked_as_bold(tmp_path):
    document = docx.Document()
    document.add_paragraph().add_run("Objective 5").bold = True
    document.add_paragraph("Visas ").add_run("are issued").bold = True
    first, second = read(tmp_path, document).blocks
    assert first.bold
    assert first.kind == "paragraph"
    assert not second.bold


def test_a_template_and_a_document_with_macros_are_read_as_well(tmp_path):
    stream = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Text.")
    document.save(stream)
    path = tmp_path / "file.docm"
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"document.main+xml", b"document.macroEnabled.main+xml"))
    assert texts(reading.read_blocks(path)) == ["Text."]


@pytest.mark.parametrize("text", ["word " * 200])
def test_a_whole_paragraph_in_a_heading_style_is_no_heading(tmp_path, text):
    document = docx.Document()
    document.add_heading(text, 1)
    block: Block = read(tmp_path, document).blocks[0]
    assert block.kind == "paragraph"


def test_a_questionnaire_in_a_table_keeps_its_boxes_beside_what_they_answer(tmp_path):
    """A row that says yes or no is a row, even where other cells of the table hold several paragraphs."""
    document = docx.Document()
    table = document.add_table(rows=2, cols=3)
    for cell, text in zip(table.rows[0].cells, ("Human rights", "Yes", "The act of 2019 applies to all."), strict=True):
        cell.text = text
    table.cell(1, 0).text = "1. a) Trends"
    table.cell(1, 1).text = "Arrivals doubled."
    table.cell(1, 1).add_paragraph("Departures fell.")
    assert [(kind, text) for kind, _, text in shown(read(tmp_path, document))] == [
        ("table_row", "Human rights\tYes\tThe act of 2019 applies to all."),
        ("paragraph", "1. a) Trends"),
        ("paragraph", "Arrivals doubled."),
        ("paragraph", "Departures fell."),
    ]


def test_a_table_without_end_is_cut_and_the_cut_is_named(tmp_path, monkeypatch):
    """Nobody reads twenty thousand rows, and a reader must not be kept busy by them."""
    monkeypatch.setattr("gcmtag.reading.docx.RowBudget", lambda: RowBudget(left=3))
    document = docx.Document()
    table = document.add_table(rows=5, cols=2)
    for number, row in enumerate(table.rows):
        row.cells[0].text, row.cells[1].text = f"Row {number}", "Inspectors visit the camps."
    source = read(tmp_path, document)
    assert len(source.blocks) == 3
    assert source.dropped["row of an endless table"] == 2
    assert any("2 were left out" in warning for warning in source.warnings)
