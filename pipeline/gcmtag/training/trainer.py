"""Trains the members, calibrates them out of fold, and chooses the threshold."""

import platform
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from gcmtag.classifying.calibration import best_threshold, fit_calibration
from gcmtag.classifying.classifier import Classifier, LinearHead, blended, cluster_logits
from gcmtag.classifying.features import Words, dense_features, lexical_features
from gcmtag.classifying.inputs import Inputs
from gcmtag.encoding import Encoder, load_encoder
from gcmtag.encoding.encoder import Progress
from gcmtag.errors import CorpusMismatch
from gcmtag.objectives import CLUSTERS, OBJECTIVES, ROLES
from gcmtag.training.corpus import COMPACT_DOCUMENT, LabelledPassage, inputs_of, label_matrix
from gcmtag.training.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONTEXT_TERMS: Final = 5_000
FEWEST_DOCUMENTS: Final = 3


def train(
    recipe: Recipe, passages: Sequence[LabelledPassage], encoder: Encoder | None = None, progress: Progress | None = None
) -> tuple[Classifier, dict[str, Any]]:
    """A classifier from labelled passages, and its card.

    Logits for the calibration come from models that saw no passage of the same document: a document's passages share
    words that no other document has, and a split by passage would make the classifier look better than it is.
    The Compact's own text is trained on in every fold and calibrates nothing: it is no natural document.

    Args:
        recipe: the settings.
        passages: what to learn from.
        encoder: an encoder to use again; by default the one that the recipe names is loaded.
        progress: called with (steps done, steps in all).

    Raises:
        CorpusMismatch: fewer than three documents, or an objective without any passage.
    """
    started = time.monotonic()
    encoder = encoder if encoder is not None else load_encoder(recipe.encoder, recipe.max_tokens)
    _check(passages)
    labels, roles = label_matrix(passages), _role_indices(passages)
    dense = dense_features(inputs_of(passages), encoder)
    objective_logits = np.zeros(labels.shape, dtype=np.float32)
    role_logits = np.zeros((len(passages), len(ROLES)), dtype=np.float32)
    folds = list(document_folds([p.document for p in passages], recipe))
    for done, (seen, held_out) in enumerate(folds):
        heads = _fit([passages[i] for i in seen], dense[seen], recipe)
        features = {"lexical": lexical_features(_subset(passages, held_out), heads.words), "dense": dense[held_out]}
        objective_logits[held_out] = blended(heads.objectives, features)
        role_logits[held_out] = blended(heads.roles, features)
        if progress is not None:
            progress(done + 1, len(folds) + 1)
    judged = np.concatenate([held_out for _, held_out in folds])
    calibration = fit_calibration(objective_logits[judged], labels[judged])
    probabilities = calibration.probabilities(objective_logits[judged])
    heads = _fit(passages, dense, recipe)
    if progress is not None:
        progress(len(folds) + 1, len(folds) + 1)
    classifier = Classifier(
        name=recipe.name,
        version=recipe.version,
        encoder=encoder,
        words=heads.words,
        objective_heads=heads.objectives,
        role_heads=heads.roles,
        calibration=calibration,
        cluster_calibration=fit_calibration(cluster_logits(probabilities), _cluster_labels(labels[judged])),
        role_slope=_fit_slope(role_logits[judged], roles[judged]),
        threshold=best_threshold(probabilities),
    )
    return classifier, _card(recipe, passages, time.monotonic() - started)


def document_folds(documents: Sequence[str], recipe: Recipe) -> Iterator[tuple["NDArray[np.int_]", "NDArray[np.int_]"]]:
    """Pairs of (rows to learn from, rows held out); whole documents are held out, the Compact's text never.

    Documents are dealt to folds in a random order drawn with the recipe's seed.
    """
    names = sorted(set(documents) - {COMPACT_DOCUMENT})
    np.random.default_rng(recipe.seed).shuffle(names)
    fold_of = {name: position % recipe.folds for position, name in enumerate(names)}
    folds = np.array([fold_of.get(name, -1) for name in documents])
    for fold in range(min(recipe.folds, len(names))):
        yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


class _Heads:
    """What one fit gives: vocabularies, and heads for objectives and roles by member."""

    def __init__(
        self, words: dict[str, Words], objectives: dict[str, LinearHead], roles: dict[str, LinearHead]
    ) -> None:
        self.words, self.objectives, self.roles = words, objectives, roles


