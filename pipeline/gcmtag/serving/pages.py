"""The page at ``/``: paste a text or send a file, and read what was found; works without a script."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from gcmtag.errors import GcmtagError
from gcmtag.objectives import CLUSTERS, NUMBERS, OBJECTIVES, ROLES
from gcmtag.reporting.findings import interval, short_percent
from gcmtag.reporting.plots import STEP_NAMES
from gcmtag.serving.api import find_job, find_results, owner_of_request, service_of
from gcmtag.serving.evidence import AUDIT_FILE, audit_folder, columns, evidence_map, findings_of
from gcmtag.serving.jobs import Job
from gcmtag.serving.rendering import page
from gcmtag.serving.results import by_group
from gcmtag.serving.service import Service
from gcmtag.tagger import Tagger

router: Final = APIRouter(include_in_schema=False)

A_PAGE: Final = 50  # passages
CERTAINTIES: Final = (0.5, 0.7, 0.9)
SECONDS_TO_WAIT: Final = 2  # before a browser looks again

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a reader wants to see; 0 and "" stand for everything. ``start`` and ``end`` are ordinals, both included."""

    objective: int = 0
    cluster: int = 0
    role: str = ""
    certainty: float = 0.0
    start: int = 0
    end: int = 0

    @classmethod
    def of(cls, asked: QueryParams) -> "Filter":
        """From the address; what makes no sense there is left out."""
        certainty = asked.get("certainty", "")
        return cls(
            objective=_number(asked.get("objective"), NUMBERS),
            cluster=_number(asked.get("cluster"), [cluster.number for cluster in CLUSTERS]),
            role=role if (role := asked.get("role", "")) in ROLES else "",
            certainty=float(certainty) if certainty in map(str, CERTAINTIES) else 0.0,
            start=_number(asked.get("start")),
            end=_number(asked.get("end")),
        )

    def passes(self, row: Row) -> bool:
        """Whether a row of the tags table is wanted; certainty is the best score of the objectives asked for."""
        found = [
            number
            for number in row["objectives"]
            if self.objective in {0, number} and self.cluster in {0, OBJECTIVES[number - 1].cluster}
        ]
        if (self.objective or self.cluster or self.certainty) and not found:
            return False
        return (
            (not self.certainty or max(row["scores"][number - 1] for number in found) >= self.certainty)
            and self.role in {"", row["role"]}
            and self.start <= row["ordinal"]
            and (not self.end or row["ordinal"] <= self.end)
        )

    def address(self, **changes: object) -> str:
        """The query string of this filter with changes."""
        values = {name: getattr(self, name) for name in self.__slots__} | changes
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def any(self) -> bool:
        """Whether it leaves anything out."""
        return self != Filter()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a passage and the objectives that it carries."""

    text: str
    objectives: tuple[int, ...]


@router.get("/")
def front(request: Request) -> Response:
    """Where a text is pasted or a file is chosen."""
    service = service_of(request)
    limits = {"megabytes": service.settings.most_bytes // 1_000_000, "hours": round(service.settings.keep / 3600)}
    return page("front.html.j2", limits)


@router.post("/")
async def send(request: Request) -> Response:
    """Takes a text or a file and leads to its page."""
    service = service_of(request)
    async with request.form(max_files=1, max_fields=4, max_part_size=service.settings.most_bytes) as form:
        name, content = _sent(form)
        pasted = not isinstance(form.get("file"), UploadFile) or name == PASTED
        job = await run_in_threadpool(service.accept, owner_of_request(request), name, content, pasted=pasted)
    return RedirectResponse(f"/documents/{job.id}", 303)


PASTED: Final = "pasted text.txt"


@router.get("/documents/{job_id}")
def show(request: Request, job_id: str) -> Response:
    """How far a document is, and once it is done what was found."""
    job = find_job(request, job_id)
    if job.state == "failed":
        return page("problem.html.j2", {"title": "This cannot be tagged", "detail": job.error or ""}, 422)
    if job.state != "done":
        ahead = service_of(request).store.waiting() - 1
        waiting = {"job": job, "ahead": ahead, "ready": service_of(request).batcher.ready}
        return page("waiting.html.j2", waiting, headers={"Refresh": str(SECONDS_TO_WAIT)})
    tags, documents = find_results(request, job)
    rows, document = tags.to_pylist(), documents.to_pylist()[0]
    shown = _shown(job, rows, document, request.query_params)
    words = _words(service_of(request).batcher.tagger, shown["shown"])
    return page("document.html.j2", shown | _audited(service_of(request), job, rows, document) | {"words": words})


def _sent(form: FormData) -> tuple[str, Any]:
    file, text = form.get("file"), form.get("text")
    if isinstance(file, UploadFile) and file.filename:
        return file.filename, file.file
    if isinstance(text, str) and text.strip():
        return PASTED, io.BytesIO(text.replace("\r\n", "\n").encode("utf-8", "replace"))
    raise HTTPException(422, "there is neither a text nor a file: paste a text, or choose a file")


def _shown(job: Job, rows: Sequence[Row], document: Row, asked: QueryParams) -> dict[str, Any]:
    wanted = Filter.of(asked)
    found = [row for row in rows if wanted.passes(row)]
    pages = max(1, -(-len(found) // A_PAGE))
    at = min(max(1, _number(asked.get("page"))), pages)
    counts = {number: sum(number in row["objectives"] for row in rows) for number in NUMBERS}
    return {
        "job": job,
        "document": document,
        "passages": len(rows),
        "tagged": sum(bool(row["objectives"]) for row in rows),
        "counts": counts,
        "filter": wanted,
        "certainties": CERTAINTIES,
        "found": len(found),
        "shown": found[(at - 1) * A_PAGE : at * A_PAGE],
        "pieces": pieces,
        "page": at,
        "pages": pages,
        "formats": by_group(),
        "made": datetime.fromtimestamp(job.finished or job.created, UTC),
    }


def _audited(service: Service, job: Job, rows: Sequence[Row], document: Row) -> dict[str, Any]:
    def make(folder: Path) -> bytes:
        return audit_folder(folder, service.settings.model)

    findings = findings_of(json.loads(service.store.made_once(job.id, AUDIT_FILE, make) or b"{}"))
    found = evidence_map(rows, document, findings)
    return {
        "map": found,
        "columns": columns(len(rows)),
        "steps": list(enumerate(STEP_NAMES)),
        "audited": findings is not None,
        "little": [row.share for _, lines in found for row in lines if row.share.verdict == "little"],
        "statements": findings.statements if findings else (),
        "short_percent": short_percent,
        "interval": interval,
        "level": short_percent(findings.meta["levels"]["interval"]) if findings else "",
    }


def pieces(text: str, evidence: Iterable[Row]) -> list[Piece]:
    """Cuts a passage at the edges of its evidence.

    >>> found = pieces("Fees fell. So.", [{"objective": 20, "start": 0, "end": 10}])
    >>> [(piece.text, piece.objectives) for piece in found]
    [('Fees fell.', (20,)), (' So.', ())]
    """
    spans = [(item["objective"], item["start"], item["end"]) for item in evidence]
    edges = sorted({0, len(text), *(min(edge, len(text)) for _, start, end in spans for edge in (start, end))})
    return [
        Piece(text[start:end], tuple(sorted({number for number, first, last in spans if first <= start < last})))
        for start, end in pairwise(edges)
    ]


def _words(tagger: Tagger | None, rows: Sequence[Row]) -> dict[str, dict[int, list[str]]]:
    """For each passage shown and each of its objectives the words that spoke most for it."""
    if tagger is None:
        return {}
    found = {}
    for row in rows:
        if row["objectives"] and row["model"] == tagger.model:
            try:
                words = tagger.deciding_words(row["text"], row["context"] or "")
            except GcmtagError:
                continue
            found[row["passage_id"]] = {number: [word for word, _ in words[number]] for number in row["objectives"]}
    return found


def _number(text: str | None, allowed: Sequence[int] | None = None) -> int:
    """A whole number of at most six digits, 0 where there is none or it is not allowed."""
    value = int(text) if text and text.isascii() and text.isdigit() and len(text) <= 6 else 0
    return value if allowed is None or value in allowed else 0
