"""What the regional review questionnaire asks, in key words of ours, and how well a sentence fits one of its items.

States answer in many editions of the form: prompts are shortened, renumbered, reworded or put in tables. So nothing
here is compared letter by letter: a sentence is a prompt when nearly all of its content words are words that the item
asks with, and when it has the form of a request or a question.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SHARED: Final = (
    "please kindly highlight describe share provide indicate identify list name specify explain outline "
    "mention elaborate comment government country national cluster objective objectives gcm global compact "
    "migration above relevant relate relating regard response answer include examples example could may might "
    "example possible migrants migrant concerning regarding your what which how any main key implementing "
    "implement implementation"
)

# Part of a cluster question: what each asks about.
_PARTS: Final[Mapping[str, str]] = {
    "a": (
        "level levels trend trends driver drivers experience experiences reference make made outcome outcomes "
        "including situation context overview data figures statistics flows patterns current"
    ),
    "b": (
        "concrete policy policies legal legislative programmatic programme program law laws action actions "
        "measure measures step steps taken undertaken advance recent year years particular since adoption "
        "adopted december 2018 10 reform reforms new drafting national level plan plans entering bilateral "
        "regional agreement agreements signature ratification signing convention conventions engagement "
        "dialogue process processes initiatives institutional progress"
    ),
    "c": (
        "gap gaps identified challenge challenges faced encountered addressing address obstacles constraints "
        "national regional global level levels capacity data need needs financing financial funding resources "
        "others"
    ),
    "d": (
        "result results action actions effective solution solutions best good practice practices lesson "
        "lessons learned learnt promising achievements impact outcomes innovative innovation"
    ),
}

_ITEMS: Final[Mapping[str, str]] = {
    "5": (
        "step steps taken integrate integrated vision cross cutting crosscutting interdependent guiding "
        "principle principles para paras paragraph paragraphs general assembly resolution 73 195 8 15 "
        "accomplished done check checked tick against explanation additional paper attach documentation "
        "people centred people-centred"
    ),
    "6": (
        "contributing contribute contribution contributes realizing realising achievement achieving achieve "
        "2030 agenda sustainable development sdg sdgs goal goals integrate integrated done"
    ),
    "7": (
        "perspective objective objectives particular importance important national context name prioritized "
        "prioritised priority priorities prioritize explain why reasons special"
    ),
    "8": (
        "perspective extent regional subregional plan plans strategy strategies incorporated incorporate "
        "incorporation reflected achievement achievements gap gaps challenge challenges existing approach "
        "approaches cooperation"
    ),
    "9": (
        "methodology method methods adopted used completing completed completion preparing preparation "
        "voluntary review report whole approach applied engaging engaged engage engagement various ministries "
        "ministry sectors sector mechanism mechanisms civil society stakeholders stakeholder other "
        "consultation consultations process questionnaire survey"
    ),
    "10": (
        "given outbreak covid 19 coronavirus pandemic crisis affected affecting all countries country region "
        "regions challenge challenges identified identify part response respond done address specific "
        "situation situations family families impact impacts recovery measures taken taking account"
    ),
}

_FORM: Final = (
    "question questions about word words per paper document documents attach attached needed need additional "
    "separate answer answers following set clusters general assembly resolution para references reference "
    "links link policy innovative policies practices practice information also based statistical well "
    "qualitative quantitative data instruction instructions note office responsible coordinating responses "
    "contact details return returned completed complete survey questionnaire form secretariat preferably email "
    "mail copy deadline later than regional network queries query forwarded same addresses address willing "
    "report site website suggestion conducted inform review voluntary asia pacific africa europe latin america "
    "caribbean arab western commission economic social united nations escap ece escwa eclac eca imrf iom "
    "cluster evidence use space below box tick check limit pages un iom whether willing indicate"
)

_PREAMBLE: Final = (
    "safe orderly regular general assembly resolution 73 195 326 calls call review progress framework united "
    "nations state states led approach participation stakeholder stakeholders op invite invites economic "
    "commission commissions region regions within respective beginning 2020 issued fulfil mandate enabling "
    "member members towards results will inform preparation regional held asia pacific escap bangkok related "
    "background documentation report survey informed suggested outline prepared proposed assist organization "
    "annex indicative status subregional cross levels level national structured according four round table "
    "tables organized meeting correspond international forum 2022 questionnaire purpose collect collected "
    "information november voluntary network paragraph template guide guidance used series welcome secretariat "
    "thank cooperation following"
)

_STOP: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "for",
        "and",
        "or",
        "by",
        "with",
        "from",
        "at",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "there",
        "their",
        "they",
        "you",
        "we",
        "our",
        "us",
        "he",
        "she",
        "if",
        "so",
        "not",
        "no",
        "yes",
        "than",
        "then",
        "into",
        "through",
        "can",
        "etc",
        "e",
        "g",
        "i",
        "ii",
        "op",
        "would",
        "will",
        "s",
        "whether",
        "when",
        "where",
        "who",
        "also",
        "such",
        "up",
    ]
)
# Addresses and the numbers of items say nothing about what is asked.
_ADDRESS: Final = re.compile(r"\S+@\S+|<?(?:https?://|www\.)\S+")
_LABEL: Final = re.compile(r"\d{1,2}[a-d]|\d{1,2}|[a-d]")
_WORD: Final = re.compile(r"[^\W_]+")
_SUFFIXES: Final = ("ations", "ation", "ings", "ing", "ments", "ies", "ed", "es", "s", "y", "e")

REQUEST: Final = re.compile(
    r"\b(?:please|kindly)\b|\?\s*\)?$|^\W*(?:highlight|describe|share|provide|indicate|identify|list|name|specify|"
    r"explain|outline|elaborate|what|which|where|how|why|to what|given|are there|has the|have any|in what)\b|"
    r"\byou(?:r)?\b|"
    r"^(?:these|the|your|examples?|this|such)\b[^.]{0,60}\b(?:could|may|might|can|should)\b|"
    r"\b(?:veuillez|prière|quel(?:le)?s?|indique|sírvase|cuál(?:es)?|qué)\b",
    re.I,
)
INSTRUCTION: Final = re.compile(
    r"\b(?:please|kindly)\b|\bquestionnaire\b|"
    r"\bthis (?:survey|form|voluntary|template)\b|\bthe survey\b|\bper question",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Fit:
    """How a text fits an item: share of its content words that the item uses, and how many of them tell items apart."""

    item: str
    precision: float
    telling: int


def stem(word: str) -> str:
    """A crude stem, the same for the bank and for texts.

    >>> stem("challenges") == stem("challenge")
    True
    """
    word = word.casefold()
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.isdigit():
            return word[: -len(suffix)]
    return word


def content_words(text: str) -> set[str]:
    """Stems of the words that carry content."""
    words = _WORD.findall(_ADDRESS.sub(" ", text).casefold())
    return {stem(word) for word in words if word not in _STOP and not _LABEL.fullmatch(word)}


_SHARED_STEMS: Final = frozenset(content_words(_SHARED))
_WORDINGS: Final = {**_PARTS, **_ITEMS, "form": _FORM, "preamble": _PREAMBLE}
_BANK: Final = {item: frozenset(content_words(words)) for item, words in _WORDINGS.items()}
PARTS: Final = tuple(_PARTS)
ITEMS: Final = tuple(_ITEMS)


_SENTENCE_END: Final = re.compile(
    r"(?<=[.?!])[”\"’')]*\s+(?=[(\[“\"‘']*[^\W\d_a-z])|(?<=[?])\)?\s+|(?<=\))\s+(?=[A-Z])"
)


def sentences_of(text: str) -> list[str]:
    """A text cut at full stops, question marks and closing brackets; rough, for telling prompts from answers.

    >>> sentences_of("How? (please explain) We did.")
    ['How?', '(please explain)', 'We did.']
    """
    parts: list[str] = []
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        if text[begin : match.start()].strip():
            parts.append(text[begin : match.end()].strip())
            begin = match.end()
    if text[begin:].strip():
        parts.append(text[begin:].strip())
    return parts


@lru_cache(maxsize=16384)
def fit(text: str, item: str) -> Fit:
    """How well a text fits one item of the bank."""
    words = content_words(text)
    if not words:
        return Fit(item, 0.0, 0)
    bank = _BANK[item]
    telling = len((words & bank) - _SHARED_STEMS)
    return Fit(item, len(words & (bank | _SHARED_STEMS)) / len(words), telling)


def best_fit(text: str, items: tuple[str, ...]) -> Fit:
    """The item that a text fits best."""
    return max((fit(text, item) for item in items), key=lambda found: (round(found.precision, 2), found.telling))


@lru_cache(maxsize=16384)
def any_fit(text: str) -> float:
    """Share of content words that any item, the form or its preamble uses."""
    words = content_words(text)
    everything = frozenset().union(*_BANK.values()) | _SHARED_STEMS
    return len(words & everything) / len(words) if words else 0.0
