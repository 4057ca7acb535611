"""The rules by which an audit says that attention is little, that it is much, and that two shares differ."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import norm

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRACTION: Final = 0.5
LEVEL: Final = 0.95
DISCOVERIES: Final = 0.05
FEWEST_PASSAGES: Final = 10  # below, no share is given
FEWEST_TAGGED: Final = 3  # passages that make an emphasis
FEWEST_DOCUMENTS: Final = 3  # that "most documents" can be said of

RULES: Final = {
    "little_attention": (
        "little: the upper bound of the share in these very texts (classifier error) lies below the fraction of the "
        "reference, and the upper bound with sampling lies below the reference itself, so that chance does not explain "
        "it; where the reference is 0, nothing can be less, and the audit cannot say"
    ),
    "cannot_say": "cannot say: the interval reaches over the bound, or there are too few passages",
    "absent": (
        "absent from most documents: even at the upper bound fewer than half of the documents that are long enough "
        "have a passage about it"
    ),
    "emphasised": (
        "emphasised: at least 3 passages, the lower bound of the share in the text above equal shares, and the lower "
        "bound with sampling above the fraction of them"
    ),
    "comparison": (
        "a group against the rest of its column, a run against another: clear where the false discovery rate over all "
        "comparisons (Benjamini and Hochberg 1995) is at most the level"
    ),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether attention is little (``verdict`` "little" or "cannot say"), by which rule, and why, in words."""

    verdict: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Presence:
    """Documents with a passage about an objective, at the upper bound, of those that are long enough."""

    at_most: int
    documents: int


def judge(
    passages: int,
    text: tuple[float, float],
    high: float,
    reference: float,
    fraction: float,
    presence: Presence | None = None,
) -> Verdict | None:
    """The verdict on an objective; None where its attention is not little.

    Args:
        passages: of the scope.
        text: interval of the share in these very texts.
        high: upper bound of the share with sampling.
        reference: share to compare with.
        fraction: of the reference that counts as little, in (0, 1).
        presence: in how many documents it occurs; None where there are too few documents.

    >>> judge(200, (0.0, 0.01), 0.02, 0.06, 0.5).verdict
    'little'
    >>> judge(200, (0.0, 0.05), 0.06, 0.06, 0.5).verdict
    'cannot say'
    >>> judge(200, (0.04, 0.05), 0.06, 0.06, 0.5) is None
    True
    >>> judge(200, (0.0, 0.01), 0.02, 0.0, 0.5).reason
    'the reference is 0 %, and nothing can be less'
    """
    bound = fraction * reference
    shown = f"{_percent(bound)} ({_times(fraction)} the reference of {_percent(reference)})"
    if passages < FEWEST_PASSAGES:
        verb = "is" if passages == 1 else "are"
        return Verdict("cannot say", "share", f"{_counted(passages)} {verb} too few to say what gets little attention")
    if presence is not None and presence.at_most * 2 < presence.documents:
        reason = (
            f"absent from most documents: at most {presence.at_most} of {presence.documents} have a passage about it"
        )
        return Verdict("little", "absent", reason)
    if text[0] >= bound and text[0] > 0:
        return None
    if reference <= 0:
        return Verdict("cannot say", "share", "the reference is 0 %, and nothing can be less")
    if text[1] >= bound or high >= reference:
        between = f"the share in the text may lie between {_percent(text[0])} and {_percent(text[1])}"
        chance = f"{_counted(passages)} are too few: chance alone could hide the reference of {_percent(reference)}"
        return Verdict("cannot say", "share", f"{between}, on either side of {shown}" if text[1] >= bound else chance)
    return Verdict("little", "share", f"at most {_percent(text[1])} of the passages, below {shown}")


def emphasised(tagged: int, text_low: float, low: float, reference: float, fraction: float) -> bool:
    """Whether an objective gets more than an equal share, by the rule that mirrors little attention."""
    return tagged >= FEWEST_TAGGED and text_low > reference and low > fraction * reference


def difference(
    ours: "NDArray[np.float64]", theirs: "NDArray[np.float64]", level: float
) -> tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]:
    """Difference of two shares by their draws: median, lower and upper bound, and two-sided p-value, each (problems).

    The p-value is that of a normal variable on the scale of arcsin(sqrt(share)), on which the spread of a share hardly
    depends on its size.

    Args:
        ours: draws, shape (D, problems).
        theirs: draws of the other share, same shape; row by row with the same draw of the errors where that is shared.
        level: of the interval, in (0, 1).
    """
    low, middle, high = np.quantile(ours - theirs, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    angles = np.arcsin(np.sqrt(ours)) - np.arcsin(np.sqrt(theirs))
    z = angles.mean(axis=0) / np.maximum(angles.std(axis=0), 1e-12)
    return middle, low, high, np.asarray(2 * norm.sf(np.abs(z)))


def adjusted(p_values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """p-values adjusted for the false discovery rate (Benjamini and Hochberg 1995), same order.

    >>> adjusted(np.array([0.01, 0.5, 0.02])).round(3).tolist()
    [0.03, 0.5, 0.03]
    """
    count = len(p_values)
    order = np.argsort(p_values)[::-1]
    scaled = p_values[order] * count / np.arange(count, 0, -1)
    result = np.empty(count)
    result[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return result


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _times(fraction: float) -> str:
    return "half" if fraction == 0.5 else f"{fraction:g} of"


def _counted(passages: int) -> str:
    return f"{passages} passage{'' if passages == 1 else 's'}"
