"""The tables of a run in each format, a group of rows at a time."""

import csv
import io
import json
import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from gcmtag.running.failures import Failure
from gcmtag.tables import TAGS_SCHEMA, flat_rows

FORMATS: Final = ("parquet", "csv", "jsonl", "xlsx")
ROW_GROUP: Final = 16_384
# A dictionary for columns with little to repeat, as scores, costs time and is given up later.
REPEATING: Final = frozenset(
    ["document_id", "section", "question", "part", "kind", "language", "context", "role", "model", "path", "format"]
)
MOST_EXCEL_ROWS: Final = 1_048_576  # of a sheet, its header included


def write_tables(groups: Iterable[pa.Table], schema: pa.Schema, stem: Path, formats: Sequence[str]) -> list[Path]:
    """Writes rows once in each format; a format not asked for leaves no stale file behind.

    Args:
        groups: the rows, piece by piece, each of the schema.
        schema: columns and types.
        stem: path of the files without their suffix.
        formats: any of ``FORMATS``.

    Returns:
        The paths of the files, in the order of ``FORMATS``.
    """
    wanted = [name for name in FORMATS if name in formats]
    paths = [stem.with_suffix(f".{name}") for name in wanted]
    unfinished = [path.with_name(f".{path.name}.unfinished") for path in paths]
    writers = [_WRITERS[name](schema, path, stem.name) for name, path in zip(wanted, unfinished, strict=True)]
    for group in groups:
        for writer in writers:
            writer.write(group)
    for writer in writers:
        writer.close()
    for new, path in zip(unfinished, paths, strict=True):
        if path.is_dir():  # of a run with Ray
            shutil.rmtree(path)
        new.replace(path)
    for name in set(FORMATS) - set(wanted):
        stem.with_suffix(f".{name}").unlink(missing_ok=True)
    return paths


def write_failures(failures: Sequence[Failure], path: Path) -> None:
    """Writes failures.csv; only the header when there are none."""
    path.write_bytes(failures_csv(failures).encode())


def failures_csv(failures: Sequence[Failure]) -> str:
    """The content of failures.csv."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, ["path", "page", "reason", "message"])
    writer.writeheader()
    writer.writerows(asdict(failure) for failure in failures)
    return file.getvalue()


def unified(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """The schema of tags tables put below each other; carried columns whose types do not go together become text."""
    fields: dict[str, list[pa.Field]] = {name: [TAGS_SCHEMA.field(name)] for name in TAGS_SCHEMA.names}
    for schema in dict.fromkeys(schemas):
        for field in schema:
            fields.setdefault(field.name, []).append(field)
    return pa.schema([_unified(found) for found in fields.values()])


def in_groups(tables: Iterable[pa.Table], schema: pa.Schema, rows: int = ROW_GROUP) -> Iterator[pa.Table]:
    """The rows of tables in their order, at least ``rows`` of them at a time but for the last, all of one schema."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(conformed(table, schema))
        if sum(item.num_rows for item in waiting) >= rows:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table in a schema that `unified` gave: columns that it lacks are null."""
    if table.schema.equals(schema):
        return table
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, type=field.type))
        elif pa.types.is_string(field.type):
            columns.append(_as_text(table.column(field.name)))
        else:
            columns.append(table.column(field.name).cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)


class _Writer(Protocol):
    def __init__(self, schema: pa.Schema, path: Path, title: str) -> None: ...

    def write(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class _ParquetWriter:
    def __init__(self, schema: pa.Schema, path: Path, _: str) -> None:
        repeating = [name for name in schema.names if name in REPEATING]
        self._file = pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=repeating)

    def write(self, table: pa.Table) -> None:
        if table.num_rows:
            self._file.write_table(table, row_group_size=table.num_rows)

    def close(self) -> None:
        self._file.close()


class _CsvWriter:
    def __init__(self, schema: pa.Schema, path: Path, _: str) -> None:
        self._schema = pa.schema([pa.field(field.name, _flat_type(field.type)) for field in schema])
        self._stream = path.open("wb")
        # Spreadsheet programs take a file without this mark for their own code page.
        self._stream.write(b"\xef\xbb\xbf")
        self._file = pa_csv.CSVWriter(self._stream, self._schema)

    def write(self, table: pa.Table) -> None:
        rows = flat_rows(table)
        columns = [pa.array([row[field.name] for row in rows], type=field.type) for field in self._schema]
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        self._file.close()
        self._stream.close()


class _JsonlWriter:
    def __init__(self, _: pa.Schema, path: Path, __: str) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, table: pa.Table) -> None:
        for row in table.to_pylist():
            self._file.write(json.dumps(_without_nan(row), ensure_ascii=False, default=str) + "\n")

    def close(self) -> None:
        self._file.close()


class _XlsxWriter:
    """Rows beyond what a sheet can hold are left out; whoever asked for the workbook has to be told."""

    def __init__(self, schema: pa.Schema, path: Path, title: str) -> None:
        from openpyxl import Workbook  # noqa: PLC0415

        self._path, self._rows = path, 1
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        self._sheet.append(schema.names)

    def write(self, table: pa.Table) -> None:
        room = MOST_EXCEL_ROWS - self._rows
        for row in flat_rows(table.slice(0, room)):
            self._sheet.append([self._cell(value) for value in row.values()])
            self._rows += 1

    def close(self) -> None:
        self._book.save(self._path)

    def _cell(self, value: object) -> object:
        from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING  # noqa: PLC0415

        value = _without_nan(value)
        if value is None or isinstance(value, int | float):
            return value
        if not isinstance(value, str):
            return str(value)
        cell = WriteOnlyCell(self._sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = TYPE_STRING  # text that begins with "=" stays text
        return cell


_WRITERS: Final[dict[str, type[_Writer]]] = {
    "parquet": _ParquetWriter,
    "csv": _CsvWriter,
    "jsonl": _JsonlWriter,
    "xlsx": _XlsxWriter,
}


def _flat_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_nested(type_):
        return pa.string()
    # Probabilities are rounded as float64: in float32 0.1235 would be written with nine digits.
    return pa.float64() if pa.types.is_floating(type_) else type_


def _unified(fields: Sequence[pa.Field]) -> pa.Field:
    try:
        (found,) = pa.unify_schemas([pa.schema([field]) for field in fields], promote_options="permissive")
    except pa.ArrowException:
        return pa.field(fields[0].name, pa.string())
    return found


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_string(column.type):
        return column
    return pa.array([None if value is None else str(value) for value in column.to_pylist()], type=pa.string())


def _without_nan(value: Any) -> Any:  # noqa: ANN401
    """The value with null for what is no number: neither JSON nor a spreadsheet has a sign for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return value
