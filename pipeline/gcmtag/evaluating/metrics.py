"""Measures over the fixed 23 objectives, with bootstrap intervals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.objectives import CLUSTERS, OBJECTIVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES: Final = 1_000
LEVEL: Final = 0.95
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """Gold and answers for the same passages.

    Attributes:
        gold: shape (n, 23), true where the objective applies.
        chosen: shape (n, 23), true where it is predicted.
        scores: shape (n, 23), what the ranking goes by.
    """

    gold: "NDArray[np.bool_]"
    chosen: "NDArray[np.bool_]"
    scores: "NDArray[np.float32]"

    def __post_init__(self) -> None:
        shapes = {self.gold.shape, self.chosen.shape, self.scores.shape}
        if len(shapes) != 1 or self.gold.shape[1] != len(OBJECTIVES):
            raise ValueError(f"gold, chosen and scores have shapes {shapes}, expected one shape (n, 23)")

    def rows(self, rows: "NDArray[np.int_]") -> "Judged":
        """The same for some of the passages."""
        return Judged(self.gold[rows], self.chosen[rows], self.scores[rows])


@dataclass(frozen=True, slots=True)
class Measures:
    """One figure per measure, with a 95 % interval (percentile bootstrap over passages) where one is given."""

    passages: int
    values: dict[str, float]
    intervals: dict[str, tuple[float, float]]


def f1(true_positives: float, predicted: float, actual: float) -> float:
    """F1 from counts; 1.0 where nothing was to be found and nothing was said.

    >>> f1(3, 4, 5)
    0.6666666666666666
    """
    return 2 * true_positives / (predicted + actual) if predicted + actual else 1.0


def micro_f1(judged: Judged) -> float:
    """F1 over all pairs of passage and objective."""
    return f1((judged.gold & judged.chosen).sum(), judged.chosen.sum(), judged.gold.sum())


def macro_f1(judged: Judged) -> float:
    """Mean F1 of the objectives that occur in gold or in the answers: a wrongly predicted objective counts as 0."""
    concerned = np.flatnonzero((judged.gold | judged.chosen).any(axis=0))
    return float(np.mean([per_objective(judged, i)[2] for i in concerned])) if len(concerned) else 1.0


def per_objective(judged: Judged, column: "int | np.integer[Any]") -> tuple[float, float, float, int]:
    """Precision, recall, F1 and number of gold positives of one objective; not-a-number where undefined."""
    gold, chosen = judged.gold[:, column], judged.chosen[:, column]
    hits = int((gold & chosen).sum())
    precision = hits / chosen.sum() if chosen.any() else float("nan")
    recall = hits / gold.sum() if gold.any() else float("nan")
    return float(precision), float(recall), f1(hits, chosen.sum(), gold.sum()), int(gold.sum())


def mean_average_precision(judged: Judged) -> float:
    """Mean of the average precision of every objective that occurs in gold."""
    present = np.flatnonzero(judged.gold.any(axis=0))
    if not len(present):
        return float("nan")
    return float(np.mean([_average_precision(judged.gold[:, i], judged.scores[:, i]) for i in present]))


def _average_precision(gold: "NDArray[np.bool_]", scores: "NDArray[np.float32]") -> float:
    """As scikit-learn's ``average_precision_score``, equal scores taken together; faster, for the bootstrap."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    hits = np.cumsum(gold[order])[ends]
    return float((np.diff(hits, prepend=0) * hits / (ends + 1)).sum() / hits[-1])


def exact_match(judged: Judged) -> float:
    """Share of passages whose set of objectives is exactly right."""
    return float((judged.gold == judged.chosen).all(axis=1).mean())


def cluster_micro_f1(judged: Judged) -> float:
    """Micro-F1 over the four clusters that follow from the objectives."""
    gold, chosen = (
        np.stack([labels[:, [n - 1 for n in cluster.objectives]].any(axis=1) for cluster in CLUSTERS], axis=1)
        for labels in (judged.gold, judged.chosen)
    )
    return f1((gold & chosen).sum(), chosen.sum(), gold.sum())


def calibration_error(judged: Judged) -> float:
    """Expected calibration error over all pairs of passage and objective, in ten bins of equal width."""
    scores, gold = judged.scores.ravel(), judged.gold.ravel()
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = [abs(scores[bins == b].mean() - gold[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(np.sum(gaps))


MEASURES: Final[dict[str, Callable[[Judged], float]]] = {
    "micro_f1": micro_f1,
    "macro_f1": macro_f1,
    "mean_average_precision": mean_average_precision,
    "exact_match": exact_match,
    "cluster_micro_f1": cluster_micro_f1,
    "calibration_error": calibration_error,
}
WITH_INTERVALS: Final = ("micro_f1", "macro_f1", "mean_average_precision", "cluster_micro_f1")


def measure(judged: Judged, seed: int) -> Measures:
    """All measures, with intervals from passages drawn again with replacement.

    Args:
        judged: gold and answers, at least one passage.
        seed: of the draws.
    """
    draws = _draws(len(judged.gold), seed)
    intervals = {name: _interval([MEASURES[name](judged.rows(rows)) for rows in draws]) for name in WITH_INTERVALS}
    return Measures(len(judged.gold), {name: float(f(judged)) for name, f in MEASURES.items()}, intervals)


def difference(ours: Judged, theirs: Judged, seed: int) -> tuple[float, tuple[float, float]]:
    """Micro-F1 of ours minus theirs, with the interval of a paired bootstrap over passages."""
    draws = _draws(len(ours.gold), seed)
    return (
        micro_f1(ours) - micro_f1(theirs),
        _interval([micro_f1(ours.rows(rows)) - micro_f1(theirs.rows(rows)) for rows in draws]),
    )


def _draws(passages: int, seed: int) -> list["NDArray[np.int_]"]:
    return list(np.random.default_rng(seed).integers(passages, size=(RESAMPLES, passages)))


def _interval(values: list[float]) -> tuple[float, float]:
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
