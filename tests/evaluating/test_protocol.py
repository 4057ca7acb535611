"""A passage is never scored by a model that learned from its document, and what is written can be read by any tool."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gcmtag.encoding import load_encoder
from gcmtag.errors import CorpusMismatch, UsageError
from gcmtag.evaluating import Contestant, Evaluation, as_markdown, evaluate, load_contestants, write_evaluation
from gcmtag.evaluating.metrics import micro_f1
from gcmtag.evaluating.peers import (
    DENSE,
    KEYWORDS,
    LEXICAL,
    TITLE_COSINE,
    Answer,
    answers,
    choose_threshold,
    simple_peers,
)
from gcmtag.evaluating.protocol import OURS
from gcmtag.training import LabelledPassage, Recipe

TESTED = "valdourada-plan-review"
NEW = [
    LabelledPassage("harbour:1", "harbour", "Fees on remittances fell to 3 per cent.", "", (20,), "result"),
    LabelledPassage("harbour:2", "harbour", "Border guards of Tessaly were trained to screen.", "", (11, 12), "action"),
    LabelledPassage("harbour:3", "harbour", "The weather was mild.", "", (), None),
]


pytestmark = pytest.mark.usefixtures("few_draws")


@pytest.fixture(scope="module")
def contestants(small_model: Path) -> tuple[Contestant, Contestant]:
    model, twin = load_contestants(small_model, small_model.with_name("small-held-out"))
    assert twin is not None
    return model, twin


@pytest.fixture(scope="module")
def tested(small_passages: list[LabelledPassage]) -> list[LabelledPassage]:
    return [p for p in small_passages if p.document == TESTED]


@pytest.fixture(scope="module")
def result(
    few_draws: None,
    contestants: tuple[Contestant, Contestant],
    small_recipe: Recipe,
    small_passages: list[LabelledPassage],
    tested: list[LabelledPassage],
) -> Evaluation:
    peers = simple_peers(load_encoder(small_recipe.encoder, small_recipe.max_tokens))
    return evaluate(*contestants, small_recipe, small_passages, [*tested, *NEW], peers)


def test_contestants_know_what_they_learned_from(contestants: tuple[Contestant, Contestant]) -> None:
    model, twin = contestants
    assert model.learned_from - twin.learned_from == {TESTED} | twin.decided_on
    assert twin.decided_on
    assert not twin.knows(TESTED)


def test_a_model_without_twin_stands_alone(small_model: Path, tmp_path: Path) -> None:
    assert load_contestants(small_model, tmp_path / "nowhere")[1] is None


def test_a_tested_document_is_scored_by_the_twin_and_a_new_one_by_the_model(
    result: Evaluation, contestants: tuple[Contestant, Contestant]
) -> None:
    model, twin = contestants
    assert result.scored_by == {TESTED: twin.model, "harbour": model.model}
    assert result.model == model.model


def test_the_figures_are_the_twins_and_not_the_models(
    result: Evaluation, contestants: tuple[Contestant, Contestant], tested: list[LabelledPassage]
) -> None:
    from gcmtag.evaluating.metrics import Judged
    from gcmtag.training.corpus import inputs_of, label_matrix

    figures = []
    for contestant in contestants:
        scores = contestant.classifier.score(inputs_of(tested)).objectives
        figures.append(micro_f1(Judged(label_matrix(tested), scores >= contestant.classifier.threshold, scores)))
    of_model, of_twin = figures
    assert of_model > of_twin, "the model knows these passages by heart; else this could not tell the two apart"
    assert result.measures[TESTED][OURS].values["micro_f1"] == pytest.approx(of_twin)


def test_the_simple_peers_stand_beside_the_model_in_every_document(result: Evaluation) -> None:
    for systems in result.measures.values():
        assert list(systems) == [OURS, KEYWORDS, TITLE_COSINE, LEXICAL, DENSE]
    for gaps in result.differences.values():
        assert list(gaps) == [KEYWORDS, TITLE_COSINE, LEXICAL, DENSE]


def test_pooled_figures_count_every_passage_once(result: Evaluation, tested: list[LabelledPassage]) -> None:
    assert list(result.measures) == [TESTED, "harbour", "pooled"]
    assert {m.passages for m in result.measures["pooled"].values()} == {len(tested) + len(NEW)}
    assert result.measures["harbour"][OURS].passages == len(NEW)


def test_pooled_positives_are_the_sum_over_documents_for_each_objective(result: Evaluation) -> None:
    counts = {document: [row[-1] for row in rows] for document, rows in result.per_objective.items()}
    assert [row[0] for row in result.per_objective["pooled"]] == list(range(1, 24))
    assert counts["pooled"] == [a + b for a, b in zip(counts[TESTED], counts["harbour"], strict=True)]
    assert sum(counts["harbour"]) == 3


def test_unjudged_roles_do_not_count_as_wrong(result: Evaluation) -> None:
    assert round(result.role_accuracy["harbour"] * 2, 6) in {0, 1, 2}


def test_differences_are_ours_minus_theirs(result: Evaluation) -> None:
    for document, gaps in result.differences.items():
        values = {name: m.values["micro_f1"] for name, m in result.measures[document].items()}
        for name, (gap, (low, high)) in gaps.items():
            assert gap == pytest.approx(values[OURS] - values[name])
            assert low <= gap <= high


def test_peers_learn_from_what_the_scoring_model_learned_from_and_nothing_else(
    contestants: tuple[Contestant, Contestant],
    small_recipe: Recipe,
    small_passages: list[LabelledPassage],
    tested: list[LabelledPassage],
) -> None:
    learned: list[set[str]] = []
    asked_for: list[str] = []

    def spy(seen: Sequence[LabelledPassage]) -> Answer:
        learned.append({p.document for p in seen})

        def answer(asked: Sequence[LabelledPassage]) -> np.ndarray:
            asked_for.extend(p.document for p in asked)
            return np.zeros((len(asked), 23), dtype=np.float32)

        return answer

    twin = contestants[1]
    evaluate(*contestants, small_recipe, [*small_passages, *NEW], tested, {"spy": spy})
    assert learned == [twin.learned_from]
    assert set(asked_for) == {TESTED} | twin.decided_on
    assert TESTED not in twin.learned_from
    assert "harbour" not in twin.learned_from, "it is in the corpus, but no model learned from it"


def test_a_peer_never_chooses_its_threshold_on_what_it_learned_from() -> None:
    """The shipped model learned from its calibration documents in the end; its peers may, after choosing."""
    passages = [LabelledPassage(f"{d}:{n}", d, "text", "", (n,), None) for d in "abc" for n in range(1, 24)]
    deciding, learned = passages[-23:], []

    def spy(seen: Sequence[LabelledPassage]) -> Answer:
        learned.append({p.document for p in seen})
        return lambda asked: np.zeros((len(asked), 23), dtype=np.float32)

    answers(spy, passages, deciding, passages[:1])
    assert learned == [{"a", "b"}, {"a", "b", "c"}]


def test_a_document_that_both_learned_from_is_refused_and_named(
    contestants: tuple[Contestant, Contestant], small_recipe: Recipe, small_passages: list[LabelledPassage]
) -> None:
    own = [p for p in small_passages if p.document == "kamvary"]
    with pytest.raises(UsageError, match="learned from kamvary"):
        evaluate(*contestants, small_recipe, small_passages, own, {})


def test_a_document_that_chose_the_threshold_is_refused(
    contestants: tuple[Contestant, Contestant], small_recipe: Recipe, small_passages: list[LabelledPassage]
) -> None:
    """The twin's weights never saw it, but its calibration and threshold are the best for it."""
    document = min(contestants[1].decided_on)
    assert document not in contestants[1].learned_from
    with pytest.raises(UsageError, match=document):
        evaluate(*contestants, small_recipe, small_passages, [p for p in small_passages if p.document == document], {})


