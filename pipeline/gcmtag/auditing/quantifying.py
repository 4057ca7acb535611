"""Shares of passages corrected for the classifier's errors, with intervals.

Each objective is a binary quantification problem (Forman 2008, "Quantifying counts and costs via classification"):
the scores of a text are a mixture of what the classifier gives to passages about the objective and to others, in an
unknown proportion, the share. Given the two distributions, the share has a likelihood; its maximum is what
expectation maximisation finds (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new
a priori probabilities"), and with a prior it has a posterior (Ziegler and Czyż 2024, "Bayesian quantification with
black-box estimators"). The prior is Jeffreys's, so that nothing found in a short text leaves a wide interval. The
posterior is averaged over draws of the classifier's errors. A share in a text is the posterior median of the number of
passages about it, which is best where few are; the most likely share would follow every stray passage.

Simulations (``tuning``) show how far such intervals are too narrow or too wide; they are stretched by that factor on
the scale of arcsin(sqrt(share)). They also show below which share counting is nearer to the truth: there what a
classifier overlooks and what it wrongly adds can cancel, and correction adds nothing but noise.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gcmtag.auditing.confusing import PROBLEMS, Errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID: Final = 200
REPEATS: Final = 4  # shares drawn for each draw of the errors
CENTRES: Final = (72.0, 416.0)  # passages for which the factors of small and of large sets hold
POOLED: Final = 4.0  # documents' worth of the design effect of all problems, added to what is known of each


@dataclass(frozen=True, slots=True)
class Scope:
    """What is needed of a set of passages.

    Attributes:
        counts: passages by problem and bin, shape (27, K).
        words: words by problem and bin, shape (27, K).
        passages: number of passages.
        spread: number that the passages' information is divided by, since those of one document are alike, (27).
        even: the same for words, which are also uneven between passages, (27).
        counted: share of passages that are tagged, shape (27).
        words_counted: share of words in them, shape (27).
    """

    counts: "NDArray[np.float64]"
    words: "NDArray[np.float64]"
    passages: int
    spread: "NDArray[np.float64]"
    even: "NDArray[np.float64]"
    counted: "NDArray[np.float64]"
    words_counted: "NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the 27 problems.

    Attributes:
        estimate: of the share in these very passages, shape (27).
        corrected: the same before it is drawn to what was counted, shape (27).
        draws: draws of the share from which such passages come: sampling and classifier error, shape (D, 27).
        text: draws of the share in these very passages: classifier error alone, shape (D, 27).
        word_estimate: as estimate, of words.
        word_draws: as draws, of words.
    """

    estimate: "NDArray[np.float64]"
    corrected: "NDArray[np.float64]"
    draws: "NDArray[np.float64]"
    text: "NDArray[np.float64]"
    word_estimate: "NDArray[np.float64]"
    word_draws: "NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Tuning:
    """What simulations taught of a classifier.

    Attributes:
        sampling: factors by which intervals with sampling are stretched, of small and of large sets of passages.
        text: the same for intervals of the share in the text itself.
        trust: share at which the estimate stands halfway between what was counted and what was corrected; below,
            nearer to what was counted; 0 where counting is never better.
    """

    sampling: tuple[float, float] = (1.0, 1.0)
    text: tuple[float, float] = (1.0, 1.0)
    trust: float = 0.0


