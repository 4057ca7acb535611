"""The tags table and the documents table: their columns and types, on disk and as data frames."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from gcmtag.document import Document, Passage, Tags

if TYPE_CHECKING:
    import pandas as pd


EVIDENCE_TYPE: Final = pa.struct(
    [("objective", pa.int8()), ("start", pa.int32()), ("end", pa.int32()), ("score", pa.float32())]
)

PRINCIPLE_TYPE: Final = pa.struct(
    [("principle", pa.string()), ("integrated", pa.bool_()), ("explanation", pa.string())]
)

TAGS_SCHEMA: Final = pa.schema(
    [
        ("document_id", pa.string()),
        ("passage_id", pa.string()),
        ("ordinal", pa.int32()),
        ("locator", pa.string()),
        ("page", pa.int32()),
        ("section", pa.string()),
        ("question", pa.string()),
        ("part", pa.string()),
        ("kind", pa.string()),
        ("language", pa.string()),
        ("context", pa.string()),
        ("text", pa.string()),
        ("declared", pa.list_(pa.int8())),
        ("objectives", pa.list_(pa.int8())),
        ("scores", pa.list_(pa.float32())),
        ("clusters", pa.list_(pa.int8())),
        ("cluster_scores", pa.list_(pa.float32())),
        ("role", pa.string()),
        ("role_score", pa.float32()),
        ("evidence", pa.list_(EVIDENCE_TYPE)),
        ("unsure", pa.list_(pa.int8())),
        ("model", pa.string()),
    ]
)

DOCUMENTS_SCHEMA: Final = pa.schema(
    [
        ("document_id", pa.string()),
        ("path", pa.string()),
        ("title", pa.string()),
        ("format", pa.string()),
        ("language", pa.string()),
        ("pages", pa.int32()),
        ("passages", pa.int32()),
        ("dropped", pa.string()),
        ("declared_priorities", pa.list_(pa.int8())),
        ("guiding_principles", pa.list_(PRINCIPLE_TYPE)),
        ("warnings", pa.list_(pa.string())),
        ("model", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class TaggedDocument:
    """A document with the tags of each of its passages, in the same order."""

    document: Document
    tags: tuple[Tags, ...]
    model: str

    def __post_init__(self) -> None:
        if len(self.tags) != len(self.document.passages):
            raise ValueError(f"{len(self.tags)} tags for {len(self.document.passages)} passages")

    def to_frame(self) -> "pd.DataFrame":
        """A row a passage, with the columns of the tags table."""
        return to_frame(tags_table([self]))


def tags_table(tagged: Iterable[TaggedDocument]) -> pa.Table:
    """A row a passage; columns that a table of texts brought with it follow the fixed ones.

    A carried column that has the name of a fixed one is written as ``input_NAME``.
    """
    rows = [
        _tags_row(passage, tags, document.model)
        for document in tagged
        for passage, tags in zip(document.document.passages, document.tags, strict=True)
    ]
    extra = list(dict.fromkeys(name for row in rows for name in row if name not in TAGS_SCHEMA.names))
    fixed = pa.Table.from_pylist(rows, schema=TAGS_SCHEMA)
    for name in extra:
        fixed = fixed.append_column(name, _carried([row.get(name) for row in rows]))
    return fixed


def documents_table(tagged: Iterable[TaggedDocument]) -> pa.Table:
    """A row a document."""
    return pa.Table.from_pylist([_document_row(item) for item in tagged], schema=DOCUMENTS_SCHEMA)


def to_frame(table: pa.Table) -> "pd.DataFrame":
    """A pandas frame whose list columns hold Python lists and whose integer columns may be null."""
    import pandas as pd  # noqa: PLC0415

    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    for field in table.schema:
        if pa.types.is_integer(field.type):
            frame[field.name] = frame[field.name].astype("Int64")
        elif pa.types.is_floating(field.type):
            frame[field.name] = frame[field.name].astype("float32")
        elif pa.types.is_string(field.type):
            frame[field.name] = frame[field.name].astype("string")
    return frame


def flat_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows for formats without nested values: lists become JSON, and probabilities are rounded to four decimals."""
    return [{name: _flat(value) for name, value in row.items()} for row in table.to_pylist()]


def _flat(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list):
        return json.dumps([_rounded(item) for item in value], ensure_ascii=False)
    return value


def _rounded(item: object) -> object:
    if isinstance(item, Mapping):
        return {key: _rounded(value) for key, value in item.items()}
    return round(item, 4) if isinstance(item, float) else item


def _tags_row(passage: Passage, tags: Tags, model: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "document_id": passage.document_id,
        "passage_id": passage.passage_id,
        "ordinal": passage.ordinal,
        "locator": passage.locator,
        "page": passage.page,
        "section": passage.section,
        "question": passage.question,
        "part": passage.part,
        "kind": passage.kind,
        "language": passage.language,
        "context": passage.context,
        "text": passage.text,
        "declared": list(passage.declared),
        "objectives": list(tags.objectives),
        "scores": list(tags.scores),
        "clusters": list(tags.clusters),
        "cluster_scores": list(tags.cluster_scores),
        "role": tags.role,
        "role_score": tags.role_score,
        "evidence": [
            {"objective": item.objective, "start": item.start, "end": item.end, "score": item.score}
            for item in tags.evidence
        ],
        "unsure": list(tags.unsure),
        "model": model,
    }
    for name, value in passage.extra.items():
        row[f"input_{name}" if name in TAGS_SCHEMA.names else name] = value
    return row


def _document_row(tagged: TaggedDocument) -> dict[str, Any]:
    document = tagged.document
    return {
        "document_id": document.document_id,
        "path": document.path,
        "title": document.title,
        "format": document.format,
        "language": document.language,
        "pages": document.pages,
        "passages": len(document.passages),
        "dropped": json.dumps(dict(document.dropped), ensure_ascii=False, sort_keys=True),
        "declared_priorities": list(document.declared_priorities),
        "guiding_principles": [asdict(item) for item in document.guiding_principles],
        "warnings": list(document.warnings),
        "model": tagged.model,
    }


def _carried(values: Sequence[object]) -> pa.Array:
    """A column of one type; values of several types are kept as text rather than lost."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], type=pa.string())
