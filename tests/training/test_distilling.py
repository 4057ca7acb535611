"""What a model without an encoder takes from one that has an encoder."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gcmtag import load
from gcmtag.classifying import Inputs, load_classifier, save_classifier
from gcmtag.classifying.features import Dictionary
from gcmtag.classifying.words import Words
from gcmtag.encoding.transformer import Tokenizer
from gcmtag.errors import CorpusMismatch, ModelNotFound
from gcmtag.training import LabelledPassage, Recipe, Trained, train
from gcmtag.training.distilling import dictionary_of, load_teacher

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def few_words() -> Iterator[None]:
    """Every twentieth word of the encoder: all of them take a minute."""
    with pytest.MonkeyPatch.context() as patch:
        whole_words = Tokenizer.whole_words
        patch.setattr(Tokenizer, "whole_words", lambda self: whole_words(self)[::20])
        yield


@pytest.fixture(scope="module")
def teacher(small_trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model and its twin on disk."""
    folder = tmp_path_factory.mktemp("teacher") / "small"
    save_classifier(small_trained.model, folder, small_trained.card, small_trained.unseen)
    twin = folder.with_name("small-held-out")
    save_classifier(small_trained.held_out, twin, small_trained.held_out_card, small_trained.unseen)
    return folder


@pytest.fixture(scope="module")
def light(small_recipe: Recipe, small_passages: list[LabelledPassage], teacher: Path) -> Trained:
    recipe = replace(small_recipe, name="light", teacher=str(teacher), dictionary_words=500)
    return train(recipe, small_passages)


def test_a_light_model_is_the_same_after_writing_and_reading(light: Trained, tmp_path: Path) -> None:
    save_classifier(light.model, tmp_path, light.card, light.unseen)
    again, _ = load_classifier(tmp_path)
    assert again.light
    inputs = Inputs.of_texts(["Consular staff issue passports abroad.", ""], ["Identity", ""])
    np.testing.assert_array_equal(again.score(inputs).objectives, light.model.score(inputs).objectives)


def test_a_light_model_knows_words_that_no_labelled_passage_holds(light: Trained, small_passages: list) -> None:
    """That is what the dictionary is for."""
    texts = " ".join(p.text.casefold() for p in small_passages)
    assert light.model.dictionary is not None
    new = [word for word in light.model.dictionary.words.terms if word not in texts]
    assert len(new) > 20
    bare, known = (light.model.score(Inputs.of_texts([text])).objectives for text in ("", new[0]))
    assert np.abs(bare - known).max() > 1e-4


def test_a_teacher_that_knows_the_tested_documents_is_refused(teacher: Path, small_recipe: Recipe) -> None:
    """What it says of a passage would carry the label over."""
    with pytest.raises(CorpusMismatch, match=small_recipe.tested[0]):
        load_teacher(teacher, small_recipe.tested)
    assert load_teacher(teacher.with_name("small-held-out"), small_recipe.tested).encoder is not None


def test_a_model_without_an_encoder_teaches_nothing(light: Trained, tmp_path: Path) -> None:
    save_classifier(light.model, tmp_path, light.card, light.unseen)
    with pytest.raises(ModelNotFound, match="no encoder"):
        load_teacher(tmp_path)


def test_the_most_telling_words_are_kept(small_trained: Trained) -> None:
    words = small_trained.model.words["text"]
    few, many = (dictionary_of(small_trained.model, words, most) for most in (20, 200))
    assert (len(few.words.terms), len(many.words.terms)) == (20, 200)
    assert set(few.words.terms) < set(many.words.terms)
    assert few.log_odds.max(axis=1).min() >= np.median(many.log_odds.max(axis=1)) - 0.1
    assert not set(many.words.terms) & words.passed_over


def test_odds_of_distinct_words_add_up() -> None:
    log_odds = np.full((2, 23), np.log(3.0), dtype=np.float32)
    dictionary = Dictionary(Words(("fees", "visas"), np.ones(2, dtype=np.float32), 1), log_odds)
    once, twice, both, none = dictionary.logits(["fees", "fees fees", "fees and visas", "boats"])[:, 0]
    assert once == twice
    assert both > once + 0.6
    assert none == pytest.approx(-4.0)


def test_the_shipped_fast_model_needs_no_encoder_and_no_torch() -> None:
    import subprocess
    import sys

    assert load("fast").classifier.light
    code = (
        "import sys, gcmtag; gcmtag.load('fast').tag('Remittances cost less.'); "
        "print([m for m in ('torch', 'scipy', 'sklearn', 'spacy', 'pandas', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_fast_recipe_differs_from_the_standard_one_where_it_says_so() -> None:
    cards = [json.loads((ROOT / "models" / name / "card.json").read_text())["recipe"] for name in ("standard", "fast")]
    differing = {name for name in cards[0] if cards[0][name] != cards[1][name]}
    assert differing == {"name", "teacher", "most_terms", "dictionary_words"}
