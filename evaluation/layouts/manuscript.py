"""What a document says before a program sets it: its parts in order, and which of them are passages.

The texts are those of the authored corpus and, for other languages, of `languages.json`; all are about invented States.
"""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

ROOT: Final = Path(__file__).parents[2]
AUTHORED: Final = ROOT / "corpus" / "authored"
QUESTIONNAIRE: Final = ROOT / "corpus" / "samples" / "source" / "questionnaire-tamarind-islands.md"

PartKind = Literal["heading", "paragraph", "numbered", "bullet", "lettered", "box", "caption", "figures", "prompt"]
PASSAGES: Final = frozenset({"paragraph", "numbered", "bullet", "lettered", "box"})

NARRATIVES: Final = (
    "tarsay",
    "kamvary",
    "tolimoa",
    "nauleka",
    "suramat",
    "barquna",
    "hazarun",
    "lunsaya",
    "jurfana",
    "dhafrat",
    "tecolapa-narrative",
    "nahdar-arab-narrative",
    "ostreland-long",
    "zhetistan-theme",
    "vanumara",
    "dhargyal",
)
COUNTRIES: Final = ("Aldania", "Brevia", "Corrando", "Esteria", "Halmark", "Quorra", "Vintland", "Solmaria")
HEADINGS: Final = (
    "Movement and its causes",
    "Work and its conditions",
    "Routes that are open to workers",
    "Protection on the way",
    "Life in the host communities",
    "Savings and what becomes of them",
    "Return and a new beginning",
    "Registers and statistics",
    "Cooperation with the neighbours",
    "What remains to be done",
    "Schools, clinics and housing",
    "Consulates and their services",
)
SUBHEADINGS: Final = (
    "Situation in the provinces",
    "Measures of the past two years",
    "Results so far",
    "Views of the local councils",
    "Means and staff",
    "Outlook",
)
NOTES: Final = (
    "Ministry of Labour of {country}, Annual report on inspections, second edition, table 14.",
    "Figures of the statistics office of {country}, rounded to the next hundred and without seasonal permits.",
    "See the minutes of the ninth meeting of the joint committee, held in the port of Ostren Bay, p. 31.",
    "The survey covered 2,140 households in eleven districts of {country}; the margin of error is three points.",
    "Government gazette of {country}, No. 88, 14 March 2022, as amended in the following year.",
    "Ibid., pp. 17 to 22, where the figures for the outer districts are given as well.",
    "Communication of the permanent mission of {country} to the secretariat, on file with the secretariat.",
)
LEAD_INS: Final = (
    "The Ministry and its partners in the provinces have since then taken up the following work, each part of which "
    "has a budget of its own:",
    "Officials who were asked about the causes of the delay gave several reasons, which differ from one district "
    "to the next:",
)
CAPTIONS: Final = (
    "Figure {number}. Arrivals and departures by quarter",
    "Table {number}. Permits issued by kind of work and by year",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a document. ``note`` is the footnote that its last sentence refers to; ``cells`` are of figures."""

    kind: PartKind
    text: str
    marker: str = ""
    level: int = 1
    note: str = ""
    cells: tuple[tuple[str, ...], ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A document to be set; ``head`` and ``foot`` run on every page, ``menu`` stands around a web page's content."""

    title: str
    parts: tuple[Part, ...]
    head: str = ""
    foot: str = ""
    menu: tuple[str, ...] = ()
    language: str = "en"
    extra_unwanted: tuple[str, ...] = field(default=())

    @property
    def passages(self) -> list[str]:
        """Texts of the passages in reading order, without their markers."""
        return [part.text for part in self.parts if part.kind in PASSAGES]

    @property
    def unwanted(self) -> list[str]:
        """What no passage may hold: running heads, footnotes, captions, prompts, menus."""
        notes = [part.note for part in self.parts if part.note]
        asked = [part.text for part in self.parts if part.kind in {"prompt", "caption"}]
        return [text for text in (self.head, self.foot, *self.menu, *self.extra_unwanted, *notes, *asked) if text]


def narrative(seed: int, *, notes: bool = False, boxes: bool = False, sections: int = 4, length: int = 3) -> Manuscript:
    """A report without paragraph numbers: headings, paragraphs, lists, and if wanted footnotes, a box, captions."""
    draw = random.Random(seed)  # noqa: S311
    country = draw.choice(COUNTRIES)
    texts = _texts(seed, draw)
    headings = draw.sample(HEADINGS, sections)
    parts: list[Part] = []
    for number, heading in enumerate(headings):
        parts.append(Part("heading", heading))
        if number % 2:
            parts.append(Part("heading", draw.choice(SUBHEADINGS), level=2))
        for _ in range(length):
            note = draw.choice(NOTES).format(country=country) if notes and draw.random() < 0.5 else ""
            parts.append(Part("paragraph", next(texts), note=note))
        if number == 0:
            parts += [Part("paragraph", draw.choice(LEAD_INS)), *_list(draw, "bullet")]
        if number == 2:
            parts += [Part("paragraph", draw.choice(LEAD_INS)), *_list(draw, "lettered")]
        if boxes and number == 1:
            parts += [Part("box", next(texts)), Part("box", next(texts))]
        if boxes and number == 3:
            parts += [_figures(draw), Part("paragraph", next(texts))]
    head, foot = f"{country} and the Global Compact", f"Second voluntary report of {country}, final version"
    return Manuscript(
        f"Second report of {country} on safe migration", _without_repeated_notes(parts), head=head, foot=foot
    )


def numbered(seed: int, *, paragraphs: int = 16) -> Manuscript:
    """A report whose paragraphs are numbered through, with footnotes and a symbol in the running head."""
    draw = random.Random(seed)  # noqa: S311
    country = draw.choice(COUNTRIES)
    texts = (text for text in _texts(seed, draw) if len(text) > 220)
    headings = draw.sample(HEADINGS, 4)
    parts: list[Part] = []
    for number in range(1, paragraphs + 1):
        if number % 4 == 1:
            place = number // 4
            parts.append(Part("heading", headings[place % 4], marker=f"{('I', 'II', 'III', 'IV')[place % 4]}."))
        note = draw.choice(NOTES).format(country=country) if draw.random() < 0.45 else ""
        parts.append(Part("numbered", next(texts), marker=f"{number}.", note=note))
        if number == 6:
            parts += _list(draw, "lettered")
    symbol = f"LBC/{draw.randint(2019, 2025)}/{draw.randint(2, 40)}"
    title = f"Progress of {country} under the Global Compact for Migration"
    return Manuscript(
        title, _without_repeated_notes(parts), head=symbol, foot=f"Report of the secretariat on {country}"
    )


def mixed(seed: int) -> Manuscript:
    """A document whose sections are written in English, French and Spanish in turn."""
    draw = random.Random(seed)  # noqa: S311
    english = _texts(seed, draw)
    foreign = json.loads((Path(__file__).parent / "languages.json").read_text(encoding="utf-8"))
    parts: list[Part] = []
    for language in ("en", "fr", "es"):
        entry = foreign.get(language, {"heading": draw.choice(HEADINGS), "texts": []})
        texts = draw.sample(entry["texts"], 4) if entry["texts"] else [next(english) for _ in range(4)]
        parts.append(Part("heading", entry["heading"], language=language))
        parts += [Part("paragraph", text, language=language) for text in texts]
    head, foot = "Joint statement of the three States", "Conference of the Lantern Basin, third session"
    return Manuscript("Joint statement on migration", tuple(parts), head=head, foot=foot)


def form(seed: int) -> Manuscript:
    """The regional review questionnaire, answered: four clusters with four parts each, then items 6 and 9."""
    draw = random.Random(seed)  # noqa: S311
    country = draw.choice(COUNTRIES)
    texts = _texts(seed, draw)
    parts: list[Part] = []
    for mark, text in _asked():
        if mark == "=":
            parts.append(Part("heading", text.split(" | ")[0]))
            continue
        parts.append(Part("prompt", text.replace(" ?? ", " ")))
        parts += [Part("paragraph", next(texts)) for _ in range(draw.choice((1, 1, 2)))]
    head, foot = "Regional review of the Global Compact for Migration", f"Replies of {country}, first edition"
    return Manuscript(f"{country}: questionnaire of the second regional review", tuple(parts), head=head, foot=foot)


def web_page(seed: int) -> Manuscript:
    """A report as a page of a ministry's site, with menus, a cookie notice and links to other pages around it."""
    menu = (
        "Home page of the Ministry",
        "Press releases and speeches",
        "Vacancies and tenders",
        "We use cookies to improve your visit to this site",
        "Accessibility statement and privacy notice",
        "Subscribe to our monthly newsletter",
    )
    base = narrative(seed, sections=3, length=2)
    return Manuscript(base.title, base.parts, menu=menu)


def _asked() -> list[tuple[str, str]]:
    """Cluster titles ("=") and prompts ("?") of the sample questionnaire, without those answered in a table."""
    lines = QUESTIONNAIRE.read_text(encoding="utf-8").splitlines()
    found = [(line[0], line[2:]) for line in lines if line.startswith(("= ", "? "))]
    return [(mark, text) for mark, text in found if not re.match(r"(?:5|7|8|10)\.", text)]


def _list(draw: random.Random, kind: Literal["bullet", "lettered"]) -> list[Part]:
    items = draw.sample(_sentences(), draw.randint(3, 4))
    return [
        Part(kind, item, marker="•" if kind == "bullet" else f"({letter})")
        for letter, item in zip("abcd", items, strict=False)
    ]


def _figures(draw: random.Random) -> Part:
    """A table of figures; it holds no passage."""
    rows = [("Kind of permit", "2021", "2022", "2023")]
    for name in ("Seasonal work", "Study", "Family", "Protection"):
        rows.append((name, *(f"{draw.randint(1, 90)},{draw.randint(100, 999)}" for _ in range(3))))
    return Part("figures", "", cells=tuple(rows))


def _without_repeated_notes(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The same note twice would only say that the draw was unlucky."""
    seen: set[str] = set()
    kept: list[Part] = []
    for part in parts:
        again = part.note in seen
        seen.add(part.note)
        kept.append(Part(part.kind, part.text, part.marker, part.level, "", part.cells) if again else part)
    return tuple(kept)


def _texts(seed: int, draw: random.Random) -> Iterator[str]:
    """Paragraphs of authored documents, two documents a seed, in random order."""
    names = [NARRATIVES[(2 * seed + place) % len(NARRATIVES)] for place in range(2)]
    pool = [text for name in names for text in _paragraphs(name)]
    draw.shuffle(pool)
    return iter(pool)


@lru_cache(maxsize=32)
def _paragraphs(name: str) -> tuple[str, ...]:
    rows = [json.loads(line) for line in (AUTHORED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = (re.sub(r"\s+", " ", row["text"]).strip() for row in rows)
    return tuple(text for text in texts if _is_plain(text))


def _is_plain(text: str) -> bool:
    """Whether a text is a paragraph of sentences, long enough to be told from a heading, without stray note marks."""
    if re.search(r"[a-z][.]\d", text):
        return False
    return len(text) >= 120 and text[0].isupper() and text.endswith(".") and not re.match(r"\(|[A-Za-z][.)]\s|\d", text)


@lru_cache(maxsize=1)
def _sentences() -> tuple[str, ...]:
    """Single sentences for the items of lists."""
    texts = [text for name in ("tarsay", "barquna", "suramat") for text in _paragraphs(name)]
    first = [re.split(r"(?<=[.])\s+(?=[A-Z])", text)[0] for text in texts]
    return tuple(sentence for sentence in first if 60 <= len(sentence) <= 180)
