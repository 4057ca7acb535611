"""Declared priorities are exact: by number, title, paraphrase or subject, and never another framework's."""

import pytest

from gcmtag.document import Passage
from gcmtag.segmenting.priorities import declared_priorities


def said(*texts: str, question: str | None = None, section: str = "", title: str = "") -> tuple[int, ...]:
    passages = [
        Passage(
            "x",
            ordinal,
            text.removeprefix("- ").removeprefix("| "),
            question=question,
            section=section,
            kind={"- ": "list_item", "| ": "table_cell"}.get(text[:2], "paragraph"),
        )
        for ordinal, text in enumerate(texts, start=1)
    ]
    return declared_priorities(passages, title)


@pytest.mark.parametrize(
    ("texts", "objectives"),
    [
        (["Objectives 3, 5 and 6 are of particular importance because of SDG 8."], (3, 5, 6)),
        (["All 23 objectives matter, but first come Objective 1 (data) and Objective 23."], (1, 23)),
        (["1, 3, 7 and 23"], (1, 3, 7, 23)),
        (
            ["We put first:", "- Objective 2: Minimize the adverse drivers", "- Objective 5 of the National Strategy"],
            (2,),
        ),
        (["Objective 13 is not a priority. Objectives 4 and 11 are."], (4, 11)),
        (["It is to empower migrants and societies to realize full inclusion and social cohesion at home."], (16,)),
        (["Fair recruitment, remittances and the fight against trafficking are priorities."], (6, 10, 20)),
        (["No objective is prioritized; all 23 are of equal importance."], ()),
        (["Les objectifs 2, 5 et 21 sont prioritaires."], (2, 5, 21)),
    ],
)
def test_the_answer_to_item_seven_names_them(texts: list[str], objectives: tuple[int, ...]) -> None:
    assert said(*texts, question="7") == objectives


@pytest.mark.parametrize(
    ("texts", "objectives"),
    [
        (["Our Government has prioritised objectives 2, 5 and 6."], (2, 5, 6)),
        (["These objectives are national priorities:", "- Provide access to basic services for migrants"], (15,)),
        (["States gave priority to objectives 1 and 2."], ()),
        (["The ministry considers strategic objective 4 of its plan a priority."], ()),
        (["The work is done with priority under objective 8."], ()),
    ],
)
def test_elsewhere_only_the_author_speaking_of_the_compact_counts(
    texts: list[str], objectives: tuple[int, ...]
) -> None:
    assert said(*texts) == objectives


@pytest.mark.parametrize(
    ("texts", "section", "objectives"),
    [
        (
            [
                "In Belmora, particular weight is given to objectives 7, 10 and 13 in the period under review, "
                "which the Government regards as its priorities."
            ],
            "",
            (7, 10, 13),
        ),
        (
            ["The Government of Belmora has chosen objectives 5 to 8 and objective 21 as its priorities for 2023."],
            "",
            (5, 6, 7, 8, 21),
        ),
        (
            [
                "Belmora’s national priorities under the Global Compact are to “Save lives and establish "
                "coordinated international efforts on missing migrants” and to “Invest in skills development and "
                "facilitate mutual recognition of skills, qualifications and competences”."
            ],
            "",
            (8, 18),
        ),
        (["Our priorities are the first, the fifth and the twenty-third objective of the Compact."], "", (1, 5, 23)),
        (["The Government prioritizes objectives two, six and nineteen."], "", (2, 6, 19)),
        (["Objectives 2 and 5 were not prioritised by our Government."], "", ()),
        (["Neighbouring Tarvonia has made objectives 9 and 10 its priorities."], "", ()),
        (
            [
                "For the countries of the region, objectives 2, 5 and 7 were identified as priorities at the "
                "regional conference."
            ],
            "",
            (),
        ),
        (
            [
                "The Government gives priority to objectives 3 and 14, whereas objectives 20 and 22 were not "
                "prioritised."
            ],
            "",
            (3, 14),
        ),
        (
            [
                "Our Government has set the following priorities among the objectives of the Compact.",
                "In the first place come objectives 4 and 15.",
                "Second, objectives 17 and 23 were chosen as priorities for our cities.",
            ],
            "",
            (4, 15, 17, 23),
        ),
        (
            [
                "The Government has identified the following priority objectives:",
                "- Provide access to basic services for migrants",
                "- Eliminate all forms of discrimination and promote evidence-based public discourse to shape "
                "perceptions of migration",
                "- Use migration detention only as a measure of last resort and work towards alternatives",
                "The review was prepared by a working group.",
            ],
            "",
            (13, 15, 17),
        ),
        (
            [
                "The review was drafted in 2021.",
                "Annex II. Priority objectives of Belmora",
                "- Objective 1",
                "- Objective 11",
                "- Objective 12",
            ],
            "Annex II. Priority objectives of Belmora",
            (1, 11, 12),
        ),
        (
            [
                "| Priority objective: 3. Provide accurate and timely information at all stages of migration",
                "| Lead: Ministry of Labour",
            ],
            "",
            (3,),
        ),
        (
            ["Le Gouvernement a retenu comme prioritaires les objectifs nos 2, 7 et 16 du Pacte mondial."],
            "",
            (2, 7, 16),
        ),
        (["L’objectif n° 10 est la priorité de notre pays."], "", (10,)),
        (["Nuestro país priorizó los objetivos 5, 6 y 16 del Pacto Mundial."], "", (5, 6, 16)),
        (
            [
                "The Government gives priority to these objectives of the Compact:",
                "- access to basic services",
                "- portability of social security",
                "- saving lives and missing migrants",
            ],
            "",
            (8, 15, 22),
        ),
        (
            [
                "Belmora places skills (objective 18), remittances (objective 20) and diasporas (objective 19) at "
                "the top of its agenda."
            ],
            "",
            (18, 19, 20),
        ),
        (["Belmora has decided to concentrate first and foremost on objectives 9 and 10."], "", (9, 10)),
        (
            ["Of the 23 objectives, six have been selected as priority areas by the Cabinet: 2, 3, 6, 10, 18 and 21."],
            "",
            (2, 3, 6, 10, 18, 21),
        ),
    ],
)
def test_a_review_may_say_it_in_many_ways(texts: list[str], section: str, objectives: tuple[int, ...]) -> None:
    """Ranges, titles, words for numbers, lists, annexes, tables, three languages; and what others put first."""
    assert said(*texts, section=section, title="Voluntary national review of Belmora") == objectives


