"""Training keeps documents apart, says what it learned from, and gives the same model again."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gcmtag.classifying import Inputs, load_classifier, save_classifier
from gcmtag.classifying.features import joined_texts
from gcmtag.encoding import load_encoder
from gcmtag.errors import CorpusMismatch
from gcmtag.evaluating.metrics import Judged, mean_average_precision
from gcmtag.objectives import ROLES
from gcmtag.training import LabelledPassage, Recipe, Trained, train
from gcmtag.training.corpus import COMPACT_DOCUMENT, inputs_of, label_matrix
from gcmtag.training.finetuning import finetune
from gcmtag.training.trainer import calibration_split

TESTED = "valdourada-plan-review"
INPUTS = Inputs(["Fees on remittances fell.", "Border guards were trained."], ["", "Borders"], [(), (11,)])


def passage(
    document: str, number: int, objectives: tuple[int, ...] = (5,), role: str | None = "gap"
) -> LabelledPassage:
    return LabelledPassage(f"{document}:{number}", document, f"Text {number} of {document}.", "", objectives, role)


def corpus_of(*documents: str, size: int = 3) -> list[LabelledPassage]:
    return [passage(document, number) for document in documents for number in range(1, size + 1)]


def documents_of(passages: Sequence[LabelledPassage]) -> set[str]:
    return {p.document for p in passages}


@pytest.mark.parametrize("seed", range(5))
def test_the_split_never_divides_a_document(small_recipe: Recipe, seed: int) -> None:
    """Passages of one document share names and phrases; what is decided on must be new."""
    passages = corpus_of(*"abcdefgh", COMPACT_DOCUMENT)
    seen, judged = calibration_split(passages, replace(small_recipe, seed=seed))
    assert not documents_of(seen) & documents_of(judged)
    assert sorted(p.id for p in (*seen, *judged)) == sorted(p.id for p in passages)


@pytest.mark.parametrize("seed", range(20))
def test_the_compacts_own_text_is_never_held_out(small_recipe: Recipe, seed: int) -> None:
    seen, judged = calibration_split(corpus_of("a", "b", COMPACT_DOCUMENT), replace(small_recipe, seed=seed))
    assert COMPACT_DOCUMENT in documents_of(seen)
    assert len(documents_of(judged)) == 1


def test_the_split_holds_out_the_share_of_documents_that_the_recipe_asks_for(small_recipe: Recipe) -> None:
    _, judged = calibration_split(corpus_of(*"abcdefgh"), replace(small_recipe, calibration_share=0.25))
    assert len(documents_of(judged)) == 2


def test_the_seed_and_not_the_order_of_passages_makes_the_split(small_recipe: Recipe) -> None:
    passages = corpus_of(*"abcdefgh")
    chosen = documents_of(calibration_split(passages, small_recipe)[1])
    assert documents_of(calibration_split(passages[::-1], small_recipe)[1]) == chosen
    others = [documents_of(calibration_split(passages, replace(small_recipe, seed=s))[1]) for s in range(10)]
    assert any(other != chosen for other in others)


def test_the_twin_saw_neither_tested_nor_calibrating_documents(
    small_trained: Trained, small_passages: list[LabelledPassage]
) -> None:
    away = {TESTED, *small_trained.card["calibration_documents"]}
    assert away < set(small_trained.card["documents"])
    assert not away & set(small_trained.held_out_card["documents"])
    seen = [p for p in small_passages if p.document not in away]
    assert small_trained.held_out_card["passages"] == len(seen)
    assert sum(small_trained.held_out_card["positives"].values()) == sum(len(p.objectives) for p in seen)


def test_no_decision_depends_on_a_tested_document(small_trained: Trained) -> None:
    model, twin = small_trained.model, small_trained.held_out
    assert TESTED not in small_trained.card["calibration_documents"]
    assert twin is not None
    assert (twin.threshold, twin.calibration, twin.role_slopes) == (
        model.threshold,
        model.calibration,
        model.role_slopes,
    )


def test_a_word_of_the_tested_document_alone_is_unknown_to_the_twin(
    small_trained: Trained, small_passages: list[LabelledPassage]
) -> None:
    """The vocabulary is learned too."""

    def words(passages: list[LabelledPassage]) -> set[str]:
        return {word for p in passages for word in re.findall(r"[^\W\d_]{2,}", p.text.lower())}

    own = [p for p in small_passages if p.document == TESTED]
    only_there = words(own) - words([p for p in small_passages if p.document != TESTED])
    assert only_there & set(small_trained.model.words["text"].terms)
    assert not only_there & set(small_trained.held_out.words["text"].terms)


def test_the_card_says_what_the_model_learned_from_and_is_plain_json(
    small_trained: Trained, small_passages: list[LabelledPassage]
) -> None:
    card = json.loads(json.dumps(small_trained.card, allow_nan=False))
    assert card["passages"] == len(small_passages)
    assert card["documents"] == sorted(documents_of(small_passages))
    assert list(card["positives"]) == [str(number) for number in range(1, 24)]
    assert card["recipe"]["seed"] == 7
    assert {"python", "torch", "scikit-learn"} <= card["versions"].keys()


def test_the_unseen_passages_are_those_of_the_calibration_documents(
    small_trained: Trained, small_passages: list[LabelledPassage]
) -> None:
    judged = [p for p in small_passages if p.document in small_trained.card["calibration_documents"]]
    unseen = small_trained.unseen
    assert unseen.labels.sum() == sum(len(p.objectives) for p in judged)
    assert len(unseen.documents) == len(judged)
    assert len(set(unseen.documents.tolist())) == len(small_trained.card["calibration_documents"])


def test_the_model_learned(small_trained: Trained, small_passages: list[LabelledPassage]) -> None:
    """On the twin's unseen document its scores rank right objectives far above chance."""
    own = [p for p in small_passages if p.document == TESTED]
    scores = small_trained.held_out.score(inputs_of(own)).objectives
    gold = label_matrix(own)
    turned = np.roll(scores, 7, axis=0)
    ours = mean_average_precision(Judged(gold, scores > 0.5, scores))
    assert ours > mean_average_precision(Judged(gold, turned > 0.5, turned)) + 0.2


