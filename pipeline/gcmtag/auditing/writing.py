"""The report on disk: JSON by the published schema, and the same figures as one long table."""

import csv
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

FIGURES: Final = (
    "naive", "estimate", "low", "high", "text_low", "text_high", "passages", "documents", "words_naive",
    "words_estimate", "words_low", "words_high", "share", "difference", "p", "p_adjusted", "reference",
)  # fmt: skip
COLUMNS: Final = (
    "part", "scope", "document_id", "passage_id", "locator", "objective", "cluster", "role", "figure", "value", "text",
)  # fmt: skip
TEXTS: Final = ("verdict", "rule", "reason", "quote", "clear", "title", "path", "language")
LISTS: Final = ("declared", "emphasised", "declared_but_little", "emphasised_but_undeclared", "warnings")


def schema() -> dict[str, Any]:
    """The JSON Schema of report.json."""
    value: dict[str, Any] = json.loads(files("gcmtag.auditing").joinpath("report.schema.json").read_text("utf-8"))
    return value


def write_json(report: Mapping[str, Any], path: Path) -> None:
    """Writes the report as JSON.

    Raises:
        ValueError: a figure is not a number, which JSON does not hold.
    """
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(report: Mapping[str, Any], path: Path) -> None:
    """Writes the figures and findings of the report in long format: a row for each figure.

    Columns are part (the key of the report), scope, document_id, passage_id, locator, objective, cluster, role, figure
    (its name), value (a number) and text. What a list names gets a row for each objective.
    """
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for part, records in report.items():
            if part == "meta":
                writer.writerows(_row("meta", {}, key, text=_cell(value)) for key, value in records.items())
                continue
            for record in records:
                writer.writerows(_rows(part, record))


def _rows(part: str, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in record.items():
        if name in FIGURES or (part == "documents" and name == "words"):
            yield _row(part, record, name, value="" if value is None else value)
        elif name in TEXTS and not (part == "gaps" and name == "quote"):
            yield _row(part, record, name, text=_cell(value))
        elif name in LISTS:
            for item in value:
                yield _row(part, record, name, text=str(item)) | ({"objective": item} if isinstance(item, int) else {})
        elif name == "groups":
            for column, own in value.items():
                yield from (_row(part, record, column, text=item) for item in own)
    if part == "gaps":
        for number in record["objectives"] or [""]:
            yield _row(part, record, "quote", text=record["quote"]) | {"objective": number}


def _row(part: str, record: Mapping[str, Any], figure: str, *, value: object = "", text: str = "") -> dict[str, Any]:
    about = {name: record[name] for name in COLUMNS if record.get(name) is not None}
    return {**about, "part": part, "figure": figure, "value": value, "text": text}


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
