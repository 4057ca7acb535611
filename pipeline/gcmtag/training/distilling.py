"""What a model with an encoder knows of single words, written down for a model without one."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Final

import numpy as np

from gcmtag.classifying import Classifier, load_classifier
from gcmtag.classifying.features import Dictionary
from gcmtag.classifying.words import Words
from gcmtag.encoding.encoder import Progress
from gcmtag.encoding.transformer import Tokenizer
from gcmtag.encoding.weights import encoder_folder
from gcmtag.errors import CorpusMismatch, ModelNotFound

SHORTEST: Final = 2  # letters of a word


def load_teacher(folder: Path, unseen: Collection[str] = ()) -> Classifier:
    """The model to learn from.

    Args:
        folder: of the model.
        unseen: documents that it must not have learned from, else what it says would carry their labels over.

    Raises:
        ModelNotFound: there is no such model, or it has no encoder.
        CorpusMismatch: it learned from one of the documents.
    """
    teacher, _ = load_classifier(folder)
    if teacher.encoder is None:
        raise ModelNotFound(f"{folder} has no encoder to learn from: name a model of the standard tier as teacher")
    learned = set(json.loads((folder / "card.json").read_text(encoding="utf-8"))["documents"])
    if known := sorted(learned & set(unseen)):
        raise CorpusMismatch(f"{folder} learned from {', '.join(known)}: train it without what measures this model")
    return teacher


def dictionary_of(teacher: Classifier, words: Words, most: int, progress: Progress | None = None) -> Dictionary:
    """The teacher's log odds of single words by themselves, the ``most`` telling ones.

    Candidates are the single words of a vocabulary and the whole words of the encoder's own, so that words are known
    too that no labelled passage holds.

    Args:
        teacher: a classifier with an encoder.
        words: the vocabulary.
        most: how many are kept, those that speak most for some objective.
        progress: called with (words encoded, words in all).
    """
    assert teacher.encoder is not None  # noqa: S101 (load_teacher sees to it)
    assert teacher.objective_heads.vectors is not None  # noqa: S101
    own = {term for term in words.terms if " " not in term}
    general = Tokenizer(encoder_folder(teacher.encoder.name), teacher.encoder.max_tokens).whole_words()
    plain = {word for word in general if word.isalpha() and word.isascii() and len(word) >= SHORTEST}
    candidates = sorted((own | plain) - words.passed_over)
    log_odds = teacher.objective_heads.vectors.logits(teacher.encoder.encode(candidates, progress))
    kept = np.sort(np.argsort(-log_odds.max(axis=1), kind="stable")[:most])
    terms = tuple(candidates[i] for i in kept)
    weights = np.ones(len(terms), dtype=np.float32)
    return Dictionary(Words(terms, weights, 1, words.passed_over), log_odds[kept]).rounded()