def test_a_document_that_the_model_learned_from_needs_a_twin(
    contestants: tuple[Contestant, Contestant],
    small_recipe: Recipe,
    small_passages: list[LabelledPassage],
    tested: list[LabelledPassage],
) -> None:
    with pytest.raises(UsageError, match="no twin"):
        evaluate(contestants[0], None, small_recipe, small_passages, tested, {})


def test_a_corpus_that_lacks_what_the_model_learned_from_is_refused(
    contestants: tuple[Contestant, Contestant], small_recipe: Recipe, small_passages: list[LabelledPassage]
) -> None:
    """Peers that learned from less would make the model look better than it is."""
    less = [p for p in small_passages if p.document != "kamvary"]
    with pytest.raises(CorpusMismatch, match="kamvary"):
        evaluate(*contestants, small_recipe, less, NEW, {})


def test_no_gold_is_refused(
    contestants: tuple[Contestant, Contestant], small_recipe: Recipe, small_passages: list[LabelledPassage]
) -> None:
    with pytest.raises(CorpusMismatch, match="no passage"):
        evaluate(*contestants, small_recipe, small_passages, [], {})


def test_the_peers_threshold_is_the_best_one() -> None:
    gold = np.eye(23, dtype=np.bool_)
    scores = np.where(gold, 0.6, 0.4) + np.linspace(0, 0.01, 23)
    assert ((scores >= choose_threshold(scores, gold)) == gold).all()


def _no_constants(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def test_the_written_figures_are_json_without_nan(result: Evaluation, tmp_path: Path) -> None:
    """Objectives that occur nowhere have no recall; other tools' parsers refuse NaN."""
    assert any(np.isnan(figure) for row in result.per_objective["harbour"] for figure in row[1:4])
    write_evaluation(result, tmp_path / "new" / "folder")
    text = (tmp_path / "new" / "folder" / "metrics.json").read_text(encoding="utf-8")
    values = json.loads(text, parse_constant=_no_constants)
    assert values["measures"]["pooled"][OURS]["values"]["micro_f1"] == pytest.approx(
        result.measures["pooled"][OURS].values["micro_f1"], abs=1e-4
    )
    assert values["scored_by"] == result.scored_by
    assert None in [figure for row in values["per_objective"]["harbour"] for figure in row]


def test_the_page_for_people_names_every_system_and_objective(result: Evaluation, tmp_path: Path) -> None:
    text = as_markdown(result)
    write_evaluation(result, tmp_path)
    assert (tmp_path / "metrics.md").read_text(encoding="utf-8") == text
    for name in (OURS, KEYWORDS, TITLE_COSINE, LEXICAL, DENSE, "23 Cooperation", f"## {TESTED}", "## pooled"):
        assert name in text
    assert "nan" not in text


def test_an_undefined_figure_is_a_dash_and_not_a_nan(result: Evaluation) -> None:
    without_roles = replace(result, role_accuracy=dict.fromkeys(result.role_accuracy, float("nan")))
    assert "nan" not in as_markdown(without_roles)
