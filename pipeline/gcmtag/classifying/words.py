"""Words and short runs of words, counted and weighted: the same numbers as scikit-learn's TfidfVectorizer, in columns.

Tokens are cut, told apart and looked up for many texts at once (Arrow, NumPy), which is several times as fast as a
loop over texts and needs no import of scikit-learn; the tests compare the two. Learning is left to scikit-learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gcmtag.classifying.sparse import SparseRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Numbers name no objective: words are letters only, two at least.
WORD: Final = r"[^\W\d_]{2,}"
BETWEEN_WORDS: Final = r"[^\pL\p{Nl}\p{No}]+"
UNKNOWN: Final = -1
PASSED_OVER: Final = -2


@dataclass(frozen=True, slots=True)
class Words:
    """A TF-IDF vocabulary (lower-case words, 1 to ``longest`` of them in a row) with the weight of each term.

    Term frequencies are dampened (1 + log tf) and rows have unit length, as in scikit-learn's TfidfVectorizer.

    Attributes:
        terms: in the order of the columns; the words of a term are parted by a space.
        idf: weight of each term, float32.
        longest: most words of a term.
        passed_over: words that count as if they were not there; the words around them are neighbours.
    """

    terms: tuple[str, ...]
    idf: "NDArray[np.float32]"
    longest: int
    passed_over: frozenset[str] = frozenset()
    _levels: "tuple[_Level, ...]" = field(default=(), init=False, repr=False, compare=False)
    _numbers: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.idf.shape != (len(self.terms),):
            raise ValueError(f"{len(self.terms)} terms but weights of shape {self.idf.shape}")
        numbers, levels = _index(self.terms, self.longest)
        object.__setattr__(self, "_numbers", numbers | dict.fromkeys(self.passed_over, PASSED_OVER))
        object.__setattr__(self, "_levels", levels)

    @classmethod
    def learn(cls, texts: Sequence[str], longest: int, most: int, *, pass_over_stop_words: bool = True) -> "Words":
        """The ``most`` most frequent terms that occur in at least two of the texts, in alphabetical order.

        None where no term does: a corpus may have no contexts.
        """
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer  # noqa: PLC0415

        passed_over = frozenset(ENGLISH_STOP_WORDS) if pass_over_stop_words else frozenset[str]()
        vectorizer = TfidfVectorizer(
            ngram_range=(1, longest),
            sublinear_tf=True,
            stop_words=sorted(passed_over) or None,
            token_pattern=WORD,
            min_df=2,
            max_features=most,
        )
        try:
            vectorizer.fit(texts)
        except ValueError:  # the vectorizer's way to say that no term is left
            return cls((), np.zeros(0, dtype=np.float32), longest, passed_over)
        terms = tuple(map(str, vectorizer.get_feature_names_out()))
        return cls(terms, vectorizer.idf_.astype(np.float32), longest, passed_over)

    def rows(self, texts: "Sequence[str] | CutTexts") -> SparseRows:
        """Shape (n, number of terms), with unit rows; a text without any term has zeros."""
        counts = self.counts(texts)
        values, owners = (1 + np.log(counts.values)) * self.idf[counts.columns], counts.owners()
        lengths = np.sqrt(np.bincount(owners, values * values, minlength=counts.shape[0])).astype(np.float32)
        unit = values / np.maximum(lengths, np.finfo(np.float32).tiny)[owners]
        return replace(counts, values=np.asarray(unit, dtype=np.float32))

    def counts(self, texts: "Sequence[str] | CutTexts") -> SparseRows:
        """Shape (n, number of terms): how often each text has each term."""
        cut = texts if isinstance(texts, CutTexts) else CutTexts.of(texts)
        known = np.fromiter(map(self._number, cut.distinct), np.int64, len(cut.distinct))
        words = known[cut.words] if len(known) else np.zeros(0, dtype=np.int64)
        # Neighbours are what stands side by side without the words that are passed over.
        owners, words = cut.owners[words != PASSED_OVER], words[words != PASSED_OVER]
        columns, rows = [], []
        nodes = words
        for length, level in enumerate(self._levels, start=1):
            if length > 1:
                # A run goes on where the next word stands in the same text.
                begun, last = nodes[:-1], words[length - 1 :]
                places = np.flatnonzero((begun >= 0) & (last >= 0) & (owners[: len(begun)] == owners[length - 1 :]))
                nodes = np.full(len(begun), UNKNOWN)
                nodes[places] = level.find(begun[places], last[places])
            places = np.flatnonzero(nodes >= 0)
            found = level.terms[nodes[places]]
            rows.append(owners[places[found >= 0]])
            columns.append(found[found >= 0])
        nothing = np.zeros(0, dtype=np.int64)
        shape = cut.texts, len(self.terms)
        return SparseRows.counted(np.concatenate([nothing, *rows]), np.concatenate([nothing, *columns]), shape)

    def _number(self, word: str) -> int:
        return self._numbers.get(word, UNKNOWN) if len(word) > 1 else PASSED_OVER


@dataclass(frozen=True, slots=True)
class CutTexts:
    """Texts cut into lower-case words, for vocabularies to look up.

    Attributes:
        texts: how many there are.
        owners: for each word in reading order the number of its text, int64.
        words: for each its place in ``distinct``, int64.
        distinct: the different words.
    """

    texts: int
    owners: "NDArray[np.int64]"
    words: "NDArray[np.int64]"
    distinct: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "CutTexts":
        """Cuts texts at whatever is no letter."""
        cut = pc.split_pattern_regex(pc.utf8_lower(_column(texts)), BETWEEN_WORDS)
        told_apart = cut.flatten().dictionary_encode()
        return cls(
            texts=len(texts),
            owners=np.repeat(np.arange(len(texts)), np.diff(_numbers_in(cut.offsets))),
            words=_numbers_in(told_apart.indices).astype(np.int64),
            distinct=told_apart.dictionary.to_pylist(),
        )


@dataclass(frozen=True, slots=True)
class _Level:
    """Runs of one length, numbered: a run is the one without its last word, and that word.

    Attributes:
        keys: for each run ``run without last word * words + last word``, ascending.
        terms: for each run its column, or -1 for one that only begins a longer term.
        words: number of words in the vocabulary.
    """

    keys: "NDArray[np.int64]"
    terms: "NDArray[np.int64]"
    words: int

    def find(self, shorter: "NDArray[np.int64]", last: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """Number of each run, or ``UNKNOWN``."""
        if not len(self.keys):
            return np.full(len(shorter), UNKNOWN)
        keys = shorter * self.words + last
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, UNKNOWN)


def _index(terms: Sequence[str], longest: int) -> tuple[dict[str, int], tuple[_Level, ...]]:
    """Numbers of the words, and the runs of each length."""
    parted = [term.split(" ") for term in terms]
    numbers = {word: number for number, word in enumerate(sorted({word for words in parted for word in words}))}
    runs: list[dict[tuple[int, ...], int]] = [{} for _ in range(longest)]
    for column, words in enumerate(parted):
        ids = tuple(numbers[word] for word in words)
        for length in range(1, len(ids)):
            runs[length - 1].setdefault(ids[:length], UNKNOWN)
        runs[len(ids) - 1][ids] = column
    levels: list[_Level] = []
    nodes: dict[tuple[int, ...], int] = {(): 0}
    for number, own in enumerate(runs):
        if number == 0:
            own |= {(word,): own.get((word,), UNKNOWN) for word in numbers.values()}
        ordered = sorted(own)
        keys = [nodes[run[:-1]] * len(numbers) + run[-1] for run in ordered]
        levels.append(_Level(np.array(keys, np.int64), np.array([own[run] for run in ordered], np.int64), len(numbers)))
        nodes = {run: place for place, run in enumerate(ordered)}
    return numbers, tuple(levels)


def _column(texts: Sequence[str]) -> pa.Array:
    # pa.array would look whether it was given a data frame, and import pandas to know one.
    encoded = [text.encode("utf-8", "replace") for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def _numbers_in(array: pa.Array) -> "NDArray[np.integer]":
    """An Arrow array of whole numbers without gaps, as it lies in memory."""
    width = np.dtype(array.type.to_pandas_dtype())
    _, data = array.buffers()
    return np.frombuffer(data, dtype=width)[array.offset : array.offset + len(array)]
