"""The corpus keeps what it promises, and the checks notice when it does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from gcmtag.training.agreement import agreement
from gcmtag.training.checking import check, near_copies
from gcmtag.training.corpus import LabelledPassage, read_corpus

ROOT = Path(__file__).parents[2]
TEXT = "The Ministry of Labour of Orvania opened four counters for migrant workers in the ports of the north in June."


def passage(number: int, text: str) -> LabelledPassage:
    return LabelledPassage(f"x:{number}", "x", text, "", (5,), "action")


@pytest.fixture(scope="module")
def corpus() -> list[LabelledPassage]:
    return read_corpus([ROOT / "corpus" / "authored"])


def test_the_corpus_is_as_large_as_promised_and_holds_no_near_copies(corpus: list[LabelledPassage]) -> None:
    found = check(corpus, [])
    assert found.documents >= 60
    assert found.passages >= 6_000
    assert min(found.positives) >= 250
    assert found.none >= 450
    assert not found.near_copies


@pytest.mark.shared
def test_the_corpus_repeats_no_source_document(corpus: list[LabelledPassage], shared: Path) -> None:
    assert not check(corpus, [shared / "documents", shared / "gold"]).shared_runs


def test_a_reworded_copy_is_noticed_and_two_short_items_are_not() -> None:
    copy = replace(passage(2, TEXT.replace("June", "July")))
    assert near_copies([passage(1, TEXT), copy]) == [("x:1", "x:2")]
    assert not near_copies([passage(1, "(a) Safe recruitment"), passage(2, "(b) Safe recruitment")])


def test_a_run_of_twelve_words_of_a_source_is_noticed_and_a_title_is_not(tmp_path: Path) -> None:
    title = (
        "Create conditions for migrants and diasporas to fully contribute to sustainable development in all countries"
    )
    (tmp_path / "source.txt").write_text(f"{TEXT} {title}", encoding="utf-8")
    found = check([passage(1, f"Note: {TEXT}"), passage(2, title), passage(3, TEXT[:60])], [tmp_path])
    assert [name for name, _ in found.shared_runs] == ["x:1"]


def test_the_readers_agree_better_than_chance_on_every_objective() -> None:
    found = agreement([ROOT / "corpus" / "authored"])
    assert found.passages >= 600
    assert found.micro_f1 > 0.85
    assert min(found.kappas) > 0.7


def test_readers_who_always_agree_have_alpha_one(tmp_path: Path) -> None:
    rows = [
        f'{{"id": "d:{i}", "coder_a": {{"objectives": [{i}], "role": "gap"}}, '
        f'"coder_b": {{"objectives": [{i}], "role": "gap"}}}}'
        for i in range(1, 5)
    ]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    found = agreement([path])
    assert (found.micro_f1, found.alpha, found.same_role) == (1.0, 1.0, 1.0)
