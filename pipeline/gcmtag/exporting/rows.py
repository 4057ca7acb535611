"""The tables as sheets of plain values, for formats without lists: the columns of CSV and of each view in Excel."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gcmtag.objectives import CLUSTERS, NUMBERS, OBJECTIVES
from gcmtag.tables import DOCUMENTS_SCHEMA, TAGS_SCHEMA

Row = Mapping[str, Any]
Cell = str | int | float | bool | None

# Lists in a cell, as the HXL attribute +list is commonly read.
SEPARATOR: Final = " | "


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: its heading, its HXL hashtag, and how a row gives its cell."""

    name: str
    hashtag: str
    cell: Callable[[Row], Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A named view: columns, and the rows that they take their cells from."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Row]

    def cells(self) -> Iterator[list[Cell]]:
        """The cells of each row, in the order of the columns."""
        return ([column.cell(row) for column in self.columns] for row in self.rows)


def everything(tags: pa.Table, documents: pa.Table) -> Sheet:
    """One row a passage with all that is known of it."""
    columns = [*_PASSAGE, *_carried(tags), *_SCORES, _as_json("evidence", "#meta+evidence+json"), _MODEL]
    return Sheet("tags", columns, _with_titles(tags, documents))


def views(tags: pa.Table, documents: pa.Table) -> list[Sheet]:
    """The sheets of a workbook: passages, their scores, their evidence, the documents, and the list of objectives."""
    rows = _with_titles(tags, documents)
    counts = {number: sum(number in row["objectives"] for row in rows) for number in NUMBERS}
    objectives = [
        {
            "number": objective.number,
            "short": objective.short,
            "title": objective.title,
            "cluster": objective.cluster,
            "cluster_title": CLUSTERS[objective.cluster - 1].title,
            "passages": counts[objective.number],
        }
        for objective in OBJECTIVES
    ]
    return [
        Sheet("passages", [*_PASSAGE, *_carried(tags), _MODEL], rows),
        Sheet("scores", [_PASSAGE_ID, *_SCORES], rows),
        Sheet("evidence", _EVIDENCE, list(_evidence_rows(rows))),
        Sheet("documents", _DOCUMENTS, documents.to_pylist()),
        Sheet("objectives", _OBJECTIVES, objectives),
    ]


def shortest(value: float | None) -> float | None:
    """A float32 as the decimal number with the fewest digits that reads back as the same float32; null for NaN."""
    return float(str(np.float32(value))) if value is not None and np.isfinite(value) else None


def titles_of(documents: pa.Table) -> dict[str, str]:
    """For each document's id its title, or its path where it has none."""
    return {
        row["document_id"]: row["title"] or row["path"] or row["document_id"]
        for row in documents.select(["document_id", "title", "path"]).to_pylist()
    }


def named(number: int) -> str:
    """An objective as it is shown: number and short title."""
    return f"{number} {OBJECTIVES[number - 1].short}"


def _with_titles(tags: pa.Table, documents: pa.Table) -> list[Row]:
    titles = titles_of(documents)
    return [{**row, "title": titles.get(row["document_id"], "")} for row in tags.to_pylist()]


def _evidence_rows(rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        for item in row["evidence"]:
            quote = row["text"][item["start"] : item["end"]]
            yield {**item, "passage_id": row["passage_id"], "title": row["title"], "quote": quote}


def _plain(name: str, hashtag: str) -> Column:
    return Column(name, hashtag, lambda row: row[name])


def _number(name: str, hashtag: str) -> Column:
    return Column(name, hashtag, lambda row: shortest(row[name]))


def _listed(name: str, hashtag: str) -> Column:
    return Column(name, hashtag, lambda row: SEPARATOR.join(map(str, row[name])))


def _as_json(name: str, hashtag: str) -> Column:
    return Column(name, hashtag, lambda row: json.dumps(_shortened(row[name]), ensure_ascii=False))


def _item(name: str, source: str, position: int, hashtag: str) -> Column:
    return Column(name, hashtag, lambda row: shortest(row[source][position]))


def _carried(tags: pa.Table) -> list[Column]:
    """Columns that a table of texts brought with it."""
    names = [name for name in tags.column_names if name not in TAGS_SCHEMA.names]
    return [Column(name, f"#meta+input+{_attribute(name)}", lambda row, name=name: _cell(row[name])) for name in names]  # type: ignore[misc]


def _attribute(name: str) -> str:
    """A heading as an HXL attribute: small letters, digits and underscores, a letter first.

    >>> _attribute("2020 budget (USD)")
    'c_2020_budget_usd'
    """
    slug = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
    return slug if slug[:1].isalpha() else f"c_{slug}".rstrip("_")


def _cell(value: object) -> Cell:
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


def _shortened(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return shortest(value)
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    return [_shortened(item) for item in value] if isinstance(value, list) else value


_PASSAGE_ID: Final = _plain("passage_id", "#meta+passage+id")
_MODEL: Final = _plain("model", "#meta+model+id")

_PASSAGE: Final[tuple[Column, ...]] = (
    _plain("document_id", "#meta+document+id"),
    _plain("title", "#meta+document+title"),
    _PASSAGE_ID,
    _plain("ordinal", "#meta+passage+num"),
    _plain("locator", "#meta+passage+locator"),
    _plain("page", "#meta+page+num"),
    _plain("section", "#meta+section+name"),
    _plain("question", "#meta+question+code"),
    _plain("part", "#meta+part+code"),
    _plain("kind", "#meta+passage+type"),
    _plain("language", "#meta+lang+code"),
    _plain("context", "#description+context"),
    _plain("text", "#description+text"),
    _listed("declared", "#sector+objective+declared+code+list"),
    _listed("objectives", "#sector+objective+predicted+code+list"),
    Column(
        "objective_names",
        "#sector+objective+predicted+name+list",
        lambda row: SEPARATOR.join(map(named, row["objectives"])),
    ),
    _listed("clusters", "#sector+cluster+predicted+code+list"),
    _plain("role", "#description+role"),
    _number("role_score", "#indicator+role+score"),
)

_SCORES: Final[tuple[Column, ...]] = (
    *(_item(f"score_{n}", "scores", n - 1, f"#indicator+objective_{n}+score") for n in NUMBERS),
    *(
        _item(f"cluster_score_{cluster.number}", "cluster_scores", i, f"#indicator+cluster_{cluster.number}+score")
        for i, cluster in enumerate(CLUSTERS)
    ),
)

_EVIDENCE: Final[tuple[Column, ...]] = (
    _PASSAGE_ID,
    _plain("title", "#meta+document+title"),
    _plain("objective", "#sector+objective+code"),
    Column("objective_name", "#sector+objective+name", lambda row: OBJECTIVES[row["objective"] - 1].short),
    _plain("start", "#meta+start+num"),
    _plain("end", "#meta+end+num"),
    _number("score", "#indicator+score"),
    _plain("quote", "#description+quote"),
)

_DOCUMENT_TAGS: Final[Mapping[str, str]] = {
    "document_id": "#meta+document+id",
    "path": "#meta+document+path",
    "title": "#meta+document+title",
    "format": "#meta+document+format",
    "language": "#meta+lang+code",
    "pages": "#meta+pages+num",
    "passages": "#meta+passages+num",
    "dropped": "#meta+dropped+json",
    "declared_priorities": "#sector+objective+declared+code+list",
    "warnings": "#meta+warnings+list",
    "model": "#meta+model+id",
}
_DOCUMENTS: Final[tuple[Column, ...]] = tuple(
    _listed(name, tag) if pa.types.is_list(DOCUMENTS_SCHEMA.field(name).type) else _plain(name, tag)
    for name, tag in _DOCUMENT_TAGS.items()
)

_OBJECTIVES: Final[tuple[Column, ...]] = (
    _plain("number", "#sector+objective+code"),
    _plain("short", "#sector+objective+name"),
    _plain("title", "#sector+objective+title"),
    _plain("cluster", "#sector+cluster+code"),
    _plain("cluster_title", "#sector+cluster+title"),
    _plain("passages", "#meta+passages+num"),
)
