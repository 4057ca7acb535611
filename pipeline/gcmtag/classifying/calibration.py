"""From logits to probabilities that mean what they say, and from probabilities to decisions.

Calibration is Platt's (Platt 1999, "Probabilistic outputs for support vector machines") with a slope for each member
of the classifier, common to all labels, and an offset per label that is drawn towards the common offset where a label
has few examples. The decision threshold is the
one that maximises the expected micro-F1 under the calibrated probabilities (Lewis 1995, "Evaluating and optimizing
autonomous text classification systems").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHRINKAGE: Final = 4.0  # strength of the pull towards the common offset, in units of one observation's log loss
CANDIDATES: Final = np.round(np.arange(0.10, 0.81, 0.01), 2)


@dataclass(frozen=True, slots=True)
class Calibration:
    """p = sigmoid(sum over members of slope * logit + offset): a slope per member, an offset per label."""

    slopes: tuple[float, ...]
    offsets: tuple[float, ...]

    def probabilities(self, logits: "NDArray[np.floating]") -> "NDArray[np.float32]":
        """Calibrated probabilities, shape (n, labels), float32, from logits of shape (members, n, labels)."""
        return _sigmoid(_blend(self.slopes, logits) + np.asarray(self.offsets)).astype(np.float32)


def fit_calibration(logits: "NDArray[np.floating]", labels: "NDArray[np.bool_]") -> Calibration:
    """Slopes and offsets that minimise the log loss of logits from models that did not see the passages.

    Args:
        logits: shape (members, n, labels).
        labels: shape (n, labels), true where the label applies.

    Raises:
        ValueError: the shapes differ.
    """
    # These take a second to import, and only training needs them.
    from scipy.optimize import minimize  # noqa: PLC0415
    from scipy.special import expit, log_expit  # noqa: PLC0415

    members = len(logits)
    if logits.shape[1:] != labels.shape:
        raise ValueError(f"logits {logits.shape} and labels {labels.shape} differ in shape")
    signs = np.where(labels, 1.0, -1.0)

    def loss(parameters: "NDArray[np.float64]") -> tuple[float, "NDArray[np.float64]"]:
        slopes, common, deviations = parameters[:members], parameters[members], parameters[members + 1 :]
        margins = signs * (_blend(slopes, logits) + common + deviations)
        pull = -signs * expit(-margins)
        value = -log_expit(margins).sum() + SHRINKAGE * float((deviations**2).sum())
        by_label = pull.sum(axis=0)
        by_member = (pull * logits).sum(axis=(1, 2))
        return float(value), np.concatenate([by_member, [by_label.sum()], by_label + 2 * SHRINKAGE * deviations])

    start = np.concatenate([np.full(members, 1 / members), [0.0], np.zeros(labels.shape[1])])
    # A negative slope would mean that a member is wrong on principle; it can only be an accident of few passages.
    bounds = [(0.0, None)] * members + [(None, None)] * (1 + labels.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    offsets = found[members] + found[members + 1 :]
    return Calibration(tuple(map(float, found[:members])), tuple(map(float, offsets)))


def fit_temperatures(logits: "NDArray[np.floating]", classes: "NDArray[np.int_]") -> tuple[float, ...]:
    """Slopes of the members for a choice of one class, by temperature scaling (Guo et al. 2017).

    Args:
        logits: shape (members, n, classes), from models that did not see the passages.
        classes: shape (n), index of the right class.
    """
    from scipy.optimize import minimize  # noqa: PLC0415
    from scipy.special import log_softmax  # noqa: PLC0415

    def loss(slopes: "NDArray[np.float64]") -> float:
        chances = log_softmax(_blend(slopes, logits), axis=1)
        return -float(chances[np.arange(len(classes)), classes].mean())

    start = np.full(len(logits), 1 / len(logits))
    return tuple(map(float, minimize(loss, start, method="L-BFGS-B", bounds=[(0.0, None)] * len(logits)).x))


def class_probabilities(slopes: tuple[float, ...], logits: "NDArray[np.floating]") -> "NDArray[np.float32]":
    """Shape (n, classes), rows sum to 1, from logits of shape (members, n, classes)."""
    blended = _blend(slopes, logits)
    powers = np.exp(blended - blended.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _sigmoid(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """1 / (1 + exp(-values)), without overflow."""
    powers = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0, powers) / (1.0 + powers)


def _blend(slopes: "Sequence[float] | NDArray[np.float64]", logits: "NDArray[np.floating]") -> "NDArray[np.float64]":
    return np.tensordot(np.asarray(slopes, dtype=np.float64), logits, axes=1)


def band_of_doubt(
    probabilities: "NDArray[np.floating]", labels: "NDArray[np.bool_]", threshold: float
) -> tuple[float, float]:
    """The narrowest band around the threshold, even in log odds, that holds half of all wrong decisions.

    Args:
        probabilities: shape (n, labels), calibrated.
        labels: shape (n, labels), true where the label applies.
        threshold: at and above which a label is predicted.
    """
    from scipy.special import expit, logit  # noqa: PLC0415

    safe = np.clip(probabilities.astype(np.float64), 1e-6, 1 - 1e-6)
    wrong = (probabilities >= threshold) != labels
    distances = np.abs(logit(safe[wrong]) - logit(threshold))
    reach = float(np.median(distances)) if len(distances) else 0.0
    return float(expit(logit(threshold) - reach)), float(expit(logit(threshold) + reach))


def best_threshold(probabilities: "NDArray[np.floating]") -> float:
    """The common threshold with the highest expected micro-F1 if the probabilities are right."""
    expected_positives = probabilities.sum()

    def expected_f1(threshold: float) -> float:
        chosen = probabilities >= threshold
        return float(2 * probabilities[chosen].sum() / (chosen.sum() + expected_positives))

    return float(max(CANDIDATES, key=expected_f1))
