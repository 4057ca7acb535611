"""Tags as annotations in the W3C's model: which passage of which document, found again by its words or its position."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa

from gcmtag.exporting.rows import shortest

BETWEEN_PASSAGES: Final = "\n\n"
AROUND: Final = 32  # characters of prefix and suffix, which tell a quote from the same words elsewhere


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch ``[start, end)`` of a document's text, in characters, with the words before and after it."""

    exact: str
    prefix: str
    suffix: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is said of one stretch of one document.

    An annotation of a passage has its predicted objectives (possibly none), clusters, role, and all scores; one of an
    evidence span has the single objective that the span carries, and that span's score in ``scores``.
    """

    iri: str
    document: str
    model: str
    quote: Quote
    objectives: tuple[int, ...]
    scores: tuple[float | None, ...]
    clusters: tuple[int, ...] = ()
    cluster_scores: tuple[float | None, ...] = ()
    role: str = ""
    role_score: float | None = None
    language: str = ""
    locator: str = ""

    @property
    def is_passage(self) -> bool:
        """Whether it speaks of a whole passage, not of a span that carries an objective."""
        return bool(self.role)


def annotations(tags: pa.Table) -> Iterator[Annotation]:
    """For each passage its annotation, then one for each of its evidence spans.

    Positions count in the text of the document: its passages in reading order, with an empty line between them.
    """
    by_document: dict[str, list[dict[str, Any]]] = {}
    for row in tags.to_pylist():
        by_document.setdefault(row["document_id"], []).append(row)
    for document, passages in by_document.items():
        text = document_text(passages)
        start = 0
        for row in passages:
            yield _of_passage(row, document, _quote(text, start, start + len(row["text"])))
            for position, item in enumerate(row["evidence"], start=1):
                quoted = _quote(text, start + item["start"], start + item["end"])
                yield _of_evidence(row, document, item, position, quoted)
            start += len(row["text"]) + len(BETWEEN_PASSAGES)


def document_text(passages: Sequence[Mapping[str, Any]]) -> str:
    """The text that positions count in."""
    return BETWEEN_PASSAGES.join(row["text"] for row in passages)


def urn(kind: str, *names: object) -> str:
    """A name for a thing of ours that every RDF tool takes: ``urn:gcmtag:KIND:NAME``."""
    return ":".join(["urn:gcmtag", kind, *(quote(str(name), safe="") for name in names)])


def _of_passage(row: Mapping[str, Any], document: str, quoted: Quote) -> Annotation:
    return Annotation(
        iri=urn("annotation", row["passage_id"]),
        document=document,
        model=row["model"],
        quote=quoted,
        objectives=tuple(row["objectives"]),
        scores=tuple(map(shortest, row["scores"])),
        clusters=tuple(row["clusters"]),
        cluster_scores=tuple(map(shortest, row["cluster_scores"])),
        role=row["role"],
        role_score=shortest(row["role_score"]),
        language=row["language"],
        locator=row["locator"],
    )


def _of_evidence(
    row: Mapping[str, Any], document: str, item: Mapping[str, Any], position: int, quoted: Quote
) -> Annotation:
    return Annotation(
        iri=urn("annotation", row["passage_id"], "evidence", position),
        document=document,
        model=row["model"],
        quote=quoted,
        objectives=(item["objective"],),
        scores=(shortest(item["score"]),),
        language=row["language"],
    )


def _quote(text: str, start: int, end: int) -> Quote:
    return Quote(text[start:end], text[max(0, start - AROUND) : start], text[end : end + AROUND], start, end)
