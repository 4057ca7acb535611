"""Simple peers on the same training data: what a model must beat to be worth its weight.

Each peer's threshold is the one with the best micro-F1 on training documents set aside as for the model itself.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.special import expit

from gcmtag.classifying.features import Words
from gcmtag.encoding import Encoder
from gcmtag.evaluating.metrics import f1
from gcmtag.objectives import OBJECTIVES
from gcmtag.training.corpus import LabelledPassage, label_matrix
from gcmtag.training.recipe import Recipe
from gcmtag.training.trainer import calibration_split, fit_objectives

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scorer = Callable[[Sequence[LabelledPassage], Sequence[LabelledPassage]], "NDArray[np.float32]"]

TITLE_COSINE: Final = "cosine to the titles"
LEXICAL: Final = "TF-IDF + logistic regression"
DENSE: Final = "encoder + logistic regression"
STRENGTH: Final = 10.0
CANDIDATES: Final = np.arange(0.02, 0.99, 0.01)


def peers(encoder: Encoder) -> dict[str, Scorer]:
    """The peers by name; each scores passages, shape (n, 23), after learning from others. None sees a context."""
    known: dict[str, NDArray[np.float32]] = {}

    def vectors(passages: Sequence[LabelledPassage]) -> "NDArray[np.float32]":
        # Each peer asks for the same passages twice: for its threshold and for its answers.
        new = list(dict.fromkeys(p.text for p in passages if p.text not in known))
        known.update(zip(new, encoder.encode(new), strict=True) if new else ())
        return np.stack([known[p.text] for p in passages])

    def title_cosine(seen: Sequence[LabelledPassage], asked: Sequence[LabelledPassage]) -> "NDArray[np.float32]":
        titles = encoder.encode([objective.title for objective in OBJECTIVES])
        return vectors(asked) @ titles.T

    def lexical(seen: Sequence[LabelledPassage], asked: Sequence[LabelledPassage]) -> "NDArray[np.float32]":
        words = Words.learn([p.text for p in seen], longest=2, most=100_000)
        return _regression(words.rows([p.text for p in seen]), seen, words.rows([p.text for p in asked]))

    def dense(seen: Sequence[LabelledPassage], asked: Sequence[LabelledPassage]) -> "NDArray[np.float32]":
        return _regression(vectors(seen), seen, vectors(asked))

    return {TITLE_COSINE: title_cosine, LEXICAL: lexical, DENSE: dense}


def choose_threshold(scorer: Scorer, passages: Sequence[LabelledPassage], recipe: Recipe) -> float:
    """Threshold with the best micro-F1 on documents that the scorer did not learn from, split as for the model."""
    seen, asked = calibration_split(passages, recipe)
    scores, gold = scorer(seen, asked), label_matrix(asked)

    def score_of(threshold: float) -> float:
        chosen = scores >= threshold
        return f1((chosen & gold).sum(), chosen.sum(), gold.sum())

    return float(max(CANDIDATES, key=score_of))


def _regression(features: Any, seen: Sequence[LabelledPassage], asked: Any) -> "NDArray[np.float32]":  # noqa: ANN401
    return expit(fit_objectives(features, label_matrix(seen), STRENGTH).logits(asked))  # type: ignore[no-any-return]
