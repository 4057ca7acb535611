"""Sentences of a passage as character spans, by rules for the prose of official documents."""

import re
from itertools import pairwise
from typing import Final

# What stands before a full stop that does not end a sentence, in lower case and without the stop.
_ABBREVIATIONS: Final = frozenset(
    [
        "no",
        "nos",
        "art",
        "arts",
        "para",
        "paras",
        "p",
        "pp",
        "vol",
        "vols",
        "ch",
        "sec",
        "fig",
        "figs",
        "e.g",
        "eg",
        "i.e",
        "ie",
        "cf",
        "vs",
        "viz",
        "etc",
        "al",
        "ed",
        "eds",
        "u.s",
        "u.n",
        "u.k",
        "d.c",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "gen",
        "hon",
        "rev",
        "col",
        "lt",
        "sgt",
        "jr",
        "sr",
        "inc",
        "ltd",
        "co",
        "corp",
        "dept",
        "gov",
        "govt",
        "approx",
        "est",
        "min",
        "max",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sept",
        "sep",
        "oct",
        "nov",
        "dec",
        "res",
        "doc",
        "ref",
        "op",
        "s",
        "n°",
        "nº",
        "m",
        "mme",
        "núm",
        "pág",
    ]
)
# Those that a sentence may well end with.
_CAN_END: Final = frozenset(["etc", "al", "u.s", "u.n", "u.k", "d.c"])
_NUMBERED: Final = frozenset(
    ["no", "nos", "art", "arts", "para", "paras", "p", "pp", "vol", "ch", "sec", "fig", "figs", "res", "op"]
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Character spans ``[start, end)`` of the sentences of a text, in order and without the space between them.

    A semicolon ends a sentence too where a list of clauses goes on after it, for a clause is what evidence points at.

    >>> text = "Convention No. 7 was ratified. It applies."
    >>> [text[start:end] for start, end in sentences(text)]
    ['Convention No. 7 was ratified.', 'It applies.']
    """
    edges = [0, *sorted(sentence_starts(text) - {0, len(text)}), len(text)]
    spans: list[tuple[int, int]] = []
    for start, end in pairwise(edges):
        body = text[start:end]
        first, last = start + len(body) - len(body.lstrip()), end - len(body) + len(body.rstrip())
        if first < last:
            spans.append((first, last))
    return spans


def sentence_starts(text: str) -> set[int]:
    """Positions at which a sentence begins after another."""
    return {match.end() for match in re.finditer(r"[.!?…;][)\]”’\"'»]*\s+", text) if _ends_here(text, match)}


def _ends_here(text: str, match: re.Match[str]) -> bool:
    before, after = text[: match.start()], text[match.end() :]
    if text[match.start()] == ";":
        return len(before.split()) >= 4 and len(after.split()) >= 4
    if after[:1].islower():
        return False
    return text[match.start()] != "." or _stop_ends(re.split(r"[\s(\[“\"]", before)[-1].casefold(), after)


def _stop_ends(word: str, after: str) -> bool:
    """Whether the full stop behind a word ends the sentence, rather than abbreviating the word."""
    if word in _NUMBERED and after[:1].isdigit():
        return False
    if word in _CAN_END:
        return word in {"etc", "al"} or _new_subject(after)
    # A single letter is an initial or a list mark: "(d.) Skills", "J. Smith".
    return word not in _ABBREVIATIONS and not (len(word) == 1 and word.isalpha())


def _new_subject(following: str) -> bool:
    return re.match(r"(?:The|It|This|These|In|They|We|However|A|Its|At|By|For)\b", following) is not None
