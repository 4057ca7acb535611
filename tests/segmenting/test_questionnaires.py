"""Questionnaires of invented States, in layouts and wordings of many kinds: answers are passages, the form is not."""

from collections.abc import Callable

from gcmtag.document import Document

Cut = Callable[..., Document]

SHORT_PROMPTS = """\
REPUBLIC OF ORVANA
National report on the Global Compact for Migration

Cluster 1: Voluntary, orderly and regular migration (objectives 2, 5, 6, 12 and 18)

1. a) Migration levels and trends
About 210,000 Orvanans live abroad, most of them in the two neighbouring
States. Departures from the dry northern districts have doubled since 2015,
mainly because harvests fail.

1. b) Policies, laws and programmes: The Recruitment Act of 2019 prohibits fees
charged to workers. A hotline was opened for complaints.

1. c) Gaps and challenges
Lack of inspectors

1. d) Results and good practices
N/A

Cluster 2: Rights-based border governance (objectives 4, 8, 9, 10, 11, 13 and 21)

2. a) Migration levels and trends
Irregular crossings fell by a third after the ferry service was resumed.

2. b) Policies, laws and programmes
- A protocol for the referral of victims of trafficking;
- A register of missing persons kept by the Red
Crescent;
- Shelters in three ports.

2. c) Gaps and challenges
The coast guard has two boats only.

2. d) Results and good practices
None

Cluster 3: Integration and development (objectives 14, 15, 16, 19, 20 and 22)

3. a) Migration levels and trends
Remittances were 9 per cent of the gross domestic product in 2022.

3. b) Policies, laws and programmes
The bank of Orvana lowered the ceiling on fees for transfers.

3. c) Gaps and challenges
Pensions earned abroad cannot be carried home.

3. d) Results and good practices
Two hundred nurses registered with the diaspora roster.

6. Contribution to the 2030 Agenda
The national development plan links target 10.7 with objective 23 of the plan.

7. Priority objectives
The Government gives priority to objectives 2, 6 and 21 of the Compact. Goal 8
of the 2030 Agenda is also followed.

9. Methodology
Nine ministries answered a questionnaire.

10. COVID-19
Migrants were vaccinated without regard to status.
"""

MARKDOWN = """\
# Voluntary GCM Review: Kestria

**Contact**: Ministry of Interior

1. **Ensuring that migration is voluntary, orderly and regular**

Compact objectives: 2, 5, 6, 12, 18

**1(a) Please describe migration levels, trends and drivers for this cluster.**

Kestria is a country of transit. Some 40,000 people crossed it in 2021.

**1(b) Please describe the policy, legal and programmatic action of your State.** The Aliens Act was amended in 2020.

Objective 5:

Seasonal permits were introduced for fruit picking.

Objective 18: the vocational council recognises foreign welding certificates.

**1(c) What gaps and challenges were identified?**

| Gap | Explanation |
|-----|-------------|
| Staff | The visa section has had four vacant posts since the reform of 2019. |
| Data | Arrivals by land are not counted at the smaller crossing points. |

2. **Protecting migrants through rights-based border governance measures**

Compact objectives: 4, 8, 9, 10, 11, 13, 21

**2(a) Please describe migration levels, trends and drivers for this cluster.**

See above.

**2(b) Please describe the policy, legal and programmatic actions taken by your Government.**

Detention of families ended in 2022.

7. **Are there objectives of particular importance in your national context? Please explain why.**

Kestria puts first:

- Manage borders in an integrated, secure and coordinated way
- Save lives and establish coordinated efforts on missing migrants
- Fair and ethical recruitment and decent work

The third strategic objective of the Growth Plan supports this.

8. **How have regional plans and strategies incorporated the objectives of the Compact?**

The Northern Council adopted a roadmap in 2021.
"""

FRENCH = """\
1. Faire en sorte que la migration soit volontaire, sûre et régulière
Objectifs du Pacte : 2, 5, 6, 12, 18

a. Veuillez décrire les niveaux et tendances de la migration pour ce groupe d'objectifs.

Le pays d'Alvigne compte environ deux millions de ressortissants à l'étranger, surtout dans les pays voisins.

b. Veuillez décrire les mesures juridiques et les programmes adoptés par le gouvernement.

La loi de 2020 sur le placement interdit de faire payer les travailleurs. Un visa de saison a été créé.

2. Protéger les migrants par une gouvernance des frontières fondée sur les droits
Objectifs du Pacte : 4, 8, 9, 10, 11, 13, 21

a. Veuillez décrire les niveaux et tendances de la migration pour ce groupe d'objectifs.

Les arrivées par la mer ont diminué de moitié entre 2019 et 2021 selon la police.

b. Veuillez décrire les mesures juridiques et les programmes adoptés par le gouvernement.

Les mineurs ne sont plus placés en rétention depuis la réforme de 2021.

7. Quels objectifs le gouvernement a-t-il jugés prioritaires ?

Les objectifs 4, 8 et 13 du Pacte sont prioritaires. L'objectif 3 du plan national n'en fait pas partie.
"""

