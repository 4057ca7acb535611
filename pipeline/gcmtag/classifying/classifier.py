"""The classifier: two members, one on words and one on vectors, whose logits are blended and calibrated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.classifying.calibration import Calibration, class_probabilities
from gcmtag.classifying.features import Words, dense_features, dense_features_with_parts, lexical_features
from gcmtag.classifying.inputs import Inputs
from gcmtag.encoding import Encoder
from gcmtag.encoding.encoder import Progress
from gcmtag.encoding.transformer import Span
from gcmtag.objectives import CLUSTERS, NUMBERS, ROLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEMBERS: Final = ("lexical", "dense")


@dataclass(frozen=True, slots=True)
class LinearHead:
    """One linear function per label: weights (features, labels) and bias (labels), float32."""

    weights: "NDArray[np.float32]"
    bias: "NDArray[np.float32]"

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.bias.shape != (self.weights.shape[1],):
            raise ValueError(f"weights {self.weights.shape} and bias {self.bias.shape} do not fit")

    def logits(self, features: Any) -> "NDArray[np.float32]":  # noqa: ANN401
        """Shape (n, labels), float32."""
        return np.asarray(features @ self.weights + self.bias, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Scores:
    """Calibrated probabilities: objectives (n, 23), clusters (n, 4), roles (n, 7; rows sum to 1), all float32."""

    objectives: "NDArray[np.float32]"
    clusters: "NDArray[np.float32]"
    roles: "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Classifier:
    """Everything that changes an answer, the encoder's weights aside, which ``encoder`` names and checks."""

    name: str
    version: str
    encoder: Encoder
    words: Mapping[str, Words]
    objective_heads: Mapping[str, LinearHead]
    role_heads: Mapping[str, LinearHead]
    calibration: Calibration
    cluster_calibration: Calibration
    role_slopes: tuple[float, ...]
    threshold: float
    doubt: tuple[float, float]  # probabilities between which a decision is likely wrong; the threshold lies in between

    def features(self, inputs: Inputs, progress: Progress | None = None) -> dict[str, Any]:
        """The feature matrix of each member."""
        return {
            "lexical": lexical_features(inputs, self.words),
            "dense": dense_features(inputs, self.encoder, progress),
        }

    def score(self, inputs: Inputs, progress: Progress | None = None) -> Scores:
        """Calibrated probabilities of every passage; an empty input gives arrays of shape (0, 23), (0, 4), (0, 7)."""
        return self._scores(self.features(inputs, progress)) if len(inputs) else no_scores()

    def score_with_parts(
        self, inputs: Inputs, parts: Sequence[Sequence[Span]], progress: Progress | None = None
    ) -> "tuple[Scores, list[NDArray[np.float32]]]":
        """As ``score``, and for each passage the vectors of its parts, (parts, dimension), for ``score_parts``."""
        if not len(inputs):
            return no_scores(), []
        vectors, of_parts = dense_features_with_parts(inputs, parts, self.encoder, progress)
        return self._scores({"lexical": lexical_features(inputs, self.words), "dense": vectors}), of_parts

    def score_parts(self, inputs: Inputs, vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Calibrated probabilities of parts of passages, shape (n, 23).

        Args:
            inputs: the parts, each with the context of its passage.
            vectors: their vectors, shape (n, dimension).
        """
        features = {"lexical": lexical_features(inputs, self.words), "dense": vectors}
        return self.calibration.probabilities(member_logits(self.objective_heads, features))

    def _scores(self, features: Mapping[str, Any]) -> Scores:
        objectives = self.calibration.probabilities(member_logits(self.objective_heads, features))
        return Scores(
            objectives=objectives,
            clusters=self.cluster_calibration.probabilities(cluster_logits(objectives)[np.newaxis]),
            roles=class_probabilities(self.role_slopes, member_logits(self.role_heads, features)),
        )

    def deciding_words(self, inputs: Inputs, most: int) -> dict[int, list[tuple[str, float]]]:
        """For each objective the ``most`` terms of the first text with the largest positive share in its logit."""
        row = self.words["text"].rows(inputs.texts[:1])
        terms, columns = self.words["text"].terms, row.indices
        # The text's terms come first among the lexical features.
        shares = row.data[:, np.newaxis] * self.objective_heads["lexical"].weights[columns]
        best = np.argsort(-shares, axis=0)[:most]
        return {
            number: [
                (terms[columns[i]], float(shares[i, number - 1]))
                for i in best[:, number - 1]
                if shares[i, number - 1] > 0
            ]
            for number in NUMBERS
        }


def no_scores() -> Scores:
    """Scores of no passage, with the shapes that they have otherwise."""
    return Scores(*(np.zeros((0, n), dtype=np.float32) for n in (len(NUMBERS), len(CLUSTERS), len(ROLES))))


def member_logits(heads: Mapping[str, LinearHead], features: Mapping[str, Any]) -> "NDArray[np.float32]":
    """Logits of all members, shape (members, n, labels)."""
    return np.stack([heads[member].logits(features[member]) for member in MEMBERS])


def cluster_logits(objectives: "NDArray[np.floating]") -> "NDArray[np.float64]":
    """Log odds, shape (n, 4), that at least one objective of the cluster applies if objectives were independent.

    Objectives that hang together make this too sure or not sure enough; a calibration on top corrects it.
    """
    absent = np.log1p(-np.clip(objectives.astype(np.float64), 0.0, 1 - 1e-6))
    log_none = np.stack([absent[:, [n - 1 for n in cluster.objectives]].sum(axis=1) for cluster in CLUSTERS], axis=1)
    log_none = np.minimum(log_none, -1e-9)
    return np.asarray(np.log(-np.expm1(log_none)) - log_none)
