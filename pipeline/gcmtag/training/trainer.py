"""Trains the members, calibrates them on documents that they did not see, and chooses the threshold."""

import platform
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.classifying.calibration import Calibration, band_of_doubt, best_threshold, fit_calibration, fit_temperatures
from gcmtag.classifying.classifier import (
    Classifier,
    Heads,
    LinearHead,
    cluster_logits,
    objective_logits,
    role_logits,
)
from gcmtag.classifying.features import Dictionary, joined_texts, views_of
from gcmtag.classifying.storage import Unseen
from gcmtag.classifying.words import Words
from gcmtag.encoding import Encoder, load_encoder
from gcmtag.encoding.encoder import Progress
from gcmtag.errors import CorpusMismatch
from gcmtag.objectives import CLUSTERS, OBJECTIVES, ROLES
from gcmtag.segmenting.sentences import sentences
from gcmtag.training.corpus import COMPACT_DOCUMENT, LabelledPassage, inputs_of, label_matrix, reader_shares
from gcmtag.training.distilling import dictionary_of, load_teacher
from gcmtag.training.finetuning import Lesson, Tuned, finetune
from gcmtag.training.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONTEXT_TERMS: Final = 4_000
MANNER_TERMS: Final = 8_000
FEWEST_DOCUMENTS: Final = 3
FIRST_SHARE: Final = 70  # percent of the work that the first fit is, for the progress bar
UNSEEN: Final = -30.0  # logit of a label that the training passages never show


@dataclass(frozen=True, slots=True)
class Trained:
    """A classifier with its card, its twin that saw neither tested nor calibrating documents, and its errors."""

    model: Classifier
    card: dict[str, Any]
    held_out: Classifier
    held_out_card: dict[str, Any]
    unseen: Unseen


@dataclass(frozen=True, slots=True)
class _Members:
    """What one fit gives."""

    encoder: Encoder | None
    words: dict[str, Words]
    dictionary: Dictionary | None
    objectives: Heads
    roles: Heads
    tuned: Tuned | None


@dataclass(frozen=True, slots=True)
class _Decisions:
    """What is chosen on documents that the members did not see."""

    calibration: Calibration
    cluster_calibration: Calibration
    role_slopes: tuple[float, ...]
    threshold: float
    doubt: tuple[float, float]
    unseen: Unseen


