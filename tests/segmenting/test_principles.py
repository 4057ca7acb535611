"""The table of guiding principles is kept as what the document says of itself: principle, yes or no, explanation."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gcmtag.document import Block, Document, SourceFile
from gcmtag.segmenting.pipeline import segment

Cut = Callable[..., Document]

BODY = (
    "The Ministry of Labour of Vesmar opened three offices for seasonal workers in 2021.",
    "Consulates register the children of citizens who were born abroad, free of charge.",
)


def read(*blocks: Block) -> Document:
    body = [Block(text, "paragraph") for text in BODY]
    return segment(SourceFile(Path("form.docx"), "0" * 16, "docx", (body[0], *blocks, body[1])))


def row(*cells: str) -> Block:
    return Block("\t".join(cells), "table_row", cells=cells)


def said(document: Document) -> list[tuple[str, bool | None, str]]:
    return [(item.principle, item.integrated, item.explanation) for item in document.guiding_principles]


def texts(document: Document) -> tuple[str, ...]:
    return tuple(passage.text for passage in document.passages)


EXPECTED = [
    ("People-centred", True, "Families sit on the board."),
    ("National sovereignty", False, ""),
    ("Human rights", None, ""),
]


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        (
            ("Guiding principle", "Principle has been integrated ☐ =yes ☐ =no", "Explanation (attach a paper)"),
            [("☒ =yes ☐ =no", "Families sit on the board."), ("☐ =yes ☒ =no", ""), ("☐ =yes ☐ =no", "")],
        ),
        (
            ("Guiding principle", "Yes", "No", "Explanation"),
            [("☒", "☐", "Families sit on the board."), ("☐", "☒", ""), ("☐", "☐", "")],
        ),
        (
            ("Guiding principle", "Yes", "No", "Explanation"),
            [("X", "", "Families sit on the board."), ("", "x", ""), ("", "", "")],
        ),
        (
            ("Guiding principles", "Integrated?"),
            [("Yes. Families sit on the board.",), ("No",), ("Yes / No",)],
        ),
        (
            ("Principes directeurs", "Oui", "Non", "Explication"),
            [("☒", "☐", "Families sit on the board."), ("☐", "☒", ""), ("☒", "☒", "")],
        ),
    ],
    ids=["boxes with words", "a box a column", "crosses", "words", "both ticked"],
)
def test_each_shape_of_the_table_gives_the_same_answers(head, rows):
    """States tick, cross and write; what they mean is the same."""
    names = [name for name, _, _ in EXPECTED]
    document = read(row(*head), *(row(name, *cells) for name, cells in zip(names, rows, strict=True)))
    assert said(document) == EXPECTED
    assert texts(document) == BODY


def test_a_table_without_a_head_is_known_by_three_answered_principles():
    """Extraction often loses the head of a table at the end of a page."""
    document = read(row("Human rights", "☒ Yes ☐ No"), row("Child-sensitive", "Yes"), row("People-centred", "No"))
    assert said(document) == [("People-centred", False, ""), ("Human rights", True, ""), ("Child-sensitive", True, "")]


def test_lines_that_lost_their_cells_are_put_together_again():
    """A PDF without rules gives the name, the boxes and the explanation as paragraphs one below the other."""
    lines = (
        "People-centred ☒ Yes ☐ No",
        "Returnees were asked before the plan was written.",
        "Human rights",
        "☐ Yes ☒ No",
        "Gender-responsive: yes",
        "Explanation: half of the inspectors are women.",
    )
    document = read(*(Block(line, "paragraph") for line in lines))
    assert said(document) == [
        ("People-centred", True, "Returnees were asked before the plan was written."),
        ("Human rights", False, ""),
        ("Gender-responsive", True, "half of the inspectors are women."),
    ]
    assert texts(document) == BODY


def test_a_report_with_headings_named_after_the_principles_keeps_its_passages():
    """Who writes about human rights under that heading has filled in no table."""
    prose = "The Ombudsman visits the reception centres twice a year and publishes what she finds there."
    blocks = [
        block
        for name in ("People-centred", "Human rights", "Gender-responsive")
        for block in (Block(name, "heading", level=2), Block(prose, "paragraph"))
    ]
    document = read(*blocks)
    assert said(document) == []
    assert texts(document).count(prose) == 3


def test_other_tables_with_boxes_are_no_guiding_principles():
    """Only the ten principles are metadata; a box elsewhere says something else."""
    assert said(read(row("Publish the answers?", "☒ Yes ☐ No"), row("Human rights", "☒ Yes ☐ No"))) == []


def test_principles_are_named_in_other_languages_and_spellings():
    """The names are those of the resolution, whatever the form's language."""
    document = read(
        row("Principios rectores", "Sí", "No"),
        row("Soberanía nacional", "x", ""),
        row("Droits de l’homme", "", "x"),
        row("(i) Whole of Government Approach", "x", ""),
    )
    assert said(document) == [
        ("National sovereignty", True, ""),
        ("Human rights", False, ""),
        ("Whole-of-government approach", True, ""),
    ]
