"""Recognises the official titles of objectives and clusters, also where they are slightly altered."""

import re
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from gcmtag.objectives import CLUSTERS, OBJECTIVES

_WORD: Final = re.compile(r"[^\W_]+")
_TAIL: Final = re.compile(
    r"[\s(\[–—:-]*\(?\s*(?:gcm\s+|gcm[ -]?compact\s+)?(?:objectives?|objectifs?|objetivos?|obj\.)\W*"
    r"[\d\s,;&/–-]+(?:(?:and|et|y)\s*\d+)?\s*\)?\W*$",
    re.I,
)
_LEAD: Final = re.compile(
    r"^\W*(?:(?:gcm|compact)\s+)?(?:(?:cluster|round\s?table|objective|obj\.|objectif|objetivo|goal)s?\s*)?"
    r"(?:no\.?\s*)?(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,5})[).:]?)?[\s.:–—-]+",
    re.I,
)
_EQUAL: Final = 88.0
_CUT_SHORT: Final = 93.0


def plain(text: str) -> str:
    """Lower-case words only.

    >>> plain("Save lives, and…")
    'save lives and'
    """
    return " ".join(_WORD.findall(text.casefold()))


_TITLES: Final = {objective.number: plain(objective.title) for objective in OBJECTIVES}
_COMMON: Final = frozenset(
    [
        "migration",
        "migrants",
        "migrant",
        "international",
        "of",
        "the",
        "and",
        "in",
        "to",
        "for",
        "as",
        "a",
        "an",
        "all",
        "that",
        "with",
        "on",
        "by",
        "at",
        "objective",
    ]
)
_ENDING: Final = re.compile(r"(?:ation|ing|ies|ed|es|s|e)$")
_TITLE_WORDS: Final = {
    objective.number: frozenset(_ENDING.sub("", word) for word in plain(objective.title).split() if word not in _COMMON)
    for objective in OBJECTIVES
}
_CLUSTER_TITLES: Final = {cluster.number: plain(cluster.title) for cluster in CLUSTERS}


@lru_cache(maxsize=65536)
def objective_named(text: str) -> int | None:
    """The objective whose official title the text is, or nearly is; None where it says anything else.

    Half a title or more from its beginning counts; a number or letter in front does not matter.

    >>> objective_named("Use migration detention only as a measure of last resort")
    13
    >>> objective_named("We provide access to basic services for migrants in six towns") is None
    True
    """
    return _named(text, _TITLES)


@lru_cache(maxsize=8192)
def cluster_named(text: str) -> int | None:
    """The cluster whose title the text is, or nearly is.

    >>> cluster_named("2. Protecting migrants through rights-based border governance (GCM Objectives: 4, 8)")
    2
    """
    return _named(text, _CLUSTER_TITLES)


@lru_cache(maxsize=65536)
def paraphrased(text: str, least: float = 1.3) -> int | None:
    """The objective whose title a short text says in nearly the same words, if there is exactly one.

    ``least`` is the least sum of two shares: of the text's content words in the title, and of the title's in the text.

    >>> paraphrased("Access to basic services")
    15
    """
    words = _content(text)
    if not 2 <= len(words) <= 16:
        return None
    scored: list[tuple[float, int]] = []
    for number, title in _TITLE_WORDS.items():
        shared = len(words & title)
        if shared >= 2:
            scored.append((shared / len(words) + shared / len(title), number))
    scored.sort(reverse=True)
    if not scored or scored[0][0] < least or (len(scored) > 1 and scored[0][0] - scored[1][0] < 0.2):
        return None
    return scored[0][1]


def _content(text: str) -> frozenset[str]:
    return frozenset(_ENDING.sub("", word) for word in plain(_TAIL.sub("", text)).split() if word not in _COMMON)


def _named(text: str, titles: dict[int, str]) -> int | None:
    if not 8 <= len(text) <= 260:
        return None
    bare = plain(_TAIL.sub("", text))
    best: tuple[float, int] | None = None
    for candidate in {bare, plain(_LEAD.sub("", _TAIL.sub("", text), count=1))}:
        for number, title in titles.items():
            score = _likeness(candidate, title)
            if score and (best is None or score > best[0]):
                best = (score, number)
    return best[1] if best else None


def _likeness(candidate: str, title: str) -> float:
    """Likeness from 0 to 100, 0 where it is not enough."""
    words, whole = candidate.split(), title.split()
    if len(words) < 3 and len(words) < len(whole) // 2:
        return 0.0
    score = max(fuzz.ratio(candidate, title), fuzz.token_sort_ratio(candidate, title))
    if score >= _EQUAL:
        return score
    if len(whole) // 2 <= len(words) < len(whole):
        begun = fuzz.ratio(candidate, " ".join(whole[: len(words)]))
        return begun if begun >= _CUT_SHORT else 0.0
    return 0.0
