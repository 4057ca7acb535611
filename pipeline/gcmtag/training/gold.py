"""Stand-off gold: labels without text, joined with the text of a user's own copies of the documents.

A row of a gold file says where its passage stands (document and locator), how to know it again (the first 16 hex digits
of the SHA-256 of its normalised text, and a 64-bit SimHash for copies that another tool extracted), and its labels.
SimHash: Charikar 2002, "Similarity estimation techniques from rounding algorithms", over runs of four characters.
"""

import csv
import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from gcmtag.document import Document, Passage
from gcmtag.errors import CorpusMismatch
from gcmtag.training.corpus import LabelledPassage

FIELDS: Final = (
    "document", "locator", "fingerprint", "simhash", "objectives", "role",
    "coder_a_objectives", "coder_a_role", "coder_b_objectives", "coder_b_role",
)  # fmt: skip
RUN: Final = 4  # characters
BITS: Final = 64
FARTHEST: Final = 10  # bits; two unrelated passages differ in about 32
CLEARLY: Final = 6  # bits by which the second nearest passage must be farther
LEAST_MATCHED: Final = 0.3  # share of a gold document's passages below which a file is another document


@dataclass(frozen=True, slots=True)
class GoldRow:
    """A labelled passage without its text."""

    document: str
    locator: str
    fingerprint: str
    simhash: int
    objectives: tuple[int, ...]
    role: str
    coder_a: tuple[tuple[int, ...], str]
    coder_b: tuple[tuple[int, ...], str]


@dataclass(frozen=True, slots=True)
class Joined:
    """What joining gave: labelled passages, and the gold rows for which no passage was found."""

    passages: tuple[LabelledPassage, ...]
    missing: tuple[GoldRow, ...]


def normalised(text: str) -> str:
    """Letters and digits of the text in NFKC form, casefolded: what survives another extraction."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def fingerprint(text: str) -> str:
    """First 16 hex digits of the SHA-256 of the normalised text."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()[:16]


def simhash(text: str) -> int:
    """64 bits that differ in few places for texts that share most runs of four characters."""
    plain = normalised(text)
    runs = {plain[i : i + RUN] for i in range(max(1, len(plain) - RUN + 1))}
    hashes = [int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest(), "big") for run in sorted(runs)]
    bits = (np.array(hashes, dtype=np.uint64)[:, np.newaxis] >> np.arange(BITS, dtype=np.uint64)) & np.uint64(1)
    ones = bits.sum(axis=0) * 2 > len(hashes)
    return sum(1 << int(i) for i in np.flatnonzero(ones))


def read_gold(path: Path) -> list[GoldRow]:
    """Rows of a gold file in reading order.

    Raises:
        CorpusMismatch: the file is missing or breaks the schema.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_row(values) for values in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise CorpusMismatch(f"{path} is not a gold file ({error}): see corpus/README.md for the schema") from error


def write_gold(rows: Iterable[GoldRow], path: Path) -> None:
    """Writes a gold file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        for row in rows:
            writer.writerow(
                [row.document, row.locator, row.fingerprint, f"{row.simhash:016x}", _numbers(row.objectives), row.role]
                + [value for numbers, role in (row.coder_a, row.coder_b) for value in (_numbers(numbers), role)]
            )


