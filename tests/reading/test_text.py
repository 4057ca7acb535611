"""Plain text and Markdown become lines where lines are wrapped, whole blocks where they are not."""

from pathlib import Path

import pytest

from gcmtag.document import SourceFile
from gcmtag.errors import EmptyDocument
from gcmtag.reading.text import read


def blocks_of(content: str, name: str = "note.txt") -> SourceFile:
    return read(Path(name), content.encode(), "0" * 16)


def test_wrapped_lines_stay_lines_and_blank_ones_are_kept() -> None:
    source = blocks_of("The ferry brought\nforty people home\nin the spring.\n\nNobody asked why\nthey had left.\n")
    assert {block.kind for block in source.blocks} == {"line"}
    assert [block.text for block in source.blocks][3] == ""


def test_long_lines_are_whole_paragraphs() -> None:
    long = "The ferry brought forty people home in the spring, and nobody asked why they had left. " * 3
    source = blocks_of(f"{long}\n{long}\n")
    assert [block.kind for block in source.blocks] == ["paragraph", "paragraph"]


def test_markdown_marks_are_read_and_not_shown() -> None:
    source = blocks_of(
        "# Review\n\n**Prompt in bold**\n\n- (a) first\n- second [link](http://x.example)\n\n"
        "1. *third*[^2]\n\n[^2]: A note.\n",
        "review.md",
    )
    assert [(block.kind, block.marker, block.text) for block in source.blocks] == [
        ("heading", "", "Review"),
        ("paragraph", "", "Prompt in bold"),
        ("list_item", "", "(a) first"),
        ("list_item", "•", "second link"),
        ("paragraph", "", "1. third"),
        ("footnote", "", "A note."),
    ]
    assert source.blocks[1].bold
    assert source.title == "Review"
    assert source.format == "md"


def test_rows_have_cells_and_cells_keep_their_paragraphs() -> None:
    source = blocks_of(
        "<p>1. Work</p>\t<p>Objectives: 5, 6</p>\n<p>Asked.</p> <p>Answered.</p>\t\n| a | b |\n|---|---|\n"
    )
    assert [block.cells for block in source.blocks] == [
        ("1. Work", "Objectives: 5, 6"),
        ("Asked.\nAnswered.", ""),
        ("a", "b"),
    ]


def test_boxes_are_written_as_boxes() -> None:
    content = 'Human rights\t<input type="checkbox" /> =yes <input checked type="checkbox" /> =no\t[x] [ ]\n'
    assert blocks_of(content).blocks[0].cells == ("Human rights", "\u2610 =yes \u2612 =no", "\u2612 \u2610")


def test_a_number_in_a_cell_of_its_own_stays_in_front_of_its_text() -> None:
    assert blocks_of("3.\tProvide information\n").blocks[0].text == "3. Provide information"


def test_form_feeds_count_pages() -> None:
    source = blocks_of("One.\n\fTwo.\n")
    assert source.pages == 2
    assert [(block.text, block.page) for block in source.blocks if block.text] == [("One.", 1), ("Two.", 2)]
    assert blocks_of("One.\n").pages is None


def test_angle_brackets_and_stars_that_are_text_stay() -> None:
    assert (
        blocks_of("Fees < 3 * wages, see <https://x.example>\n").blocks[0].text
        == "Fees < 3 * wages, see https://x.example"
    )


def test_a_rule_of_underscores_above_notes_stays_a_rule() -> None:
    lines = blocks_of("The ferry brought\nforty people home.\n__________\n1\nSee the\nlog.\n").blocks
    assert "__________" in [block.text for block in lines]


def test_a_file_without_text_is_refused_in_one_line() -> None:
    with pytest.raises(EmptyDocument, match=r"^note\.txt: the file holds no text; ") as refusal:
        blocks_of(" \n\f\n")
    assert "\n" not in str(refusal.value)
