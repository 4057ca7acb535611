"""How far intervals have to be stretched, and where counting is nearer to the truth, learned by simulation.

Labelled passages that the classifier did not see are parted by document. What is known of the errors comes from one
part; of the other, samples are drawn with many profiles of shares. The factor by which the intervals hold the truth in
90 % of all cases is that of the audit (as in split conformal prediction; Lei et al. 2018, "Distribution-free
predictive inference for regression"), for small and for large samples by themselves: what is not known of the errors
weighs the more, the larger the sample. The share below which the estimate is drawn to what was counted is the one with
the least mean absolute error.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gcmtag.auditing.confusing import FEWEST, learn_errors, problem_labels
from gcmtag.auditing.quantifying import CENTRES, Quantifier, Tuning, settled, stretched
from gcmtag.objectives import OBJECTIVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gcmtag.classifying.storage import Unseen

LEVEL: Final = 0.9
TRIALS: Final = 64
DRAWS: Final = 60
FACTORS: Final = np.round(np.arange(0.6, 2.51, 0.05), 2)
SIZES: Final = (30, 1000)
LARGE: Final = float(np.sqrt(CENTRES[0] * CENTRES[1]))  # passages above which a sample is large
TRUSTS: Final = (0.0, 0.01, 0.02, 0.05, 0.1)
SKEWS: Final = (0.05, 0.2, 1.0, 5.0)
MOST_EMPTY: Final = 0.5
ROUNDING: Final = 5e-4  # a share that differs by less from a bound is the bound


@dataclass(frozen=True, slots=True)
class Sample:
    """Passages drawn with a profile of shares.

    Attributes:
        rows: of the passages, shape (n); a passage may be drawn several times.
        weights: chance of each of the passages that were drawn from, shape (passages).
        profile: shares of the 23 objectives where the sample comes from.
        skew: concentration of the profile; the lower, the fewer objectives make up most of it.
    """

    rows: "NDArray[np.intp]"
    weights: "NDArray[np.float64]"
    profile: "NDArray[np.float64]"
    skew: float


def draw_sample(labels: "NDArray[np.bool_]", trial: int, rng: np.random.Generator) -> Sample:
    """Draws passages by a random profile: an objective by its share, then any of its passages; some about none.

    Sizes lie between 30 and 1000, small ones as often as large ones; profiles range from a few objectives that make up
    nearly everything to nearly equal shares.

    Args:
        labels: of the passages to draw from, shape (n, 23).
        trial: number of the sample; skews take turns.
        rng: source of the draws.
    """
    skew = SKEWS[trial % len(SKEWS)]
    size = int(np.exp(rng.uniform(*np.log(SIZES))))
    groups = np.column_stack([labels, ~labels.any(axis=1)]).astype(float)
    empty = rng.uniform(0, MOST_EMPTY)
    chances = np.append(rng.dirichlet(np.full(len(OBJECTIVES), skew)) * (1 - empty), empty) * (groups.sum(axis=0) > 0)
    weights = (groups / np.maximum(groups.sum(axis=0), 1)) @ chances
    weights /= weights.sum()
    return Sample(rng.choice(len(labels), size, p=weights), weights, weights @ labels, skew)


def halves(documents: "NDArray[np.int64]", rng: np.random.Generator) -> "NDArray[np.bool_]":
    """Parts passages by document at random: true for those of one half of the documents, shape (n)."""
    numbers = rng.permutation(np.unique(documents))
    return np.asarray(np.isin(documents, numbers[: len(numbers) // 2]))


def learn_tuning(unseen: "Unseen", threshold: float, rng: np.random.Generator, trials: int = TRIALS) -> Tuning:
    """What simulations teach of a classifier; nothing where too little is known of it.

    Args:
        unseen: labelled passages with scores.
        threshold: score from which on a passage is tagged.
        rng: source of the draws.
        trials: number of samples drawn.
    """
    found: list[_Trial] = []
    half = halves(unseen.documents, rng)
    for first in (half, ~half):
        if min(first.sum(), (~first).sum()) < FEWEST:
            return Tuning()
        known = type(unseen)(unseen.scores[first], unseen.labels[first], unseen.documents[first])
        quantifier = Quantifier(learn_errors(known, DRAWS, rng), int(rng.integers(2**31)))
        scores, labels = unseen.scores[~first], unseen.labels[~first]
        bins, tagged = quantifier.errors.bins(scores), problem_labels(scores >= threshold)
        for trial in range(trials // 2):
            sample = draw_sample(labels, trial, rng)
            scope = quantifier.alone(bins[sample.rows], tagged[sample.rows])
            shares, truth = quantifier.shares(scope), labels[sample.rows].mean(axis=0)
            corrected, counted = shares.corrected[: len(truth)], scope.counted[: len(truth)]
            held = needed(shares.draws, sample.profile), needed(shares.text, truth)
            missed = [np.abs(settled(corrected, counted, trust) - truth).mean() for trust in TRUSTS]
            found.append(_Trial(scope.passages, *held, np.array(missed)))
    sampling, text = (_by_size(found, name) for name in ("sampling", "text"))
    return Tuning(sampling, text, TRUSTS[int(np.argmin(np.mean([trial.missed for trial in found], axis=0)))])


@dataclass(frozen=True, slots=True)
class _Trial:
    """Passages of a sample, whether its intervals held the truth by factor, and mean absolute errors by trust."""

    passages: int
    sampling: "NDArray[np.bool_]"
    text: "NDArray[np.bool_]"
    missed: "NDArray[np.float64]"


def _by_size(trials: "list[_Trial]", name: str) -> tuple[float, float]:
    """Factors of small and of large samples; one for both where all samples are of one kind."""
    small, large = (
        [getattr(trial, name) for trial in trials if (trial.passages > LARGE) == above] for above in (False, True)
    )
    return _smallest(small or large), _smallest(large or small)


def needed(draws: "NDArray[np.float64]", truth: "NDArray[np.float64]") -> "NDArray[np.bool_]":
    """Whether the interval of draws, shape (D, 27), holds the truth, shape (23), by factor: shape (factors, 23)."""
    # Stretching keeps the order of draws, so that it is enough to stretch the bounds.
    bounds = np.quantile(draws[:, : len(truth)], [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], axis=0)
    low, _, high = np.stack([stretched(bounds, factor) for factor in FACTORS], axis=1)
    return np.asarray((low - ROUNDING <= truth) & (truth <= high + ROUNDING))


def covers(draws: "NDArray[np.float64]", truth: "NDArray[np.float64]", level: float) -> "NDArray[np.bool_]":
    """Whether the interval of draws, shape (D, n), holds the truth, shape (n)."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray((low - ROUNDING <= truth) & (truth <= high + ROUNDING))


def _smallest(held: "list[NDArray[np.bool_]]") -> float:
    """The factor whose intervals hold the truth most nearly as often as they promise."""
    shares = np.mean(held, axis=(0, 2))
    return float(FACTORS[int(np.argmin(np.abs(shares - LEVEL)))])
