"""The classifier: members that see words, vectors and sentences, whose logits are blended and calibrated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gcmtag.classifying.calibration import Calibration, class_probabilities
from gcmtag.classifying.features import Dictionary, Views, views_of
from gcmtag.classifying.inputs import Inputs
from gcmtag.classifying.words import Words
from gcmtag.encoding import Encoder
from gcmtag.encoding.adapter import compressed, restored
from gcmtag.encoding.encoder import Progress
from gcmtag.encoding.transformer import Span
from gcmtag.objectives import CLUSTERS, NUMBERS, ROLES
from gcmtag.segmenting.sentences import sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    def rounded(self) -> "LinearHead":
        """The same as it will be after weights on words were written as whole numbers and read."""
        return LinearHead(restored(*compressed(self.weights)), self.bias)


@dataclass(frozen=True, slots=True)
class Heads:
    """Linear heads of one kind of label: on words, and on vectors where the classifier has an encoder."""

    words: LinearHead
    vectors: LinearHead | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """Calibrated probabilities: objectives (n, 23), clusters (n, 4), roles (n, 7; rows sum to 1), all float32."""

    objectives: "NDArray[np.float32]"
    clusters: "NDArray[np.float32]"
    roles: "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Classifier:
    """Everything that changes an answer, the encoder's weights aside, which ``encoder`` names and checks.

    Without an encoder it reads words alone, and needs neither its weights nor torch.
    """

    name: str
    version: str
    encoder: Encoder | None
    words: Mapping[str, Words]
    dictionary: Dictionary | None
    objective_heads: Heads
    role_heads: Heads
    calibration: Calibration
    cluster_calibration: Calibration
    role_slopes: tuple[float, ...]
    threshold: float
    doubt: tuple[float, float]  # probabilities between which a decision is likely wrong; the threshold lies in between

    @property
    def light(self) -> bool:
        """Whether it answers without an encoder, so that a process more costs little."""
        return self.encoder is None

    def views(
        self, inputs: Inputs, spans: Sequence[Sequence[Span]] | None = None, progress: Progress | None = None
    ) -> Views:
        """What the members see of passages, whose sentences are cut here unless they are given."""
        if spans is None:
            spans = [sentences(text) for text in inputs.texts] if self.encoder else []
        return views_of(inputs, self.words, self.encoder, spans, self.dictionary, progress)

    def score(self, inputs: Inputs, progress: Progress | None = None) -> Scores:
        """Calibrated probabilities of every passage; an empty input gives arrays of shape (0, 23), (0, 4), (0, 7)."""
        return self.score_views(self.views(inputs, None, progress)) if len(inputs) else no_scores()

    def score_views(self, views: Views) -> Scores:
        """Calibrated probabilities of passages already looked at."""
        objectives = self.calibration.probabilities(objective_logits(self.objective_heads, views))
        return Scores(
            objectives=objectives,
            clusters=self.cluster_calibration.probabilities(cluster_logits(objectives)[np.newaxis]),
            roles=class_probabilities(self.role_slopes, role_logits(self.role_heads, views)),
        )

    def score_sentences(self, inputs: Inputs, vectors: "NDArray[np.float32] | None") -> "NDArray[np.float32]":
        """Calibrated probabilities of sentences as if each were a passage, shape (n, 23).

        Args:
            inputs: the sentences, each with the context of its passage.
            vectors: of the sentences within their passages, shape (n, dimension); None without an encoder.
        """
        parts = None if vectors is None else list(vectors[:, np.newaxis])
        views = replace(views_of(inputs, self.words, dictionary=self.dictionary), vectors=vectors, parts=parts)
        return self.calibration.probabilities(objective_logits(self.objective_heads, views))

    def deciding_words(self, inputs: Inputs, most: int) -> dict[int, list[tuple[str, float]]]:
        """For each objective the ``most`` terms of the first text with the largest positive share in its logit."""
        row = self.words["text"].rows(inputs.texts[:1])
        terms, columns = self.words["text"].terms, row.columns
        # The text's terms come first among the features.
        shares = row.values[:, np.newaxis] * self.objective_heads.words.weights[columns]
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


def objective_logits(heads: Heads, views: Views) -> "NDArray[np.float32]":
    """Logits of the members, (members, n, 23): words, the dictionary, the whole passage, its most telling sentence.

    Those that a classifier lacks are left out. A passage that speaks of two things says each in a sentence of its own,
    which the mean over the whole blurs.
    """
    members = [heads.words.logits(views.words)]
    if views.looked_up is not None:
        members.append(views.looked_up)
    if heads.vectors is not None and views.vectors is not None and views.parts is not None:
        whole = heads.vectors.logits(views.vectors)
        members += [whole, _highest(whole, [heads.vectors.logits(rows) for rows in views.parts])]
    return np.stack(members)


def role_logits(heads: Heads, views: Views) -> "NDArray[np.float32]":
    """Logits of the members, shape (members, n, 7): manner of speaking, the whole passage."""
    members = [heads.words.logits(views.manner)]
    if heads.vectors is not None and views.vectors is not None:
        members.append(heads.vectors.logits(views.vectors))
    return np.stack(members)


def cluster_logits(objectives: "NDArray[np.floating]") -> "NDArray[np.float64]":
    """Log odds, shape (n, 4), that at least one objective of the cluster applies if objectives were independent.

    Objectives that hang together make this too sure or not sure enough; a calibration on top corrects it.
    """
    absent = np.log1p(-np.clip(objectives.astype(np.float64), 0.0, 1 - 1e-6))
    log_none = np.stack([absent[:, [n - 1 for n in cluster.objectives]].sum(axis=1) for cluster in CLUSTERS], axis=1)
    log_none = np.minimum(log_none, -1e-9)
    return np.asarray(np.log(-np.expm1(log_none)) - log_none)


def _highest(whole: "NDArray[np.float32]", of_parts: "Sequence[NDArray[np.float32]]") -> "NDArray[np.float32]":
    """For each passage and label the highest of its sentences; of the whole where it has none."""
    return np.stack([rows.max(axis=0) if len(rows) else own for own, rows in zip(whole, of_parts, strict=True)])
