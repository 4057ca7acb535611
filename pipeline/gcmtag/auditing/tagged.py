"""What a run of tagging left in a folder, read back and checked."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gcmtag.errors import CorpusMismatch, UsageError
from gcmtag.objectives import NUMBERS, OBJECTIVES, ROLES
from gcmtag.tables import DOCUMENTS_SCHEMA, TAGS_SCHEMA

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

NEEDED: Final = ("document_id", "passage_id", "locator", "text", "objectives", "scores", "role", "evidence", "model")
MOST_GROUPS: Final = 200
LISTS: Final = frozenset(
    ["declared", "objectives", "scores", "clusters", "cluster_scores", "evidence", "declared_priorities", "warnings"]
)


@dataclass(frozen=True, slots=True)
class Tagged:
    """Tags and documents of one run.

    Attributes:
        tags: the tags table, a row a passage.
        documents: the documents table, a row a document, in its own order.
        model: id of the model that tagged.
        scores: probabilities, shape (n, 23), float64.
        labels: predicted objectives, shape (n, 23).
        words: words of each passage, at least 1, shape (n).
        document: row of each passage's document in ``documents``, shape (n).
    """

    tags: "pd.DataFrame"
    documents: "pd.DataFrame"
    model: str
    scores: "NDArray[np.float64]"
    labels: "NDArray[np.bool_]"
    words: "NDArray[np.float64]"
    document: "NDArray[np.intp]"

    @property
    def document_ids(self) -> list[str]:
        """Ids in the order of the documents table."""
        return [str(name) for name in self.documents["document_id"]]

    def values(self, column: str) -> list[str | None]:
        """Value of each passage in a column of the tags, or of its document in the documents table.

        Raises:
            UsageError: no such column, or it parts nothing: one value, or more than 200.
        """
        if column in self.documents.columns and column not in LISTS:
            of_document = [_as_value(value) for value in self.documents[column]]
            found = [of_document[row] for row in self.document]
        elif column in self.tags.columns and column not in LISTS:
            found = [_as_value(value) for value in self.tags[column]]
        else:
            fixed = {*TAGS_SCHEMA.names, *DOCUMENTS_SCHEMA.names} - {"language", "format", "section", "kind"}
            known = [name for name in [*self.documents.columns, *self.tags.columns] if name not in fixed]
            raise UsageError(
                f"no column {column!r} to compare by: use {', '.join(dict.fromkeys(known)) or 'language'}, "
                "or tag a table that has it"
            )
        if len(set(found) - {None}) > MOST_GROUPS:
            raise UsageError(f"column {column!r} has more than {MOST_GROUPS} values: compare by one with fewer")
        return found


def read_tagged(folder: Path) -> Tagged:
    """Reads the tags and documents that ``gcmtag tag`` wrote into a folder, in any of its formats.

    Raises:
        UsageError: the folder holds no tags, or none that can be read.
        CorpusMismatch: the tags come from several models, or tags and documents do not belong together.
    """
    tags, documents = _read_table(folder, "tags"), _read_table(folder, "documents")
    missing = [name for name in NEEDED if name not in tags.columns]
    if missing or "document_id" not in documents.columns:
        raise UsageError(
            f"the tables in {folder} lack {', '.join(missing or ['document_id'])}: tag the documents again"
        )
    if not len(tags):
        raise UsageError(f"the tags in {folder} are empty: tag at least one document with passages first")
    return tagged_of(tags, documents, str(folder))


def tagged_of(tags: "pd.DataFrame", documents: "pd.DataFrame", name: str = "the tags") -> Tagged:
    """Checks tables and takes from them what is counted.

    Raises:
        UsageError: a row has something else than 23 probabilities, or an objective or role that does not exist.
        CorpusMismatch: the tags come from several models, or name a document that the documents table lacks.
    """
    models = sorted({str(value) for value in tags["model"]})
    if len(models) > 1:
        raise CorpusMismatch(
            f"{name} come from {len(models)} models ({', '.join(models[:3])}), whose errors differ: tag all documents "
            "with one model, adding --restart"
        )
    order = {str(value): row for row, value in enumerate(documents["document_id"])}
    strange = next((value for value in tags["document_id"] if str(value) not in order), None)
    if strange is not None:
        raise CorpusMismatch(f"{name} name document {strange}, which the documents table lacks: tag again")
    try:
        scores = np.array(tags["scores"].tolist(), dtype=np.float64).reshape(len(tags), len(OBJECTIVES))
        labels = np.array([[number in set(row) for number in NUMBERS] for row in tags["objectives"]], dtype=bool)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name} hold rows without 23 scores or without objectives: tag again") from error
    if not ((scores >= 0) & (scores <= 1)).all() or not set(tags["role"]) <= set(ROLES):
        raise UsageError(f"{name} hold scores outside 0 to 1 or unknown roles: tag again")
    words = np.array([max(len(str(text).split()), 1) for text in tags["text"]], dtype=np.float64)
    document = np.array([order[str(value)] for value in tags["document_id"]], dtype=np.intp)
    return Tagged(
        tags.reset_index(drop=True), documents.reset_index(drop=True), models[0], scores, labels, words, document
    )


def _read_table(folder: Path, stem: str) -> "pd.DataFrame":
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: name the one that 'gcmtag tag' wrote into")
    for format_, read in _READERS.items():
        path = folder / f"{stem}.{format_}"
        if path.exists():  # Ray writes a folder of Parquet files
            try:
                return read(path)
            except Exception as error:  # whatever a library raises for a damaged file
                raise UsageError(f"{path} is damaged ({type(error).__name__}): tag the documents again") from error
    raise UsageError(f"{folder} holds no {stem} table: run 'gcmtag tag INPUT -o {folder}' first")


def _read_parquet(path: Path) -> "pd.DataFrame":
    import pyarrow.parquet as pq  # noqa: PLC0415

    from gcmtag.tables import to_frame  # noqa: PLC0415

    return to_frame(pq.read_table(path))


def _read_jsonl(path: Path) -> "pd.DataFrame":
    return _frame([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()])


def _read_csv(path: Path) -> "pd.DataFrame":
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return _frame([_nested(row) for row in csv.DictReader(file)])


def _read_xlsx(path: Path) -> "pd.DataFrame":
    from openpyxl import load_workbook  # noqa: PLC0415

    sheet = load_workbook(path, read_only=True).active
    if sheet is None:
        raise ValueError("the workbook has no sheet")
    rows = sheet.iter_rows(values_only=True)
    header = [str(name) for name in next(rows)]
    return _frame([_nested(dict(zip(header, row, strict=True))) for row in rows])


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.loads(value) if name in LISTS and value else (value or None) for name, value in row.items()}


def _frame(rows: list[dict[str, Any]]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415

    columns = list(dict.fromkeys(name for row in rows for name in row))
    return pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in columns})


_READERS: Final[Mapping[str, Callable[[Path], "pd.DataFrame"]]] = {
    "parquet": _read_parquet,
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "xlsx": _read_xlsx,
}


def _as_value(value: object) -> str | None:
    if value is None or value != value or str(value) in {"", "<NA>"}:  # noqa: PLR0124 - not-a-number differs from itself
        return None
    return str(value)
