"""What is known of the classifier's errors: how it scores passages that are about an objective, and those that are not.

Scores are put into bins, and for each of the 23 objectives and the 4 clusters (27 binary problems, in this order) the
distribution over the bins is learned from labelled passages that the classifier did not learn from. Each is drawn
towards what all objectives have in common, as far as they are alike: that is learned too (empirical Bayes; Minka 2000,
"Estimating a Dirichlet distribution"). How well these distributions are known is carried by draws of a Bayesian
bootstrap (Rubin 1981, "The Bayesian bootstrap") over the documents of those passages, since passages of one document
are alike.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import gammaln

from gcmtag.objectives import CLUSTERS, OBJECTIVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gcmtag.classifying.storage import Unseen

PROBLEMS: Final = len(OBJECTIVES) + len(CLUSTERS)
STRENGTHS: Final = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)  # passages' worth of what is common
PARTS: Final = (slice(0, len(OBJECTIVES)), slice(len(OBJECTIVES), PROBLEMS))
FEWEST: Final = 20  # labelled passages below which nothing is known of the errors
CUTS: Final = (0.03, 0.06, 0.125, 0.25, 0.5, 0.75)  # portions of the positives below the edges of the bins


@dataclass(frozen=True, slots=True)
class Errors:
    """Draws of the distributions of scores over the bins.

    Attributes:
        edges: inner edges of the bins, ascending, shape (K - 1).
        positive: chance of each bin for a passage that is about it, shape (draws, 27, K), rows sum to 1.
        negative: the same for a passage that is not.
        best_positive: the mean of the distribution instead of draws, shape (27, K).
        best_negative: the same for a passage that is not.
    """

    edges: "NDArray[np.float64]"
    positive: "NDArray[np.float64]"
    negative: "NDArray[np.float64]"
    best_positive: "NDArray[np.float64]"
    best_negative: "NDArray[np.float64]"

    def bins(self, scores: "NDArray[np.floating]") -> "NDArray[np.intp]":
        """Bin of each score for the 27 problems, shape (n, 27), from probabilities of shape (n, 23)."""
        return np.searchsorted(self.edges, problem_scores(scores), side="right")

    @property
    def size(self) -> int:
        """Number of bins."""
        return len(self.edges) + 1


def problem_scores(scores: "NDArray[np.floating]") -> "NDArray[np.float64]":
    """The 23 scores and, for each cluster, the largest one of its objectives: shape (n, 27)."""
    clusters = [scores[:, [n - 1 for n in cluster.objectives]].max(axis=1, initial=0.0) for cluster in CLUSTERS]
    return np.column_stack([scores, *clusters]).astype(np.float64)


def problem_labels(labels: "NDArray[np.bool_]") -> "NDArray[np.bool_]":
    """The 23 labels and, for each cluster, whether any of its objectives applies: shape (n, 27)."""
    clusters = [labels[:, [n - 1 for n in cluster.objectives]].any(axis=1) for cluster in CLUSTERS]
    return np.column_stack([labels, *clusters])


def learn_errors(unseen: "Unseen", draws: int, rng: np.random.Generator) -> Errors:
    """Learns the classifier's errors from passages that it did not see.

    Args:
        unseen: labelled passages with scores.
        draws: number of draws of the bootstrap.
        rng: source of the draws.

    Raises:
        ValueError: fewer than 20 passages.
    """
    if len(unseen.labels) < FEWEST:
        raise ValueError(f"{len(unseen.labels)} labelled passages tell nothing about errors")
    scores, labels = problem_scores(unseen.scores), problem_labels(unseen.labels)
    edges = _edges(scores[:, : len(OBJECTIVES)], unseen.labels)
    size = len(edges) + 1
    counts = _counts(np.searchsorted(edges, scores, side="right"), labels, unseen.documents, size)
    documents = counts.shape[0]
    weights = rng.dirichlet(np.ones(documents), size=draws) * documents
    drawn = np.einsum("bd,dsjk->bsjk", weights, counts)
    total = counts.sum(axis=0)
    strengths = np.array([[_strength(total[label, part]) for part in PARTS] for label in (0, 1)])
    noise = rng.standard_gamma(np.maximum(_smoothed(drawn, strengths), 1e-6))
    noise /= noise.sum(axis=-1, keepdims=True)
    mean = _smoothed(total[None], strengths)[0]
    mean = mean / mean.sum(axis=-1, keepdims=True)
    floor = 1e-6
    return Errors(edges, noise[:, 1] + floor, noise[:, 0] + floor, mean[1] + floor, mean[0] + floor)


def _edges(scores: "NDArray[np.float64]", labels: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    """Edges that part the scores of positives into portions.

    The lowest bin is wide on purpose: a document about something near to an objective has many passages with low scores
    for it, which finer bins there would take for passages about the objective itself.
    """
    positives = scores[labels]
    return np.unique(np.round(np.quantile(positives, CUTS), 4)) if len(positives) else np.array([0.5])


def _counts(
    bins: "NDArray[np.intp]", labels: "NDArray[np.bool_]", documents: "NDArray[np.int64]", size: int
) -> "NDArray[np.float64]":
    """Passages by document, label (no, yes), problem and bin: shape (documents, 2, 27, size)."""
    _, document = np.unique(documents, return_inverse=True)
    counts = np.zeros((document.max() + 1, 2, PROBLEMS, size))
    rows, problems = np.indices(bins.shape)
    np.add.at(counts, (document[rows], labels.astype(int), problems, bins), 1.0)
    return counts


def _common(counts: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Distribution that several problems have in common, shape (..., 1, K) from (..., problems, K)."""
    common = counts.sum(axis=-2, keepdims=True) + 0.5
    return np.asarray(common / common.sum(axis=-1, keepdims=True))


def _strength(counts: "NDArray[np.float64]") -> float:
    """How alike problems are: the concentration at which the counts, shape (problems, K), are most likely."""
    common = _common(counts)
    total = counts.sum(axis=-1)
    likelihood = [
        float((gammaln(s) - gammaln(s + total)).sum() + (gammaln(s * common + counts) - gammaln(s * common)).sum())
        for s in STRENGTHS
    ]
    return STRENGTHS[int(np.argmax(likelihood))]


def _smoothed(counts: "NDArray[np.float64]", strengths: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Counts with so much of what all objectives (or all clusters) have in common, so that no bin is impossible.

    Args:
        counts: shape (draws, 2, 27, K).
        strengths: passages' worth of what is common, by label and part, shape (2, 2).
    """
    own = counts.copy()
    for at, part in enumerate(PARTS):
        own[..., part, :] += strengths[:, at, None, None] * _common(counts[..., part, :])
    return own