def gold_from_labels(labelled: Path, document: Document) -> list[GoldRow]:
    """Gold rows from a labelled file with text and the document it was labelled in.

    The text is taken from the document where it is the same passage, so that the fingerprint is of what a user's copy
    gives and not of another extraction; the locator likewise.

    Raises:
        CorpusMismatch: the file breaks the schema.
    """
    try:
        values = [json.loads(line) for line in labelled.read_text(encoding="utf-8").splitlines()]
        found = match([fingerprint(v["text"]) for v in values], [simhash(v["text"]) for v in values], document.passages)
        return [
            _standoff(labelled.stem, value, None if place is None else document.passages[place])
            for value, place in zip(values, found, strict=True)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusMismatch(f"{labelled} is not a labelled file ({error}): see corpus/README.md") from error


def join(rows: Sequence[GoldRow], documents: Iterable[Document]) -> Joined:
    """Labels and text of one gold document, from whichever of the documents is a copy of it.

    Raises:
        CorpusMismatch: none of the documents is.
    """
    best: tuple[int, list[int | None], Document] | None = None
    for document in documents:
        found = match([row.fingerprint for row in rows], [row.simhash for row in rows], document.passages)
        count = sum(place is not None for place in found)
        if best is None or count > best[0]:
            best = (count, found, document)
    if best is None or best[0] < LEAST_MATCHED * len(rows):
        raise CorpusMismatch(f"no document among those given is a copy of {rows[0].document}: name the folder it is in")
    _, found, document = best
    passages = [
        _labelled(row, document.passages[place]) for row, place in zip(rows, found, strict=True) if place is not None
    ]
    return Joined(tuple(passages), tuple(row for row, place in zip(rows, found, strict=True) if place is None))


def match(fingerprints: Sequence[str], simhashes: Sequence[int], passages: Sequence[Passage]) -> list[int | None]:
    """For each gold row the position of its passage, or None where there is none or it is not certain.

    Equal fingerprints are taken in order. What is left is matched by SimHash, between the places of its neighbours
    only, and only where one passage is near and every other one clearly farther.
    """
    places: dict[str, list[int]] = {}
    for position, passage in enumerate(passages):
        places.setdefault(fingerprint(passage.text), []).append(position)
    queues: Mapping[str, list[int]] = {key: list(reversed(found)) for key, found in places.items()}
    result = [queues[key].pop() if queues.get(key) else None for key in fingerprints]
    taken = {place for place in result if place is not None}
    hashes = {i: simhash(p.text) for i, p in enumerate(passages) if i not in taken}
    for start, end in _gaps(result):
        low = result[start - 1] if start > 0 else -1
        high = result[end] if end < len(result) else len(passages)
        free = [i for i in hashes if low is not None and high is not None and low < i < high]
        for row in range(start, end):
            place = _nearest(simhashes[row], free, hashes)
            if place is not None:
                result[row] = place
                free = [i for i in free if i > place]
    return result


def _gaps(result: Sequence[int | None]) -> list[tuple[int, int]]:
    """Stretches of rows without a place, as half-open ranges."""
    known = [-1, *(i for i, place in enumerate(result) if place is not None), len(result)]
    return [(before + 1, after) for before, after in pairwise(known) if after - before > 1]


def _nearest(wanted: int, free: Sequence[int], hashes: Mapping[int, int]) -> int | None:
    distances = sorted(((wanted ^ hashes[i]).bit_count(), i) for i in free)
    if not distances or distances[0][0] > FARTHEST:
        return None
    if len(distances) > 1 and distances[1][0] - distances[0][0] < CLEARLY:
        return None
    return distances[0][1]


def _standoff(name: str, value: Mapping[str, Any], passage: Passage | None) -> GoldRow:
    text = passage.text if passage else value["text"]
    return GoldRow(
        document=name,
        locator=passage.locator if passage else value["locator"],
        fingerprint=fingerprint(text),
        simhash=simhash(text),
        objectives=tuple(value["objectives"]),
        role=value["role"],
        coder_a=(tuple(value["coder_a"]["objectives"]), value["coder_a"]["role"]),
        coder_b=(tuple(value["coder_b"]["objectives"]), value["coder_b"]["role"]),
    )


def _labelled(row: GoldRow, passage: Passage) -> LabelledPassage:
    return LabelledPassage(
        id=f"{row.document}:{passage.ordinal}",
        document=row.document,
        text=passage.text,
        context=passage.context,
        objectives=row.objectives,
        role=row.role,
        declared=passage.declared,
    )


def _row(values: Mapping[str, Any]) -> GoldRow:
    return GoldRow(
        document=values["document"],
        locator=values["locator"],
        fingerprint=values["fingerprint"],
        simhash=int(values["simhash"], 16),
        objectives=_parsed(values["objectives"]),
        role=values["role"],
        coder_a=(_parsed(values["coder_a_objectives"]), values["coder_a_role"]),
        coder_b=(_parsed(values["coder_b_objectives"]), values["coder_b_role"]),
    )


def _numbers(objectives: Sequence[int]) -> str:
    return " ".join(map(str, objectives))


def _parsed(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split())