REWORDED = """\
1. Ensuring that migration is voluntary, orderly and regular
Compact objectives: 2, 5, 6, 12, 18

a. Tell us how migration has developed, and what you know of its causes. You may refer to trends or to experience.

Most people who leave are under thirty.

b. Which laws and programmes has the Government put in place? For instance acts, plans or treaties.

The port office was closed in 2020.

2. Protecting migrants through rights-based border governance measures
Compact objectives: 4, 8, 9, 10, 11, 13, 21

a. Tell us how migration has developed, and what you know of its causes. You may refer to trends or to experience.

Few boats have come since the truce.

b. Which laws and programmes has the Government put in place? For instance acts, plans or treaties.

A register of the missing was begun.

6. In what way does the Compact help with the goals of the 2030 Agenda?

Both are followed by one committee.

7. Is there an objective that matters most to you? Please say why.

Objectives 8 and 21, since so many are lost at sea.
"""

WRAPPED = """\
2. Protecting migrants through rights-based border governance measures
   Compact objectives: 4, 8, 9, 10, 11, 13, 21

a. Please describe migration levels and trends relevant to this cluster of
objectives.
   Few people arrive by sea.

b. Please describe the concrete policy and legal actions that your Government has
taken in recent years.

   Objective 10
   A unit against trafficking was created in 2017 and now has nineteen officers.

   Objectives 9 and 11
   Two boats were bought for the coast guard (SDG target 8.7).

c. What are the main gaps identified and challenges faced?

   Key gaps are:
   i.   low pay of inspectors;
   ii.  lack of boats;
   iii. distance.

d. Please share results and lessons learned.

   Nil

5. What steps has the Government taken to integrate the guiding principles?

   Guiding principle              Yes   No
   People-centred                 X
   Human rights                   Yes

   The act on equality applies to all residents, of whatever nationality they are.

7. Are there any objectives of particular importance in the national context?

   Pellora has placed emphasis on the following objectives:
   1. Objective 2 – because cyclones drive people out;
   2. Objective 6 – because workers have been cheated;
   3. Objective 18

8. To what extent have regional plans and strategies incorporated the objectives?

   The Ocean Council adopted a framework. Objective 4 of that framework deals with
   relocation.
"""


def answers(document: Document) -> list[tuple[str | None, str | None, str]]:
    return [(passage.question, passage.part, passage.text) for passage in document.passages]


def test_short_labels_with_question_and_letter_are_prompts(cut: Cut) -> None:
    document = cut(SHORT_PROMPTS)
    found = answers(document)
    assert ("1", "c", "Lack of inspectors") in found
    assert [(question, part) for question, part, _ in found if question == "2"] == [
        ("2", "a"),
        ("2", "b"),
        ("2", "b"),
        ("2", "b"),
        ("2", "c"),
    ]
    assert not any("Gaps and challenges" in text or "Policies, laws" in text for _, _, text in found)
    assert document.dropped["empty answer"] == 2


def test_an_answer_on_the_line_of_its_prompt_is_kept_without_the_prompt(cut: Cut) -> None:
    text = next(text for question, part, text in answers(cut(SHORT_PROMPTS)) if (question, part) == ("1", "b"))
    assert text.startswith("The Recruitment Act of 2019")
    assert text.endswith("opened for complaints.")


def test_items_six_to_ten_are_known_by_their_labels(cut: Cut) -> None:
    found = {question: text for question, part, text in answers(cut(SHORT_PROMPTS)) if part is None}
    assert list(found) == ["6", "7", "9", "10"]
    assert found["9"] == "Nine ministries answered a questionnaire."


def test_goals_and_other_plans_are_no_priorities(cut: Cut) -> None:
    assert cut(SHORT_PROMPTS).declared_priorities == (2, 6, 21)


def test_bold_prompts_with_numbers_in_brackets_are_prompts(cut: Cut) -> None:
    document = cut(MARKDOWN, "review.md")
    assert answers(document)[:2] == [
        ("1", "a", "Kestria is a country of transit. Some 40,000 people crossed it in 2021."),
        ("1", "b", "The Aliens Act was amended in 2020."),
    ]
    assert not any("Please" in passage.text or "Interior" in passage.text for passage in document.passages)


def test_a_line_that_declares_an_objective_holds_until_the_next_prompt(cut: Cut) -> None:
    declared = {passage.text[:8]: passage.declared for passage in cut(MARKDOWN, "review.md").passages}
    assert declared["The Alie"] == (2, 5, 6, 12, 18)
    assert declared["Seasonal"] == (5,)
    assert declared["Objectiv"] == (18,)
    assert declared["The visa"] == (2, 5, 6, 12, 18)


def test_a_table_in_an_answer_gives_its_cells_with_the_short_ones_as_context(cut: Cut) -> None:
    cells = [passage for passage in cut(MARKDOWN, "review.md").passages if passage.kind == "table_cell"]
    assert [(cell.part, cell.lead_in) for cell in cells] == [("c", "Staff – Explanation"), ("c", "Data – Explanation")]


