"""The words that carry each predicted objective: the sentences of a passage, scored like passages of their own."""

from collections.abc import Sequence
from typing import Final

from gcmtag.classifying.classifier import Classifier
from gcmtag.classifying.inputs import Inputs
from gcmtag.document import Evidence
from gcmtag.encoding.encoder import Progress
from gcmtag.segmenting.sentences import sentences

RELATIVE_LEVEL: Final = 0.7  # a sentence also counts if it scores at least this share of the passage's best sentence


def find_evidence(
    classifier: Classifier,
    inputs: Inputs,
    objectives: Sequence[tuple[int, ...]],
    progress: Progress | None = None,
) -> list[tuple[Evidence, ...]]:
    """Spans of each text for each of its predicted objectives, at least one per objective.

    A sentence stands under the same context as its passage, without the declared objectives, which would lift all
    sentences alike. Its calibrated probability is the span's score.
    """
    spans = [sentences(text) if found else [] for text, found in zip(inputs.texts, objectives, strict=True)]
    owners = [i for i, found in enumerate(spans) for _ in found]
    pieces = Inputs(
        texts=[inputs.texts[i][start:end] for i, found in enumerate(spans) for start, end in found],
        contexts=[inputs.contexts[i] for i in owners],
        declared=[()] * len(owners),
    )
    scores = classifier.score(pieces, progress).objectives
    evidence: list[tuple[Evidence, ...]] = []
    first = 0
    for found, numbers in zip(spans, objectives, strict=True):
        rows = scores[first : first + len(found)]
        evidence.append(
            tuple(item for number in numbers for item in _spans_for(number, found, rows[:, number - 1].tolist()))
        )
        first += len(found)
    return evidence


def _spans_for(number: int, spans: Sequence[tuple[int, int]], scores: Sequence[float]) -> list[Evidence]:
    level = RELATIVE_LEVEL * max(scores)
    return [
        Evidence(number, start, end, float(score))
        for (start, end), score in zip(spans, scores, strict=True)
        if score >= level
    ]
