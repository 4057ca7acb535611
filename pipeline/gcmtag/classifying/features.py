"""What the members of a classifier see of passages: words, the manner of speaking, declared objectives, vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy.sparse as sp

from gcmtag.classifying.inputs import Inputs
from gcmtag.classifying.words import Words
from gcmtag.encoding import Encoder
from gcmtag.encoding.encoder import Progress
from gcmtag.encoding.transformer import Span
from gcmtag.objectives import OBJECTIVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONTEXT_WEIGHT: Final = 0.3
CONTEXT_MARK: Final = " | "


@dataclass(frozen=True, slots=True)
class Views:
    """Passages as the members see them.

    Attributes:
        words: sparse (n, text terms + context terms + 23), for objectives.
        manner: sparse (n, manner terms + context terms), for roles: "should", "has" and "not" are words here too.
        vectors: (n, dimension), float32, of text and context together; None where a classifier has no encoder.
        parts: for each passage the vectors of its sentences, (sentences, dimension); None likewise.
    """

    words: Any
    manner: Any
    vectors: "NDArray[np.float32] | None" = None
    parts: "Sequence[NDArray[np.float32]] | None" = None


def views_of(
    inputs: Inputs,
    words: Mapping[str, Words],
    encoder: Encoder | None,
    spans: Sequence[Sequence[Span]],
    progress: Progress | None = None,
) -> Views:
    """Views of passages.

    Args:
        inputs: the passages.
        words: the vocabularies ``text``, ``context`` and ``manner``.
        encoder: None for a classifier that reads words alone.
        spans: characters [start, end) of the sentences of each text.
        progress: called with (texts encoded, texts in all).
    """
    nearest = words["context"].rows(inputs.nearest_contexts())
    declared = sp.csr_matrix(declared_rows(inputs))
    seen = sp.hstack([words["text"].rows(inputs.texts), CONTEXT_WEIGHT * nearest, declared]).tocsr()
    manner = sp.hstack([words["manner"].rows(inputs.texts), nearest]).tocsr()
    if encoder is None:
        return Views(seen, manner)
    return Views(seen, manner, *_vectors(inputs, encoder, spans, progress))


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