@pytest.fixture(scope="module")
def tiny(small_recipe: Recipe, small_passages: list[LabelledPassage]) -> tuple[Recipe, list[LabelledPassage]]:
    """About 45 passages of three documents with every objective, and a recipe without tested documents."""
    chosen: list[LabelledPassage] = []
    for document in ("chacalta-by-objective", "kamvary", "sombara-by-objective"):
        own = [p for p in small_passages if p.document == document]
        chosen += own[:8]
        for objective in range(1, 24):
            if not any(objective in p.objectives for p in chosen):
                chosen += [p for p in own if objective in p.objectives and p not in chosen][:1]
    missing = set(range(1, 24)) - {number for p in chosen for number in p.objectives}
    chosen += [passage("kamvary-more", number, (number,)) for number in sorted(missing)]
    return replace(small_recipe, tested=()), chosen


@pytest.fixture(scope="module")
def steps() -> list[tuple[int, int]]:
    """What the progress function was told while ``tiny_trained`` was made."""
    return []


@pytest.fixture(scope="module")
def tiny_trained(tiny: tuple[Recipe, list[LabelledPassage]], steps: list[tuple[int, int]]) -> Trained:
    """By a recipe that tests a document that the corpus lacks, as where the texts that are not ours are absent."""
    recipe, passages = tiny
    return train(replace(recipe, tested=("elsewhere",)), passages, lambda done, total: steps.append((done, total)))


def test_the_same_seed_gives_the_same_model(tiny: tuple[Recipe, list[LabelledPassage]], tiny_trained: Trained) -> None:
    first, second = tiny_trained.model, train(*tiny).model
    np.testing.assert_array_equal(first.score(INPUTS).objectives, second.score(INPUTS).objectives)
    np.testing.assert_array_equal(first.score(INPUTS).roles, second.score(INPUTS).roles)
    assert (first.threshold, first.calibration) == (second.threshold, second.calibration)


@pytest.mark.usefixtures("tiny_trained")
def test_the_progress_goes_forward_to_the_end(steps: list[tuple[int, int]]) -> None:
    assert steps[-1] == (100, 100)
    assert steps == sorted(steps)


