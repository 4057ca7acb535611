"""Objectives of the Compact are told from the goals and objectives of everything else."""

import pytest

from gcmtag.segmenting.declared import declared_by_heading, declared_by_opening, mentions, numbers_in


@pytest.mark.parametrize(
    ("heading", "objectives"),
    [
        ("GCM Objectives: 2, 5, 6, 12, 18", (2, 5, 6, 12, 18)),
        ("(Objective 2; 5; 6)", (2, 5, 6)),
        ("Objective 14:", (14,)),
        ("Objectives 4 and 8", (4, 8)),
        ("GCM objective 3 – Information", (3,)),
        ("Obj. 7", (7,)),
        ("Objectives 1-3", (1, 2, 3)),
        ("Objetivos 1 a 3", (1, 2, 3)),
        ("Objectifs 4, 8 et 13 du Pacte", (4, 8, 13)),
        ("Objectives indicated: 3, 20 and 19", (3, 19, 20)),
        ("Objectives 2 (climate), 5 (pathways)", (2, 5)),
        ("B. Saving lives (objective 8)", (8,)),
        ("Use migration detention only as a measure of last resort", (13,)),
        ("Provide access to basic services for migrants", (15,)),
        ("C. Promoting cheaper and faster transfer of remittances", (20,)),
    ],
)
def test_a_heading_declares(heading: str, objectives: tuple[int, ...]) -> None:
    assert declared_by_heading(heading) == objectives


@pytest.mark.parametrize(
    "heading",
    [
        "SDG 10.7",
        "Goal 8: decent work",
        "Target 16.9",
        "Objective 3 of the national plan",
        "Strategic objective 2",
        "Objective 10.7",
        "Objective 24",
        "Objectives 20 and 25",
        "Objective 5 of the Strategy on Migration",
        "Objective 3 of the Global Compact on Refugees",
        "Objective II",
        "Objectives 2020-2024",
        "Challenges",
        "Data",
    ],
)
def test_a_heading_of_something_else_declares_nothing(heading: str) -> None:
    assert declared_by_heading(heading) == ()


def test_only_the_first_words_of_a_paragraph_declare() -> None:
    assert declared_by_opening("Objective 14: two offices were opened.") == (14,)
    assert declared_by_opening("(Objectives 4; 8) The coast guard was trained.") == (4, 8)
    assert declared_by_opening("Objective 14 was hard to reach.") == ()
    assert declared_by_opening("The offices serve objective 14: consular protection.") == ()


def test_a_mention_says_where_it_stands() -> None:
    text = "As under objectives 9 and 10 (sea), not objective 3 of that plan."
    assert [(text[start:end], numbers) for start, end, numbers in mentions(text)] == [
        ("objectives 9 and 10 (sea)", (9, 10))
    ]


def test_a_list_with_a_number_that_is_no_objective_is_not_one_of_objectives() -> None:
    assert numbers_in("4, 8 and 30") == ()
