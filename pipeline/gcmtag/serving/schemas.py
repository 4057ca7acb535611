"""What travels over HTTP, with the examples that OpenAPI shows; unknown fields and wrong types are refused."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gcmtag.objectives import CLUSTERS, OBJECTIVES, ROLES
from gcmtag.serving.jobs import Job
from gcmtag.serving.results import formats
from gcmtag.serving.settings import LONGEST_CONTEXT, LONGEST_TEXT, MOST_TEXTS

Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
Context = Annotated[str, StringConstraints(max_length=LONGEST_CONTEXT)]
Number = Annotated[int, Field(ge=1, le=23)]
ClusterNumber = Annotated[int, Field(ge=1, le=4)]
Probability = Annotated[float, Field(ge=0, le=1)]

_STRICT: Final = ConfigDict(extra="forbid", strict=True)
JOB_ID: Final = "0f3c9a52b7de4c0f8f5a6f1f2f4f7c11"


class TagRequest(BaseModel):
    """Passages to tag, and the heading or question above each where it is known."""

    model_config = _STRICT | {
        "json_schema_extra": {
            "examples": [
                {
                    "texts": ["The Republic of Marovia cut the fee on remittances to 3 per cent."],
                    "contexts": ["Diaspora and development"],
                }
            ]
        }
    }
    texts: Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]
    contexts: Annotated[
        list[Context] | None, Field(max_length=MOST_TEXTS, description="One for each text, or left out.")
    ] = None


class EvidenceOut(BaseModel):
    """Characters ``[start, end)`` of the text that carry an objective."""

    objective: Number
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    score: Probability


class TagsOut(BaseModel):
    """What the model says of one text; 23 scores with objective 1 first, and 4 with cluster 1 first.

    ``unsure`` names the objectives whose decision is likely wrong.
    """

    objectives: list[Number]
    scores: Annotated[list[Probability], Field(min_length=23, max_length=23)]
    clusters: list[ClusterNumber]
    cluster_scores: Annotated[list[Probability], Field(min_length=4, max_length=4)]
    role: Literal[ROLES]  # type: ignore[valid-type]
    role_score: Probability
    evidence: list[EvidenceOut]
    unsure: list[Number]


class TagResponse(BaseModel):
    """Tags in the order of the texts, and the id of the model that gave them."""

    model: str
    tags: list[TagsOut]


class JobOut(BaseModel):
    """A document and how far it is. ``results`` holds an address for each format once the state is ``done``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": JOB_ID,
                    "name": "review-of-marovia.docx",
                    "state": "done",
                    "passages": 42,
                    "tagged": 42,
                    "error": None,
                    "created": "2030-05-04T10:00:00Z",
                    "finished": "2030-05-04T10:00:09Z",
                    "url": f"/v1/jobs/{JOB_ID}",
                    "results": {name: f"/v1/jobs/{JOB_ID}/results?format={name}" for name in formats()},
                }
            ]
        }
    )
    id: str
    name: str
    state: Literal["queued", "running", "done", "failed"]
    passages: int | None
    tagged: int
    error: str | None
    created: datetime
    finished: datetime | None
    url: str
    results: dict[str, str]


class ObjectiveOut(BaseModel):
    """One of the 23 objectives."""

    number: Number
    title: str
    short: str
    cluster: ClusterNumber


class ClusterOut(BaseModel):
    """One of the four clusters."""

    number: ClusterNumber
    title: str
    objectives: list[Number]


class Universe(BaseModel):
    """Everything that a tag can be."""

    objectives: list[ObjectiveOut]
    clusters: list[ClusterOut]
    roles: list[str]


class Health(BaseModel):
    """``status`` is ok, or says what is missing; ``model`` is its id once it is loaded."""

    status: str
    model: str | None = None


class ProblemPart(BaseModel):
    """What is wrong with one part of a request; never its content."""

    where: str
    message: str


class Problem(BaseModel):
    """Why a request was not answered: one line, and for a wrong body one entry for each wrong part."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "detail": "the request is not as described",
                    "errors": [{"where": "body.texts.3", "message": "Input should be a valid string"}],
                }
            ]
        }
    )
    detail: str
    errors: list[ProblemPart] = []


def job_out(job: Job) -> JobOut:
    """A job as its owner sees it."""
    url = f"/v1/jobs/{job.id}"
    return JobOut(
        id=job.id,
        name=job.name,
        state=job.state,
        passages=job.passages,
        tagged=job.tagged,
        error=job.error,
        created=datetime.fromtimestamp(job.created, UTC),
        finished=None if job.finished is None else datetime.fromtimestamp(job.finished, UTC),
        url=url,
        results={name: f"{url}/results?format={name}" for name in formats()} if job.state == "done" else {},
    )


def universe() -> Universe:
    """The objectives, clusters and roles."""
    return Universe(
        objectives=[ObjectiveOut(number=o.number, title=o.title, short=o.short, cluster=o.cluster) for o in OBJECTIVES],
        clusters=[ClusterOut(number=c.number, title=c.title, objectives=list(c.objectives)) for c in CLUSTERS],
        roles=list(ROLES),
    )
