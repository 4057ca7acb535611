"""Lines of a PDF come in reading order, each with its page and place."""

from pathlib import Path

import pytest
from fpdf import FPDF

from gcmtag import reading
from gcmtag.document import Block, SourceFile

LEFT = [f"left {number} of the column that tells how workers are hired" for number in range(12)]
RIGHT = [f"right {number} of the column that tells how they come home" for number in range(12)]


class Page:
    """A page on which text is put where a test wants it, in points from the top left corner."""

    def __init__(self) -> None:
        self.pdf = FPDF(unit="pt", format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.add_page()

    def put(self, x: float, y: float, text: str, size: float = 10, style: str = "") -> "Page":
        self.pdf.set_font("helvetica", style=style, size=size)
        self.pdf.text(x, y, text)
        return self

    def width(self, text: str, size: float = 10) -> float:
        self.pdf.set_font("helvetica", size=size)
        return self.pdf.get_string_width(text)


def read(folder: Path, page: Page) -> SourceFile:
    path = folder / "file.pdf"
    path.write_bytes(bytes(page.pdf.output()))
    return reading.read_blocks(path)


def texts(source: SourceFile) -> list[str]:
    return [block.text for block in source.blocks]


def two_columns(page: Page, top: float = 100) -> Page:
    for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        page.put(50, top + 13 * number, left)
        # A column of another text rarely shares the baseline of its neighbour.
        page.put(320, top + 4 + 13 * number, right)
    return page


def test_each_physical_line_is_a_block_with_page_and_place(tmp_path):
    page = Page().put(72, 100, "A heading", size=14, style="B").put(72, 130, "Running text,")
    page.put(72, 144, "in italics here", style="I")
    heading, first, second = read(tmp_path, page).blocks
    assert [heading.kind, heading.page, heading.bold] == ["line", 1, True]
    assert heading.layout is not None
    assert (heading.layout.size, round(heading.layout.left)) == (14, 72)
    assert heading.layout.top < 100 < heading.layout.bottom
    assert not first.bold
    assert second.layout is not None
    assert second.layout.italic


def test_two_columns_are_read_one_after_the_other(tmp_path):
    page = two_columns(Page().put(50, 60, "A title that goes across both of the columns, and well beyond the gutter"))
    page.put(50, 280, "A closing line that goes across both of the columns, and well beyond the gutter too")
    lines = texts(read(tmp_path, page))
    assert lines[1:-1] == LEFT + RIGHT
    assert lines[0].startswith("A title")
    assert lines[-1].startswith("A closing")


def test_running_heads_do_not_get_between_columns(tmp_path):
    page = two_columns(Page().put(50, 40, "Lantern Basin").put(480, 40, "Second report"))
    assert texts(read(tmp_path, page)) == ["Lantern Basin Second report", *LEFT, *RIGHT]


def test_a_bullet_set_apart_from_its_text_is_on_the_same_line(tmp_path):
    page = (
        Page().put(72, 100, "-").put(90, 100, "landlords ask for a deposit").put(72, 120, "(a)").put(108, 120, "fees")
    )
    assert texts(read(tmp_path, page)) == ["- landlords ask for a deposit", "(a) fees"]


def test_cells_without_rules_on_one_baseline_are_one_line(tmp_path):
    page = Page()
    for number in range(8):
        page.put(72, 100 + 14 * number, f"Aldania {number}").put(300, 100 + 14 * number, f"{number} 400")
    assert texts(read(tmp_path, page))[2] == "Aldania 2 2 400"


def grid(page: Page, top: float, heights: list[float], widths: tuple[float, ...] = (150, 300)) -> Page:
    """Draw the cells of a table whose first is at 60 points from the left."""
    for height in heights:
        left = 60.0
        for width in widths:
            page.pdf.rect(left, top, width, height)
            left += width
        top += height
    return page


def test_short_cells_between_rules_are_a_row(tmp_path):
    page = grid(Page(), 90, [40, 20])
    page.put(64, 104, "Describe the laws").put(64, 117, "that apply")
    page.put(214, 104, "The Act of 2021 forbids reten-").put(214, 117, "tion of passports.")
    page.put(64, 144, "Annexes").put(214, 144, "none")
    blocks = read(tmp_path, page).blocks
    assert [block.kind for block in blocks] == ["table_row", "table_row"]
    # A soft hyphen stands where a line's end cut a word; segmenting knows the document's words and joins it.
    assert blocks[0].cells == ("Describe the laws that apply", "The Act of 2021 forbids reten\u00adtion of passports.")
    assert blocks[1].cells == ("Annexes", "none")


def test_long_cells_between_rules_are_read_cell_by_cell_and_kept_apart(tmp_path):
    answer = [f"The Act of {2000 + number} forbids fees and" for number in range(6)]
    page = grid(Page(), 90, [90]).put(64, 104, "Describe the laws")
    for number, line in enumerate(answer):
        page.put(214, 104 + 13 * number, line)
    assert texts(read(tmp_path, page)) == ["", "Describe the laws", "", *answer, ""]


def test_a_row_that_a_page_end_cuts_is_read_whole(tmp_path):
    page = grid(Page().put(60, 30, "Replies of Aldania"), 600, [200])
    for number in range(6):
        page.put(64, 614 + 13 * number, f"asked {number}").put(214, 614 + 13 * number, f"answered {number} and")
    page.pdf.add_page()
    grid(page.put(60, 30, "Replies of Aldania"), 60, [40])
    page.put(64, 74, "asked last.").put(214, 74, "answered at last.")
    lines = [line for line in texts(read(tmp_path, page)) if line and not line.startswith("Replies")]
    asked, answered = [f"asked {number}" for number in range(6)], [f"answered {number} and" for number in range(6)]
    assert lines == [*asked, "asked last.", *answered, "answered at last."]


def test_a_new_row_at_the_top_of_a_page_is_no_rest_of_the_last(tmp_path):
    page = grid(Page(), 600, [30]).put(64, 614, "b. Laws").put(64, 627, "in force").put(214, 614, "Two Acts.")
    page.pdf.add_page()
    grid(page, 60, [40]).put(64, 74, "c. Gaps").put(214, 74, "None.")
    assert [block.cells for block in read(tmp_path, page).blocks] == [
        ("b. Laws in force", "Two Acts."),
        ("c. Gaps", "None."),
    ]


def test_the_first_cell_of_a_row_may_be_empty(tmp_path):
    page = grid(Page(), 90, [20]).put(214, 104, "a second answer")
    assert [block.cells for block in read(tmp_path, page).blocks] == [("", "a second answer")]


def test_a_box_is_kept_apart_from_the_text_around_it(tmp_path):
    page = Page().put(64, 80, "Above the box")
    page.pdf.rect(60, 90, 300, 40)
    page.put(64, 104, "A good practice is shown").put(64, 117, "in a box of its own").put(64, 150, "and text below")
    assert texts(read(tmp_path, page)) == [
        "Above the box",
        "",
        "A good practice is shown",
        "in a box of its own",
        "",
        "and text below",
    ]


def test_a_line_or_two_in_the_right_column_of_the_last_page_is_known_by_the_pages_before(tmp_path):
    page = two_columns(Page())
    page.pdf.add_page()
    for number in range(4):
        page.put(50, 100 + 13 * number, f"last {number} of the column that tells how workers are hired")
    page.put(320, 100, "and the very end of it")
    second = [block.text for block in read(tmp_path, page).blocks if block.page == 2]
    assert second[-1] == "and the very end of it"
    assert len(second) == 5


def test_columns_whose_lines_stand_half_a_line_apart_are_two(tmp_path):
    page = Page()
    for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        page.put(50, 100 + 13 * number, left).put(320, 106.5 + 13 * number, right)
    assert texts(read(tmp_path, page)) == LEFT + RIGHT


def test_a_left_column_longer_than_the_right_is_read_to_its_end_first(tmp_path):
    page = two_columns(Page())
    page.put(50, 100 + 13 * 12, "left 12 of the column that goes on alone").put(
        50, 800, "Report of the secretariat, p. 1"
    )
    lines = texts(read(tmp_path, page))
    assert lines[:13] == [*LEFT, "left 12 of the column that goes on alone"]


def test_a_raised_footnote_mark_is_left_out_and_counted(tmp_path):
    page = Page()
    start = "The first review"
    page.put(72, 100, start).put(72 + page.width(start), 96, "12", size=6)
    page.put(72 + page.width(start) + page.width("12", 6) + 3, 100, "was held in 2020.")
    source = read(tmp_path, page)
    assert texts(source) == ["The first review was held in 2020."]
    assert source.dropped == {"footnote mark": 1}


def test_a_raised_ordinal_or_unit_stays_in_the_text(tmp_path):
    page = Page().put(72, 100, "The 2").put(72 + Page().width("The 2"), 96, "nd", size=6)
    page.put(72, 130, "40 km").put(72 + Page().width("40 km"), 126, "2", size=6)
    assert texts(read(tmp_path, page)) == ["The 2nd", "40 km2"]


def body(page: Page, lines: int = 20) -> Page:
    for number in range(lines):
        page.put(
            72, 100 + 14 * number, f"Line {number} of running text that fills the page from left to right.", size=11
        )
    return page


def test_small_lines_at_the_foot_that_open_with_a_mark_are_footnotes(tmp_path):
    page = body(Page()).put(72, 700, "7", size=5).put(76, 704, "Report of the secretariat,", size=8)
    page.put(72, 714, "second edition, with an annex.", size=8).put(300, 800, "4", size=8)
    source = read(tmp_path, page)
    notes = [block for block in source.blocks if block.kind == "footnote"]
    assert [(block.marker, block.text) for block in notes] == [
        ("7", "Report of the secretariat,"),
        ("", "second edition, with an annex."),
    ]
    assert source.blocks[-1].kind == "line", "the page number below is none"


def test_small_lines_below_a_short_rule_are_footnotes_even_without_a_mark(tmp_path):
    page = body(Page()).put(72, 704, "continued from the page before this one.", size=8)
    page.pdf.line(72, 692, 200, 692)
    assert read(tmp_path, page).blocks[-1].kind == "footnote"


def test_small_lines_in_the_middle_of_a_page_are_no_footnotes(tmp_path):
    page = Page().put(72, 90, "1 Source: the statistics offices of the Basin.", size=8)
    assert not [block for block in read(tmp_path, body(page)).blocks if block.kind == "footnote"]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_page_turned_by_its_rotation_is_read_upright(tmp_path, rotation):
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject, NumberObject

    plain = tmp_path / "plain.pdf"
    plain.write_bytes(bytes(two_columns(Page()).pdf.output()))
    upright = reading.read_blocks(plain)
    writer = PdfWriter()
    writer.append(PdfReader(plain))
    # Text is turned one way and the page the other, as in a landscape page made from a portrait one.
    writer.pages[0].transfer_rotation_to_content()
    writer.pages[0].rotate(rotation).transfer_rotation_to_content()
    writer.pages[0][NameObject("/Rotate")] = NumberObject(360 - rotation)
    turned = tmp_path / "turned.pdf"
    writer.write(turned)
    assert texts(reading.read_blocks(turned)) == texts(upright)


def test_text_across_the_page_is_left_out_and_counted(tmp_path):
    page = body(Page())
    with page.pdf.rotation(45, 200, 400):
        page.put(200, 400, "DRAFT", size=40)
    source = read(tmp_path, page)
    assert source.dropped == {"rotated text": 1}
    assert not any("DRAFT" in text for text in texts(source))


def test_pages_without_text_are_a_warning_where_others_have_some(tmp_path):
    page = body(Page())
    page.pdf.add_page()
    source = read(tmp_path, page)
    assert source.pages == 2
    assert len(source.warnings) == 1
    assert source.warnings[0].startswith("no text on page 2 of 2")


def test_a_program_name_in_the_metadata_is_no_title(tmp_path):
    page = body(Page())
    page.pdf.set_title("Microsoft Word - final.docx")
    assert read(tmp_path, page).title == ""
    page = body(Page())
    page.pdf.set_title("Second report")
    assert read(tmp_path, page).title == "Second report"


def test_values_of_form_fields_are_read(tmp_path):
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject, TextStringObject

    plain = tmp_path / "plain.pdf"
    plain.write_bytes(bytes(Page().put(72, 100, "Name of the office:").pdf.output()))
    writer = PdfWriter()
    writer.append(PdfReader(plain))
    look = StreamObject()
    look.set_data(b"BT /F1 10 Tf 2 5 Td (Migration Unit) Tj ET")
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    look.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject([FloatObject(n) for n in (0, 0, 200, 20)]),
            NameObject("/Resources"): DictionaryObject(
                {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
            ),
        }
    )
    field = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/FT"): NameObject("/Tx"),
            NameObject("/T"): TextStringObject("office"),
            NameObject("/V"): TextStringObject("Migration Unit"),
            NameObject("/F"): FloatObject(4),
            NameObject("/Rect"): ArrayObject([FloatObject(n) for n in (72, 690, 272, 710)]),
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(look)}),
        }
    )
    reference = writer._add_object(field)
    writer.pages[0][NameObject("/Annots")] = ArrayObject([reference])
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject([reference])})
    filled = tmp_path / "filled.pdf"
    writer.write(filled)
    assert texts(reading.read_blocks(filled)) == ["Name of the office:", "Migration Unit"]


def test_words_set_piece_by_piece_are_parted_where_white_parts_them(tmp_path):
    page = Page()
    x = 72.0
    for letter in "In 2021 all":
        page.put(x, 100, letter)
        x += page.width(letter)
    assert texts(read(tmp_path, page)) == ["In 2021 all"]


def test_blocks_are_lines_only_and_nothing_is_joined(tmp_path):
    page = Page().put(72, 100, "Sent to the Confer-").put(72, 114, "ence in October.")
    blocks = read(tmp_path, page).blocks
    assert all(isinstance(block, Block) and block.kind == "line" for block in blocks)
    assert [block.text for block in blocks] == ["Sent to the Confer-", "ence in October."]
