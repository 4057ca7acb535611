"""Statements in which a text itself says that an objective got little attention in reporting or reviews."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rapidfuzz import fuzz

from gcmtag.objectives import OBJECTIVES
from gcmtag.segmenting.declared import mentions
from gcmtag.segmenting.priorities import subjects
from gcmtag.segmenting.sentences import sentences
from gcmtag.segmenting.titles import plain

_NOUN: Final = (
    r"(?:attention|priority|coverage|emphasis|focus|consideration|mention|discussion|space|visibility|prominence|"
    r"reporting|information)"
)
_SMALL: Final = (
    r"(?:limited|little|insufficient|scant|scarce|less|least|lesser|low|minimal|inadequate|sparse|marginal|hardly any|"
    r"scarcely any|almost no|virtually no|no|uneven and limited)"
)
_DEGREE: Final = (
    r"(?:(?:relatively|comparatively|rather|very|only|too|quite|far|much|the|extremely|disappointingly) ){0,2}"
)
_LITTLE: Final = rf"\b{_DEGREE}{_SMALL} (?:[\w-]+ ){{0,2}}?{_NOUN}\b"
_GOT: Final = (
    r"(?:receiv(?:ed?|es|ing)|got|gets?|attract(?:ed|s)?|"
    r"(?:was|were|is|are|been|being) (?:given|paid|accorded|afforded|devoted))"
)
_IS: Final = r"(?:was|were|is|are|remain(?:s|ed)?|has been|have been|has remained|have remained)"
_REPORTS: Final = (
    r"(?:reviews?|reports?|reporting|submissions?|questionnaires?|responses|replies|answers|statements|discussions?|"
    r"deliberations|round ?tables?|consultations?|contributions|inputs|forum|pledges|voluntary national reviews|vnrs)"
)
_PLACE: Final = re.compile(
    rf"\b(?:in|during|by|across|throughout|within|from|among|of)\s+(?:[\w’'-]+\s+){{0,5}}?{_REPORTS}\b|"
    rf"\b(?:in|by|from|among)\s+(?:[\w’'-]+\s+){{0,3}}?reporting\s+(?:states|countries|governments)\b",
    re.I,
)
_REPORTERS: Final = (
    rf"(?:{_REPORTS}|(?:reporting |member )?states|countries|governments|respondents|participants|speakers|delegations)"
)
_IGNORED: Final = (
    r"(?:overlooked|neglected|under-?reported|rarely (?:mentioned|addressed|discussed|covered)|"
    r"seldom (?:mentioned|addressed|discussed|covered)|"
    r"(?:hardly|barely|scarcely) (?:mentioned|addressed|discussed|covered)|"
    r"(?:largely |almost |virtually |entirely )?(?:absent|missing(?! (?:migrants|persons|people)))|"
    r"(?:among |one of )?(?:the )?least[- ](?:reported|mentioned|addressed|covered|discussed)|"
    r"not (?:mentioned|addressed|covered|discussed|reported on))"
)
_SCARCE: Final = r"(?:few|(?:only )?a handful of|only (?:a few|one|two|three|four|five|\d+)(?: of the)?)"
_TOLD: Final = (
    r"(?:reported on|mentioned|addressed|covered|discussed|referred to|touched (?:up)?on|spoke of|wrote about)"
)
_PATTERNS: Final = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        # X received limited attention
        rf"^(?P<before>.+?)\b(?:have |has |had )?(?:also |again |been |so far |to date ){{0,2}}{_GOT} {_LITTLE}",
        # limited attention was given to X; there was limited attention to X
        rf"{_LITTLE}(?: [\w-]+){{0,5}}?(?: in [^,;]{{0,50}}?)? (?:to|of|on|about|for) (?P<after>[^;]+)",
        # attention to X in the reviews was limited
        rf"\b{_NOUN} (?:[\w-]+ ){{0,2}}?(?:to|of|on|about|for) (?P<before>.+?) {_IS} {_DEGREE}"
        r"(?:limited|insufficient|scant|scarce|low|minimal|inadequate|sparse|marginal)\b",
        # X was largely overlooked
        rf"^(?P<before>.+?) {_IS} (?:[\w-]+ ){{0,2}}?{_IGNORED}\b",
        # X did not receive much attention
        r"^(?P<before>.+?) (?:did|do|does|has|have|had) (?P<denied>not) (?:receive|get|got|received|attract(?:ed)?) "
        rf"(?:much|enough|sufficient|a lot of|any|any great|great|the same) (?:[\w-]+ ){{0,2}}?{_NOUN}\b",
        # X featured little in the reviews
        r"^(?P<before>.+?) (?:features?|featured|figured|appear(?:s|ed)?) (?:only )?(?:very |rather )?"
        r"(?:little|rarely|seldom|hardly|marginally)\b",
        # reports said very little about X; the submissions are silent on X
        rf"\b{_REPORTERS} (?:[\w-]+ ){{0,3}}?"
        r"(?:(?:sa(?:id|y)|spoke|wrote|contain(?:ed)?|offer(?:ed)?|provided?|tell|told) "
        rf"{_DEGREE}(?:little|nothing|hardly anything|almost nothing)|silent) (?:[\w-]+ )?"
        r"(?:on|about|of) (?P<after>[^;]+)",
        # X was addressed by only three States
        rf"^(?P<before>.+?) {_IS} {_TOLD} (?:in|by) {_SCARCE} (?:[\w-]+ ){{0,3}}?{_REPORTERS}\b",
        # few States reported on X
        rf"\b(?:very )?{_SCARCE} (?:[\w-]+ ){{0,3}}?{_REPORTERS} (?:have |had )?{_TOLD} (?P<after>[^;]+)",
    )
)
# What every pattern needs; the patterns themselves are slow on long sentences.
_CORE: Final = re.compile(
    rf"\b{_SMALL} (?:[\w-]+ ){{0,2}}?{_NOUN}\b|"
    rf"\b{_NOUN}\b.*?\b(?:limited|insufficient|scant|scarce|low|minimal|inadequate|sparse|marginal)\b|"
    rf"\b{_IGNORED}\b|\b{_SCARCE} (?:[\w-]+ ){{0,3}}?{_REPORTERS}\b|"
    rf"\bnot (?:receive|get|got|received|attract(?:ed)?) (?:[\w-]+ ){{1,4}}?{_NOUN}\b|"
    r"\b(?:features?|featured|figured|appear(?:s|ed)?) (?:[\w-]+ )?(?:little|rarely|seldom|hardly|marginally)\b|"
    rf"\b{_REPORTERS} (?:[\w-]+ ){{0,5}}?(?:little|nothing|anything|silent)\b",
    re.I,
)
_BY_REPORTERS: Final = _PATTERNS[-3:]  # these name who reports
_SUBJECT_REPORTS: Final = re.compile(
    rf"\b(?:[\w’'-]+ )?{_REPORTERS} (?:[\w-]+ ){{0,3}}?"
    r"(?:paid|gave|give|devoted?|placed?|put|offer(?:ed)?|contain(?:ed)?|made|make)\b",
    re.I,
)
_NUMBERED: Final = re.compile(r"\bobjectives? \d", re.I)
_NOT: Final = re.compile(
    r"\b(?:if|whether|unless|lest|should|must|would|could|might|may|risks?|no longer|not only|no less|nothing less|"
    r"without|avoid|prevent|never|cannot)\b|"
    r"\b(?:did|do|does|has|have|had|was|were|is|are) not (?:receiv|giv|paid|pay|got|get|been)",
    re.I,
)
_MEDIA: Final = re.compile(
    r"\b(?:media|press|newspapers?|news|police|medical|television|inspection|incident|annual financial)\b", re.I
)
_QUICK: Final = re.compile(
    r"\b(?:attention|priority|coverage|emphasis|focus|consideration|mention|discussion|space|visibility|prominence|"
    r"reporting|information|overlooked|neglected|under-?reported|mentioned|addressed|covered|discussed|absent|missing|"
    r"few|handful|only|features?|featured|figured|appear(?:s|ed)?|silent|little|nothing|anything|"
    r"least[- ](?:reported|mentioned|addressed|covered|discussed))\b",
    re.I,
)
_OWN: Final[Mapping[int, str]] = {
    4: r"\b(?:civil registration|birth registration|legal identity|proof of identity)\b",
    8: r"\b(?:(?:loss|losses) of (?:\w+ ){0,2}li(?:fe|ves)|migrant deaths?|deaths? of migrants|disappearances?|"
    r"missing migrants)\b",
}


def attention_statements(passages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Statements that an objective got little attention, in reading order, each objective of a sentence once.

    The objective is the one that the sentence names, by number, by title or by its subject, as what got little
    attention; where it names none, the passage's objective with the strongest evidence in that sentence.

    Args:
        passages: rows of the tags table with document_id, passage_id, locator, text, objectives and evidence.

    Returns:
        Records with document_id, passage_id, locator, objective, quote (the sentence).
    """
    found = []
    for row in passages:
        text = str(row["text"])
        # Sentences are dear; hardly any passage has the words that such a statement needs.
        if not (_QUICK.search(text) and _CORE.search(" ".join(text.split()))):
            continue
        for start, end in sentences(text):
            topic = neglected(text[start:end])
            if topic is None:
                continue
            for objective in _named(topic) or _evident(row, start, end):
                found.append(
                    {
                        "document_id": str(row["document_id"]),
                        "passage_id": str(row["passage_id"]),
                        "locator": None if row["locator"] is None else str(row["locator"]),
                        "objective": objective,
                        "quote": text[start:end],
                    }
                )
    return found


