"""The tags table and the documents table: their columns and types, on disk and as data frames."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from gcmtag.columns import TagColumns, flat_numbers
from gcmtag.document import Document, Passage, Tags
from gcmtag.objectives import ROLES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


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

# What is known of a passage before it is tagged.
PASSAGES_SCHEMA: Final = pa.schema([TAGS_SCHEMA.field(name) for name in TAGS_SCHEMA.names[:13]])

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
    tagged = list(tagged)
    passages = passages_table([passage for item in tagged for passage in item.document.passages])
    models = [item.model for item in tagged for _ in item.document.passages]
    return with_tags(passages, TagColumns.of([tags for item in tagged for tags in item.tags]), models)


def passages_table(passages: Sequence[Passage]) -> pa.Table:
    """A row a passage: the columns of the tags table that are known before tagging, then the carried ones."""
    strings, numbers = pa.string(), pa.int32()
    table = pa.Table.from_arrays(
        [
            pa.array([passage.document_id for passage in passages], type=strings),
            pa.array([passage.passage_id for passage in passages], type=strings),
            pa.array([passage.ordinal for passage in passages], type=numbers),
            pa.array([passage.locator for passage in passages], type=strings),
            pa.array([passage.page for passage in passages], type=numbers),
            pa.array([passage.section for passage in passages], type=strings),
            pa.array([passage.question for passage in passages], type=strings),
            pa.array([passage.part for passage in passages], type=strings),
            pa.array([passage.kind for passage in passages], type=strings),
            pa.array([passage.language for passage in passages], type=strings),
            pa.array([passage.context for passage in passages], type=strings),
            pa.array([passage.text for passage in passages], type=strings),
            pa.array([passage.declared for passage in passages], type=pa.list_(pa.int8())),
        ],
        schema=PASSAGES_SCHEMA,
    )
    carried: dict[str, pa.Array] = {}
    for name in dict.fromkeys(name for passage in passages for name in passage.extra):
        values = _carried([passage.extra.get(name) for passage in passages])
        carried[f"input_{name}" if name in TAGS_SCHEMA.names else name] = values
    for name, values in carried.items():
        table = table.append_column(name, values)
    return table


def with_tags(passages: pa.Table, tags: TagColumns, model: str | Sequence[str]) -> pa.Table:
    """The tags table of a table of passages.

    Args:
        passages: what `passages_table` made.
        tags: of the same passages in the same order.
        model: id of the model, or one for each passage.

    Raises:
        ValueError: there are more or fewer tags than passages.
    """
    if len(tags) != passages.num_rows:
        raise ValueError(f"{len(tags)} tags for {passages.num_rows} passages")
    known = {name: passages.column(name) for name in PASSAGES_SCHEMA.names}
    found = {
        "objectives": _numbers(tags.chosen),
        "scores": _rows(tags.scores),
        "clusters": _numbers(tags.clusters),
        "cluster_scores": _rows(tags.cluster_scores),
        "role": pa.array(ROLES, type=pa.string()).take(pa.array(tags.roles)),
        "role_score": pa.array(tags.role_scores),
        "evidence": _evidence(tags),
        "unsure": _numbers(tags.unsure),
        "model": pa.repeat(model, len(tags)) if isinstance(model, str) else pa.array(model, type=pa.string()),
    }
    columns = {**known, **found}
    table = pa.Table.from_arrays([columns[name] for name in TAGS_SCHEMA.names], schema=TAGS_SCHEMA)
    for name in passages.column_names[len(PASSAGES_SCHEMA) :]:
        table = table.append_column(passages.schema.field(name), passages.column(name))
    return table


def documents_table(tagged: Iterable[TaggedDocument]) -> pa.Table:
    """A row a document."""
    rows = [_document_row(item.document, len(item.tags), item.model) for item in tagged]
    return pa.Table.from_pylist(rows, schema=DOCUMENTS_SCHEMA)


def document_table(document: Document, passages: int, model: str) -> pa.Table:
    """The one row of a document whose passages are kept elsewhere.

    Args:
        document: what is known of it; its own passages are not looked at.
        passages: how many there are.
        model: id of the model that tagged them.
    """
    return pa.Table.from_pylist([_document_row(document, passages, model)], schema=DOCUMENTS_SCHEMA)


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


def _numbers(mask: "NDArray[np.bool_]") -> pa.ListArray:
    offsets, numbers = flat_numbers(mask)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(numbers))


def _rows(values: "NDArray[np.float32]") -> pa.ListArray:
    """A list a row, all of one length."""
    offsets = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.ravel()))


def _evidence(tags: TagColumns) -> pa.ListArray:
    found = tags.evidence
    columns = [pa.array(values) for values in (found.objectives, found.starts, found.ends, found.scores)]
    spans = pa.StructArray.from_arrays(columns, fields=list(EVIDENCE_TYPE))
    return pa.ListArray.from_arrays(pa.array(found.offsets), spans)


def _document_row(document: Document, passages: int, model: str) -> dict[str, Any]:
    return {
        "document_id": document.document_id,
        "path": document.path,
        "title": document.title,
        "format": document.format,
        "language": document.language,
        "pages": document.pages,
        "passages": passages,
        "dropped": json.dumps(dict(document.dropped), ensure_ascii=False, sort_keys=True),
        "declared_priorities": list(document.declared_priorities),
        "guiding_principles": [asdict(item) for item in document.guiding_principles],
        "warnings": list(document.warnings),
        "model": model,
    }


def _carried(values: Sequence[object]) -> pa.Array:
    """A column of one type; values of several types are kept as text rather than lost."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], type=pa.string())
