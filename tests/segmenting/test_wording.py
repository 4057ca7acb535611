"""Small decisions: hyphens, sentences, languages, titles, fillers, prompts."""

import pytest

from gcmtag.segmenting import sentences
from gcmtag.segmenting.asking import cluster_of, split_number, split_prompt
from gcmtag.segmenting.hyphens import Vocabulary
from gcmtag.segmenting.languages import language_of
from gcmtag.segmenting.titles import objective_named, paraphrased


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("above", "below", "joined"),
    [
        ("a gender-", "responsive act", "a gender-responsive act"),
        ("its implemen-", "tation in towns", "its implementation in towns"),
        ("in low-", "and middle-income States", "in low- and middle-income States"),
        ("the COVID-", "19 response", "the COVID-19 response"),
        ("capacity -", "building", "capacity-building"),
        ("the well-known harbour-", "master said", "the well-known harbour-master said"),
    ],
)
def test_the_documents_own_words_decide_about_hyphens(above: str, below: str, joined: str) -> None:
    assert Vocabulary(["the implementation of", "our harbour-master is known"]).glue(above, below) == joined


def test_spaces_inside_hyphenated_words_are_taken_out() -> None:
    mended = Vocabulary([]).mend("non -discriminatory COVID -19 rules ( No. 7) , pre- departure and low- and middle")
    assert mended == "non-discriminatory COVID-19 rules (No. 7), pre-departure and low- and middle"


def test_abbreviations_do_not_end_sentences() -> None:
    assert cut("Convention No. 7 (Art. 3) applies, e.g. to crews. It was signed in the U.S. by Mr. Orv.") == [
        "Convention No. 7 (Art. 3) applies, e.g. to crews.",
        "It was signed in the U.S. by Mr. Orv.",
    ]


def test_clauses_after_semicolons_are_sentences_and_list_marks_are_not() -> None:
    assert cut("(d.) The act forbids all fees; it allows a claim for two years.") == [
        "(d.) The act forbids all fees;",
        "it allows a claim for two years.",
    ]
    assert cut("") == []


def test_short_passages_keep_the_language_of_the_document() -> None:
    assert language_of("Legal assistance", "fr") == "fr"
    spanish = "El Gobierno abrió dos oficinas para las personas migrantes en la frontera norte del país."
    assert language_of(spanish, "en") == "es"


def test_titles_are_known_when_slightly_altered_and_not_within_sentences() -> None:
    assert (
        objective_named("6. Facilitate fair and ethical recruitment & safeguard conditions ensuring decent work") == 6
    )
    assert objective_named("We facilitate fair and ethical recruitment in the fisheries of the south coast") is None
    assert paraphrased("Consular protection, assistance and cooperation") == 14
    assert paraphrased("Financial literacy courses") is None


def test_numbers_of_items_are_read_in_every_shape() -> None:
    shapes = ["1. a) Trends", "1(a) Trends", "Q1a. Trends", "1.a Trends", "1a) Trends"]
    assert {split_number(shape) for shape in shapes} == {("1", "a", "Trends")}
    assert split_number("Trends") == (None, None, "Trends")


def test_an_answer_in_the_words_of_the_prompt_is_no_prompt() -> None:
    answer = "The main gaps and challenges in implementing these objectives are data and financing."
    assert split_prompt(answer) == ("", answer)


def test_clusters_are_known_by_title_number_or_objectives() -> None:
    assert cluster_of("Cluster 2: Borders") == "2"
    assert cluster_of("Objectifs 1, 3, 7, 17 et 23") == "4"
    assert cluster_of("Objectives 1 and 3") is None
