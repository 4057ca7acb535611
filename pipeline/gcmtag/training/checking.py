"""Whether a corpus keeps what it promises: counts, no near-copies, no text of source documents."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from gcmtag.errors import CorpusMismatch
from gcmtag.objectives import CLUSTERS, OBJECTIVES
from gcmtag.training.corpus import LabelledPassage

SHINGLE: Final = 3  # words
NEAR_COPY: Final = 0.6  # Jaccard similarity of two passages' shingles
RUN: Final = 12  # words
SHORTEST: Final = 8  # words; two shorter items can be alike without being copies
SOURCES: Final = (".txt", ".jsonl", ".md")


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found.

    Attributes:
        documents: number of documents.
        passages: number of passages; ``several`` with more than one objective, ``none`` without any.
        positives: passages with each of the 23 objectives, objective 1 first.
        near_copies: pairs of ids of passages that are near-copies of each other.
        shared_runs: (id, words) of passages that share a run of twelve words with a source.
    """

    documents: int
    passages: int
    several: int
    none: int
    positives: tuple[int, ...]
    near_copies: tuple[tuple[str, str], ...]
    shared_runs: tuple[tuple[str, str], ...]


def check(passages: Sequence[LabelledPassage], sources: Iterable[Path]) -> Check:
    """Counts of a corpus, its near-copies, and what it shares with source documents.

    Args:
        passages: the corpus.
        sources: text files, or folders that are walked for them; official titles may stand in the corpus.

    Raises:
        CorpusMismatch: a source does not exist.
    """
    counts = Counter(number for p in passages for number in p.objectives)
    return Check(
        documents=len({p.document for p in passages}),
        passages=len(passages),
        several=sum(len(p.objectives) > 1 for p in passages),
        none=sum(not p.objectives for p in passages),
        positives=tuple(counts[o.number] for o in OBJECTIVES),
        near_copies=tuple(near_copies(passages)),
        shared_runs=tuple(shared_runs(passages, sources)),
    )


def near_copies(passages: Sequence[LabelledPassage]) -> list[tuple[str, str]]:
    """Pairs of passages of eight words or more whose three-word shingles have a Jaccard similarity of 0.6 or more.

    The similarity is computed exactly, from a sparse product, rather than estimated by MinHash.
    """
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415

    long = [p for p in passages if len(_words(p.text)) >= SHORTEST]
    if len(long) < 2:
        return []
    counter = CountVectorizer(ngram_range=(SHINGLE, SHINGLE), tokenizer=_words, token_pattern=None, binary=True)
    shingles: Any = counter.fit_transform([p.text for p in long])
    sizes = np.asarray(shingles.sum(axis=1)).ravel()
    common = (shingles @ shingles.T).tocoo()
    return [
        (long[i].id, long[j].id)
        for i, j, shared in zip(common.row, common.col, common.data, strict=True)
        if i < j and shared / (sizes[i] + sizes[j] - shared) >= NEAR_COPY
    ]


def shared_runs(passages: Sequence[LabelledPassage], sources: Iterable[Path]) -> list[tuple[str, str]]:
    """Passages that share a run of twelve words with a source, with the first such run.

    Raises:
        CorpusMismatch: a source does not exist.
    """
    known = {run for path in sources for file in _source_files(path) for run in _runs(file.read_text(encoding="utf-8"))}
    titles = [*(o.title for o in OBJECTIVES), *(c.title for c in CLUSTERS)]
    known -= {run for title in titles for run in _runs(title)}
    found = ((p.id, next((run for run in _runs(p.text) if run in known), None)) for p in passages)
    return [(name, run) for name, run in found if run is not None]


def _source_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CorpusMismatch(f"no source documents at {path}: name a file or a folder")
    return sorted(file for file in path.rglob("*") if file.suffix in SOURCES)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _runs(text: str) -> list[str]:
    words = _words(text)
    return [" ".join(words[i : i + RUN]) for i in range(len(words) - RUN + 1)]
