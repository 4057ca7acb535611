"""Reads the objectives of the Compact that a heading, a cluster line or the first words of a paragraph declare."""

import re
from typing import Final

from gcmtag.objectives import NUMBERS
from gcmtag.segmenting.markers import split_marker
from gcmtag.segmenting.titles import objective_named, paraphrased

_ONE: Final = r"(?:no\.?|nos\.?|nº|n°|#)?\s*(?:\(\d{1,2}\)|\d{1,2})(?!\d|[.,]\d|\s?%)(?:\s*\((?!\d+\))[^()]{0,160}\))?"
_JOINT: Final = (
    r"(?:\s*(?:,|;|&|/|\+|–|—|-|\bto\b|\band\b|\bor\b|\bet\b|\by\b|\be\b|\bà\b|\ba\b|\bthrough\b)\s*)+"
    r"(?:(?:gcm\s+)?(?:objectives?|obj\.)\s*)?"
)
_LINK: Final = (
    r"\s+(?:indicated|concerned|addressed|covered|related|relevant|numbers?|are|sont|son|including|namely)|"
    r"\s+(?:of|du|del)\s+(?:the\s+)?"
    r"(?:gcm|pmm|global compact|compact|pacte(?: mondial)?|pacto(?: mundial)?)[^\d;.()]{0,60}"
)
MENTION: Final = re.compile(
    rf"\b(?P<word>objectives?|objectifs?|objetivos?|obj\.?)(?:{_LINK})?\s*[:.\-–]?\s*(?P<numbers>{_ONE}(?:{_JOINT}{_ONE})*)",
    re.I,
)
# An objective with one of these before or after it belongs to some other plan.
_OTHER_BEFORE: Final = re.compile(
    r"(?:sdgs?|development|strategic|specific|overall|general|policy|national|sectoral|project|programme|program|"
    r"plan|strategy|key|main|sub|millennium|operational|agenda|pillar|outcome|estratégico|specifique|spécifique|"
    r"stratégique|strategy’s|strategy's|plan’s|plan's|undaf|unsdcf|ndp)\s*[-–]?\s*$",
    re.I,
)
_OTHER_AFTER: Final = re.compile(
    r"^\s*,?\s*(?:\([^)]*\)\s*)?(?:of|in|under|within|du|de la|del|de)\s+"
    r"(?:its|our|their|this|his|the|that|le|la|el|les)?\s*"
    r"(?!global\s+compact|gcm|compact|pacte|pacto)"
    r"(?:[\w’'-]+\s+){0,6}?(?:plan|strategy|programme|program|policy|project|framework|agenda|roadmap|road map|sdgs?|"
    r"goals|ndp|stratégie|politique|projet|estrategia|política|programa|proyecto|convention|law|act|vision|action|"
    r"compact on refugees)\b",
    re.I,
)
_ITS_OWN: Final = re.compile(r"\b(?:gcm|global compact|compact|pacte|pacto|pmm)\b", re.I)
_OTHER_FRAME: Final = re.compile(
    r"\b(?:sdgs?|sustainable development goals?|odd|ods|strategic plan|action plan|national plan|global compact on "
    r"refugees|gcr)\b",
    re.I,
)
_TARGETS: Final = re.compile(r"\b(?:goals?|targets?|sdgs?|indicators?|odd|ods|cible|meta)\s+\d", re.I)


def numbers_in(listed: str) -> tuple[int, ...]:
    """Objective numbers in a list with ranges, ascending; empty where one of them is no objective.

    >>> numbers_in("1-3, 7 and 23")
    (1, 2, 3, 7, 23)
    >>> numbers_in("20 and 24")
    ()
    """
    if not re.search(r"\d", listed):
        return ()
    found: set[int] = set()
    listed = re.sub(r"\((?!\d+\))[^()]*\)", " ", listed)
    tokens = re.findall(r"\d+|[–—-]|\bto\b|\bthrough\b|\b[àa]\b", listed, re.I)
    for position, token in enumerate(tokens):
        if not token.isdigit():
            continue
        value = int(token)
        ranged = position > 1 and not tokens[position - 1].isdigit() and tokens[position - 2].isdigit()
        first = int(tokens[position - 2]) if ranged else value
        found.update(range(first, value + 1) if first <= value else (value,))
    return tuple(sorted(found)) if found and found <= set(NUMBERS) else ()


def mentions(text: str) -> list[tuple[int, int, tuple[int, ...]]]:
    """Where a text speaks of objectives of the Compact by number: start, end, numbers.

    >>> mentions("In line with objectives 4 and 8, not SDG 10.7 or objective 3 of the national plan")
    [(13, 31, (4, 8))]
    """
    found: list[tuple[int, int, tuple[int, ...]]] = []
    for match in MENTION.finditer(text):
        ahead, behind = text[match.end() :], text[: match.start("word")]
        if _OTHER_BEFORE.search(behind) or _OTHER_AFTER.match(ahead):
            continue
        if behind.rstrip().endswith("/"):
            continue
        if numbers := numbers_in(match["numbers"]):
            found.append((match.start("word"), match.end(), numbers))
    return found


def declared_by_heading(text: str) -> tuple[int, ...]:
    """Objectives that a heading or cluster line declares, by number or by being an official title.

    >>> declared_by_heading("GCM Objectives: 2, 5, 6, 12, 18")
    (2, 5, 6, 12, 18)
    >>> declared_by_heading("Goal 8: decent work")
    ()
    """
    if _OTHER_FRAME.search(text) and not _ITS_OWN.search(text):
        return ()
    found = {number for _, _, numbers in mentions(text) for number in numbers}
    if not found and not _TARGETS.match(text) and (named := objective_named(text) or _reworded(text)):
        found = {named}
    return tuple(sorted(found))


def _reworded(text: str) -> int | None:
    _, bare = split_marker(text)
    return paraphrased(bare, 1.5)


def declared_by_opening(text: str) -> tuple[int, ...]:
    """Objectives that the first words of a paragraph declare: "Objective 14: …", "(Objectives 2; 5) …".

    >>> declared_by_opening("Objective 14: The embassies opened two offices.")
    (14,)
    >>> declared_by_opening("Objective 14 is a priority of the ministry.")
    ()
    """
    for start, end, numbers in mentions(text[:120]):
        before = text[:start].strip()
        bracketed = before.endswith(("(", "["))
        opens = re.sub(r"\b(?:gcm|compact)\b", "", before.strip("([*•–- "), flags=re.I).strip() == ""
        closes = re.match(r"\s*[)\]]?\s*(?:[:–—]|-\s|\.\s+(?=\S)|[)\]])", text[end:])
        if opens and closes and (bracketed or not text[end:].lstrip().startswith(")")):
            return numbers
    return ()