def test_passages_without_contexts_can_be_learned_from(tiny: tuple[Recipe, list[LabelledPassage]]) -> None:
    recipe, passages = tiny
    model = train(recipe, [replace(p, context="") for p in passages]).model
    assert model.words["context"].terms == ()
    assert model.score(INPUTS).objectives.shape == (2, 23)


@pytest.fixture(scope="module")
def tuned_recipe(small_recipe: Recipe) -> Recipe:
    return replace(small_recipe, tested=(), epochs=1, max_tokens=16, batch_size=16)


@pytest.fixture(scope="module")
def tuned(tuned_recipe: Recipe, tiny: tuple[Recipe, list[LabelledPassage]]) -> Trained:
    return train(tuned_recipe, tiny[1])


def test_fine_tuning_gives_an_adapter_of_the_rank_that_changes_the_encoder(
    tuned_recipe: Recipe, tuned: Trained
) -> None:
    adapter = tuned.model.encoder.adapter
    assert adapter is not None
    assert all(matrix.shape[0] == tuned_recipe.rank for matrix in adapter.down.values())
    assert any(np.abs(matrix).max() > 0 for matrix in adapter.up.values())
    bare = load_encoder(tuned_recipe.encoder, tuned_recipe.max_tokens).encode(INPUTS.texts)
    assert np.abs(tuned.model.encoder.encode(INPUTS.texts) - bare).max() > 1e-5


def test_fine_tuning_can_be_repeated(
    tuned_recipe: Recipe, tuned: Trained, tiny: tuple[Recipe, list[LabelledPassage]]
) -> None:
    inputs, labels = inputs_of(tiny[1]), label_matrix(tiny[1])
    roles = np.array([-1 if p.role is None else ROLES.index(p.role) for p in tiny[1]])
    adapter, objectives, _ = finetune(joined_texts(inputs), inputs.texts, labels, roles, tuned_recipe)
    first = tuned.model.encoder.adapter
    assert first is not None
    for layer, matrix in adapter.up.items():
        np.testing.assert_allclose(matrix, first.up[layer], atol=1e-4)
    np.testing.assert_allclose(objectives.weights, tuned.model.objective_heads["dense"].weights, atol=1e-3)


def test_a_fine_tuned_model_gives_the_same_scores_after_saving_and_loading(tuned: Trained, tmp_path: Path) -> None:
    save_classifier(tuned.model, tmp_path, tuned.card, tuned.unseen)
    loaded, _ = load_classifier(tmp_path)
    np.testing.assert_allclose(loaded.score(INPUTS).objectives, tuned.model.score(INPUTS).objectives, atol=0.001)


def test_an_objective_without_any_passage_is_named(tiny: tuple[Recipe, list[LabelledPassage]]) -> None:
    recipe, passages = tiny
    rest = [p for p in passages if 13 not in p.objectives]
    with pytest.raises(CorpusMismatch, match="objective 13"):
        train(recipe, rest)


def test_an_objective_of_tested_documents_alone_counts_as_missing(
    tiny: tuple[Recipe, list[LabelledPassage]],
) -> None:
    """The twin could not learn it, and its decisions would be taken without it."""
    recipe, passages = tiny
    moved = [replace(p, document="held") if 13 in p.objectives else p for p in passages]
    with pytest.raises(CorpusMismatch, match="objective 13"):
        train(replace(recipe, tested=("held",)), moved)


def test_too_few_documents_are_refused(small_recipe: Recipe) -> None:
    passages = [passage(document, n, (n,)) for document in ("a", "b", COMPACT_DOCUMENT, TESTED) for n in range(1, 24)]
    with pytest.raises(CorpusMismatch, match="2 documents besides the tested ones"):
        train(small_recipe, passages)


@pytest.mark.parametrize("role", [None, "gap"])
def test_a_corpus_that_tells_no_roles_apart_is_refused(
    tiny: tuple[Recipe, list[LabelledPassage]], role: str | None
) -> None:
    recipe, passages = tiny
    with pytest.raises(CorpusMismatch, match="role"):
        train(recipe, [replace(p, role=role) for p in passages])
