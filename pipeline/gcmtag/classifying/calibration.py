"""From logits to probabilities that mean what they say, and from probabilities to decisions.

Calibration is Platt's (Platt 1999, "Probabilistic outputs for support vector machines") with one common slope and an
offset per label that is drawn towards the common offset where a label has few examples. The decision threshold is the
one that maximises the expected micro-F1 under the calibrated probabilities (Lewis 1995, "Evaluating and optimizing
autonomous text classification systems").
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHRINKAGE: Final = 4.0  # strength of the pull towards the common offset, in units of one observation's log loss
CANDIDATES: Final = np.round(np.arange(0.10, 0.81, 0.01), 2)


@dataclass(frozen=True, slots=True)
class Calibration:
    """p = sigmoid(slope * logit + offset), one slope for all labels, one offset for each."""

    slope: float
    offsets: tuple[float, ...]

    def probabilities(self, logits: "NDArray[np.floating]") -> "NDArray[np.float32]":
        """Calibrated probabilities of the shape of ``logits`` (n, labels), float32."""
        return expit(self.slope * logits + np.asarray(self.offsets)).astype(np.float32)


def fit_calibration(logits: "NDArray[np.floating]", labels: "NDArray[np.bool_]") -> Calibration:
    """Slope and offsets that minimise the log loss of out-of-fold logits.

    Args:
        logits: shape (n, labels), from models that did not see the passage.
        labels: shape (n, labels), true where the label applies.

    Raises:
        ValueError: the shapes differ.
    """
    if logits.shape != labels.shape:
        raise ValueError(f"logits {logits.shape} and labels {labels.shape} differ in shape")
    signs = np.where(labels, 1.0, -1.0)

    def loss(parameters: "NDArray[np.float64]") -> tuple[float, "NDArray[np.float64]"]:
        slope, common, deviations = parameters[0], parameters[1], parameters[2:]
        margins = signs * (slope * logits + common + deviations)
        pull = -signs * expit(-margins)
        value = -log_expit(margins).sum() + SHRINKAGE * float((deviations**2).sum())
        by_label = pull.sum(axis=0)
        gradient = np.concatenate(
            [[(pull * logits).sum(), by_label.sum()], by_label + 2 * SHRINKAGE * deviations]
        )
        return float(value), gradient

    start = np.concatenate([[1.0, 0.0], np.zeros(logits.shape[1])])
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return Calibration(float(found[0]), tuple(float(value) for value in found[1] + found[2:]))


def best_threshold(probabilities: "NDArray[np.floating]") -> float:
    """The common threshold with the highest expected micro-F1 if the probabilities are right."""
    expected_positives = probabilities.sum()

    def expected_f1(threshold: float) -> float:
        chosen = probabilities >= threshold
        return float(2 * probabilities[chosen].sum() / (chosen.sum() + expected_positives))

    return float(max(CANDIDATES, key=expected_f1))
