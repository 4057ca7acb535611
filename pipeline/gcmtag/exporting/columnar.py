"""Parquet, JSON and JSON Lines: the tags table with its lists as lists, for programs."""

import json
import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gcmtag.exporting.options import PLAIN, Options
from gcmtag.version import __version__

ROWS_A_BATCH = 10_000


def to_parquet(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """The tags table as it is, compressed; the file's own metadata names version and models."""
    models = sorted(set(tags.column("model").to_pylist()))
    about = {"gcmtag": __version__, "gcmtag.models": json.dumps(models)}
    sink = pa.BufferOutputStream()
    pq.write_table(tags.replace_schema_metadata({**(tags.schema.metadata or {}), **about}), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def to_jsonl(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """One JSON object a passage and line, with the columns of the tags table; what is no number is null."""
    lines = [
        json.dumps(_without_nan(row), ensure_ascii=False, default=str, allow_nan=False)
        for batch in tags.to_batches(max_chunksize=ROWS_A_BATCH)
        for row in batch.to_pylist()
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def to_json(tags: pa.Table, documents: pa.Table, options: Options = PLAIN) -> bytes:
    """One object with ``documents`` and ``tags``, the rows of the two tables; what is no number is null."""
    values = {"documents": _without_nan(documents.to_pylist()), "tags": _without_nan(tags.to_pylist())}
    return json.dumps(values, ensure_ascii=False, default=str, allow_nan=False).encode("utf-8")


def _without_nan(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, list) else value
