"""The objectives that a document itself says it puts first."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rapidfuzz import fuzz

from gcmtag.document import Passage
from gcmtag.objectives import OBJECTIVES
from gcmtag.segmenting.declared import mentions
from gcmtag.segmenting.titles import objective_named, plain

_PRIORITY_QUESTION: Final = "7"
_CUE: Final = re.compile(
    r"\bpriorit(?:y|ies|i[sz]e[sd]?|i[sz]ing|é|és|aire|aires)\b|\bprioridad(?:es)?\b|\bpriori(?:z|s)\w*|"
    r"\bof (?:particular|special|utmost|greatest|highest) (?:importance|relevance|concern|interest)\b|"
    r"\b(?:most|particularly|especially) (?:important|relevant)\b|\bputs? first\b|\bgives? precedence\b",
    re.I,
)
_OWN: Final = re.compile(
    r"\b(?:we|our|us|government|state of|republic|kingdom|ministry|country|nation|national|nous|gobierno|gouvernement)\b",
    re.I,
)
_OTHERS: Final = re.compile(
    r"\b(?:states|countries|governments|participants|respondents|stakeholders|many|some|several|most) "
    r"(?:\w+ ){0,3}?(?:have |has )?(?:priori|given|give|consider|named|regard|identif)|\bmember states\b|\bthe network\b",
    re.I,
)
_NOT: Final = re.compile(
    r"\b(?:not|no|less|least|neither|nor|never|without|pas|moins|no es)\b[^.;]{0,40}(?:priorit|importan|relevan)|"
    r"\b(?:low|lower|lesser|lowest)[ -]+(?:priorit|importan)",
    re.I,
)
_MARKED: Final = re.compile(r"(?:^|\s)(?:\(?[a-zA-Z0-9]{1,2}[.)]|[•–-])\s+")


def declared_priorities(passages: Sequence[Passage]) -> tuple[int, ...]:
    """Objectives that the document puts first, ascending: by number, by title, or by a close paraphrase of a title.

    Read from the answer to item 7 of the questionnaire where it names any; elsewhere from sentences that say so of the
    author itself, and from the list that such a sentence introduces. What is said of other frameworks or of other
    States does not count.
    """
    answer = [passage for passage in passages if passage.question == _PRIORITY_QUESTION]
    found = {number for passage in answer for number in _named_in(passage.text)}
    if not answer or not found:
        found = _elsewhere([passage for passage in passages if passage.question != _PRIORITY_QUESTION])
    return tuple(sorted(found))


def _named_in(text: str) -> set[int]:
    """Objectives that a text names, sentence by sentence, leaving out those it says are no priority."""
    found: set[int] = set()
    for sentence in _statements(text):
        if _NOT.search(sentence):
            continue
        numbers = {number for _, _, several in mentions(sentence) for number in several}
        found |= numbers or _by_title(sentence)
    return found


def _statements(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.;?!])\s+(?=[A-ZÀ-Þ(])", text) if part.strip()]


def _by_title(text: str) -> set[int]:
    """Objectives named by their official titles, whole items first, then titles within running text."""
    items = [item.strip(" ,;.") for item in _MARKED.split(text) if item.strip(" ,;.")]
    found = {number for item in items if (number := objective_named(item) or paraphrased(item))}
    running = plain(text)
    for objective in OBJECTIVES:
        title = plain(objective.title)
        if len(running) > len(title) and fuzz.partial_ratio(title, running) >= 92:
            found.add(objective.number)
    return found


def paraphrased(item: str) -> int | None:
    """The objective whose title a short item says in nearly the same words, if there is exactly one."""
    words = _content(item)
    if not 2 <= len(words) <= 16:
        return None
    scored: list[tuple[float, int]] = []
    for objective in OBJECTIVES:
        title = _content(objective.title)
        shared = len(words & title)
        if shared >= 2:
            scored.append((shared / len(words) + shared / len(title), objective.number))
    scored.sort(reverse=True)
    if not scored or scored[0][0] < 1.3 or (len(scored) > 1 and scored[0][0] - scored[1][0] < 0.2):
        return None
    return scored[0][1]


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
    ]
)


def _content(text: str) -> set[str]:
    return {re.sub(r"(?:ation|ing|ies|ed|es|s|e)$", "", word) for word in plain(text).split() if word not in _COMMON}


def _elsewhere(passages: Sequence[Passage]) -> set[int]:
    found: set[int] = set()
    for place, passage in enumerate(passages):
        for sentence in _statements(passage.text):
            if not _says_priority(sentence, passage.section):
                continue
            found |= {number for _, _, several in mentions(sentence) for number in several}
            if sentence.rstrip().endswith(":") and "objective" in sentence.casefold():
                found |= _listed(passages[place + 1 :])
    return found


def _says_priority(sentence: str, section: str) -> bool:
    if not _CUE.search(sentence) or _NOT.search(sentence) or _OTHERS.search(sentence):
        return False
    return bool(_OWN.search(sentence) or _CUE.search(section))


def _listed(passages: Iterable[Passage]) -> set[int]:
    found: set[int] = set()
    for passage in passages:
        named = objective_named(passage.text)
        numbers = {number for _, _, several in mentions(passage.text[:80]) for number in several}
        titled = _by_title(passage.text) if passage.kind == "list_item" or named else set()
        if not (numbers or named or titled):
            break
        found |= numbers or ({named} if named else titled)
    return found