def _fit(passages: Sequence[LabelledPassage], dense: "NDArray[np.float32]", recipe: Recipe) -> _Heads:
    inputs = inputs_of(passages)
    words = {
        "text": Words.learn(inputs.texts, recipe.longest_term, recipe.most_terms),
        "context": Words.learn(inputs.nearest_contexts(), 1, CONTEXT_TERMS),
    }
    features: Mapping[str, Any] = {"lexical": lexical_features(inputs, words), "dense": dense}
    strengths = {"lexical": recipe.lexical_strength, "dense": recipe.dense_strength}
    labels, roles = label_matrix(passages), _role_indices(passages)
    judged = np.flatnonzero(roles >= 0)
    return _Heads(
        words,
        {member: fit_objectives(features[member], labels, strengths[member]) for member in features},
        {member: _fit_roles(features[member][judged], roles[judged], strengths[member]) for member in features},
    )


def fit_objectives(features: Any, labels: "NDArray[np.bool_]", strength: float) -> LinearHead:  # noqa: ANN401
    """One logistic regression per objective, positives and negatives weighing the same in sum.

    Args:
        features: shape (n, d), sparse or dense.
        labels: shape (n, 23).
        strength: inverse of the penalty.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    columns = [
        LogisticRegression(C=strength, class_weight="balanced", max_iter=1_000).fit(features, column)
        for column in labels.T
    ]
    return LinearHead(
        np.stack([model.coef_[0] for model in columns], axis=1).astype(np.float32),
        np.array([model.intercept_[0] for model in columns], dtype=np.float32),
    )


def _fit_roles(features: Any, roles: "NDArray[np.int_]", strength: float) -> LinearHead:  # noqa: ANN401
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    model = LogisticRegression(C=strength, max_iter=500).fit(features, roles)
    weights = np.zeros((features.shape[1], len(ROLES)), dtype=np.float32)
    # A role that the corpus never shows stays out of reach instead of shifting the others.
    bias = np.full(len(ROLES), -30.0, dtype=np.float32)
    weights[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return LinearHead(weights, bias)


def _fit_slope(logits: "NDArray[np.float32]", roles: "NDArray[np.int_]") -> float:
    """Temperature scaling (Guo et al. 2017): the factor on the logits with the least log loss."""
    judged = np.flatnonzero(roles >= 0)

    def loss(slope: float) -> float:
        return -float(log_softmax(slope * logits[judged], axis=1)[np.arange(len(judged)), roles[judged]].mean())

    return float(minimize_scalar(loss, bounds=(0.05, 5.0), method="bounded").x)


def _subset(passages: Sequence[LabelledPassage], rows: "NDArray[np.int_]") -> Inputs:
    return inputs_of([passages[i] for i in rows])


def _role_indices(passages: Sequence[LabelledPassage]) -> "NDArray[np.int_]":
    return np.array([-1 if p.role is None else ROLES.index(p.role) for p in passages])


def _cluster_labels(labels: "NDArray[np.bool_]") -> "NDArray[np.bool_]":
    return np.stack([labels[:, [n - 1 for n in cluster.objectives]].any(axis=1) for cluster in CLUSTERS], axis=1)


def _check(passages: Sequence[LabelledPassage]) -> None:
    documents = {p.document for p in passages} - {COMPACT_DOCUMENT}
    if len(documents) < FEWEST_DOCUMENTS:
        raise CorpusMismatch(
            f"the corpus has {len(documents)} documents, calibration needs {FEWEST_DOCUMENTS}: add documents"
        )
    missing = [o.number for o, any_passage in zip(OBJECTIVES, label_matrix(passages).any(axis=0), strict=True) if not any_passage]
    if missing:
        raise CorpusMismatch(f"no passage of the corpus has objective {', '.join(map(str, missing))}: add passages")


def _card(recipe: Recipe, passages: Sequence[LabelledPassage], seconds: float) -> dict[str, Any]:
    counts = Counter(number for p in passages for number in p.objectives)
    return {
        "recipe": {
            "seed": recipe.seed,
            "folds": recipe.folds,
            "longest_term": recipe.longest_term,
            "most_terms": recipe.most_terms,
            "lexical_strength": recipe.lexical_strength,
            "dense_strength": recipe.dense_strength,
        },
        "documents": sorted({p.document for p in passages}),
        "passages": len(passages),
        "positives": {o.number: counts[o.number] for o in OBJECTIVES},
        "training_seconds": round(seconds),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("scikit-learn", "sentence-transformers", "torch", "numpy")},
        },
    }
