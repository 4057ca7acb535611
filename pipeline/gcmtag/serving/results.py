"""The results of a document as a file: every format of ``gcmtag export``, under the same names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from gcmtag.exporting import FORMATS, Format, Options, export
from gcmtag.serving.jobs import Job

NOTES: Final = "X-Gcmtag-Notes"
LONGEST_NOTES: Final = 1_000  # characters of a header


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file to send: its content and media type, what to call it, and what the format could not hold as it was."""

    content: bytes
    media_type: str
    name: str
    notes: tuple[str, ...]


def formats() -> Mapping[str, Format]:
    """What is on offer, by name."""
    return FORMATS


def by_group() -> Mapping[str, list[Format]]:
    """What is on offer, by what it is for."""
    groups: dict[str, list[Format]] = {}
    for item in FORMATS.values():
        groups.setdefault(item.group, []).append(item)
    return groups


def media_types() -> dict[str, Any]:
    """For OpenAPI: what comes under each media type."""
    return {item.media_type: {"schema": _schema(item.media_type)} for item in FORMATS.values()}


def write(job: Job, tags: pa.Table, documents: pa.Table, name: str, *, hxl: bool = False) -> ResultFile:
    """The results of a job in a format.

    Raises:
        UsageError: no such format, or it cannot hold HXL hashtags or that many rows.
    """
    notes: list[str] = []
    when = datetime.fromtimestamp(job.finished or job.created, UTC).isoformat(timespec="seconds")
    content = export(tags, documents, name, Options(hxl=hxl, about={"finished": when}, say=notes.append))
    chosen = FORMATS[name]
    # Three formats end in .json.
    part = "" if chosen.suffix == f".{name}" else f"-{name}"
    return ResultFile(content, chosen.media_type, f"gcmtag-{job.id[:8]}{part}{chosen.suffix}", tuple(notes))


def as_header(notes: tuple[str, ...]) -> dict[str, str]:
    """The notes as a header, in printable ASCII; no header where there are none."""
    line = " ".join("; ".join(notes).split()).encode("ascii", "backslashreplace").decode()
    shown = "".join(character for character in line if character.isprintable())[:LONGEST_NOTES]
    return {NOTES: shown} if shown else {}


def _schema(media_type: str) -> dict[str, Any]:
    plain = media_type.partition(";")[0]
    if plain == "application/json" or plain.endswith("+json"):
        return {"type": ["object", "array"]}
    return {"type": "string"} if plain.startswith("text/") else {"type": "string", "format": "binary"}
