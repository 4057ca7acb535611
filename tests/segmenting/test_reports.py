"""Narrative reviews, numbered reports and background notes of our own, in the state extraction leaves them."""

import textwrap
from collections.abc import Callable

import pytest

from gcmtag.document import Block, Document, Layout
from gcmtag.errors import EmptyDocument
from gcmtag.segmenting.furniture import strip_furniture
from gcmtag.segmenting.pieces import Drops

Cut = Callable[..., Document]

NARRATIVE = """\
Voluntary National Review of Belmora
on its work for the Global Compact for
Safe, Orderly and Regular Migration

Table of contents

1. Introduction ........................................ 2
2. Methodology ......................................... 2
3. Progress by objective ............................... 3

                                 1
Belmora GCM Review 2022

1. Introduction

Belmora is a federation of four provinces with 12 million people. One in ten
residents was born in another country.

2. Methodology

The review was compiled by the Office for Migration. Four consultations were
held with towns, unions and associations of migrants.

3. Progress by objective

Objective 1: Collect and utilize accurate and disaggregated data as a basis
for policies

The census of 2021 asked for the country of birth for the first time.1 The data
are disaggregated by sex and age.

Objective 6: Facilitate fair and ethical recruitment

The inspectorate visited 1,200 farms. It found that wages had been withheld in
one case out of five.

                                 2
Belmora GCM Review 2022

Objectives 9 and 10

A special prosecutor deals with smuggling and trafficking. In 2021 she brought
eleven cases to court:

(a) Seven for trafficking for the purpose of labour exploita-
tion;
(b) Four for smuggling of migrants by sea.

Access to basic services

Every child may enrol in school with or without papers.

Challenges

Waiting lists for language courses are long.

                                 3
Belmora GCM Review 2022

4. Next steps

Belmora will publish a plan of action. Objective 3 of the National Development
Plan foresees new funds.
"""

NOTE = """\
Background note
Round table 2

Objectives of the round table
This note was prepared to help speakers prepare. It draws on forty reports.

Overview
Borders have reopened in most regions, yet the routes have become more
dangerous. Reports speak of:
• Pushbacks at sea and on land, in
particular of people without papers;
• Detention of children in at least nine
countries;
• Longer searches for the missing.

Guiding questions
1. How can consular posts help families that look for a missing relative?
2. Which alternatives to detention have proved workable?

Objective 13: Use immigration detention only as a last resort
States have reduced the number of places. The number of persons detained has
not gone down at the same pace.
"""

SENTENCES = (
    "Wages were withheld from every fifth worker whom the inspectors met on the farms of the coast.",
    "The bridge office registered four thousand people in the spring, most of them on their way home.",
    "Schools in the valley took in children without papers, although two of them had no room left.",
)


TOWNS = (
    *("Arvel", "Brinmouth", "Corlan", "Dunmere", "Elsk", "Farrow"),
    *("Ginth", "Holmar", "Ivern", "Jostad", "Kelby", "Lorn"),
)


def paragraph(number: int) -> str:
    return f"In {TOWNS[number - 1]}, the office heard of fees taken from workers. {SENTENCES[number % 3]}"


def numbered_report() -> str:
    """Twelve numbered paragraphs on pages with running heads, page numbers and notes below a rule."""
    lines = ["Assembly of the Basin", "Eighth session", "Summary", *textwrap.wrap(SENTENCES[0], 60), "I. Introduction"]
    for number in range(1, 13):
        if number == 7:
            lines += ["II. Work and", "recruitment", "A.", "Conditions of work"]
        body = textwrap.wrap(paragraph(number), 60)
        lines += [f"{number}.", *body]
        if number % 3 == 0:
            cut_at = len(lines) - 1
            page = number // 3
            note = ["__________", str(page), f"See the report on harvests in {TOWNS[page]}."]
            foot = [f"{page}/4", "BASIN/2024/7", "Assembly of the Basin – eighth session"]
            lines = [*lines[:cut_at], *note, *foot, *lines[cut_at:]]
    return "\n".join(lines)


def test_a_numbered_report_is_its_paragraphs_across_pages(cut: Cut) -> None:
    document = cut(numbered_report())
    assert [passage.locator for passage in document.passages] == [f"para. {number}" for number in range(1, 13)]
    assert [passage.text for passage in document.passages] == [paragraph(number) for number in range(1, 13)]
    assert document.dropped["running head or foot"] == 4


def test_wrapped_and_divided_headings_make_full_sections(cut: Cut) -> None:
    sections = [passage.section for passage in cut(numbered_report()).passages]
    assert sections[5] == "I. Introduction"
    assert sections[6] == "II. Work and recruitment / A. Conditions of work"


def test_the_cover_and_summary_of_a_numbered_report_are_no_passages(cut: Cut) -> None:
    assert cut(numbered_report()).dropped["cover or summary"] >= 3


