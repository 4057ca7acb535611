"""The audit's evidence map of one document: objectives against its passages, with what the audit says of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from gcmtag.auditing import audit
from gcmtag.errors import GcmtagError, ModelNotFound
from gcmtag.objectives import CLUSTERS, OBJECTIVES
from gcmtag.reporting.findings import Findings, Share, read_findings
from gcmtag.reporting.plots import step_of

AUDIT_FILE: Final = "audit.json"
MOST_COLUMNS: Final = 12  # of the map; as many as a laptop shows beside the figures

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """Passages ``start`` to ``end``, both included: how many carry the objective, and the step of the colour scale."""

    start: int
    end: int
    count: int
    step: int


@dataclass(frozen=True, slots=True)
class MapRow:
    """An objective of the map.

    ``share`` is its corrected share with the verdict; ``declared`` and ``emphasised`` tell whether the document names
    it as a priority and whether it gives it much room; ``gaps`` counts its passages that name a gap.
    """

    number: int
    short: str
    count: int
    step: int
    gaps: int
    share: Share
    declared: bool
    emphasised: bool
    cells: tuple[Cell, ...]


def audit_folder(folder: Path, model: str) -> bytes:
    """The audit of the tables in a folder, as report.json holds it; empty where the model knows too little of itself.

    Args:
        folder: with tags.parquet and documents.parquet.
        model: name or path of the model of the service; where another one tagged, it is looked for among the shipped.
    """
    for candidate in (model, None):
        try:
            return json.dumps(audit(folder, model=candidate).report).encode()
        except ModelNotFound:
            continue
        except GcmtagError:
            break
    return b""


def findings_of(report: Mapping[str, Any]) -> Findings | None:
    """The audit as records; None where there is none."""
    return read_findings(report) if report else None


def evidence_map(rows: Sequence[Row], document: Row, findings: Findings | None) -> list[tuple[int, list[MapRow]]]:
    """All 23 objectives by cluster, against the passages in reading order.

    Args:
        rows: rows of the tags table, in order.
        document: row of the documents table.
        findings: of the audit of this document.

    Returns:
        For each cluster its number and its rows; every row has the same cells, a passage each, or a stretch of passages
        where there are more than ``MOST_COLUMNS``.
    """
    name = str(document["document_id"])
    own = findings.priorities.get(name) if findings else None
    declared = set(own.declared if own else document["declared_priorities"] or ())
    emphasised = set(own.emphasised if own else ())
    shares = findings.shares(name) if findings else [_unknown(number, rows) for number in range(1, len(OBJECTIVES) + 1)]
    return [
        (
            cluster.number,
            [
                _map_row(number, rows, shares[number - 1], declared=number in declared, emphasised=number in emphasised)
                for number in cluster.objectives
            ],
        )
        for cluster in CLUSTERS
    ]


def columns(passages: int) -> list[tuple[int, int]]:
    """Stretches of ordinals, both ends included, as even as can be.

    >>> columns(3), columns(50)[:2]
    ([(1, 1), (2, 2), (3, 3)], [(1, 4), (5, 8)])
    """
    most = min(passages, MOST_COLUMNS)
    edges = [passages * at // most for at in range(most + 1)] if most else []
    return [(start + 1, end) for start, end in pairwise(edges)]


def _map_row(number: int, rows: Sequence[Row], share: Share, *, declared: bool, emphasised: bool) -> MapRow:
    found = [number in row["objectives"] for row in rows]
    count = sum(found)
    return MapRow(
        number=number,
        short=OBJECTIVES[number - 1].short,
        count=count,
        step=step_of(count, count / max(1, len(rows))),
        gaps=sum(here and row["role"] == "gap" for here, row in zip(found, rows, strict=True)),
        share=share,
        declared=declared,
        emphasised=emphasised,
        cells=tuple(_cell(found, start, end) for start, end in columns(len(rows))),
    )


def _cell(found: Sequence[bool], start: int, end: int) -> Cell:
    count = sum(found[start - 1 : end])
    return Cell(start, end, count, step_of(count, count / (end - start + 1)))


def _unknown(number: int, rows: Sequence[Row]) -> Share:
    count = sum(number in row["objectives"] for row in rows)
    return Share(OBJECTIVES[number - 1], count / max(1, len(rows)), None, None, None, count, "", "")