@pytest.mark.parametrize(
    ("texts", "objectives"),
    [
        (["Objectives 1-3 and 21"], (1, 2, 3, 21)),
        (["Objectifs n° 2, n° 7 et n° 16."], (2, 7, 16)),
        (["Objectives 6 and 18 come first. Objectives 2 and 5 were not prioritised."], (6, 18)),
        (
            ["Belmora gives priority to objective 14. Tarvonia, by contrast, gives priority to objectives 2 and 5."],
            (14,),
        ),
        (
            [
                "Objectives 3 and 10. At the regional conference, States of the region named objectives 4 and 7 "
                "as the most relevant."
            ],
            (3, 10),
        ),
        (["The fourth, the eighth and the twenty-first objective are the most important for us."], (4, 8, 21)),
        (["Objectives two, five and twelve."], (2, 5, 12)),
        (
            [
                "| Objective 6: Facilitate fair and ethical recruitment and safeguard conditions that ensure "
                "decent work. Reason: most of our workers are abroad.",
                "| Objective 20: Promote faster, safer and cheaper transfer of remittances. Reason: they are a "
                "tenth of income.",
            ],
            (6, 20),
        ),
        (
            [
                "First of all, objectives 2 and 5, because half of our villages are dry.",
                "We add objective 21 since 2021.",
            ],
            (2, 5, 21),
        ),
        (
            [
                "- Strengthen consular protection, assistance and cooperation throughout the migration cycle",
                "- Promote faster, safer and cheaper transfer of remittances and foster financial inclusion of "
                "migrants",
                "These two are chosen because of our many nurses abroad, whose recruitment and skills we follow.",
            ],
            (14, 20),
        ),
        (["(3), (6), (10) and (16) are the ones we put first."], (3, 6, 10, 16)),
        (["Cluster 2 as a whole matters, above all objective 8 and objective 13."], (8, 13)),
        (["All 23 objectives are equally important to us."], ()),
        (["All objectives of cluster 1 except objective 12 are our priorities."], (2, 5, 6, 18)),
    ],
)
def test_an_answer_may_say_it_in_many_ways(texts: list[str], objectives: tuple[int, ...]) -> None:
    """Ranges, words, tables, clusters, exceptions; and what a neighbour or the region put first."""
    assert said(*texts, question="7", title="Voluntary national review of Belmora") == objectives


def test_a_state_may_speak_of_itself_by_name() -> None:
    sentence = "Belmora gives priority to objectives 10 and 16 of the Compact."
    assert said(sentence, title="Review of Belmora") == (10, 16)
    assert said(sentence, title="Report of the secretariat") == ()