def test_a_list_of_objectives_is_one_passage_and_names_the_priorities(cut: Cut) -> None:
    document = cut(MARKDOWN, "review.md")
    named = [passage for passage in document.passages if "Save lives" in passage.text]
    assert len(named) == 1
    assert named[0].text.startswith("Manage borders")
    assert named[0].text.endswith("decent work")
    assert document.declared_priorities == (6, 8, 11)


def test_prompts_in_other_words_are_known_by_their_place_and_repetition(cut: Cut) -> None:
    assert answers(cut(REWORDED)) == [
        ("1", "a", "Most people who leave are under thirty."),
        ("1", "b", "The port office was closed in 2020."),
        ("2", "a", "Few boats have come since the truce."),
        ("2", "b", "A register of the missing was begun."),
        ("6", None, "Both are followed by one committee."),
        ("7", None, "Objectives 8 and 21, since so many are lost at sea."),
    ]


def test_prompts_broken_over_lines_are_taken_out_whole(cut: Cut) -> None:
    document = cut(WRAPPED)
    found = answers(document)
    assert found[0] == ("2", "a", "Few people arrive by sea.")
    assert not any("Please" in text or "What" in text or "taken in recent" in text for _, _, text in found)
    assert ("2", "c", "iii. distance.") in found
    assert not any(part == "d" for _, part, _ in found)


def test_headings_within_an_answer_narrow_what_the_cluster_declares(cut: Cut) -> None:
    declared = {passage.text[:10]: passage.declared for passage in cut(WRAPPED).passages}
    assert declared["Few people"] == (4, 8, 9, 10, 11, 13, 21)
    assert declared["A unit aga"] == (10,)
    assert declared["Two boats "] == (9, 11)
    assert declared["ii. lack o"] == (4, 8, 9, 10, 11, 13, 21)


def test_the_table_of_principles_is_form_and_text_below_it_is_answer(cut: Cut) -> None:
    document = cut(WRAPPED)
    assert [text for question, _, text in answers(document) if question == "5"] == [
        "The act on equality applies to all residents, of whatever nationality they are."
    ]
    assert document.dropped["checkbox table"] == 3


def test_numbered_reasons_name_priorities_and_a_regional_framework_does_not(cut: Cut) -> None:
    document = cut(WRAPPED)
    assert document.declared_priorities == (2, 6, 18)
    assert [text for question, _, text in answers(document) if question == "7"][-1] == "3. Objective 18"


def test_parts_are_asked_again_under_each_objective_of_a_cluster(cut: Cut) -> None:
    parts = "a. Trends and drivers\n\nMany left {0}.\n\nb. Policies and laws\n\nAn act on {0} was passed.\n\n"
    parts += "c. Gaps and challenges\n\nNobody counts {0}.\n\n"
    cluster = "Cluster {0}: the round table's subjects\n\nObjective 5\n\n{1}Objective 6\n\n{2}"
    clusters = [cluster.format(n, parts.format(f"north {n}"), parts.format(f"south {n}")) for n in (1, 2)]
    found = [(passage.question, passage.part, passage.declared) for passage in cut("".join(clusters)).passages]
    assert found == [(question, part, (objective,)) for question in "12" for objective in (5, 6) for part in "abc"]


def test_a_section_that_counts_beyond_the_items_is_no_answer(cut: Cut) -> None:
    document = cut(f"{WRAPPED}\n11. Next steps\n\nA plan will be written by the end of the year.\n")
    assert document.passages[-1].question is None
    assert document.passages[-1].section == "11. Next steps"


def test_french_answers_stand_under_their_questions(cut: Cut) -> None:
    document = cut(FRENCH)
    assert document.language == "fr"
    assert [(question, part) for question, part, _ in answers(document)] == [
        ("1", "a"),
        ("1", "b"),
        ("2", "a"),
        ("2", "b"),
        ("7", None),
    ]
    assert document.declared_priorities == (4, 8, 13)
    assert document.passages[0].section.startswith("1. Faire en sorte")


def test_a_reviews_own_introduction_before_the_questions_is_kept(cut: Cut) -> None:
    introduction = "Pellora is made of forty islands, of which the ocean has taken two since the year 2000."
    document = cut(f"{introduction}\n\nPlease return the completed form to the secretariat.\n\n{REWORDED}")
    assert document.passages[0].text == introduction
    assert document.passages[0].question is None
    assert "secretariat" not in document.passages[1].text


def test_an_annex_that_lists_all_objectives_is_no_passage(cut: Cut) -> None:
    from gcmtag.objectives import OBJECTIVES

    titles = "\n\n".join(f"{objective.number}. {objective.title}" for objective in OBJECTIVES)
    document = cut(f"{REWORDED}\nAnnex. The 23 objectives\n\n{titles}\n")
    assert len(document.passages) == len(cut(REWORDED).passages)
    assert document.dropped["list of objectives"] == 24
