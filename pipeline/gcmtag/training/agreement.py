"""How far two readers who labelled the same passages apart agree."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcmtag.errors import CorpusMismatch, MissingExtra
from gcmtag.objectives import OBJECTIVES
from gcmtag.training.corpus import corpus_files


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement before differences were settled.

    Attributes:
        passages: number of passages with both readings.
        both: labels that both readers gave; ``only_a`` and ``only_b``: labels that one gave.
        micro_f1: F1 of one reader's labels against the other's, which is symmetric.
        identical_sets: share of passages with the same set of objectives.
        same_role: share of passages with the same role.
        alpha: Krippendorff's alpha over sets of objectives with MASI distance (Passonneau 2006).
        kappas: Cohen's kappa for each of the 23 objectives, objective 1 first.
    """

    passages: int
    both: int
    only_a: int
    only_b: int
    micro_f1: float
    identical_sets: float
    same_role: float
    alpha: float
    kappas: tuple[float, ...]


def agreement(paths: Iterable[Path]) -> Agreement:
    """Agreement over the passages of corpus files that carry the fields ``coder_a`` and ``coder_b``.

    Raises:
        CorpusMismatch: a path holds no corpus, or no passage has two readings.
        MissingExtra: the library for alpha is not installed.
    """
    pairs = [pair for path in paths for file in corpus_files(path) for pair in _pairs(file)]
    if not pairs:
        raise CorpusMismatch("no passage has two readings (fields coder_a and coder_b): nothing to compare")
    sets = [(frozenset(a["objectives"]), frozenset(b["objectives"])) for a, b in pairs]
    both = sum(len(a & b) for a, b in sets)
    only_a, only_b = sum(len(a - b) for a, b in sets), sum(len(b - a) for a, b in sets)
    return Agreement(
        passages=len(pairs),
        both=both,
        only_a=only_a,
        only_b=only_b,
        micro_f1=2 * both / (2 * both + only_a + only_b) if both + only_a + only_b else 1.0,
        identical_sets=sum(a == b for a, b in sets) / len(sets),
        same_role=sum(a["role"] == b["role"] for a, b in pairs) / len(pairs),
        alpha=_alpha(sets),
        kappas=tuple(_kappa([(o.number in a, o.number in b) for a, b in sets]) for o in OBJECTIVES),
    )


def _pairs(file: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    with file.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(row["coder_a"], row["coder_b"]) for row in rows if "coder_a" in row and "coder_b" in row]


def _kappa(pairs: Sequence[tuple[bool, bool]]) -> float:
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415

    first, second = zip(*pairs, strict=True)
    if set(first) == set(second) and len(set(first)) == 1:
        return 1.0  # the score is undefined where neither reader ever used the objective
    return float(cohen_kappa_score(first, second))


def _alpha(sets: Sequence[tuple[frozenset[int], frozenset[int]]]) -> float:
    try:
        from nltk.metrics import AnnotationTask, masi_distance  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("agreement needs the extra 'train': pip install 'gcmtag[train]'") from error
    # The empty set has no distance to itself in MASI; a label of its own stands for "no objective".
    none = frozenset({0})
    rows = [(coder, i, labels or none) for i, pair in enumerate(sets) for coder, labels in zip("ab", pair, strict=True)]
    return float(AnnotationTask(rows, distance=masi_distance).alpha())
