"""What a run left in its folder, taken up again for exporting."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from gcmtag.errors import UsageError
from gcmtag.tables import DOCUMENTS_SCHEMA, TAGS_SCHEMA

_COLUMNS: Final[Mapping[str, pa.Schema]] = {"tags": TAGS_SCHEMA, "documents": DOCUMENTS_SCHEMA}


@dataclass(frozen=True, slots=True)
class Results:
    """The tags table and the documents table of a run; ``about`` is its run.json, empty where there is none."""

    tags: pa.Table
    documents: pa.Table
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read_results(folder: Path) -> Results:
    """The tables of a run, from its Parquet files or, where there are none, its JSON Lines files.

    Raises:
        UsageError: the folder holds no such table, or one that cannot be read or lacks columns.
    """
    return Results(_table(folder, "tags"), _table(folder, "documents"), _about(folder / "run.json"))


def _table(folder: Path, name: str) -> pa.Table:
    for suffix, read in ((".parquet", pq.read_table), (".jsonl", _read_jsonl)):
        path = (folder / name).with_suffix(suffix)
        if not path.exists():  # a run on a cluster leaves a folder of Parquet files
            continue
        try:
            table = read(path)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise UsageError(f"{path} cannot be read: tag the documents again with 'gcmtag tag --restart'") from error
        missing = [column for column in _COLUMNS[name].names if column not in table.column_names]
        if missing:
            raise UsageError(f"{path} is no {name} table of gcmtag: it lacks {', '.join(missing)}")
        return table
    raise UsageError(f"no {name}.parquet or {name}.jsonl in {folder}: name the folder that 'gcmtag tag -o' wrote")


def _read_jsonl(path: Path) -> pa.Table:
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    known = _COLUMNS[path.stem]
    carried = list(dict.fromkeys(name for row in rows for name in row if name not in known.names))
    table = pa.Table.from_pylist(rows, schema=known)
    for name in carried:
        table = table.append_column(name, pa.array([row.get(name) for row in rows]))
    return table


def _about(path: Path) -> Mapping[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}