class Quantifier:
    """Corrects shares by what is known of a classifier's errors.

    Args:
        errors: draws of the classifier's errors.
        seed: of the draws of shares; the same seed gives the same draws.
        tuning: how far the draws are stretched, and where counting is trusted.
    """

    def __init__(self, errors: Errors, seed: int, tuning: Tuning | None = None) -> None:
        self.errors, self.seed, self.tuning = errors, seed, tuning or Tuning()
        # Equal steps of this angle have equal weight under Jeffreys's prior.
        self._angles = (np.arange(GRID) + 0.5) * (np.pi / 2 / GRID)
        self._shares = np.sin(self._angles) ** 2
        self._drawn = _log_mixture(errors.positive, errors.negative, self._shares)

    def scope(
        self,
        bins: "NDArray[np.intp]",
        tagged: "NDArray[np.bool_]",
        words: "NDArray[np.float64]",
        documents: "NDArray[np.intp]",
    ) -> Scope:
        """Sums up passages.

        Args:
            bins: shape (n, 27), from ``Errors.bins``.
            tagged: whether the classifier says that the passage is about it, shape (n, 27).
            words: words of each passage, at least 1, shape (n).
            documents: number of each passage's document, shape (n).
        """
        size = self.errors.size
        flat = bins + np.arange(PROBLEMS) * size
        counts, weighed = (
            np.asarray(
                np.bincount(flat.ravel(), weights=np.repeat(weights, PROBLEMS), minlength=PROBLEMS * size),
                dtype=np.float64,
            ).reshape(PROBLEMS, size)
            for weights in (np.ones(len(bins)), words)
        )
        chances = self._chances(counts)
        spread = design_effects(chances[np.arange(PROBLEMS), bins], documents)
        uneven = len(words) * float((words**2).sum()) / float(words.sum()) ** 2 if len(words) else 1.0
        counted, words_counted = (
            weights @ tagged / max(weights.sum(), 1.0) for weights in (np.ones(len(bins)), np.asarray(words))
        )
        return Scope(counts, weighed, len(bins), spread, spread * uneven, counted, words_counted)

    def alone(self, bins: "NDArray[np.intp]", tagged: "NDArray[np.bool_]") -> Scope:
        """Sums up passages of one document as if each had one word, see ``scope``."""
        return self.scope(bins, tagged, np.ones(len(bins)), np.zeros(len(bins), dtype=np.intp))

    def shares(self, scope: Scope) -> Shares:
        """Estimates and draws; of no passages, what the prior says."""
        rng = np.random.default_rng(self.seed)
        draws = self._draw(scope.counts / scope.spread[:, None], rng)
        # In the text itself sampling plays no part: there the share is that of passages which are about it.
        inside = draws if (scope.spread <= 1).all() else self._draw(scope.counts, rng)
        text = self._in_text(scope, inside, rng)
        corrected = np.median(text, axis=0)
        total = max(scope.words.sum() / PROBLEMS, 1.0)
        weighed = scope.words / total * scope.passages
        word_draws = self._draw(weighed / scope.even[:, None], rng)
        sampling, inside_text = (at_size(f, scope.passages) for f in (self.tuning.sampling, self.tuning.text))
        return Shares(
            settled(corrected, scope.counted, self.tuning.trust),
            corrected,
            stretched(draws, sampling),
            stretched(text, inside_text),
            settled(np.median(word_draws, axis=0), scope.words_counted, self.tuning.trust),
            stretched(word_draws, sampling),
        )

    def _chances(self, counts: "NDArray[np.float64]", rounds: int = 200) -> "NDArray[np.float64]":
        """Chance that a passage in each bin is about each problem, at the most likely share, shape (27, K)."""
        positive, negative = self.errors.best_positive, self.errors.best_negative
        share = np.full(PROBLEMS, 0.1)
        total = np.maximum(counts.sum(axis=1), 1.0)
        chances = _posterior(share[:, None], positive, negative)
        for _ in range(rounds):
            share = (counts * chances).sum(axis=1) / total
            chances = _posterior(share[:, None], positive, negative)
        return chances

    def _draw(self, counts: "NDArray[np.float64]", rng: np.random.Generator) -> "NDArray[np.float64]":
        """Shares drawn from the posterior, shape (draws of errors x repeats, 27)."""
        logs = np.matmul(self._drawn, counts[None, :, :, None].astype(np.float32))[..., 0]  # (B, 27, G)
        logs -= logs.max(axis=-1, keepdims=True)
        cumulated = np.exp(logs, out=logs).cumsum(axis=-1)
        cumulated /= cumulated[..., -1:]
        drawn = np.empty((REPEATS, *cumulated.shape[:2]))
        for repeat in range(REPEATS):
            level = rng.random((*cumulated.shape[:2], 1), dtype=np.float32)
            drawn[repeat] = (cumulated < level).sum(axis=-1)
        # Between two points of the grid every angle is as likely.
        angles = (np.minimum(drawn, GRID - 1) + rng.random(drawn.shape)) * (np.pi / 2 / GRID)
        return (np.sin(angles) ** 2).reshape(-1, PROBLEMS)

    def _in_text(self, scope: Scope, drawn: "NDArray[np.float64]", rng: np.random.Generator) -> "NDArray[np.float64]":
        if not scope.passages:
            return drawn
        positive = np.tile(self.errors.positive, (REPEATS, 1, 1))
        negative = np.tile(self.errors.negative, (REPEATS, 1, 1))
        chances = _posterior(drawn[:, :, None], positive, negative)
        found = rng.binomial(scope.counts.astype(np.int64), np.clip(chances, 0.0, 1.0))
        return np.asarray(found.sum(axis=-1) / scope.passages)


