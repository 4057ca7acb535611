"""The words that carry each predicted objective: the sentences of a passage, scored beside it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from gcmtag.classifying.classifier import Classifier, Scores, no_scores
from gcmtag.classifying.features import Views
from gcmtag.classifying.inputs import Inputs
from gcmtag.columns import EvidenceColumns
from gcmtag.encoding.encoder import Progress
from gcmtag.encoding.transformer import Span
from gcmtag.segmenting.sentences import sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELATIVE_LEVEL: Final = 0.7  # a sentence also counts if it scores at least this share of the passage's best sentence


def score_with_evidence(
    classifier: Classifier, inputs: Inputs, readable: "NDArray[np.bool_]", progress: Progress | None = None
) -> "tuple[Scores, NDArray[np.bool_], EvidenceColumns]":
    """Scores, predicted objectives as a mask of shape (n, 23), and for each of these at least one span of the text.

    A sentence is scored from the words in it and from its share in the passage's vector, under the same context as its
    passage, without the declared objectives, which would lift all sentences alike. Its calibrated probability is the
    span's score.

    Args:
        classifier: what scores.
        inputs: the passages.
        readable: shape (n), false for passages that get no objective whatever their scores.
        progress: called with (passages encoded, passages in all).
    """
    if not len(inputs):
        return no_scores(), np.zeros((0, 23), dtype=bool), EvidenceColumns.of([])
    if classifier.light:
        views = classifier.views(inputs)
        spans: list[list[Span]] = []
    else:
        spans = [sentences(text) if some else [] for text, some in zip(inputs.texts, readable.tolist(), strict=True)]
        views = classifier.views(inputs, spans, progress)
    scores = classifier.score_views(views)
    chosen = (scores.objectives >= classifier.threshold) & readable[:, np.newaxis]
    return scores, chosen, _evidence(classifier, inputs, chosen, spans, views)


def _evidence(
    classifier: Classifier,
    inputs: Inputs,
    chosen: "NDArray[np.bool_]",
    spans: Sequence[Sequence[Span]],
    views: Views,
) -> EvidenceColumns:
    tagged = np.flatnonzero(chosen.any(axis=1)).tolist()
    if not tagged:
        return EvidenceColumns.of([()] * len(inputs))
    cut = [spans[i] if spans else sentences(inputs.texts[i]) for i in tagged]
    counts = [len(own) for own in cut]
    owners = np.repeat(tagged, counts)
    flat = np.array([span for own in cut for span in own])
    pieces = Inputs(
        texts=[inputs.texts[i][start:end] for i, own in zip(tagged, cut, strict=True) for start, end in own],
        contexts=[inputs.contexts[i] for i in owners],
        declared=[()] * len(owners),
    )
    vectors = None if views.parts is None else np.concatenate([views.parts[i] for i in tagged])
    scores = classifier.score_sentences(pieces, vectors)
    best = np.maximum.reduceat(scores, np.cumsum([0, *counts[:-1]]), axis=0)
    carries = chosen[owners] & (scores >= RELATIVE_LEVEL * np.repeat(best, counts, axis=0))
    rows, objectives = np.nonzero(carries)
    order = np.lexsort((rows, objectives, owners[rows]))
    rows, objectives = rows[order], objectives[order]
    return EvidenceColumns(
        offsets=np.concatenate([[0], np.cumsum(np.bincount(owners[rows], minlength=len(inputs)))]).astype(np.int32),
        objectives=(objectives + 1).astype(np.int8),
        starts=flat[rows, 0].astype(np.int32),
        ends=flat[rows, 1].astype(np.int32),
        scores=scores[rows, objectives],
    )