def neglected(sentence: str) -> str | None:
    """What a sentence says got little attention in reporting or reviews; None where it says no such thing.

    >>> neglected("Consular protection received little attention in the reviews.")
    'Consular protection'
    >>> neglected("Little attention was paid to ventilation in the centres.") is None
    True
    """
    if not _CORE.search(sentence):
        return None
    for pattern in _PATTERNS:
        match = pattern.search(sentence)
        if match is None or _NOT.search(_said(match)) or _MEDIA.search(sentence):
            continue
        told = pattern in _BY_REPORTERS or _PLACE.search(sentence) or _SUBJECT_REPORTS.search(sentence)
        if not (told or _NUMBERED.search(match[0])):
            continue
        topic = match.groupdict().get("after") or match.groupdict().get("before") or ""
        return _trimmed(topic, after="after" in match.groupdict())
    return None


def _said(match: re.Match[str]) -> str:
    """What is said of the topic, from the beginning of its clause, without "not" where that is what makes it little.

    "Should" and "if" within a topic that follows, or in an earlier clause, belong to something else.
    """
    text, groups = match.string, match.groupdict()
    begin = max((sign.end() for sign in re.finditer(r"[,;:] ", text[: match.start()])), default=0)
    end = match.start("after") if "after" in groups else match.end()
    if groups.get("denied"):
        return text[begin : match.start("denied")] + text[match.end("denied") : end]
    return text[begin:end]