def test_headings_declare_objectives_for_what_stands_under_them(cut: Cut) -> None:
    declared = {passage.text[:10]: passage.declared for passage in cut(NARRATIVE).passages}
    assert declared == {
        "Belmora is": (),
        "The review": (),
        "The census": (1,),
        "The inspec": (6,),
        "A special ": (9, 10),
        "(a) Seven ": (9, 10),
        "(b) Four f": (9, 10),
        "Every chil": (15,),
        "Waiting li": (9, 10),
        "Belmora wi": (),
    }


def test_a_table_of_contents_running_heads_and_page_numbers_are_no_passages(cut: Cut) -> None:
    document = cut(NARRATIVE)
    assert document.dropped["table of contents"] == 4
    assert not any("...." in passage.text or "Belmora GCM" in passage.text for passage in document.passages)
    assert document.title.startswith("Voluntary National Review of Belmora")


def test_note_marks_and_broken_words_are_mended(cut: Cut) -> None:
    texts = [passage.text for passage in cut(NARRATIVE).passages]
    assert "for the first time. The data" in texts[2]
    assert texts[5] == "(a) Seven for trafficking for the purpose of labour exploitation;"


def test_list_items_stand_apart_with_their_lead_in(cut: Cut) -> None:
    items = [passage for passage in cut(NOTE).passages if passage.kind == "list_item"]
    assert [item.locator for item in items] == [
        "Overview, bullet 1",
        "Overview, bullet 2",
        "Overview, bullet 3",
        "Guiding questions, item 1",
        "Guiding questions, item 2",
    ]
    assert items[0].text == "Pushbacks at sea and on land, in particular of people without papers;"
    assert [item.lead_in for item in items] == ["Reports speak of:"] * 3 + [""] * 2


def test_questions_of_a_background_note_are_passages_and_no_questionnaire(cut: Cut) -> None:
    document = cut(NOTE)
    assert all(passage.question is None for passage in document.passages)
    assert document.passages[-1].declared == (13,)


def test_a_paragraph_goes_on_over_the_page_in_text_with_form_feeds(cut: Cut) -> None:
    bodies = [textwrap.fill(f"{TOWNS[page]} lies on the coast, and {SENTENCES[page]}", 50) for page in range(3)]
    ends = ["and it rained until the", "boats were gone."]
    pages = [*bodies[:2], f"{bodies[2]}\n{ends[0]}", f"{ends[1]}\n{bodies[0].replace('Arvel', 'Kelby')}"]
    whole = "\f".join(f"Review of Belmora\n\n{body}\n\n{number}\n" for number, body in enumerate(pages, start=1))
    document = cut(whole)
    assert document.pages == 4
    assert any("and it rained until the boats were gone." in passage.text for passage in document.passages)
    assert not any("Belmora" in passage.text for passage in document.passages)


def test_a_text_of_nothing_but_furniture_holds_no_passage(cut: Cut) -> None:
    with pytest.raises(EmptyDocument, match=r"blank\.txt: no passage found"):
        cut("2/9\n\nA/99/1\n\n3/9\n", "blank.txt")


def test_reading_the_same_text_twice_gives_the_same_document(cut: Cut) -> None:
    assert cut(NARRATIVE) == cut(NARRATIVE)


def line(text: str, top: float) -> Block:
    return Block(text, "line", page=1, layout=Layout(70, top, 70 + 5 * len(text), top + 12, 10))


@pytest.mark.parametrize(("last", "kept"), [("Statement of Belmora, first draft 1", 2), ("It began in the year 1", 3)])
def test_the_foot_of_a_single_page_is_known_by_its_number_and_the_white_above_it(last: str, kept: int) -> None:
    """On a single page nothing repeats; a last line of running text has no white above it."""
    top = 800.0 if kept == 2 else 114.0
    blocks = [
        line("Nurses of Belmora had their diplomas recognised", 90),
        line("within a month.", 102),
        line(last, top),
    ]
    assert len(strip_furniture(blocks, Drops())) == kept


@pytest.mark.parametrize("second", ["Report of Marovia, final version Zz", "Report of Marovia, final version"])
def test_a_foot_whose_number_was_misread_is_a_foot(second: str) -> None:
    """Text recognition makes letters of a page number, or leaves it out."""
    bodies = ["Roads in the hills were mended.", "Clinics opened in two towns.", "Fishers were given licences."]
    feet = ["Report of Marovia, final version 1", second, "Report of Marovia, final version 3"]
    blocks = [
        Block(text, "line", page=page, layout=Layout(70, top, 70 + 5 * len(text), top + 10, 10))
        for page, lines in enumerate(zip(bodies, feet, strict=True), start=1)
        for text, top in zip(lines, (100.0, 780.0), strict=True)
    ]
    assert [line.text for line in strip_furniture(blocks, Drops())] == bodies
