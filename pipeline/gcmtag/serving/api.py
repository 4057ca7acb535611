"""The routes for programs, under ``/v1``, and those for whoever watches the service."""

from typing import Annotated, Any, Final

import pyarrow as pa
from fastapi import APIRouter, File, Path, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from gcmtag.classifying import Inputs
from gcmtag.errors import UsageError
from gcmtag.integrating.plain import plain
from gcmtag.serving.jobs import Job
from gcmtag.serving.results import NOTES, as_header, formats, media_types, write
from gcmtag.serving.schemas import (
    JOB_ID,
    Health,
    JobOut,
    Problem,
    TagRequest,
    TagResponse,
    Universe,
    job_out,
    universe,
)
from gcmtag.serving.service import Service

router: Final = APIRouter()

_RETRY: Final = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}}
_WHY: Final[dict[int, str]] = {
    400: "The body cannot be parsed",
    401: "No API key, or an unknown one",
    403: "The request came from the page of another site, or under another name than localhost without API keys",
    404: "There is no such job, or it belongs to another key",
    408: "The body came too slowly",
    409: "The job is not done",
    413: "The body is too large",
    422: "The request is not as described, or the document cannot be read",
    429: "The queue is full",
    503: "The model is not loaded yet, or the service is stopping",
}

_NO_JOB: Final = "there is no such job; results are removed some time after they are made"


def _answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides its success, for OpenAPI."""
    return {
        status: {"model": Problem, "description": _WHY[status]} | ({"headers": _RETRY} if status in {429, 503} else {})
        for status in (401, 403, *statuses)
    }


def _file(description: str, content: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": content}}


JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The id that the upload gave", examples=[JOB_ID])]


@router.post("/v1/tag", responses=_answers(400, 408, 413, 422, 429, 503), tags=["tag"])
async def tag(request: Request, body: TagRequest) -> TagResponse:
    """Tag up to 1,000 texts, each with the heading or question above it where it is known."""
    service = service_of(request)
    if body.contexts is not None and len(body.contexts) != len(body.texts):
        raise HTTPException(
            422, f"{len(body.contexts)} contexts for {len(body.texts)} texts: give one for each, or none"
        )
    request.scope["state"]["texts"] = len(body.texts)
    tags = await service.tag(Inputs.of_texts(body.texts, body.contexts), request.is_disconnected)
    tagger = service.batcher.tagger
    values = {"model": tagger.model if tagger is not None else "", "tags": [plain(item) for item in tags]}
    return JSONResponse(values)  # type: ignore[return-value]  # already checked by Tags; 1,000 models would take longer


@router.post(
    "/v1/documents",
    status_code=202,
    responses=_answers(400, 408, 413, 422, 429),
    tags=["documents"],
)
def send_document(
    request: Request,
    response: Response,
    file: Annotated[
        UploadFile, File(description="PDF, DOCX, ODT, RTF, HTML, Markdown, plain text, or a table of texts")
    ],
) -> JobOut:
    """Send a document; ask for the job at the address that the answer gives."""
    job = service_of(request).accept(owner_of_request(request), file.filename or "", file.file)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job_out(job)


@router.get("/v1/jobs/{job_id}", responses=_answers(404, 422), tags=["documents"])
def get_job(request: Request, job_id: JobId) -> JobOut:
    """How far a document is."""
    return job_out(find_job(request, job_id))


@router.get(
    "/v1/jobs/{job_id}/results",
    response_class=Response,
    responses=_answers(404, 409, 422)
    | {
        200: {
            "description": "The results as a file",
            "content": media_types(),
            "headers": {
                "Content-Disposition": {"description": "A name for the file", "schema": {"type": "string"}},
                NOTES: {"description": "What the format could not hold as it was", "schema": {"type": "string"}},
            },
        }
    },
    tags=["documents"],
)
def get_results(
    request: Request,
    job_id: JobId,
    format: Annotated[str, Query(json_schema_extra={"enum": list(formats())}, examples=["csv"])] = "json",
    hxl: Annotated[bool, Query(description="With csv and xlsx: a row of HXL hashtags below the column names")] = False,
) -> Response:
    """The tags of a document in any format of ``gcmtag export``."""
    job = find_job(request, job_id)
    if format not in formats():
        raise HTTPException(422, f"unknown format: use any of {', '.join(formats())}")
    if job.state != "done":
        raise HTTPException(409, job.error or f"the job is {job.state}: ask again when it is done")
    tags, documents = find_results(request, job)
    try:
        file = write(job, tags, documents, format, hxl=hxl)
    except UsageError as error:
        raise HTTPException(422, str(error)) from error
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', **as_header(file.notes)}
    # Set as a header: the argument would add a charset to every type of text.
    return Response(file.content, headers=headers | {"Content-Type": file.media_type})


@router.get("/v1/objectives", responses=_answers(), tags=["tag"])
def get_objectives() -> Universe:
    """The 23 objectives, the four clusters, and the roles."""
    return universe()


@router.get("/healthz", tags=["watch"])
def healthz() -> Health:
    """Whether the process answers; needs no key."""
    return Health(status="ok")


@router.get(
    "/readyz",
    responses={503: {"model": Health, "description": _WHY[503], "headers": _RETRY}},
    tags=["watch"],
)
def readyz(request: Request, response: Response) -> Health:
    """Whether the model is loaded and requests are taken; needs no key."""
    batcher = service_of(request).batcher
    if batcher.ready and batcher.tagger is not None:
        return Health(status="ok", model=batcher.tagger.model)
    response.status_code = 503
    response.headers["Retry-After"] = "5"
    return Health(status=batcher.failure or "the model is being loaded, or the service is stopping")


@router.get(
    "/metrics",
    response_class=Response,
    responses=_answers() | _file("Figures", {"text/plain": {"schema": {"type": "string"}}}),
    tags=["watch"],
)
def metrics(request: Request) -> Response:
    """Figures in the text format of Prometheus."""
    return Response(service_of(request).measure(), media_type=CONTENT_TYPE_LATEST)


def service_of(request: Request) -> Service:
    """The service that a request is for."""
    service: Service = request.app.state.service
    return service


def find_job(request: Request, job_id: str) -> Job:
    """A job of whoever asks.

    Raises:
        HTTPException: 404, there is none.
    """
    job = service_of(request).store.get(job_id, owner_of_request(request))
    if job is None:
        raise HTTPException(404, _NO_JOB)
    return job


def find_results(request: Request, job: Job) -> tuple[pa.Table, pa.Table]:
    """The tags and the documents table of a job that is done.

    Raises:
        HTTPException: 404, it was removed a moment ago.
    """
    try:
        return service_of(request).store.results(job.id)
    except FileNotFoundError as error:
        raise HTTPException(404, _NO_JOB) from error


def owner_of_request(request: Request) -> str:
    """Who sent the request, as the guard found out."""
    owner: str = request.scope["state"]["owner"]
    return owner
