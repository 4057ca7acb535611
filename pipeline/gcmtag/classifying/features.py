"""What each member of the classifier sees: words and declared objectives, or one vector of text and context."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy.sparse as sp

from gcmtag.classifying.inputs import Inputs
from gcmtag.encoding import Encoder
from gcmtag.encoding.encoder import Progress
from gcmtag.encoding.transformer import Span
from gcmtag.objectives import OBJECTIVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEXICAL_CONTEXT_WEIGHT: Final = 0.3
DECLARED_WEIGHT: Final = 1.0
CONTEXT_MARK: Final = " | "


@dataclass(frozen=True, slots=True)
class Words:
    """A TF-IDF vocabulary (lower-case words, 1 to ``longest`` of them in a row) with the weight of each term.

    Term frequencies are dampened (1 + log tf) and rows have unit length, as in scikit-learn's TfidfVectorizer.
    """

    terms: tuple[str, ...]
    idf: "NDArray[np.float32]"
    longest: int
    _vectorizer: Any = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.idf.shape != (len(self.terms),):
            raise ValueError(f"{len(self.terms)} terms but weights of shape {self.idf.shape}")
        if self.terms:
            vectorizer = _vectorizer(self.longest, vocabulary={term: i for i, term in enumerate(self.terms)})
            vectorizer.idf_ = self.idf.astype(np.float64)
            object.__setattr__(self, "_vectorizer", vectorizer)

    @classmethod
    def learn(cls, texts: Sequence[str], longest: int, most: int) -> "Words":
        """The ``most`` most frequent terms that occur in at least two of the texts, in alphabetical order.

        None where no term does: a corpus may have no contexts.
        """
        vectorizer = _vectorizer(longest, min_df=2, max_features=most)
        try:
            vectorizer.fit(texts)
        except ValueError:  # the vectorizer's way to say that no term is left
            return cls((), np.zeros(0, dtype=np.float32), longest)
        return cls(tuple(vectorizer.get_feature_names_out()), vectorizer.idf_.astype(np.float32), longest)

    def rows(self, texts: Sequence[str]) -> Any:  # noqa: ANN401
        """Sparse matrix of shape (n, number of terms), float64."""
        return self._vectorizer.transform(texts) if self.terms else sp.csr_matrix((len(texts), 0))


def _vectorizer(longest: int, **options: Any) -> Any:  # noqa: ANN401
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    # Numbers name no objective: words are letters only.
    return TfidfVectorizer(
        ngram_range=(1, longest),
        sublinear_tf=True,
        stop_words="english",
        token_pattern=r"(?u)\b[^\W\d_]{2,}\b",  # noqa: S106
        **options,
    )


def declared_rows(inputs: Inputs) -> "NDArray[np.float32]":
    """Shape (n, 23): declared objectives share a weight of 1, so a heading with one says more than one with five."""
    rows = np.zeros((len(inputs), len(OBJECTIVES)), dtype=np.float32)
    for row, declared in zip(rows, inputs.declared, strict=True):
        for number in declared:
            row[number - 1] = 1 / len(declared)
    return rows


def lexical_features(inputs: Inputs, words: Mapping[str, Words]) -> Any:  # noqa: ANN401
    """Sparse matrix (n, text terms + context terms + 23)."""
    return sp.hstack(
        [
            words["text"].rows(inputs.texts),
            LEXICAL_CONTEXT_WEIGHT * words["context"].rows(inputs.nearest_contexts()),
            DECLARED_WEIGHT * sp.csr_matrix(declared_rows(inputs)),
        ]
    ).tocsr()


def joined_texts(inputs: Inputs) -> list[str]:
    """The encoder's view of each passage: the nearest context and the text in one string."""
    return [
        f"{context}{CONTEXT_MARK}{text}" if context else text
        for context, text in zip(inputs.nearest_contexts(), inputs.texts, strict=True)
    ]


def dense_features(inputs: Inputs, encoder: Encoder, progress: Progress | None = None) -> "NDArray[np.float32]":
    """Shape (n, dimension), float32: unit vectors of text and context together."""
    return encoder.encode(joined_texts(inputs), progress)


def dense_features_with_parts(
    inputs: Inputs, parts: Sequence[Sequence[Span]], encoder: Encoder, progress: Progress | None = None
) -> "tuple[NDArray[np.float32], list[NDArray[np.float32]]]":
    """As ``dense_features``, and for each passage the vectors of its parts, shape (parts, dimension).

    Args:
        inputs: the passages.
        parts: characters [start, end) of the parts of each passage's text.
        encoder: what reads them.
        progress: called with (texts encoded, texts in all).
    """
    joined = joined_texts(inputs)
    # The context stands in front of the text.
    before = [len(whole) - len(text) for whole, text in zip(joined, inputs.texts, strict=True)]
    moved = [[(start + by, end + by) for start, end in own] for own, by in zip(parts, before, strict=True)]
    found = encoder.encode_parts(joined, moved, progress)
    vectors = np.stack([rows[0] for rows in found]) if found else np.zeros((0, encoder.dimension), dtype=np.float32)
    return vectors, [rows[1:] for rows in found]
