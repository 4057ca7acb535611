"""What a run leaves on disk while it works, and the tables it writes at the end.

Layout of the output folder, format version 1:

    tags.*, documents.*   the tables, in each format asked for
    failures.csv          a row for every document or page that could not be read
    run.json              versions, model, settings, timings
    .parts/               finished documents, so that a run can be taken up again: a Parquet file of tags and one of
                          the document's row each, and state.json with the model and version they belong to
"""

import csv
import json
import math
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

import gcmtag
from gcmtag.errors import UsageError
from gcmtag.tables import TaggedDocument, documents_table, flat_rows, tags_table

FORMATS: Final = ("parquet", "csv", "jsonl", "xlsx")
FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """A document, or a page of one (1-based), that could not be read."""

    path: str
    page: int | None
    reason: str
    message: str


class Store:
    """Finished documents of one output folder.

    Args:
        folder: the output folder; made if need be.
        model: id of the model; parts of another model are refused.
        restart: forget what was done before.

    Raises:
        UsageError: the folder cannot be written, or holds results of another model.
    """

    def __init__(self, folder: Path, model: str, *, restart: bool) -> None:
        self.folder, self.parts = folder, folder / ".parts"
        try:
            if restart and self.parts.exists():
                shutil.rmtree(self.parts)
            self.parts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write to {folder} ({error.strerror}): choose another folder with -o") from error
        state = {"format_version": FORMAT_VERSION, "gcmtag": gcmtag.__version__, "model": model}
        self._claim(state)

    def _claim(self, state: Mapping[str, object]) -> None:
        path = self.parts / "state.json"
        if not path.exists():
            _write_whole(path, json.dumps(state))
        elif _read_json(path) != state:
            raise UsageError(
                f"{self.folder} holds results of another model or version: add --restart to replace them, or choose "
                "another folder with -o"
            )

    def has(self, document_id: str) -> bool:
        """Whether the document is finished."""
        return all((self.parts / f"{document_id}.{part}.parquet").exists() for part in ("tags", "document"))

    def add(self, tagged: TaggedDocument) -> None:
        """Keeps a finished document; an interruption leaves it whole or not at all."""
        name = tagged.document.document_id
        _write_part(tags_table([tagged]), self.parts / f"{name}.tags.parquet")
        _write_part(documents_table([tagged]), self.parts / f"{name}.document.parquet")

    def tables(self, paths: Mapping[str, Path]) -> tuple[pa.Table, pa.Table]:
        """Tags and documents of the given documents, in that order.

        Args:
            paths: for each document's id where it is now; it may have been moved since it was tagged.
        """
        if not paths:
            return tags_table([]), documents_table([])
        tags = [pq.read_table(self.parts / f"{name}.tags.parquet") for name in paths]
        documents = pa.concat_tables([pq.read_table(self.parts / f"{name}.document.parquet") for name in paths])
        places = pa.array([str(path) for path in paths.values()], type=pa.string())
        return _joined(tags), documents.set_column(documents.column_names.index("path"), "path", places)


def is_result(path: Path) -> bool:
    """Whether the file is one that a run wrote into its output folder."""
    ours = path.stem in {"tags", "documents"} or path.name in {"failures.csv", "report.html"}
    return ours and (path.parent / ".parts" / "state.json").is_file()


def write_table(table: pa.Table, stem: Path, formats: Sequence[str]) -> list[Path]:
    """Writes a table once in each format and returns the paths; a format not asked for leaves no stale file behind."""
    written = []
    for name in FORMATS:
        path = stem.with_suffix(f".{name}")
        if name in formats:
            _WRITERS[name](table, path)
            written.append(path)
        else:
            path.unlink(missing_ok=True)
    return written


def write_failures(failures: Sequence[Failure], path: Path) -> None:
    """Writes failures.csv; only the header when there are none."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["path", "page", "reason", "message"])
        writer.writeheader()
        writer.writerows(asdict(failure) for failure in failures)


def write_run(values: Mapping[str, Any], path: Path) -> None:
    """Writes run.json."""
    _write_whole(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def _write_csv(table: pa.Table, path: Path) -> None:
    flat = _flat_table(table)
    with path.open("wb") as file:
        # Spreadsheet programs take a file without this mark for their own code page.
        file.write(b"\xef\xbb\xbf")
        pa_csv.write_csv(flat, file)


def _write_jsonl(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in table.to_pylist():
            file.write(json.dumps(_without_nan(row), ensure_ascii=False, default=str) + "\n")


def _write_xlsx(table: pa.Table, path: Path) -> None:
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, TYPE_STRING  # noqa: PLC0415

    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(path.stem)
    sheet.append(table.column_names)
    sheet.freeze_panes = "A2"
    for row_number, row in enumerate(flat_rows(table), start=2):
        for column_number, value in enumerate(row.values(), start=1):
            cell = sheet.cell(row_number, column_number)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                cell.data_type = TYPE_STRING  # text that begins with "=" stays text
            elif _without_nan(value) is not None:
                cell.value = value if isinstance(value, int | float) else str(value)
    book.save(path)


_WRITERS: Final = {"parquet": _write_parquet, "csv": _write_csv, "jsonl": _write_jsonl, "xlsx": _write_xlsx}


def _flat_table(table: pa.Table) -> pa.Table:
    rows = flat_rows(table)
    columns = {}
    for field in table.schema:
        values = [row[field.name] for row in rows]
        if pa.types.is_nested(field.type) or pa.types.is_string(field.type):
            columns[field.name] = pa.array(values, type=pa.string())
        else:
            columns[field.name] = pa.array(values)
    return pa.table(columns)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    """One below the other; carried columns whose types do not go together become text."""
    fields: dict[str, list[pa.Field]] = {}
    for field in (field for table in tables for field in table.schema):
        fields.setdefault(field.name, []).append(field)
    clashing = {name for name, found in fields.items() if not _go_together(found)}
    return pa.concat_tables([_as_text(table, clashing) for table in tables], promote_options="permissive")


def _go_together(fields: Sequence[pa.Field]) -> bool:
    try:
        pa.unify_schemas([pa.schema([field]) for field in fields], promote_options="permissive")
    except pa.ArrowException:
        return False
    return True


def _as_text(table: pa.Table, names: Collection[str]) -> pa.Table:
    for position, name in enumerate(table.column_names):
        if name in names:
            texts = [None if value is None else str(value) for value in table.column(name).to_pylist()]
            table = table.set_column(position, name, pa.array(texts, type=pa.string()))
    return table


def _without_nan(value: Any) -> Any:  # noqa: ANN401
    """The value with null for what is no number: neither JSON nor a spreadsheet has a sign for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return value


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def _write_part(table: pa.Table, path: Path) -> None:
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(table, unfinished)
    unfinished.replace(path)


def _write_whole(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