def train(
    recipe: Recipe,
    passages: Sequence[LabelledPassage],
    checkpoints: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """A classifier from labelled passages, and its twin that never saw the documents ``recipe.tested``.

    Two fits. The first leaves out the tested documents and the calibrating ones, on which calibration, blend and
    threshold are chosen: by whole documents, since passages of one document share words that no other has. This is the
    twin, which measures the recipe. The second fit goes on from the first with everything, and so learned from more.
    Both use the decisions of the first fit, so no decision depends on a tested document.

    Args:
        recipe: the settings.
        passages: what to learn from.
        checkpoints: folder in which fine-tuning keeps its state, so that a run that was cut short can go on.
        progress: called with (percent done, 100).

    Raises:
        CorpusMismatch: too few documents, an objective without any passage, or too few roles; or the teacher's twin
            learned from a document that it must not know.
        ModelNotFound: the recipe's teacher is not there.
        MissingExtra: the recipe fine-tunes and the library for it is not installed.
    """
    started = time.monotonic()
    untested = [p for p in passages if p.document not in recipe.tested]
    _check(untested)
    seen, judged = calibration_split(untested, recipe)
    _check_roles(seen, judged)
    first, second = ((checkpoints / f"fit-{n}.pt" if checkpoints else None) for n in (1, 2))
    further = replace(recipe, epochs=recipe.further_epochs, learning_rate=recipe.further_rate)
    parts = _part(progress, 0, FIRST_SHARE), _part(progress, FIRST_SHARE, 100)
    if recipe.teacher:
        folder = Path(recipe.teacher)
        unseen = [*recipe.tested, *(p.document for p in judged)]
        twin_teacher = load_teacher(folder.with_name(f"{folder.name}-held-out"), unseen)
        twin = _fit_by_teacher(seen, recipe, twin_teacher, parts[0])
        decisions = _decide(twin, judged)
        full = _fit_by_teacher(passages, recipe, load_teacher(folder), parts[1])
    else:
        twin = _fit(seen, recipe, checkpoint=first, progress=parts[0])
        decisions = _decide(twin, judged)
        full = _fit(passages, further, twin.tuned, second, parts[1])
    earlier = sum(fit.tuned.earlier_seconds for fit in (twin, full) if fit.tuned)
    seconds = time.monotonic() - started + earlier
    return Trained(
        model=_assemble(recipe.name, recipe, full, decisions),
        card=_card(recipe, passages, judged, seconds),
        held_out=_assemble(f"{recipe.name}-held-out", recipe, twin, decisions),
        held_out_card=_card(recipe, seen, judged, seconds),
        unseen=decisions.unseen,
    )


def calibration_split(
    passages: Sequence[LabelledPassage], recipe: Recipe
) -> tuple[list[LabelledPassage], list[LabelledPassage]]:
    """Passages to learn from and passages of other documents to decide on.

    The recipe names the documents to decide on; of a corpus that has none of them a share is drawn with the recipe's
    seed. The Compact's text is no natural document and calibrates nothing.
    """
    names = sorted({p.document for p in passages} - {COMPACT_DOCUMENT})
    chosen = set(recipe.calibration) & set(names)
    if not chosen:
        np.random.default_rng(recipe.seed).shuffle(names)
        chosen = set(names[: max(1, round(recipe.calibration_share * len(names)))])
    return [p for p in passages if p.document not in chosen], [p for p in passages if p.document in chosen]


def fit_objectives(features: Any, labels: "NDArray[np.bool_]", strength: float) -> LinearHead:  # noqa: ANN401
    """One logistic regression per objective, positives and negatives weighing the same in sum.

    Args:
        features: shape (n, d), sparse or dense.
        labels: shape (n, 23).
        strength: inverse of the penalty.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    weights = np.zeros((features.shape[1], labels.shape[1]), dtype=np.float32)
    bias = np.full(labels.shape[1], UNSEEN, dtype=np.float32)
    for i, column in enumerate(labels.T):
        if column.any():
            model = LogisticRegression(C=strength, class_weight="balanced", max_iter=1_000).fit(features, column)
            weights[:, i], bias[i] = model.coef_[0], model.intercept_[0]
    return LinearHead(weights, bias)


def _fit_roles(features: Any, roles: "NDArray[np.int_]", strength: float) -> LinearHead:  # noqa: ANN401
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    judged = np.flatnonzero(roles >= 0)
    model = LogisticRegression(C=strength, max_iter=500).fit(features[judged], roles[judged])
    weights = np.zeros((features.shape[1], len(ROLES)), dtype=np.float32)
    bias = np.full(len(ROLES), UNSEEN, dtype=np.float32)
    weights[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return LinearHead(weights, bias)


def _fit(
    passages: Sequence[LabelledPassage],
    recipe: Recipe,
    start: Tuned | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> _Members:
    inputs, labels, roles = inputs_of(passages), label_matrix(passages), _role_indices(passages)
    words, objective_words, role_words = _fit_words(passages, recipe)
    tuned: Tuned | None = None
    if recipe.epochs:
        lesson = Lesson(joined_texts(inputs), inputs.texts, reader_shares(passages), roles)
        tuned = finetune(lesson, recipe, start, checkpoint, progress)
        encoder = load_encoder(recipe.encoder, recipe.max_tokens, tuned.adapter)
        objective_head, role_head = tuned.objectives, tuned.roles
    else:
        encoder = load_encoder(recipe.encoder, recipe.max_tokens)
        vectors = encoder.encode(joined_texts(inputs), progress)
        objective_head = fit_objectives(vectors, labels, recipe.dense_strength)
        role_head = _fit_roles(vectors, roles, recipe.dense_strength)
    return _Members(
        encoder,
        words,
        None,
        Heads(objective_words, objective_head),
        Heads(role_words, role_head),
        tuned,
    )


def _fit_by_teacher(
    passages: Sequence[LabelledPassage], recipe: Recipe, teacher: Classifier, progress: Progress | None
) -> _Members:
    words, objective_words, role_words = _fit_words(passages, recipe)
    dictionary = dictionary_of(teacher, words["text"], recipe.dictionary_words, progress)
    return _Members(None, words, dictionary, Heads(objective_words), Heads(role_words), None)


def _fit_words(passages: Sequence[LabelledPassage], recipe: Recipe) -> tuple[dict[str, Words], LinearHead, LinearHead]:
    """The vocabularies, and the heads on them of objectives and of roles."""
    inputs = inputs_of(passages)
    words = {
        "text": Words.learn(inputs.texts, recipe.longest_term, recipe.most_terms),
        "context": Words.learn(inputs.nearest_contexts(), 1, CONTEXT_TERMS),
        "manner": Words.learn(inputs.texts, recipe.longest_term, MANNER_TERMS, pass_over_stop_words=False),
    }
    seen = views_of(inputs, words)
    return (
        words,
        fit_objectives(seen.words.as_scipy(), label_matrix(passages), recipe.lexical_strength).rounded(),
        _fit_roles(seen.manner.as_scipy(), _role_indices(passages), recipe.lexical_strength).rounded(),
    )


def _decide(members: _Members, judged: Sequence[LabelledPassage]) -> _Decisions:
    inputs, labels, roles = inputs_of(judged), label_matrix(judged), _role_indices(judged)
    views = views_of(
        inputs, members.words, members.encoder, [sentences(text) for text in inputs.texts], members.dictionary
    )
    logits = objective_logits(members.objectives, views)
    calibration = fit_calibration(logits, labels)
    probabilities = calibration.probabilities(logits)
    known = np.flatnonzero(roles >= 0)
    threshold = best_threshold(probabilities)
    return _Decisions(
        calibration=calibration,
        cluster_calibration=fit_calibration(cluster_logits(probabilities)[np.newaxis], _cluster_labels(labels)),
        role_slopes=fit_temperatures(role_logits(members.roles, views)[:, known], roles[known]),
        threshold=threshold,
        doubt=band_of_doubt(probabilities, labels, threshold),
        unseen=Unseen(probabilities, labels, np.unique([p.document for p in judged], return_inverse=True)[1]),
    )


def _assemble(name: str, recipe: Recipe, members: _Members, decisions: _Decisions) -> Classifier:
    return Classifier(
        name=name,
        version=recipe.version,
        encoder=members.encoder,
        words=members.words,
        dictionary=members.dictionary,
        objective_heads=members.objectives,
        role_heads=members.roles,
        calibration=decisions.calibration,
        cluster_calibration=decisions.cluster_calibration,
        role_slopes=decisions.role_slopes,
        threshold=decisions.threshold,
        doubt=decisions.doubt,
    )


def _part(progress: Progress | None, start: int, end: int) -> Progress | None:
    """Reports of one fit as percent of the whole run."""
    if progress is None:
        return None
    return lambda done, total: progress(round(start + (end - start) * done / max(total, 1)), 100)


def _role_indices(passages: Sequence[LabelledPassage]) -> "NDArray[np.int_]":
    return np.array([-1 if p.role is None else ROLES.index(p.role) for p in passages])


def _cluster_labels(labels: "NDArray[np.bool_]") -> "NDArray[np.bool_]":
    return np.stack([labels[:, [n - 1 for n in cluster.objectives]].any(axis=1) for cluster in CLUSTERS], axis=1)


def _check(passages: Sequence[LabelledPassage]) -> None:
    documents = {p.document for p in passages} - {COMPACT_DOCUMENT}
    if len(documents) < FEWEST_DOCUMENTS:
        raise CorpusMismatch(
            f"the corpus has {len(documents)} documents besides the tested ones, calibration needs {FEWEST_DOCUMENTS}: "
            "add documents"
        )
    present = {number for p in passages for number in p.objectives}
    missing = [str(objective.number) for objective in OBJECTIVES if objective.number not in present]
    if missing:
        raise CorpusMismatch(f"no passage of the corpus has objective {', '.join(missing)}: add passages")


def _check_roles(seen: Sequence[LabelledPassage], judged: Sequence[LabelledPassage]) -> None:
    if len({p.role for p in seen} - {None}) < 2 or not {p.role for p in judged} - {None}:
        raise CorpusMismatch("too few passages have a role to tell the roles apart: add some in more documents")


def _card(
    recipe: Recipe, passages: Sequence[LabelledPassage], judged: Sequence[LabelledPassage], seconds: float
) -> dict[str, Any]:
    counts = Counter(number for p in passages for number in p.objectives)
    return {
        "recipe": recipe.as_json(),
        "documents": sorted({p.document for p in passages}),
        "calibration_documents": sorted({p.document for p in judged}),
        "passages": len(passages),
        "positives": {str(o.number): counts[o.number] for o in OBJECTIVES},
        "training_seconds": round(seconds),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("scikit-learn", "sentence-transformers", "torch", "numpy")},
        },
    }