def settled(corrected: "NDArray[np.float64]", counted: "NDArray[np.float64]", trust: float) -> "NDArray[np.float64]":
    """Estimate between what was corrected and what was counted, nearer to the latter the smaller the share is.

    >>> settled(np.array([0.05, 0.5]), np.array([0.04, 0.4]), 0.05).round(3).tolist()
    [0.045, 0.499]
    """
    if not trust:
        return corrected
    weight = corrected**2 / (corrected**2 + trust**2)
    return np.asarray(weight * corrected + (1 - weight) * counted)


def at_size(factors: tuple[float, float], passages: int) -> float:
    """Factor for a number of passages, between that of small and that of large sets on a logarithmic scale."""
    return float(np.interp(np.log(max(passages, 1)), np.log(CENTRES), factors))


def stretched(draws: "NDArray[np.float64]", factor: float) -> "NDArray[np.float64]":
    """Draws of shares, shape (D, n), moved away from their median by a factor on the scale of arcsin(sqrt(share)).

    >>> stretched(np.array([[0.1], [0.2], [0.3]]), 1.0).round(3).ravel().tolist()
    [0.1, 0.2, 0.3]
    """
    angles = np.arcsin(np.sqrt(draws))
    middle = np.median(angles, axis=0)
    return np.asarray(np.sin(np.clip(middle + factor * (angles - middle), 0.0, np.pi / 2)) ** 2)


def design_effects(chances: "NDArray[np.float64]", documents: "NDArray[np.intp]") -> "NDArray[np.float64]":
    """How much less passages tell because those of one document are alike, at least 1, shape (27).

    The variance of a mean between documents over that of independent passages (Kish 1965, "Survey sampling"), drawn
    towards the mean of all problems where there are few documents. Of one document it is 1: it stands for itself.

    Args:
        chances: chance that each passage is about each problem, shape (n, 27).
        documents: number of each passage's document, shape (n).
    """
    _, numbers, sizes = np.unique(documents, return_inverse=True, return_counts=True)
    several = len(sizes)
    if several < 2:
        return np.ones(chances.shape[1])
    mean = chances.mean(axis=0)
    residuals = np.zeros((several, chances.shape[1]))
    np.add.at(residuals, numbers, chances - mean)
    between = several / (several - 1) * (residuals**2).sum(axis=0)
    # What a share below one passage varies by says nothing about documents.
    within = np.maximum(((chances - mean) ** 2).sum(axis=0), 1e-12)
    own = np.where(chances.sum(axis=0) >= 1.0, between / within, np.nan)
    known = np.nanmean(own) if np.isfinite(own).any() else 1.0
    own = np.where(np.isfinite(own), own, known)
    return np.clip(((several - 1) * own + POOLED * known) / (several - 1 + POOLED), 1.0, sizes.max())


def _log_mixture(
    positive: "NDArray[np.float64]", negative: "NDArray[np.float64]", shares: "NDArray[np.float64]"
) -> "NDArray[np.float32]":
    """Logarithm of the chance of each bin at each share, shape (draws, 27, GRID, K), float32."""
    mixed = np.empty((*positive.shape[:2], len(shares), positive.shape[-1]), dtype=np.float32)
    for at, share in enumerate(shares):
        mixed[:, :, at] = share * positive + (1 - share) * negative
    return np.log(mixed, out=mixed)


def _posterior(
    share: "NDArray[np.float64]", positive: "NDArray[np.float64]", negative: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    about = share * positive
    return np.asarray(about / np.maximum(about + (1 - share) * negative, 1e-300))
