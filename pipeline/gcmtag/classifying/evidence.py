"""The words that carry each predicted objective: the sentences of a passage, scored beside it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from gcmtag.classifying.classifier import Classifier, Scores, no_scores
from gcmtag.classifying.features import Views
from gcmtag.classifying.inputs import Inputs
from gcmtag.document import Evidence
from gcmtag.encoding.encoder import Progress
from gcmtag.objectives import NUMBERS
from gcmtag.segmenting.sentences import sentences

RELATIVE_LEVEL: Final = 0.7  # a sentence also counts if it scores at least this share of the passage's best sentence


def score_with_evidence(
    classifier: Classifier, inputs: Inputs, progress: Progress | None = None
) -> tuple[Scores, list[tuple[int, ...]], list[tuple[Evidence, ...]]]:
    """Scores, predicted objectives, and for each of these at least one span of the text that carries it.

    A sentence is scored from the words in it and from its share in the passage's vector, under the same context as its
    passage, without the declared objectives, which would lift all sentences alike. Its calibrated probability is the
    span's score.
    """
    readable = [_has_words(text) for text in inputs.texts]
    spans = [sentences(text) if some else [] for text, some in zip(inputs.texts, readable, strict=True)]
    if not len(inputs):
        return no_scores(), [], []
    views = classifier.views(inputs, spans, progress)
    scores = classifier.score_views(views)
    objectives = [
        tuple(number for number, p in zip(NUMBERS, row, strict=True) if some and p >= classifier.threshold)
        for row, some in zip(scores.objectives, readable, strict=True)
    ]
    return scores, objectives, _evidence(classifier, inputs, objectives, spans, views)


def _evidence(
    classifier: Classifier,
    inputs: Inputs,
    objectives: Sequence[tuple[int, ...]],
    spans: Sequence[Sequence[tuple[int, int]]],
    views: Views,
) -> list[tuple[Evidence, ...]]:
    tagged = [i for i, found in enumerate(objectives) if found]
    evidence: list[tuple[Evidence, ...]] = [()] * len(inputs)
    if not tagged:
        return evidence
    owners = [i for i in tagged for _ in spans[i]]
    pieces = Inputs(
        texts=[inputs.texts[i][start:end] for i in tagged for start, end in spans[i]],
        contexts=[inputs.contexts[i] for i in owners],
        declared=[()] * len(owners),
    )
    vectors = None if views.parts is None else np.concatenate([views.parts[i] for i in tagged])
    scores = classifier.score_sentences(pieces, vectors)
    ends = np.cumsum([len(spans[i]) for i in tagged])
    for i, rows in zip(tagged, np.split(scores, ends[:-1]), strict=True):
        evidence[i] = tuple(
            item for number in objectives[i] for item in _spans_for(number, spans[i], rows[:, number - 1].tolist())
        )
    return evidence


def _spans_for(number: int, spans: Sequence[tuple[int, int]], scores: Sequence[float]) -> list[Evidence]:
    level = RELATIVE_LEVEL * max(scores)
    return [
        Evidence(number, start, end, float(score))
        for (start, end), score in zip(spans, scores, strict=True)
        if score >= level
    ]


def _has_words(text: str) -> bool:
    return any(character.isalpha() for character in text)
