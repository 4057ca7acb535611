"""Tags of many passages as arrays: what the tables are made of, without an object for each passage."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from gcmtag.document import Evidence, Tags
from gcmtag.objectives import CLUSTERS, NUMBERS, ROLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROLE_NUMBER: Final = {role: number for number, role in enumerate(ROLES)}
# (23, 4): true where the objective belongs to the cluster.
MEMBERSHIP: Final = np.array([[number in cluster.objectives for cluster in CLUSTERS] for number in NUMBERS], dtype=bool)


@dataclass(frozen=True, slots=True)
class EvidenceColumns:
    """Evidence spans of n passages, one after another.

    Attributes:
        offsets: shape (n + 1), int32; the spans of passage i are those from ``offsets[i]`` to ``offsets[i + 1]``.
        objectives: numbers from 1 to 23, shape (m), int8.
        starts: first character of each span, shape (m), int32.
        ends: character after the last of each span, shape (m), int32.
        scores: probabilities, shape (m), float32.
    """

    offsets: "NDArray[np.int32]"
    objectives: "NDArray[np.int8]"
    starts: "NDArray[np.int32]"
    ends: "NDArray[np.int32]"
    scores: "NDArray[np.float32]"

    def __post_init__(self) -> None:
        if not len(self.objectives) == len(self.starts) == len(self.ends) == len(self.scores) == self.offsets[-1]:
            raise ValueError("the columns of evidence do not align")
        if (self.starts < 0).any() or (self.ends <= self.starts).any():
            raise ValueError("an evidence span is empty or negative")
        _check_probabilities(self.scores)

    @classmethod
    def of(cls, evidence: Sequence[Sequence[Evidence]]) -> "EvidenceColumns":
        """Columns of the evidence of each passage."""
        found = [item for spans in evidence for item in spans]
        return cls(
            offsets=_offsets(np.fromiter(map(len, evidence), dtype=np.int32, count=len(evidence))),
            objectives=np.array([item.objective for item in found], dtype=np.int8),
            starts=np.array([item.start for item in found], dtype=np.int32),
            ends=np.array([item.end for item in found], dtype=np.int32),
            scores=np.array([item.score for item in found], dtype=np.float32),
        )

    def spans(self) -> list[tuple[Evidence, ...]]:
        """The evidence of each passage."""
        columns = (self.objectives.tolist(), self.starts.tolist(), self.ends.tolist(), self.scores.tolist())
        found = [Evidence(*item) for item in zip(*columns, strict=True)]
        bounds = self.offsets.tolist()
        return [tuple(found[first:last]) for first, last in pairwise(bounds)]


@dataclass(frozen=True, slots=True)
class TagColumns:
    """Tags of n passages.

    Attributes:
        chosen: shape (n, 23), true where the objective is predicted.
        scores: calibrated probabilities, shape (n, 23), float32.
        cluster_scores: calibrated probabilities, shape (n, 4), float32.
        roles: positions in ``ROLES``, shape (n), int8.
        role_scores: shape (n), float32.
        unsure: shape (n, 23), true where a person should look.
        evidence: the spans that carry the predicted objectives.
    """

    chosen: "NDArray[np.bool_]"
    scores: "NDArray[np.float32]"
    cluster_scores: "NDArray[np.float32]"
    roles: "NDArray[np.int8]"
    role_scores: "NDArray[np.float32]"
    unsure: "NDArray[np.bool_]"
    evidence: EvidenceColumns

    def __post_init__(self) -> None:
        n = len(self.chosen)
        wide, clusters = (n, len(NUMBERS)), (n, len(CLUSTERS))
        if not self.chosen.shape == self.scores.shape == self.unsure.shape == wide:
            raise ValueError(f"chosen, scores and unsure must have the shape {wide}")
        if self.cluster_scores.shape != clusters or self.roles.shape != (n,) or self.role_scores.shape != (n,):
            raise ValueError(f"cluster scores, roles and role scores must be those of {n} passages")
        if self.evidence.offsets.shape != (n + 1,):
            raise ValueError(f"the evidence is not that of {n} passages")
        for values in (self.scores, self.cluster_scores, self.role_scores):
            _check_probabilities(values)
        owners = np.repeat(np.arange(n), np.diff(self.evidence.offsets))
        if not self.chosen[owners, self.evidence.objectives - 1].all():
            raise ValueError("evidence for an objective that is not predicted")

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def clusters(self) -> "NDArray[np.bool_]":
        """Clusters of the predicted objectives, shape (n, 4)."""
        return np.asarray(self.chosen @ MEMBERSHIP)

    @classmethod
    def of(cls, tags: Sequence[Tags]) -> "TagColumns":
        """Columns of records."""
        n = len(tags)
        return cls(
            chosen=_mask([item.objectives for item in tags]),
            scores=np.array([item.scores for item in tags], dtype=np.float32).reshape(n, len(NUMBERS)),
            cluster_scores=np.array([item.cluster_scores for item in tags], dtype=np.float32).reshape(n, len(CLUSTERS)),
            roles=np.array([_ROLE_NUMBER[item.role] for item in tags], dtype=np.int8),
            role_scores=np.array([item.role_score for item in tags], dtype=np.float32),
            unsure=_mask([item.unsure for item in tags]),
            evidence=EvidenceColumns.of([item.evidence for item in tags]),
        )

    def records(self) -> list[Tags]:
        """A record for each passage."""
        columns = zip(
            numbers_of(self.chosen),
            self.scores.tolist(),
            numbers_of(self.clusters),
            self.cluster_scores.tolist(),
            self.roles.tolist(),
            self.role_scores.tolist(),
            self.evidence.spans(),
            numbers_of(self.unsure),
            strict=True,
        )
        return [
            Tags(
                objectives=objectives,
                scores=tuple(scores),
                clusters=clusters,
                cluster_scores=tuple(cluster_scores),
                role=ROLES[role],
                role_score=role_score,
                evidence=evidence,
                unsure=unsure,
            )
            for objectives, scores, clusters, cluster_scores, role, role_score, evidence, unsure in columns
        ]


def numbers_of(mask: "NDArray[np.bool_]") -> list[tuple[int, ...]]:
    """For each row of a mask the 1-based numbers of its true columns.

    >>> numbers_of(np.array([[True, False, True], [False, False, False]]))
    [(1, 3), ()]
    """
    bounds, numbers = flat_numbers(mask)
    ends, found = bounds.tolist(), numbers.tolist()
    return [tuple(found[first:last]) for first, last in pairwise(ends)]


def flat_numbers(mask: "NDArray[np.bool_]") -> tuple["NDArray[np.int32]", "NDArray[np.int8]"]:
    """The 1-based numbers of the true columns of all rows, one after another, with the offsets of the rows before.

    Args:
        mask: shape (n, k).

    Returns:
        Offsets of shape (n + 1), int32, and numbers, int8.
    """
    return _offsets(mask.sum(axis=1)), (np.nonzero(mask)[1] + 1).astype(np.int8)


def _offsets(lengths: "NDArray[np.integer]") -> "NDArray[np.int32]":
    return np.concatenate([np.zeros(1, dtype=np.int32), np.cumsum(lengths, dtype=np.int32)])


def _mask(numbers: Sequence[Sequence[int]]) -> "NDArray[np.bool_]":
    mask = np.zeros((len(numbers), len(NUMBERS)), dtype=bool)
    for row, found in zip(mask, numbers, strict=True):
        row[[number - 1 for number in found]] = True
    return mask


def _check_probabilities(values: "NDArray[np.float32]") -> None:
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("a probability is outside [0, 1]")