def _trimmed(topic: str, *, after: bool) -> str:
    """The topic without where it was said, and without the clauses beside it."""
    bare = _PLACE.sub(" ", topic)
    if after:
        bare = re.split(
            r",? (?:despite|although|even though|while|whereas|which|who|because|since|as|than)\b|"
            r", (?:and|but) (?=\w+ \w+ed)",
            bare,
        )[0]
    else:
        bare = re.split(r"\b(?:while|whereas|although|but|that)\b|: ", bare)[-1]
    return " ".join(bare.split()).strip(" ,.;:")


def _named(topic: str) -> list[int]:
    numbers = {number for _, _, several in mentions(topic) for number in several}
    if numbers:
        return sorted(numbers)
    running = plain(topic)
    titled = {
        item.number
        for item in OBJECTIVES
        if len(running) >= len(plain(item.title)) - 6 and fuzz.partial_ratio(plain(item.title), running) >= 92
    }
    if titled:
        return sorted(titled)
    own = {number for number, pattern in _OWN.items() if re.search(pattern, topic, re.I)}
    return sorted(own | subjects(topic))


def _evident(row: Mapping[str, Any], start: int, end: int) -> list[int]:
    inside = [item for item in row["evidence"] if item["start"] < end and item["end"] > start]
    if inside:
        return [int(max(inside, key=lambda item: item["score"])["objective"])]
    # Of a passage about one thing, every sentence is about it.
    return [int(row["objectives"][0])] if len(row["objectives"]) == 1 else []
