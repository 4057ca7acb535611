"""What the members of a classifier see of passages: words, the manner of speaking, declared objectives, vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from gcmtag.classifying.inputs import Inputs
from gcmtag.classifying.sparse import SideBySide
from gcmtag.classifying.words import CutTexts, Words
from gcmtag.encoding import Encoder
from gcmtag.encoding.adapter import compressed, restored
from gcmtag.encoding.encoder import Progress
from gcmtag.encoding.transformer import Span
from gcmtag.objectives import OBJECTIVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONTEXT_WEIGHT: Final = 0.3
CONTEXT_MARK: Final = " | "
HIGHEST_LOG_ODDS: Final = 9.0  # of a word; beyond that a single word would outweigh everything else
NO_WORD_ODDS: Final = float(np.exp(-4.0))  # of a text without any word of the dictionary


@dataclass(frozen=True, slots=True)
class Dictionary:
    """What a model with an encoder said of single words by themselves: how much each speaks for each objective.

    Attributes:
        words: single words.
        log_odds: shape (words, 23), float32.
    """

    words: Words
    log_odds: "NDArray[np.float32]"

    def __post_init__(self) -> None:
        if self.log_odds.shape != (len(self.words.terms), len(OBJECTIVES)):
            raise ValueError(f"log odds {self.log_odds.shape} for {len(self.words.terms)} words")

    def logits(self, texts: Sequence[str] | CutTexts) -> "NDArray[np.float32]":
        """Shape (n, 23), float32: the odds of a text's words, each word counted once, added up."""
        counts = self.words.counts(texts)
        present = replace(counts, values=np.ones_like(counts.values))
        odds = np.exp(np.minimum(self.log_odds, HIGHEST_LOG_ODDS))
        return np.asarray(np.log(present @ odds + NO_WORD_ODDS), dtype=np.float32)

    def rounded(self) -> "Dictionary":
        """The same as it will be after writing and reading."""
        return Dictionary(self.words, restored(*compressed(self.log_odds)))


@dataclass(frozen=True, slots=True)
class Views:
    """Passages as the members see them.

    Attributes:
        words: (n, text terms + context terms + 23), for objectives.
        manner: (n, manner terms + context terms), for roles: "should", "has" and "not" are words here too.
        vectors: (n, dimension), float32, of text and context together; None where a classifier has no encoder.
        parts: for each passage the vectors of its sentences, (sentences, dimension); None likewise.
        looked_up: (n, 23), float32, what the dictionary gives; None where a classifier has none.
    """

    words: SideBySide
    manner: SideBySide
    vectors: "NDArray[np.float32] | None" = None
    parts: "Sequence[NDArray[np.float32]] | None" = None
    looked_up: "NDArray[np.float32] | None" = None


def views_of(
    inputs: Inputs,
    words: Mapping[str, Words],
    encoder: Encoder | None = None,
    spans: Sequence[Sequence[Span]] = (),
    dictionary: Dictionary | None = None,
    progress: Progress | None = None,
) -> Views:
    """Views of passages.

    Args:
        inputs: the passages.
        words: the vocabularies ``text``, ``context`` and ``manner``.
        encoder: None for a classifier that reads words alone.
        spans: characters [start, end) of the sentences of each text, for the encoder.
        dictionary: None for a classifier that has none.
        progress: called with (texts encoded, texts in all).
    """
    texts = CutTexts.of(inputs.texts)  # once for all vocabularies
    nearest = words["context"].rows(inputs.nearest_contexts())
    seen = SideBySide([words["text"].rows(texts), nearest.times(CONTEXT_WEIGHT), declared_rows(inputs)])
    manner = SideBySide([words["manner"].rows(texts), nearest])
    looked_up = None if dictionary is None else dictionary.logits(texts)
    vectors, parts = (None, None) if encoder is None else _vectors(inputs, encoder, spans, progress)
    return Views(seen, manner, vectors, parts, looked_up)


def declared_rows(inputs: Inputs) -> "NDArray[np.float32]":
    """Shape (n, 23): declared objectives share a weight of 1, so a heading with one says more than one with five."""
    rows = np.zeros((len(inputs), len(OBJECTIVES)), dtype=np.float32)
    for row, declared in zip(rows, inputs.declared, strict=True):
        for number in declared:
            row[number - 1] = 1 / len(declared)
    return rows


def joined_texts(inputs: Inputs) -> list[str]:
    """The encoder's view of each passage: the nearest context and the text in one string."""
    return [
        f"{context}{CONTEXT_MARK}{text}" if context else text
        for context, text in zip(inputs.nearest_contexts(), inputs.texts, strict=True)
    ]


def _vectors(
    inputs: Inputs, encoder: Encoder, spans: Sequence[Sequence[Span]], progress: Progress | None
) -> "tuple[NDArray[np.float32], list[NDArray[np.float32]]]":
    joined = joined_texts(inputs)
    # The context stands in front of the text.
    before = [len(whole) - len(text) for whole, text in zip(joined, inputs.texts, strict=True)]
    moved = [[(start + by, end + by) for start, end in own] for own, by in zip(spans, before, strict=True)]
    found = encoder.encode_parts(joined, moved, progress)
    vectors = np.stack([rows[0] for rows in found]) if found else np.zeros((0, encoder.dimension), dtype=np.float32)
    return vectors, [rows[1:] for rows in found]
